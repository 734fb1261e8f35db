/// What the training loop sees of a row: its ids and what is to be predicted.
package struct Example: Equatable, Sendable {
    package var ids: [Int32]
    /// Aligned with `ids`: the label at a position is what the position before it has to predict; −100 is left out.
    package var labels: [Int32]

    package init(ids: [Int32], labels: [Int32]) {
        precondition(ids.count == labels.count)
        self.ids = ids
        self.labels = labels
    }

    /// How many positions predict something: the first token is predicted from nothing.
    package var targetCount: Int { ExampleSet.targetCount(labels) }

    /// The first tokens of it.
    func prefix(_ count: Int) -> Example { Example(ids: Array(ids.prefix(count)), labels: Array(labels.prefix(count))) }
}

/// All rows of a run as ids, end to end in two flat arrays: 8 bytes a token.
package struct ExampleSet: Sendable {
    /// A label that is left out of the loss.
    package static let ignored: Int32 = -100

    package private(set) var ids: [Int32] = []
    package private(set) var labels: [Int32] = []
    /// The first token of each example, and one past the last.
    package private(set) var starts = [0]
    private var targetCounts: [Int32] = []

    package init() {}

    /// A set again from its arrays, on another rank.
    package init(ids: [Int32], labels: [Int32], starts: [Int]) {
        precondition(ids.count == labels.count && starts.first == 0 && starts.last == ids.count)
        self.ids = ids
        self.labels = labels
        self.starts = starts
        targetCounts = zip(starts, starts.dropFirst()).map { first, end in
            Int32(Self.targetCount(labels[first..<end]))
        }
    }

    /// How many positions predict something: the first token is predicted from nothing.
    static func targetCount(_ labels: some Collection<Int32>) -> Int { labels.dropFirst().count { $0 != ignored } }

    package var count: Int { targetCounts.count }
    package var tokenCount: Int { ids.count }

    package func length(of index: Int) -> Int { starts[index + 1] - starts[index] }

    /// How many positions of the example predict something.
    package func targetCount(of index: Int) -> Int { Int(targetCounts[index]) }

    /// The ids of an example where they lie: nothing is copied.
    package func ids(of index: Int) -> ArraySlice<Int32> { ids[starts[index]..<starts[index + 1]] }

    /// The labels beside them, not shifted.
    package func labels(of index: Int) -> ArraySlice<Int32> { labels[starts[index]..<starts[index + 1]] }

    package subscript(index: Int) -> Example {
        Example(ids: Array(ids(of: index)), labels: Array(labels(of: index)))
    }

    /// Adds an example; false, and not added, where none of its positions predicts anything.
    @discardableResult
    package mutating func append(_ example: Example) -> Bool {
        let targets = example.targetCount
        guard targets > 0 else { return false }
        ids += example.ids
        labels += example.labels
        starts.append(ids.count)
        targetCounts.append(Int32(targets))
        return true
    }

    /// 128 bits in hexadecimal that change when any id, any label or the order of the examples does; what a resumed run
    /// compares, for a path says nothing about the content. Not a cryptographic hash.
    package var fingerprint: String {
        var lanes: [UInt64] = [0x243F_6A88_85A3_08D3, 0x1319_8A2E_0370_7344]
        func mix(_ lane: Int, _ value: UInt64) {
            let product = (lanes[lane] ^ value).multipliedFullWidth(by: 0x9E37_79B9_7F4A_7C15)
            lanes[lane] = product.high ^ product.low &+ 0xA409_3822_299F_31D0
        }
        for (id, label) in zip(ids, labels) {
            let both = UInt64(UInt32(bitPattern: id)) << 32 | UInt64(UInt32(bitPattern: label))
            mix(0, both)
            mix(1, ~both)
        }
        for start in starts {
            mix(0, UInt64(start))
            mix(1, ~UInt64(start))
        }
        return lanes.map { lane in
            let digits = String(lane, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }
}
