import Buffers
import Collectives
import Corpus
import Execution
import Sharding
import Testing

@Suite("A step allocates nothing")
struct AllocationTests {
    private struct Allocated: Error { let count: Int }

    /// In a process of its own, for the count is the process's and other tests run beside this one.
    @Test("After the first micro-batch the arena is all that is used")
    func steadyState() async {
        await #expect(processExitsWith: .success) {
            let bench = try Bench(adapter: Golden.adapter, storage: .nf4, training: true)
            let units = try #require(bench.model.trainables)
            let sums = try ExactGradientSum(space: units.space, communicator: SoloCommunicator())
            let set = examples(try Golden.rows("input_ids", length: 18))
            let microBatch = MicroBatch.inOrder([0, 1], of: set, microBatchSize: 2)[0]
            func step() throws {
                _ = try bench.runner.trainMicroBatch(
                    bench.room.batch(microBatch, of: set), gradientScale: 1 / 34, dropout: nil, sums: sums,
                    limit: ExactGradientSum.limit(addends: 1))
            }
            try step()
            let before = AlignedStorage.allocationCount
            for _ in 0..<3 { try step() }
            guard before > 0, AlignedStorage.allocationCount == before else {
                throw Allocated(count: AlignedStorage.allocationCount - before)
            }
        }
    }
}
