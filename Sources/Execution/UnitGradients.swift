import Architectures
import Buffers
import Sharding

/// Room for the fp32 gradients that one micro-batch gives to the units that a pass works on: one block, or the end of
/// the model with the embedding beside it where they are tied.
final class UnitGradients {
    private let space: LogicalSpace
    private let storage: AlignedStorage

    init(space: LogicalSpace, architecture: Architecture) throws {
        self.space = space
        storage = try AlignedStorage(byteCount: Self.byteCount(space: space, architecture: architecture))
    }

    static func byteCount(space: LogicalSpace, architecture: Architecture) -> Int {
        func count(_ unit: UnitID) -> Int { space.range(of: unit).count }
        let end = count(.head) + (architecture.tiesEmbeddings ? count(.embedding) : 0)
        return architecture.units.map(count).reduce(end, max) * MemoryLayout<Float>.stride
    }

    /// The gradients of a unit.
    /// - Parameter other: a unit whose gradients are in use at the same time; these lie behind them.
    func values(of unit: UnitID, behind other: UnitID? = nil) -> UnsafeMutableBufferPointer<Float> {
        let first = other.map { space.range(of: $0).count } ?? 0
        return storage.elements(
            at: first * MemoryLayout<Float>.stride, count: space.range(of: unit).count)
    }
}
