import Architectures

extension LogicalSpace {
    private static let separator = "@"

    /// The names under which a checkpoint holds what one rank has of its own.
    func owned(byRank rank: Int) -> LogicalSpace {
        LogicalSpace(
            tensors.map {
                LogicalTensor(
                    name: "\($0.name)\(Self.separator)\(rank)", shape: $0.shape, unit: $0.unit, decays: $0.decays)
            })
    }

    /// Whether a name in a checkpoint is that of a tensor that all ranks share.
    static func isShared(_ name: String) -> Bool { !name.contains(separator) }
}
