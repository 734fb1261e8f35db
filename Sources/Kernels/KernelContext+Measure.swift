import CKernels

extension KernelContext {
    /// What a peak is measured of.
    package enum PeakKind: Sendable {
        /// Fused multiply-adds of fp32 vectors that stay in registers.
        case fp32FMA
        /// Products of 8 bits added in 32, in registers: VPDPBUSD where there is VNNI.
        case int8
    }

    /// Operations a second of one thread on this instruction set, a multiply-add counting as two.
    package func measurePeak(_ kind: PeakKind) -> Double {
        switch kind {
        case .fp32FMA: run { sk_measure_peak($0) }
        case .int8: run { sk_measure_int8_peak($0) }
        }
    }

    /// Bytes a second that all threads together read from memory.
    package func measureReadBandwidth() -> Double { run { sk_measure_read_bandwidth($0) } }

    /// The names of all kernels, in the order of their list.
    package static var kernelNames: [String] {
        (0..<sk_kernel_count()).map { String(cString: sk_kernel_name($0)) }
    }
}
