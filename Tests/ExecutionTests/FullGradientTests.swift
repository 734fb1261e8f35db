import Architectures
import Buffers
import Corpus
import Execution
import Foundation
import Kernels
import ModelFiles
import Sharding
import Testing
import Transformer

@Suite("Gradients of all parameters")
struct FullGradientTests {
    private func reference(_ name: String) throws -> [Float] {
        let file = try SafetensorsFile(path: Golden.directory + "/../full/full.safetensors")
        return try #require(file.tensor(named: name), "\(name) is not in the reference").floats
    }

    @Test("equal torch's, with a head of its own and with a tied one", arguments: [false, true])
    func torch(isTied: Bool) throws {
        let path = isTied ? try FullBench.tied(Golden.model) : Golden.model
        defer { if isTied { try? FileManager.default.removeItem(atPath: path) } }
        let gradients = try FullBench(path).gradients(examples(Golden.rows("input_ids", length: 18)))
        #expect(gradients.count == (isTied ? 20 : 21))
        for (name, values) in gradients {
            expectClose(values, try reference("\(isTied ? "tied" : "untied").\(name)"), name)
        }
    }

    @Test(
        "equal finite differences of the loss, tensor by tensor",
        arguments: ["llama_tiny", "mistral", "qwen2", "qwen2_tied"])
    func finiteDifferences(model: String) throws {
        let path = model == "llama_tiny" ? Golden.model : GoldenModel(model).model
        let rows =
            model == "llama_tiny" ? try Golden.rows("input_ids", length: 18) : try GoldenModel(model).rows("input_ids")
        let set = examples(rows)
        let bench = try FullBench(path, tokens: rows.reduce(0) { $0 + $1.count })
        for (number, (name, gradient)) in try bench.gradients(set).enumerated() {
            let start = bench.units.space.offsets[number]
            let values = UnsafeMutableBufferPointer(rebasing: bench.units.values[start..<start + gradient.count])
            let old = Array(values)
            let norm = gradient.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
            try #require(norm > 0, "\(name) has no gradient")
            let random = CounterRNG(seed: UInt64(number), purpose: .benchmark)
            // Along the gradient, and along a random direction of the same length, which sees what is missing in it.
            let directions = [
                gradient.map { Double($0) / norm },
                gradient.indices.map { (random.uniform($0) < 0.5 ? -1 : 1) / Double(gradient.count).squareRoot() },
            ]
            for direction in directions {
                let slope = zip(gradient, direction).reduce(0) { $0 + Double($1.0) * $1.1 }
                let step = 0.02
                func loss(_ sign: Double) throws -> Double {
                    for index in old.indices { values[index] = old[index] + Float(sign * step * direction[index]) }
                    defer { _ = values.update(fromContentsOf: old) }
                    return try bench.loss(set)
                }
                let difference = try (loss(1) - loss(-1)) / (2 * step)
                // Third derivatives and the rounding of losses in fp32.
                #expect(abs(difference - slope) < 0.01 * abs(slope) + 1e-3 * norm + 1e-5, "\(model) \(name)")
            }
        }
    }

    @Test(
        "have the same bits on every instruction set and number of threads, checkpointed or not",
        arguments: InstructionSet.supported, 1...3)
    func sameBits(instructionSet: InstructionSet, threads: Int) throws {
        let set = examples(try GoldenModel("qwen2_tied").rows("input_ids"))
        let path = GoldenModel("qwen2_tied").model
        let tokens = set.tokenCount
        let expected = try FullBench(
            path, tokens: tokens, context: KernelContext(threads: 1, instructionSet: .portable)
        ).sums(set)
        #expect(expected.sums.contains { $0 != 0 })
        let context = try KernelContext(threads: threads, instructionSet: instructionSet)
        let recomputation = Recomputation.allCases[threads - 1]
        let sums = try FullBench(path, tokens: tokens, recomputation: recomputation, context: context).sums(set)
        #expect(sums.sums == expected.sums && sums.loss == expected.loss)
    }

    @Test("Random weights have the spread that config.json asks for, and follow from the seed")
    func randomWeights() throws {
        let bench = try FullBench(Golden.model, random: true, seed: 3)
        let again = try FullBench(Golden.model, random: true, seed: 3)
        let other = try FullBench(Golden.model, random: true, seed: 4)
        #expect(Array(bench.units.values) == Array(again.units.values))
        #expect(Array(bench.units.values) != Array(other.units.values))
        for (number, tensor) in bench.units.space.tensors.enumerated() {
            let start = bench.units.space.offsets[number]
            let values = bench.units.values[start..<start + tensor.elementCount].map(Double.init)
            guard tensor.shape.count == 2 else {
                #expect(values.allSatisfy { $0 == 1 }, "\(tensor.name)")
                continue
            }
            let count = Double(values.count)
            let mean = values.reduce(0, +) / count
            let deviation = (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count).squareRoot()
            // Five standard errors.
            #expect(abs(mean) < 5 * 0.02 / count.squareRoot(), "\(tensor.name)")
            #expect(abs(deviation - 0.02) < 5 * 0.02 / (2 * count).squareRoot(), "\(tensor.name)")
        }
    }
}
