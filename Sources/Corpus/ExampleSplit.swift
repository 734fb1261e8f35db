import Buffers

/// Which examples are trained on and which are held out, both in file order.
package struct ExampleSplit: Sendable, Equatable {
    package var training: [Int]
    package var heldOut: [Int]

    /// Holds out examples that are a function of the seed and the number of examples alone.
    ///
    /// - Parameter share: below 1 a share of the examples, rounded down; from 1 on their number.
    /// - Throws: `InputError` of kind `.usage` where nothing would be left to train on.
    package init(count: Int, heldOut share: Double, seed: UInt64) throws {
        precondition(count > 0 && share >= 0)
        // 29 % of 100 is a little less than 29 in binary.
        let wanted = share < 1 ? Int(Double(count) * share + 1e-6) : Int(min(share, 1e15))
        guard wanted < count else {
            throw InputError(
                .usage, "val_set_size \(wanted) leaves none of \(count) rows to train on", remedy: "lower val_set_size")
        }
        let order = Permutation.shuffled(count, CounterRNG(seed: seed, purpose: .split))
        heldOut = order[..<wanted].sorted()
        training = order[wanted...].sorted()
    }
}

enum Permutation {
    /// The numbers below `count` in an order drawn by `random` (Fisher–Yates).
    static func shuffled(_ count: Int, _ random: CounterRNG) -> [Int] {
        var order = Array(0..<count)
        for last in stride(from: count - 1, to: 0, by: -1) {
            order.swapAt(last, random.integer(last, below: last + 1))
        }
        return order
    }
}
