/// The merges: a pair of ids → the rank of its merge and the id that comes out.
struct MergeTable: Sendable {
    struct Merge: Sendable {
        var rank: UInt32
        var result: Int32
    }

    private struct Slot {
        var pair: UInt64
        var merge: Merge
    }

    private static let free = UInt64.max
    private let seed = UInt64.random(in: .min ... .max)
    private var slots: [Slot]
    private var count = 0

    init(capacity: Int) {
        var size = 16
        while size < 2 * capacity { size *= 2 }
        slots = [Slot](repeating: Slot(pair: Self.free, merge: Merge(rank: 0, result: 0)), count: size)
    }

    /// Adds a merge; of a pair that comes twice, the later one counts, as in the tokenizers library.
    mutating func insert(_ left: Int32, _ right: Int32, _ merge: Merge) {
        precondition(2 * count < slots.count, "the merge table was made too small")
        let slot = findSlot(Self.pair(left, right))
        if slots[slot].pair == Self.free { count += 1 }
        slots[slot] = Slot(pair: Self.pair(left, right), merge: merge)
    }

    @inline(__always)
    func merge(_ left: Int32, _ right: Int32) -> Merge? {
        let slot = slots[findSlot(Self.pair(left, right))]
        return slot.pair == Self.free ? nil : slot.merge
    }

    /// Ids are not negative, so no pair is all ones.
    @inline(__always)
    private static func pair(_ left: Int32, _ right: Int32) -> UInt64 {
        UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
    }

    @inline(__always)
    private func findSlot(_ pair: UInt64) -> Int {
        let mask = slots.count - 1
        let product = (pair ^ seed).multipliedFullWidth(by: 0x9E37_79B9_7F4A_7C15)
        var slot = Int(truncatingIfNeeded: product.high ^ product.low) & mask
        while slots[slot].pair != pair, slots[slot].pair != Self.free { slot = (slot + 1) & mask }
        return slot
    }
}
