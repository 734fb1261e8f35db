import Buffers

/// How long a run is.
package enum RunLength: Equatable, Sendable {
    case steps(Int)
    /// Passes over the data; may be a fraction.
    case epochs(Double)
}

/// Which examples each step takes: a function of the seed and the number of the step, whatever the number of ranks.
///
/// Nothing has to be saved but the number of steps done. The order of an epoch, and how it is packed, are made when a
/// step of that epoch is asked for, and kept until one of another epoch is.
package final class Sampler {
    package let settings: Settings
    package let totalSteps: Int

    private let set: ExampleSet
    private let rows: [Int]
    private var plan: (epoch: Int, sequences: [[Int]])
    /// Steps before each epoch that is known so far, and behind the last of them.
    private var firstSteps = [0]
    /// Steps of an epoch where all have the same number: not so where every epoch is packed anew.
    private let constantSteps: Int?

    package struct Settings: Equatable, Sendable {
        /// Sequences of a step, over all ranks.
        package var globalBatchSize: Int
        package var microBatchSize: Int
        package var sequenceLength: Int
        package var packing: Bool
        package var shuffle: Bool
        package var seed: UInt64

        package init(
            globalBatchSize: Int, microBatchSize: Int, sequenceLength: Int, packing: Bool, shuffle: Bool, seed: UInt64
        ) {
            precondition(microBatchSize > 0 && microBatchSize <= globalBatchSize && sequenceLength >= 2)
            self.globalBatchSize = globalBatchSize
            self.microBatchSize = microBatchSize
            self.sequenceLength = sequenceLength
            self.packing = packing
            self.shuffle = shuffle
            self.seed = seed
        }
    }

    /// - Parameter rows: the examples of the set that are trained on, in file order; at least one.
    package init(_ set: ExampleSet, rows: [Int], settings: Settings, length: RunLength) {
        precondition(!rows.isEmpty)
        self.set = set
        self.rows = rows
        self.settings = settings
        let first = Self.sequences(of: 0, set, rows, settings)
        plan = (0, first)
        let isConstant = !settings.packing || !settings.shuffle
        constantSteps = isConstant ? first.count.dividedRoundingUp(by: settings.globalBatchSize) : nil
        switch length {
        case .steps(let steps):
            totalSteps = steps
        case .epochs(let epochs):
            let whole = Int(epochs)
            func steps(of epoch: Int) -> Int {
                let sequences = isConstant || epoch == 0 ? first : Self.sequences(of: epoch, set, rows, settings)
                return sequences.count.dividedRoundingUp(by: settings.globalBatchSize)
            }
            let before = isConstant ? whole * steps(of: 0) : (0..<whole).reduce(0) { $0 + steps(of: $1) }
            // 2.1 is a little more than 21/10: that must not make a step of its own.
            let part = (epochs - Double(whole)) * Double(steps(of: whole))
            totalSteps = max(1, before + Int((part - 1e-6).rounded(.up)))
        }
    }

    /// Sequences of the first epoch; later ones may have a few more or less where examples are packed.
    package var sequencesPerEpoch: Int { epochPlan(0).count }

    /// The share of a packed sequence that holds tokens, on average over the first epoch.
    package var packingEfficiency: Double {
        let tokens = rows.reduce(0) { $0 + set.length(of: $1) }
        return Double(tokens) / Double(sequencesPerEpoch * settings.sequenceLength)
    }

    /// The work of the step before which `position` steps were done; the last step of an epoch may be smaller.
    package func batch(at position: Int) -> StepBatch {
        precondition(position >= 0)
        let epoch = epoch(of: position)
        let sequences = epochPlan(epoch)
        let start = (position - firstStep(of: epoch)) * settings.globalBatchSize
        let end = min(start + settings.globalBatchSize, sequences.count)
        let microBatches = stride(from: start, to: end, by: settings.microBatchSize).enumerated().map { number, first in
            MicroBatch(number: number, sequences: sequences[first..<min(first + settings.microBatchSize, end)], of: set)
        }
        return StepBatch(
            position: position, epoch: epoch, epochsDone: Double(epoch) + Double(end) / Double(sequences.count),
            microBatches: microBatches)
    }

    /// Steps before an epoch that was found by `epoch(of:)`.
    private func firstStep(of epoch: Int) -> Int { constantSteps.map { $0 * epoch } ?? firstSteps[epoch] }

    private func epoch(of position: Int) -> Int {
        if let constantSteps { return position / constantSteps }
        while firstSteps[firstSteps.count - 1] <= position {
            let epoch = firstSteps.count - 1
            firstSteps.append(
                firstSteps[epoch] + epochPlan(epoch).count.dividedRoundingUp(by: settings.globalBatchSize))
        }
        // The last epoch that begins at or before the position.
        var low = 0
        var high = firstSteps.count - 1
        while high - low > 1 {
            let middle = (low + high) / 2
            if firstSteps[middle] <= position { low = middle } else { high = middle }
        }
        return low
    }

    private func epochPlan(_ epoch: Int) -> [[Int]] {
        if plan.epoch != epoch { plan = (epoch, Self.sequences(of: epoch, set, rows, settings)) }
        return plan.sequences
    }

    private static func sequences(
        of epoch: Int, _ set: ExampleSet, _ rows: [Int], _ settings: Settings
    ) -> [[Int]] {
        var order = rows
        if settings.shuffle {
            let random = CounterRNG(seed: settings.seed, purpose: .shuffle, step: epoch)
            order = Permutation.shuffled(rows.count, random).map { rows[$0] }
        }
        guard settings.packing else { return order.map { [$0] } }
        return SequencePacker.pack(count: order.count, capacity: settings.sequenceLength) { set.length(of: order[$0]) }
            .map { $0.map { order[$0] } }
    }
}
