/// How fast one operation is on one context.
package struct KernelBenchmarkResult: Codable, Equatable, Sendable {
    /// The operation and the format or direction, such as `multiply nf4`.
    package let name: String
    /// The kernels of the list that do its work.
    package let kernels: [String]
    package let shape: String
    package let instructionSet: InstructionSet
    package let threads: Int
    /// Median of the runs. With one thread its processor time, which other processes do not lengthen; else elapsed
    /// time.
    package let seconds: Double
    /// Billions of floating-point operations a second, a multiply-add being two; nil where bytes are what counts.
    package let gflops: Double?
    /// Billions of bytes read and written a second.
    package let gigabytesPerSecond: Double?
    /// What `gflops` could be: `measurePeak` times the threads.
    package let peakGflops: Double?
    /// Of that, or where weights are read from memory of the speed of reading.
    package let fractionOfPeak: Double?

    enum CodingKeys: String, CodingKey {
        case name, kernels, shape, threads, seconds, gflops
        case instructionSet = "instruction_set"
        case gigabytesPerSecond = "gigabytes_per_second"
        case peakGflops = "peak_gflops"
        case fractionOfPeak = "fraction_of_peak"
    }
}

/// A kernel that computes something else than its reference: its speed is of no interest.
package struct KernelBenchmarkError: Error, CustomStringConvertible, Equatable {
    package let name: String
    package let instructionSet: InstructionSet

    package var description: String {
        "benchmark '\(name)' on \(instructionSet.rawValue): the result differs from the reference; this is a bug, "
            + "set \(KernelContext.environmentVariable)=portable to work without the kernel"
    }
}
