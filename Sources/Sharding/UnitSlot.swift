import Architectures
import Buffers
import Collectives

/// Room for one gathered unit, and where it is between gather and release.
final class UnitSlot {
    private(set) var unit: UnitID?
    private var isLent = false
    private var pending: PendingRequest?
    private let storage: AlignedStorage

    init(byteCount: Int) throws { storage = try AlignedStorage(byteCount: byteCount) }

    var isFree: Bool { unit == nil }

    func bytes(elements: Int) -> UnsafeMutableRawBufferPointer {
        storage.bytes(count: elements * MemoryLayout<Float>.stride)
    }

    func fill(_ unit: UnitID, _ request: consuming PendingRequest) {
        precondition(isFree)
        self.unit = unit
        pending = consume request
    }

    func acquire(count: Int) throws -> UnsafeMutableBufferPointer<Float> {
        precondition(!isLent, "a unit is acquired twice")
        try finishGather()
        isLent = true
        return storage.elements(count: count)
    }

    func release() {
        precondition(isLent)
        isLent = false
        unit = nil
    }

    private func finishGather() throws {
        guard let request = pending.take() else { return }
        try request.wait()
    }
}
