import Buffers
import Corpus
import Testing

@Suite struct MicroBatchTests {
    @Test("Examples lie end to end, with positions and targets of their own")
    func fill() throws {
        var set = ExampleSet()
        set.append(Example(ids: [10, 11, 12], labels: [10, 11, 12]))
        set.append(Example(ids: [20, 21], labels: [-100, 21]))
        set.append(Example(ids: [30, 31, 32], labels: [-100, -100, 32]))
        let batch = MicroBatch.inOrder([2, 0, 1], of: set, microBatchSize: 3)[0]
        #expect(batch.tokenCount == 8 && batch.targetCount == 4)
        let buffers = try MicroBatchBuffers(tokenCapacity: 8)
        batch.fill(buffers, from: set)
        #expect(Array(buffers.tokens) == [30, 31, 32, 10, 11, 12, 20, 21])
        #expect(Array(buffers.positions) == [0, 1, 2, 0, 1, 2, 0, 1])
        #expect(Array(buffers.targets) == [-100, 32, -100, 11, 12, -100, 21, -100])
        #expect(buffers.segments.map(\.start) == [0, 3, 6])
        #expect(buffers.segments.map(\.count) == [3, 3, 2])
    }

    @Test("Buffers are filled again without a new allocation, and forget what was in them")
    func reuse() throws {
        let set = exampleSet(lengths: [4, 2, 3])
        let batches = MicroBatch.inOrder([0, 1, 2], of: set, microBatchSize: 2)
        #expect(batches.map(\.examples) == [[0, 1], [2]])
        let buffers = try MicroBatchBuffers(tokenCapacity: 6)
        batches[0].fill(buffers, from: set)
        let tokens = buffers.tokens.baseAddress
        batches[1].fill(buffers, from: set)
        #expect(buffers.tokens.baseAddress == tokens)
        #expect(Array(buffers.tokens) == [2000, 2001, 2002])
        #expect(buffers.segments.count == 1)
    }
}
