import Collectives
import Corpus
import Execution
import Kernels
import Sharding
import Testing
import Transformer

@Suite("What a backward computes again")
struct RecomputationTests {
    @Test("has the bits of what is kept, on any number of threads", arguments: [Compute.fp32, .int8])
    func sameBits(compute: Compute) throws {
        let expected = try sums(.nothing, compute, threads: 1)
        #expect(expected.contains { $0 != 0 })
        for recomputation in Recomputation.allCases {
            for threads in 1...2 {
                #expect(try sums(recomputation, compute, threads: threads) == expected, "\(recomputation), \(threads)")
            }
        }
    }

    /// The exact gradients of an adapter over two rows.
    private func sums(_ recomputation: Recomputation, _ compute: Compute, threads: Int) throws -> [Int64] {
        let context = try KernelContext(threads: threads)
        let model = try LoadedModel(
            path: Golden.model, adapterPath: Golden.adapter, storage: .nf4, context: context)
        let set = examples(try Golden.rows("input_ids", length: 18))
        let batch = MicroBatch.inOrder([0, 1], of: set, microBatchSize: 2)[0]
        let layout = StepLayout(
            model.architecture, adapter: model.adapter.map { AdapterSettings($0) },
            extent: StepLayout.Extent(
                tokens: 36, logitRows: 11, recomputation: recomputation, savedType: compute.savedType))
        let runner = try ModelRunner(
            layout: layout, frozen: FrozenUnits(source: model.source), trainables: model.trainables,
            longestSequence: 18, context: context, compute: compute)
        let units = try #require(model.trainables)
        let sums = try ExactGradientSum(space: units.space, communicator: SoloCommunicator())
        let room = try BatchRoom(tokenCapacity: 36)
        let result = try runner.trainMicroBatch(
            room.batch(batch, of: set), gradientScale: 1 / 34, dropout: nil, sums: sums,
            limit: ExactGradientSum.limit(addends: 1))
        #expect(result.inRange && result.loss.isFinite)
        return Array(sums.all)
    }
}
