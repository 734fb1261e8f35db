import Events
import Foundation
import Testing
import Training

@Suite("Twenty steps of AdamW equal those of PEFT and torch")
struct ReferenceRunTests {
    struct Meta: Decodable {
        let train: Train

        struct Train: Decodable {
            let lrs: [Double]
            let fp32: Curve
            let nf4: Curve?
        }

        struct Curve: Decodable {
            let losses: [Double]
            let grad_norms: [Double]
        }
    }

    @Test(
        "Losses within 1e-3, gradient norms within 1e-3 relative, learning rates exact",
        arguments: [
            ("llama_tiny", "lora"), ("llama_tiny", "qlora"), ("mistral", "lora"), ("qwen2", "lora"),
            ("qwen2_tied", "lora"),
        ])
    func reference(model: String, adapter: String) throws {
        try train(model, adapter: adapter, compute: "fp32", tolerance: 1e-3)
    }

    @Test(
        "In bf16, losses and gradient norms stay within its rounding of them",
        arguments: [("llama_tiny", "lora"), ("llama_tiny", "qlora")])
    func bf16(model: String, adapter: String) throws {
        try train(model, adapter: adapter, compute: "bf16", tolerance: 2e-2)
    }

    private func train(_ model: String, adapter: String, compute: String, tolerance: Double) throws {
        let tiny = try TinyJob(model)
        let meta = try JSONDecoder().decode(
            Meta.self, from: Data(contentsOf: URL(fileURLWithPath: tiny.golden + "/meta.json")))
        let expected = try #require(adapter == "lora" ? meta.train.fp32 : meta.train.nf4)
        let steps = try tiny.train(tiny.job(["adapter=\(adapter)", "compute=\(compute)"])).steps
        #expect(steps.map(\.step) == Array(1...20))
        for (index, step) in steps.enumerated() {
            #expect(abs(step.loss - expected.losses[index]) < tolerance)
            #expect(abs(step.gradientNorm / expected.grad_norms[index] - 1) < tolerance)
            #expect(abs(step.learningRate - meta.train.lrs[index]) <= 1e-15)
        }
    }
}
