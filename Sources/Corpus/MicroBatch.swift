/// What one forward and backward takes: whole examples, each a segment of its own.
package struct MicroBatch: Equatable, Sendable {
    /// Its number in the step, over all ranks; random numbers follow from it.
    package var number: Int
    /// Numbers of the examples in their `ExampleSet`, in the order in which they are laid end to end.
    package var examples: [Int]
    /// Sequences it counts as; less than examples where they are packed.
    package var sequenceCount: Int
    package var tokenCount: Int
    package var targetCount: Int

    /// - Parameter sequences: the examples of each sequence.
    init(number: Int, sequences: some Collection<[Int]>, of set: ExampleSet) {
        self.number = number
        examples = sequences.flatMap { $0 }
        sequenceCount = sequences.count
        tokenCount = examples.reduce(0) { $0 + set.length(of: $1) }
        targetCount = examples.reduce(0) { $0 + set.targetCount(of: $1) }
    }

    /// Rows one after the other, one sequence each: how an evaluation goes through them.
    package static func inOrder(_ rows: [Int], of set: ExampleSet, microBatchSize: Int) -> [MicroBatch] {
        precondition(microBatchSize > 0)
        return stride(from: 0, to: rows.count, by: microBatchSize).enumerated().map { number, start in
            let part = rows[start..<min(start + microBatchSize, rows.count)]
            return MicroBatch(number: number, sequences: part.map { [$0] }, of: set)
        }
    }

    /// Lays the examples end to end into `buffers`; makes no allocation.
    package func fill(_ buffers: MicroBatchBuffers, from set: ExampleSet) {
        buffers.removeAll()
        for index in examples { buffers.append(index, of: set) }
    }
}

/// One optimiser step's worth of work, the same on every rank.
package struct StepBatch: Equatable, Sendable {
    /// Steps done before this one.
    package var position: Int
    /// Which pass over the data it belongs to, from 0.
    package var epoch: Int
    /// Passes done after this step: 1.5 is the middle of the second.
    package var epochsDone: Double
    package var microBatches: [MicroBatch]

    /// T: target tokens of the whole step over all ranks.
    package var targetCount: Int { microBatches.reduce(0) { $0 + $1.targetCount } }
    package var tokenCount: Int { microBatches.reduce(0) { $0 + $1.tokenCount } }
    package var sequenceCount: Int { microBatches.reduce(0) { $0 + $1.sequenceCount } }
}
