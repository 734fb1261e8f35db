import Architectures
import Buffers
import Foundation
import JobFiles
import Quantization
import Testing

@Suite struct JobReadingTests {
    /// Every key there is, those that stand in for others too.
    static let everyKey = """
        base_model: ./Llama-3.1-8B
        adapter: qlora
        lora_model_dir: null
        init: null
        quantization: {format: nf4, block_size: 64, double_quant: true, method: rtn}
        lora_r: 16
        lora_alpha: 32
        lora_dropout: 0.0
        lora_target_modules: all-linear
        datasets: [{path: train.jsonl, type: prompt_completion}]
        chat_template: null
        shuffle: true
        val_set_size: 0.02
        sequence_len: 2048
        excess_length_strategy: truncate
        sample_packing: true
        train_on_inputs: false
        global_batch_size: 64
        micro_batch_size: 1
        num_epochs: 2
        max_steps: null
        learning_rate: 2e-4
        lr_scheduler: cosine
        warmup_ratio: 0.03
        warmup_steps: null
        optimizer: adamw
        adam_beta1: 0.9
        adam_beta2: 0.999
        adam_epsilon: 1e-8
        weight_decay: 0.0
        max_grad_norm: 1.0
        sync_every: 1
        outer_learning_rate: 0.7
        outer_momentum: 0.3
        gradient_checkpointing: auto
        compute: auto
        threads: auto
        seed: 42
        output_dir: out/run1
        save_steps: 100
        save_minutes: 30
        save_total_limit: 3
        eval_steps: 100
        resume_from_checkpoint: auto
        distributed: {nodes_per_copy: auto, ranks_per_node: auto, zero_stage: 3, prefetch_depth: 1, stage_base: null}
        checkpoint: {signals: [TERM, USR1], trigger_file: swiftlet.save}
        scheduler: {kind: slurm, nodes: 4, ranks_per_node: 2, memory: 64G, walltime: "12:00:00",
                    requeue: true}

        """

    @Test("A file with every key is read, and every key of the list is in it")
    func readsEveryKey() throws {
        let file = try JobText(whole: Self.everyKey)
        let job = try file.job()
        #expect(job.baseModel == file.directory.path + "/Llama-3.1-8B")
        #expect(job.datasets == [DatasetReference(path: file.directory.path + "/train.jsonl", kind: .promptCompletion)])
        #expect(job.learningRate == 2e-4)
        #expect(job.outputDirectory == "out/run1")
        #expect(job.checkpoint.signals == [.term, .usr1])
        #expect(job.schedulerRequest.walltimeSeconds == 43_200)
        #expect(job.schedulerRequest.memoryBytes == 64 << 30)
        #expect(job.notices == [])
        for key in Job.documentation {
            let last = key.name.split(separator: ".").last.map(String.init) ?? ""
            #expect(Self.everyKey.contains("\(last):"), "\(key.name)")
        }
    }

    @Test("What is left out has the documented default")
    func defaults() throws {
        let file = try JobText(whole: Self.everyKey)
        var full = try file.job()
        let short = try JobText("output_dir: out/run1").job()
        full.baseModel = short.baseModel
        full.datasets = short.datasets
        full.schedulerRequest = short.schedulerRequest
        #expect(full == short)
        #expect(try JobText(name: "quick.start.yaml").job().outputDirectory == "out/quick")
    }

    @Test("JSON is read as the YAML it is")
    func json() throws {
        let file = try JobText(
            whole: #"{"base_model": "/m", "datasets": [{"path": "/d.jsonl", "type": "text"}],"#
                + "\n\t\"learning_rate\": 1e-3, \"lora_target_modules\": [\"q_proj\", \"v_proj\"], \"max_steps\": null}"
        )
        let job = try file.job()
        #expect(job.baseModel == "/m")
        #expect(job.learningRate == 1e-3)
        #expect(job.loraTargets == [.query, .value])
    }

    @Test("Options replace what the file says, by dotted names, with paths of the working directory")
    func options() throws {
        let file = try JobText("lora_r: 4\nquantization: {block_size: 128}")
        let job = try file.job(
            "lora_r=8", "quantization.format=bf16", "base_model=models/m", "datasets.0.path=other.jsonl",
            "save_steps=0", "eval_steps=null", "val_set_size = 16", "checkpoint={signals: [HUP]}")
        #expect(job.loraRank == 8)
        #expect(job.quantization.blockSize == 128)
        #expect(job.baseFormat == .bf16)
        #expect(job.baseModel == "models/m")
        #expect(job.datasets.map(\.path) == ["other.jsonl"])
        #expect(job.saveSteps == 0 && job.evaluationSteps == 0 && job.heldOut == 16)
        #expect(job.checkpoint.signals == [.hangup])
        #expect(try file.job("quantization=null").quantization.blockSize == 64)
        #expect(try file.job("datasets=[{path: a.jsonl, type: pretokenized}]").datasets[0].kind == .pretokenized)
    }

