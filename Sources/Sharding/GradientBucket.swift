import Architectures
import Buffers
import Collectives

/// Room for a part of a unit's gradients on its way to the ranks that own it, and for what this rank gets of it.
///
/// A part takes alike from every rank's run of the unit, so that all ranks receive at once.
final class GradientBucket {
    private let addends: AlignedStorage
    private let sums: AlignedStorage
    /// Where the sums belong that this rank gets.
    private var places = 0..<0
    private var pending: PendingRequest?

    init(ranks: Int) throws {
        addends = try AlignedStorage(byteCount: Self.share(ranks) * ranks * MemoryLayout<Int64>.stride)
        sums = try AlignedStorage(byteCount: Self.share(ranks) * MemoryLayout<Int64>.stride)
    }

    deinit { discard() }

    static func byteCount(ranks: Int) -> Int { share(ranks) * (ranks + 1) * MemoryLayout<Int64>.stride }

    /// The elements of each rank that one part takes, at most.
    static func share(_ ranks: Int) -> Int {
        max(1, elementCount / ranks / LogicalSpace.blockSize) * LogicalSpace.blockSize
    }

    /// 8 MiB: as much as keeps a fast link busy, little beside a model.
    private static let elementCount = 1 << 20

    /// Fills the bucket with the addends of some elements of each rank, in rank order, and sends them.
    /// - Parameters:
    ///   - parts: numbers of elements in the logical space, one range a rank.
    ///   - places: where the sums of this rank's part belong.
    ///   - fill: adds to zeros.
    func send(
        _ parts: [Range<Int>], places: Range<Int>, over communicator: any Communicator,
        fill: (Range<Int>, UnsafeMutableBufferPointer<Int64>) -> Void
    ) {
        precondition(pending == nil, "a bucket is filled before it was emptied")
        let all: UnsafeMutableBufferPointer<Int64> = addends.elements(count: parts.reduce(0) { $0 + $1.count })
        all.update(repeating: 0)
        var next = 0
        for part in parts where !part.isEmpty {
            fill(part, UnsafeMutableBufferPointer(rebasing: all[next..<next + part.count]))
            next += part.count
        }
        self.places = places
        pending = communicator.startReduceScatter(
            send: UnsafeBufferPointer(all), receive: sums.elements(count: places.count), counts: parts.map(\.count))
    }

    /// Waits for the sums over ranks that are under way, if any, and adds them to what is at their places, or writes
    /// them there.
    func empty(into target: UnsafeMutableBufferPointer<Int64>, adding: Bool) throws {
        guard let request = pending.take() else { return }
        try request.wait()
        let received: UnsafeMutableBufferPointer<Int64> = sums.elements(count: places.count)
        guard adding else {
            _ = UnsafeMutableBufferPointer(rebasing: target[places]).update(fromContentsOf: received)
            return
        }
        for (place, sum) in zip(places, received) { target[place] &+= sum }
    }

    /// Waits for what is under way and forgets it.
    func discard() {
        if let request = pending.take() { request.drain() }
    }
}
