import Buffers
import Corpus
import Testing

@Suite struct SamplerTests {
    private func settings(
        global: Int = 4, micro: Int = 2, length: Int = 16, packing: Bool = false, shuffle: Bool = true, seed: UInt64 = 7
    ) -> Sampler.Settings {
        Sampler.Settings(
            globalBatchSize: global, microBatchSize: micro, sequenceLength: length, packing: packing, shuffle: shuffle,
            seed: seed)
    }

    /// Lengths that look like those of real rows: many short, few long.
    private func lengths(_ count: Int, below limit: Int) -> [Int] {
        let random = CounterRNG(seed: 1, purpose: .benchmark)
        return (0..<count).map { 2 + Int(pow4(random.uniform($0)) * Float(limit - 2)) }
    }

    private func pow4(_ value: Float) -> Float { value * value * value }

    @Test("Every example is taken once an epoch, in another order each", arguments: [false, true], [1, 4, 5, 11])
    func epochs(packing: Bool, count: Int) {
        let set = exampleSet(lengths: lengths(count, below: 16))
        let sampler = Sampler(
            set, rows: Array(0..<count), settings: settings(packing: packing), length: .epochs(3))
        var seen: [[Int]] = [[], [], []]
        for position in 0..<sampler.totalSteps {
            let batch = sampler.batch(at: position)
            seen[batch.epoch] += batch.microBatches.flatMap(\.examples)
            #expect(batch.microBatches.map(\.number) == Array(0..<batch.microBatches.count))
            #expect(batch.microBatches.allSatisfy { (1...2).contains($0.sequenceCount) })
            #expect((1...4).contains(batch.sequenceCount))
        }
        for epoch in seen { #expect(epoch.sorted() == Array(0..<count)) }
        if count > 4 { #expect(seen[0] != seen[1] && seen[1] != seen[2]) }
        #expect(sampler.batch(at: sampler.totalSteps - 1).epochsDone == 3)
    }

    @Test("A step follows from its number alone", arguments: [false, true])
    func resumable(packing: Bool) {
        let set = exampleSet(lengths: lengths(50, below: 16))
        func sampler() -> Sampler {
            Sampler(set, rows: Array(0..<50), settings: settings(packing: packing), length: .steps(40))
        }
        let straight = sampler()
        let batches = (0..<40).map(straight.batch(at:))
        for position in [39, 0, 17, 25, 3] {
            #expect(sampler().batch(at: position) == batches[position])
            #expect(straight.batch(at: position) == batches[position])
        }
    }

    @Test("Without shuffling and packing the file's order is kept, and a row is a sequence")
    func fileOrder() {
        let set = exampleSet(lengths: [3, 2, 5, 4, 2])
        let sampler = Sampler(
            set, rows: [0, 1, 2, 3, 4], settings: settings(global: 3, micro: 2, shuffle: false), length: .epochs(1))
        #expect(sampler.totalSteps == 2)
        let first = sampler.batch(at: 0)
        #expect(first.microBatches.map(\.examples) == [[0, 1], [2]])
        #expect(first.tokenCount == 10 && first.targetCount == 7 && first.sequenceCount == 3)
        #expect(first.epochsDone == 0.6)
        #expect(sampler.batch(at: 1).microBatches.map(\.examples) == [[3, 4]])
    }

    @Test(
        "Steps are counted for parts of epochs",
        arguments: [(1.0, 3), (2.0, 6), (0.5, 2), (2.1, 7), (1.0 / 3, 1), (0.001, 1), (2 + 2.0 / 3, 8)])
    func totalSteps(epochs: Double, steps: Int) {
        let set = exampleSet(lengths: [Int](repeating: 4, count: 11))
        let sampler = Sampler(set, rows: Array(0..<11), settings: settings(), length: .epochs(epochs))
        #expect(sampler.totalSteps == steps)
    }

    @Test("Packed sequences are full, and no longer than they may be", arguments: [256, 1024])
    func packing(length: Int) {
        let set = exampleSet(lengths: lengths(4000, below: length))
        let sampler = Sampler(
            set, rows: Array(0..<4000), settings: settings(global: 1, micro: 1, length: length, packing: true),
            length: .epochs(1))
        for position in 0..<sampler.totalSteps {
            #expect(sampler.batch(at: position).tokenCount <= length)
        }
        #expect(sampler.packingEfficiency > 0.97)
    }

    @Test("Rows that are held out are a function of the seed, and never trained on")
    func split() throws {
        let split = try ExampleSplit(count: 100, heldOut: 0.1, seed: 1)
        #expect(split.heldOut.count == 10)
        #expect((split.training + split.heldOut).sorted() == Array(0..<100))
        #expect(split.training == split.training.sorted())
        #expect(try ExampleSplit(count: 100, heldOut: 0.1, seed: 1) == split)
        #expect(try ExampleSplit(count: 100, heldOut: 0.1, seed: 2) != split)
        #expect(try ExampleSplit(count: 100, heldOut: 3, seed: 1).heldOut.count == 3)
        #expect(try ExampleSplit(count: 100, heldOut: 0.29, seed: 1).heldOut.count == 29)
        #expect(try ExampleSplit(count: 4, heldOut: 0.02, seed: 1).heldOut == [])
        #expect(try ExampleSplit(count: 4, heldOut: 0, seed: 1).training == [0, 1, 2, 3])
        #expect(
            throws: InputError(
                .usage, "val_set_size 4 leaves none of 4 rows to train on", remedy: "lower val_set_size")
        ) { try ExampleSplit(count: 4, heldOut: 4, seed: 1) }
    }
}
