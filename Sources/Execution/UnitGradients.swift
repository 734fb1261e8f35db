import Architectures
import Buffers

/// Room for the fp32 gradients of the largest unit: they are added to the exact sums before the next unit's.
final class UnitGradients {
    private let space: LogicalSpace
    private let storage: AlignedStorage

    init(space: LogicalSpace, units: [UnitID]) throws {
        self.space = space
        let largest = units.map { space.range(of: $0).count }.max() ?? 0
        storage = try AlignedStorage(byteCount: largest * MemoryLayout<Float>.stride)
    }

    func values(of unit: UnitID) -> UnsafeMutableBufferPointer<Float> {
        storage.elements(count: space.range(of: unit).count)
    }
}
