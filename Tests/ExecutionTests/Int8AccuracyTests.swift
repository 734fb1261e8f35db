import Execution
import Foundation
import Kernels
import Testing

@Suite("int8 beside fp32, on a trained model and rows of its task")
struct Int8AccuracyTests {
    @Test("a block's gradients point the same way, before the adapter has learned anything and while it learns")
    func blocks() throws {
        let model = try TrainedModel(storage: .nf4)
        for steps in [0..<0, 0..<40] {
            try model.train(steps: steps)
            for (exact, fast) in zip(try model.blockGradients(.fp32), try model.blockGradients(.int8)) {
                for ((name, left), (_, right)) in zip(exact, fast) {
                    // A gets no gradient while B is zero.
                    if steps.isEmpty, name.hasSuffix("lora_A.weight") { continue }
                    let cosine = cosine(left, right)
                    #expect(cosine >= 0.999 && cosine < 1, "\(name), \(steps.count) steps")
                }
            }
        }
    }

    /// The errors of the products, about 0.5 % each, add up over the blocks of a forward, so that each block sees other
    /// activations: in this small model the worst of the tensors has 0.997.
    @Test("the gradients of a whole forward and backward stay within a few degrees, and the loss where it is")
    func wholeBackward() throws {
        let model = try TrainedModel(storage: .nf4)
        try model.train(steps: 0..<40)
        let (exact, fast) = (try model.gradients(.fp32), try model.gradients(.int8))
        #expect(abs(fast.loss - exact.loss) <= max(0.003, 0.003 * exact.loss), "\(fast.loss), not \(exact.loss)")
        for ((name, left), (_, right)) in zip(exact.gradients, fast.gradients) {
            #expect(cosine(left, right) >= 0.99, "\(name)")
        }
    }

    @Test(
        "logits have at most twice the error where one channel is a thousand times as large",
        arguments: TrainedModel.Channel.allCases)
    func massiveChannel(channel: TrainedModel.Channel) throws {
        let model = try TrainedModel(storage: .fp32)
        try model.train(steps: 0..<4)
        let directory = NSTemporaryDirectory() + "swiftlet-magnified-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let magnified = try model.magnified(channel, by: 1000, in: directory)
        let exact = try model.logits(.fp32)
        // It is the same function.
        #expect(rms(exact, try magnified.logits(.fp32)) <= 1e-4 * rms(exact, nil))
        let usual = rms(exact, try model.logits(.int8))
        let massive = rms(try magnified.logits(.fp32), try magnified.logits(.int8))
        #expect(usual > 0 && massive <= 2 * usual, "\(massive), usually \(usual)")
    }

    private func cosine(_ left: [Float], _ right: [Float]) -> Double {
        func dot(_ a: [Float], _ b: [Float]) -> Double { zip(a, b).reduce(0) { $0 + Double($1.0) * Double($1.1) } }
        return dot(left, right) / (dot(left, left) * dot(right, right)).squareRoot()
    }

    /// The rms of a difference, or of one.
    private func rms(_ left: [Float], _ right: [Float]?) -> Double {
        let squares = left.indices.reduce(0.0) {
            let difference = Double(left[$1]) - Double(right?[$1] ?? 0)
            return $0 + difference * difference
        }
        return (squares / Double(left.count)).squareRoot()
    }
}
