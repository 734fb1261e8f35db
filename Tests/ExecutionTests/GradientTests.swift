import Architectures
import Buffers
import Collectives
import Corpus
import Execution
import Kernels
import Sharding
import Testing

@Suite("Gradients equal PEFT's")
struct GradientTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let file: String
        var storage = LoadedModel.Storage.fp32
        var masked = false
        var testDescription: String { file }
    }

    @Test(
        "Gradients of A and B",
        arguments: [
            Case(file: "lora_grads"), Case(file: "lora_grads_masked", masked: true),
            Case(file: "nf4_lora_grads", storage: .nf4),
        ])
    func gradients(golden: Case) throws {
        let bench = try Bench(adapter: Golden.adapter, storage: golden.storage, training: true)
        let rows = try Golden.rows("input_ids", length: 18)
        let set = examples(rows, labels: golden.masked ? try Golden.rows("labels", length: 18) : nil)
        let units = try #require(bench.model.trainables)
        let sums = try ExactGradientSum(space: units.space, communicator: SoloCommunicator())
        let microBatch = MicroBatch.inOrder([0, 1], of: set, microBatchSize: 2)[0]
        let result = try bench.runner.trainMicroBatch(
            bench.room.batch(microBatch, of: set), gradientScale: 1 / Float(microBatch.targetCount), dropout: nil,
            sums: sums, limit: ExactGradientSum.limit(microBatches: 1))
        #expect(result.inRange && result.loss.isFinite)
        var gradients = [Float](repeating: 0, count: units.space.elementCount)
        gradients.withUnsafeMutableBufferPointer {
            bench.context.fixedPointToFloat(UnsafeBufferPointer(sums.sums), scale: 1, into: $0)
        }
        for (number, tensor) in units.space.tensors.enumerated() {
            let start = units.space.offsets[number]
            expectClose(
                Array(gradients[start..<start + tensor.elementCount]),
                try Golden.values(tensor.name, in: golden.file), "\(golden.file) \(tensor.name)")
        }
    }
}
