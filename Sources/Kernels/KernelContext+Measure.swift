import CKernels

extension KernelContext {
    /// The instruction that a peak is measured of; nil where this CPU has none within the instruction set.
    package func instruction(for kind: PeakKind) -> String? {
        run { sk_peak_instruction($0, kind.native) }.map { String(cString: $0) }
    }

    /// Operations a second of one thread on this instruction set, a multiply-add counting as two; 0 where `instruction`
    /// is nil.
    ///
    /// - Parameter seconds: how long it is measured; the best of many short runs counts.
    package func measurePeak(_ kind: PeakKind, seconds: Double = 0.02) -> Double {
        run { sk_measure_peak($0, kind.native, seconds) }
    }

    /// The peak of the unit that products in `compute` use here: in bf16, without VDPBF16PS, they are multiply-adds of
    /// fp32.
    package func measurePeak(of compute: Compute, seconds: Double = 0.02) -> Double {
        measurePeak(instruction(for: compute.peak) == nil ? .fp32FMA : compute.peak, seconds: seconds)
    }

    /// Bytes a second that all threads together read from memory; 0 where there are no 64 MiB to read.
    package func measureReadBandwidth(rounds: Int = 4) -> Double {
        run { sk_measure_read_bandwidth($0, Int32(rounds)) }
    }

    /// The names of all kernels, in the order of their list.
    package static var kernelNames: [String] {
        (0..<sk_kernel_count()).map { String(cString: sk_kernel_name($0)) }
    }
}
