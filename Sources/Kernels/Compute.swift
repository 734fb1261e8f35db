/// The arithmetic of a matrix product; independent of the format in which the weight is stored.
package enum Compute: String, Codable, Sendable, CaseIterable {
    case fp32, bf16, int8
}