    @Test("lora keeps the base as it is stored")
    func lora() throws {
        let job = try JobText("adapter: lora\nquantization: {format: nf4}").job()
        #expect(job.baseFormat == nil)
        #expect(job.notices == ["quantization has no effect: adapter: lora keeps the base as it is stored"])
        #expect(try JobText().job().baseFormat == .nf4())
        #expect(try JobText("quantization: {format: fp4, block_size: 128}").job().baseFormat == .fp4(blockSize: 128))
    }

    @Test("Full fine-tuning says which keys it has no use for, and takes random weights")
    func fullFineTuning() throws {
        let job = try JobText(
            "adapter: none\ninit: random\nlora_r: 8\nquantization: {format: nf4}\ndistributed: {stage_base: /local}"
        ).job()
        #expect(job.adapter == .none && job.initialization == .random && job.baseFormat == nil)
        #expect(
            job.notices == [
                "quantization has no effect: adapter: none trains all parameters in fp32",
                "distributed.stage_base has no effect: adapter: none has no frozen base",
                "the lora_ keys have no effect: adapter: none trains all parameters",
            ])
    }

    @Test("Keys for conversations say where they have no effect, and other programs' types are taken")
    func conversations() throws {
        func job(_ types: [String], _ more: String) throws -> Job {
            let items = types.map { "{path: a.jsonl, type: \($0)}" }.joined(separator: ", ")
            return try JobText(whole: "base_model: m\ndatasets: [\(items)]\n\(more)\n").job()
        }
        let chat = try job(["text", "sharegpt"], "chat_template: chatml\nexcess_length_strategy: drop")
        #expect(chat.chatTemplate == .chatml && chat.excessLength == .drop && chat.notices == [])
        #expect(
            try job(["completion", "alpaca", "openai"], "template: llama3").datasets.map(\.kind) == [
                .text, .alpaca, .chatTemplate,
            ])
        #expect(
            try job(["text"], "chat_template: llama3").notices
                == ["chat_template has no effect: no dataset holds conversations"])
        #expect(
            try job(["text", "pretokenized"], "train_on_inputs: true").notices
                == ["train_on_inputs has no effect: no dataset has prompts"])
        #expect(try job(["text", "prompt_completion"], "train_on_inputs: true").notices == [])
    }

    @Test(
        "Names of other programs are taken with a notice",
        arguments: [
            ("lora_rank: 8", "line 3, column 1: lora_rank is taken as lora_r"),
            ("model: {lora_rank: 8}", "line 3, column 9: model.lora_rank is taken as lora_r"),
            ("optimizer: {lr: 1e-3}", "line 3, column 13: optimizer.lr is taken as learning_rate"),
            ("lora_target: 'q_proj, v_proj'", "line 3, column 1: lora_target is taken as lora_target_modules"),
            ("load_in_4bit: true", "line 3, column 1: load_in_4bit is taken as adapter: qlora"),
            ("cutoff_len: 512", "line 3, column 1: cutoff_len is taken as sequence_len"),
            ("num_train_epochs: 3.0", "line 3, column 1: num_train_epochs is taken as num_epochs"),
            (
                "micro_batch_size: 2\ngradient_accumulation_steps: 8",
                "gradient_accumulation_steps is taken as global_batch_size: 16 (micro_batch_size × 8), over all ranks "
                    + "together"
            ),
        ])
    func aliases(body: String, notice: String) throws {
        #expect(try JobText(body).job().notices == [notice])
    }

    @Test("axolotl's adapter and load_in_4bit may stand together where they agree")
    func agreeingAliases() throws {
        #expect(try JobText("adapter: qlora\nload_in_4bit: true").job().adapter == .qlora)
        #expect(try JobText("optimizer: adamw_torch\nlr_scheduler: constant_with_warmup").job().scheduler == .constant)
    }

    @Test(
        "Times are read as Slurm writes them",
        arguments: [
            ("90", 5400), ("01:30", 90), ("12:00:00", 43_200), ("1-12", 129_600), ("1-12:30", 131_400),
            ("2-00:00:01", 172_801),
        ])
    func walltimes(text: String, seconds: Int) throws {
        #expect(try JobText("scheduler: {walltime: \(text)}").job().schedulerRequest.walltimeSeconds == seconds)
    }
}
