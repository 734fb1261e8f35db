/// The arithmetic of a matrix product; independent of the format in which the weight is stored.
package enum Compute: String, Codable, Sendable, CaseIterable {
    case fp32, bf16, int8

    /// Whether a job can ask for it; the kernels can multiply in int8, the step cannot use them yet.
    package var isAvailable: Bool { self == .fp32 }
}
