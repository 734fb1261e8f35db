import Buffers
import Collectives
import Evaluation
import Testing

@Suite("A generation over ranks")
struct RankedGenerationTests {
    private func generate(ranks: Int, from first: Int = 0, batchSize: Int = 3) throws -> [Generation] {
        let delivered = try InProcessWorld.run(size: ranks) { communicator -> [Generation] in
            let tiny = try TinyModel()
            let sampling = Sampling(temperature: 0.8, topP: 0.9)
            let requests = try tiny.requests(17)
            let generator = try tiny.generator(batchSize: batchSize, sampling: sampling)
            var all: [Generation] = []
            try RankedGeneration(requests, generator: generator, communicator: communicator).run(from: first) {
                all += $0
            }
            return all
        }
        #expect(delivered.dropFirst().allSatisfy { $0.isEmpty }, "only the coordinator delivers")
        return delivered[0]
    }

    @Test("Results come in the order of the prompts, the same on any number of ranks and in any batch")
    func order() throws {
        let alone = try generate(ranks: 1)
        #expect(alone.map(\.number) == Array(0..<17))
        #expect(Set(alone.map(\.ids)).count > 5)
        #expect(try generate(ranks: 2) == alone)
        #expect(try generate(ranks: 4, batchSize: 1) == alone)
        #expect(try generate(ranks: 3, from: 5) == Array(alone[5...]))
        #expect(try generate(ranks: 2, from: 17).isEmpty)
    }

    @Test("What fails while results are delivered fails on every rank")
    func failure() throws {
        let failures = try InProcessWorld.run(size: 3) { communicator -> String in
            let tiny = try TinyModel()
            let generation = RankedGeneration(
                try tiny.requests(6), generator: try tiny.generator(), communicator: communicator)
            do {
                try generation.run(from: 0) { _ in throw InputError(.output, file: "x", "is full") }
                return ""
            } catch {
                return "\(error)"
            }
        }
        #expect(failures == ["x: is full", "x: is full", "x: is full"])
    }
}
