import Foundation
import JobFiles
import Testing

@Suite struct JobEncodingTests {
    private let body = """
        lora_r: 8
        lora_target_modules: [v_proj, q_proj]
        learning_rate: 0.1
        adam_epsilon: 1e-8
        max_steps: 7
        save_total_limit: null
        resume_from_checkpoint: false
        gradient_checkpointing: off
        seed: 9223372036854775807
        scheduler: {kind: pbs, walltime: 90}

        """

    @Test("A job that was written as JSON reads back the same, and is a job file")
    func roundTrip() throws {
        let job = try JobText(body).job()
        let data = try JSONEncoder().encode(job)
        #expect(try JSONDecoder().decode(Job.self, from: data) == job)
        let again = try JobText(whole: String(decoding: data, as: UTF8.self)).job()
        #expect(again == job)
        #expect(again.notices == [])
        #expect(job.seed == 9_223_372_036_854_775_807 && job.saveTotalLimit == nil && job.resume == .never)
    }

    @Test("A resolved job has nothing left to decide")
    func resolved() throws {
        let resolved = ResolvedJob(
            try JobText().job(), compute: .fp32, gradientCheckpointing: true, threads: 3, nodesPerCopy: 1,
            ranksPerNode: 2)
        let data = try JSONEncoder().encode(resolved)
        #expect(!String(decoding: data, as: UTF8.self).contains("\"compute\":\"auto\""))
        #expect(try JSONDecoder().decode(ResolvedJob.self, from: data) == resolved)
        #expect(throws: DecodingError.self) {
            try JSONDecoder().decode(ResolvedJob.self, from: JSONEncoder().encode(JobText().job()))
        }
    }

    @Test("A resume is bound to what changes bits, and to nothing else")
    func binding() throws {
        let old = try JobText("max_steps: 10").job()
        let elsewhere = try JobText(
            "max_steps: 10\nthreads: 3\nsave_steps: 1\nbase_model: x".replacing("\nbase_model: x", with: "")
                + "\ngradient_checkpointing: true\nnum_epochs: 9\noutput_dir: elsewhere"
        ).job("base_model=/other", "distributed.ranks_per_node=2", "compute=fp32")
        #expect(elsewhere.bindingDifferences(from: old) == [])
        let changed = try JobText("max_steps: 10\nlearning_rate: 1e-3\nlora_r: 8").job()
        #expect(
            changed.bindingDifferences(from: old).map(\.description)
                == ["lora_r was 16 and is 8", "learning_rate was 0.0002 and is 0.001"])
    }

    @Test("Every key is documented")
    func documentation() {
        for key in Job.documentation {
            #expect(!key.help.isEmpty && !key.allowed.isEmpty)
            #expect(Job.documentationText.contains("  \(key.name) ("))
            #expect(Job.documentationTable.contains("| `\(key.name)` |"))
        }
        #expect(
            Job.documentationText.contains(
                """
                  lora_r (default 16)
                      rank of the adapter
                      a whole number from 1 to 65536
                """))
    }
}
