/// What a tensor of the base is for.
package enum TensorRole: Hashable, Codable, Sendable {
    case embedding
    case inputNorm
    case postAttentionNorm
    case weight(LinearRole)
    case bias(LinearRole)
    case finalNorm
    case head

    /// The linear layer whose weight this is; nil for everything that stays in a 16- or 32-bit format by default.
    package var linear: LinearRole? {
        if case .weight(let role) = self { role } else { nil }
    }
}
