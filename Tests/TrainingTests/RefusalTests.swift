import Buffers
import Execution
import Foundation
import JobFiles
import Testing
import Training

@Suite("A run is not resumed with what would change its result")
struct RefusalTests {
    /// The exit code and the line of a second run with other settings, in the directory of a first.
    private func refusal(_ settings: [String], changing: (TinyJob) throws -> Void = { _ in }) throws -> (Int32, String)
    {
        let tiny = try TinyJob()
        try tiny.train(tiny.job(["max_steps=3", "save_steps=2"]))
        try changing(tiny)
        do {
            try tiny.train(tiny.job(["max_steps=3", "save_steps=2"] + settings), ranks: 2)
        } catch {
            return (ExitCode.of(error), "\(error)")
        }
        return (0, "")
    }

    @Test("Another seed is refused with exit code 64 and named")
    func seed() throws {
        let (code, line) = try refusal(["seed=7"])
        #expect(code == 64)
        #expect(line.contains("seed was 42 and is 7"))
    }

    @Test("Other data is refused with exit code 65")
    func data() throws {
        let (code, line) = try refusal([]) { tiny in
            let rows = tiny.rows.reversed().joined(separator: "\n")
            try rows.write(toFile: tiny.directory + "/rows.jsonl", atomically: true, encoding: .utf8)
        }
        #expect(code == 65)
        #expect(line.contains("other training data"))
    }

    @Test("Another base is refused with exit code 65")
    func base() throws {
        let tiny = try TinyJob()
        try tiny.train(tiny.job(["max_steps=3"]))
        let copy = tiny.directory + "/model"
        try FileManager.default.copyItem(atPath: TinyJob.golden + "/model", toPath: copy)
        let weights = URL(fileURLWithPath: copy + "/model.safetensors")
        var bytes = try Data(contentsOf: weights)
        bytes[bytes.count - 3] ^= 1
        try FileManager.default.removeItem(at: weights)
        try bytes.write(to: weights)
        #expect {
            try tiny.train(tiny.job(["max_steps=3", "base_model=\(copy)"]))
        } throws: {
            ExitCode.of($0) == 65 && "\($0)".contains("another base")
        }
    }

    @Test("A learning rate that diverges ends with exit code 76")
    func divergence() throws {
        let tiny = try TinyJob()
        #expect {
            try tiny.train(tiny.job(["learning_rate=1e30", "warmup_steps=0", "max_grad_norm=0"]), ranks: 2)
        } throws: {
            ExitCode.of($0) == 76
        }
    }
}
