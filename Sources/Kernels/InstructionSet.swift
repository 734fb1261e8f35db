import CKernels

/// The instructions that the kernels are compiled for; results do not depend on it, speed does.
package enum InstructionSet: String, Codable, Sendable, CaseIterable {
    case portable, avx2
    /// AVX2 with VPDPBUSD, of CPUs without AVX-512.
    case avxvnni
    case avx512

    /// Whether this CPU has every instruction that the kernels of this set use.
    package var isSupported: Bool { sk_isa_supported(native) }

    /// Those that this CPU can run, the fastest last.
    package static var supported: [InstructionSet] { allCases.filter(\.isSupported) }

    var native: sk_isa {
        switch self {
        case .portable: SK_PORTABLE
        case .avx2: SK_AVX2
        case .avxvnni: SK_AVXVNNI
        case .avx512: SK_AVX512
        }
    }
}
