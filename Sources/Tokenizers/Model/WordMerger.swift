/// Merges the symbols of one word, always the pair of lowest rank first and the leftmost of equals.
///
/// The buffers are kept from word to word.
struct WordMerger: Sendable {
    /// Up to this many symbols it is quicker to look for the lowest rank than to keep a heap.
    private static let scanLimit = 48
    private static let none = UInt32.max

    /// The symbols to merge, in order; after `merge` the result.
    var symbols: [Int32] = []
    private var ranks: [UInt32] = []
    private var results: [Int32] = []
    private var previous: [Int32] = []
    private var next: [Int32] = []
    /// A binary heap of rank and position, packed so that one comparison orders both.
    private var heap: [UInt64] = []

    mutating func merge(_ merges: MergeTable) {
        if symbols.count <= 1 { return }
        if symbols.count <= Self.scanLimit {
            mergeByScan(merges)
        } else {
            mergeByHeap(merges)
        }
    }

    private mutating func mergeByScan(_ merges: MergeTable) {
        ranks.removeAll(keepingCapacity: true)
        results.removeAll(keepingCapacity: true)
        for index in 0..<symbols.count - 1 {
            let merge = merges.merge(symbols[index], symbols[index + 1])
            ranks.append(merge?.rank ?? Self.none)
            results.append(merge?.result ?? 0)
        }
        while true {
            var best = Self.none
            var place = 0
            for index in ranks.indices where ranks[index] < best {
                best = ranks[index]
                place = index
            }
            if best == Self.none { return }
            symbols[place] = results[place]
            symbols.remove(at: place + 1)
            ranks.remove(at: place)
            results.remove(at: place)
            if place > 0 { rank(place - 1, merges) }
            if place < ranks.count { rank(place, merges) }
        }
    }

    private mutating func rank(_ index: Int, _ merges: MergeTable) {
        let merge = merges.merge(symbols[index], symbols[index + 1])
        ranks[index] = merge?.rank ?? Self.none
        results[index] = merge?.result ?? 0
    }

    /// For long words, such as a whole text that no pre-tokenizer splits. A merged-away symbol becomes -1.
    private mutating func mergeByHeap(_ merges: MergeTable) {
        precondition(symbols.count <= Int32.max, "one word of more than two billion symbols")
        let count = Int32(symbols.count)
        previous = (0..<count).map { $0 - 1 }
        next = (0..<count).map { $0 + 1 }
        heap.removeAll(keepingCapacity: true)
        for place in 0..<symbols.count - 1 { push(place, place + 1, merges) }
        while let top = pop() {
            let place = Int(top & 0xFFFF_FFFF)
            let following = Int(next[place])
            guard symbols[place] >= 0, following < count,
                let merge = merges.merge(symbols[place], symbols[following]), merge.rank == UInt32(top >> 32)
            else { continue }
            symbols[place] = merge.result
            symbols[following] = -1
            next[place] = next[following]
            if next[place] < count {
                previous[Int(next[place])] = Int32(place)
                push(place, Int(next[place]), merges)
            }
            if previous[place] >= 0 { push(Int(previous[place]), place, merges) }
        }
        symbols.removeAll { $0 < 0 }
    }

    private mutating func push(_ left: Int, _ right: Int, _ merges: MergeTable) {
        guard let merge = merges.merge(symbols[left], symbols[right]) else { return }
        let key = UInt64(merge.rank) << 32 | UInt64(left)
        heap.append(key)
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard heap[parent] > key else { break }
            heap[child] = heap[parent]
            child = parent
        }
        heap[child] = key
    }

    private mutating func pop() -> UInt64? {
        guard let top = heap.first, let last = heap.popLast() else { return nil }
        guard !heap.isEmpty else { return top }
        var parent = 0
        while true {
            var child = 2 * parent + 1
            guard child < heap.count else { break }
            if child + 1 < heap.count, heap[child + 1] < heap[child] { child += 1 }
            guard heap[child] < last else { break }
            heap[parent] = heap[child]
            parent = child
        }
        heap[parent] = last
        return top
    }
}
