import CKernels

/// The units of a CPU that products of matrices can use, and whose speed is measured.
package enum PeakKind: String, Codable, Sendable, CaseIterable {
    /// Fused multiply-adds of fp32.
    case fp32FMA = "fp32_fma"
    /// Pairs of bf16 products added in fp32: VDPBF16PS.
    case bf16Dot = "bf16_dot"
    /// Fused multiply-adds of fp16: VFMADDPH.
    case fp16FMA = "fp16_fma"
    /// Pairs of int16 products added in int32: VPDPWSSD.
    case int16Dot = "int16_dot"
    /// Products of 8 bits added in int32, as the int8 kernels do it: VPDPBUSD where there is VNNI, else VPMADDUBSW.
    case int8 = "int8_dot"
    /// Tiles of int8: AMX; no context has it yet.
    case int8Tile = "int8_amx"

    var native: sk_peak {
        switch self {
        case .fp32FMA: SK_PEAK_FP32_FMA
        case .bf16Dot: SK_PEAK_BF16_DOT
        case .fp16FMA: SK_PEAK_FP16_FMA
        case .int16Dot: SK_PEAK_INT16_DOT
        case .int8: SK_PEAK_INT8_DOT
        case .int8Tile: SK_PEAK_INT8_TILE
        }
    }
}
