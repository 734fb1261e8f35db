import Foundation
import ModelFiles
import Testing

@Suite("What twenty steps leave behind")
struct FinalAdapterTests {
    @Test("A and B are those of the reference run", arguments: [("lora", "fp32"), ("qlora", "nf4")])
    func finalValues(adapter: String, reference: String) throws {
        let tiny = try TinyJob()
        try tiny.train(tiny.job(["adapter=\(adapter)"]), ranks: 2)
        let own = try SafetensorsFile(path: tiny.directory + "/out/adapter/adapter_model.safetensors")
        let golden = try SafetensorsFile(path: TinyJob.golden + "/train_\(reference)_final_lora.safetensors")
        #expect(golden.tensors.count == 28)
        for tensor in golden.tensors {
            let values = try #require(own.tensor(named: tensor.name)).floats
            let expected = tensor.floats
            #expect(values.count == expected.count)
            let scale = expected.reduce(0) { max($0, abs($1)) }
            let worst = zip(values, expected).reduce(Float(0)) { max($0, abs($1.0 - $1.1)) }
            #expect(worst <= 1e-3 * scale, "\(tensor.name): \(worst) of \(scale)")
        }
    }

    @Test("Only the newest checkpoints are kept, and never fewer than two", arguments: [1, 2, 3])
    func limit(kept: Int) throws {
        let tiny = try TinyJob()
        try tiny.train(tiny.job(["max_steps=5", "save_steps=1", "save_total_limit=\(kept)"]), ranks: 2)
        let names = try FileManager.default.contentsOfDirectory(atPath: tiny.directory + "/out/checkpoints").sorted()
        #expect(names.filter { $0.hasPrefix("step-") } == (6 - max(2, kept)...5).map { "step-0000000\($0)" })
    }
}
