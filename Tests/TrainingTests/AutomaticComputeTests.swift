import Collectives
import Events
import Foundation
import JobFiles
import Kernels
import Testing
import Training

@Suite("compute: auto")
struct AutomaticComputeTests {
    /// What a job is resolved to.
    private func resolved(_ tiny: TinyJob, _ settings: [String]) throws -> JobFiles.Compute {
        let job = try tiny.job(["max_steps=2", "compute=auto"] + settings)
        return try Trainer.prepare(job, communicator: SoloCommunicator(), events: EventStream([])).job.compute
    }

    @Test("is what the probe says, for LoRA on a quantised and on a plain base", arguments: ["qlora", "lora"])
    func probed(adapter: String) throws {
        let set = try KernelContext(threads: 1).instructionSet
        let said = try Kernels.Compute.automatic(frozenWeights: true) { try ProbeCache().probe(of: set).probe }
        #expect(try resolved(TinyJob(), ["adapter=\(adapter)"]).rawValue == said.rawValue)
    }

    @Test("is fp32 where all parameters are trained")
    func everything() throws {
        #expect(try resolved(TinyJob(), ["adapter=none", "lora_model_dir=null"]) == .fp32)
    }

    /// One of the two is not what the probe says.
    @Test("is that of the checkpoint where a run goes on", arguments: ["fp32", "int8"], [1, 3])
    func resumed(compute: String, ranks: Int) throws {
        let tiny = try TinyJob()
        let settings = ["max_steps=6", "save_steps=2"]
        let whole = try tiny.train(tiny.job(settings + ["compute=\(compute)"], output: "whole"))
        #expect(throws: (any Error).self) {
            try tiny.train(tiny.job(settings + ["compute=\(compute)"], output: "cut"), stopAfter: 5)
        }
        let rest = try tiny.train(tiny.job(settings + ["compute=auto"], output: "cut"), ranks: ranks)
        #expect(rest.lines.first?.step == 5)
        #expect(rest.lines == whole.lines.suffix(2))
        #expect(try tiny.adapterBytes(output: "whole") == tiny.adapterBytes(output: "cut"))
    }

    @Test("does not let a run go on in another one that is named")
    func named() throws {
        let tiny = try TinyJob()
        try tiny.train(tiny.job(["max_steps=3", "compute=int8"]))
        #expect {
            try tiny.train(tiny.job(["max_steps=3", "compute=fp32"]), ranks: 2)
        } throws: {
            "\($0)".contains("compute was int8 and is fp32")
        }
    }
}
