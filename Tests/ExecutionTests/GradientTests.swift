import Architectures
import Buffers
import Collectives
import Corpus
import Execution
import Foundation
import Kernels
import Sharding
import Testing

@Suite("Gradients equal PEFT's")
struct GradientTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let file: String
        var storage = LoadedModel.Storage.fp32
        var masked = false
        var rankStabilized = false
        var testDescription: String { file }
    }

    @Test(
        "Gradients of A and B",
        arguments: [
            Case(file: "lora_grads"), Case(file: "lora_grads_masked", masked: true),
            Case(file: "nf4_lora_grads", storage: .nf4), Case(file: "rslora_grads", rankStabilized: true),
        ])
    func gradients(golden: Case) throws {
        let adapter = golden.rankStabilized ? try Golden.rankStabilizedAdapter() : Golden.adapter
        defer { if golden.rankStabilized { try? FileManager.default.removeItem(atPath: adapter) } }
        let bench = try Bench(adapter: adapter, storage: golden.storage, training: true)
        let rows = try Golden.rows("input_ids", length: 18)
        let set = examples(rows, labels: golden.masked ? try Golden.rows("labels", length: 18) : nil)
        for (name, values) in try bench.gradients(set) {
            expectClose(values, try Golden.values(name, in: golden.file), "\(golden.file) \(name)")
        }
    }

    /// Integers of the gradients of one micro-batch, and the loss.
    private func sums(_ context: KernelContext) throws -> [Int64] {
        let bench = try Bench(adapter: Golden.adapter, storage: .nf4, training: true, context: context)
        let units = try #require(bench.model.trainables)
        let sums = try ExactGradientSum(space: units.space, communicator: SoloCommunicator())
        let set = examples(try Golden.rows("input_ids", length: 18))
        let microBatch = MicroBatch.inOrder([0, 1], of: set, microBatchSize: 2)[0]
        let result = try bench.runner.trainMicroBatch(
            bench.room.batch(microBatch, of: set), gradientScale: 1 / 34, dropout: nil, sums: sums,
            limit: ExactGradientSum.limit(addends: 1))
        return [result.loss.sum] + sums.all
    }

    @Test("The same bits on every instruction set and number of threads", arguments: InstructionSet.supported, 1...3)
    func sameBits(instructionSet: InstructionSet, threads: Int) throws {
        let reference = try sums(KernelContext(threads: 1, instructionSet: .portable))
        #expect(reference.contains { $0 != 0 })
        #expect(try sums(KernelContext(threads: threads, instructionSet: instructionSet)) == reference)
    }
}
