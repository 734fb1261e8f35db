import Buffers
import Foundation
import JobFiles
import Testing

@Suite struct JobErrorTests {
    @Test(
        "A wrong file is refused with line, column and remedy",
        arguments: [
            ("lora_rnk: 8", "line 3, column 1: lora_rnk is no key of a job file; did you mean lora_r?"),
            ("learnig_rate: 1", "line 3, column 1: learnig_rate is no key of a job file; did you mean learning_rate?"),
            (
                "quantization: {blocksize: 64}",
                "line 3, column 16: quantization.blocksize is no key of a job file; did you mean "
                    + "quantization.block_size?"
            ),
            (
                "zero_stage: 3",
                "line 3, column 1: zero_stage is no key of a job file; did you mean distributed.zero_stage?"
            ),
            (
                "wandb_project: x",
                "line 3, column 1: wandb_project is no key of a job file; swiftlet validate --help lists the keys"
            ),
            ("lora_r: sixteen", "line 3, column 9: lora_r must be a whole number from 1 to 65536, found sixteen"),
            (
                "lora_r: \"16\"",
                "line 3, column 9: lora_r must be a whole number from 1 to 65536, found the text \"16\"; take the quotes "
                    + "away"
            ),
            ("\n\n  \nlora_r: 0", "line 6, column 9: lora_r must be a whole number from 1 to 65536, found 0"),
            (
                "distributed: {zero_stage: 4}",
                "line 3, column 27: distributed.zero_stage must be a whole number from 0 to 3, found 4"
            ),
            ("lora_r: [1]", "line 3, column 9: lora_r must be a whole number from 1 to 65536, found a list"),
            ("lora_dropout: 1.0", "line 3, column 15: lora_dropout must be a number from 0 to below 1, found 1.0"),
            ("learning_rate: nan", "line 3, column 16: learning_rate must be a number from 0, found nan"),
            ("shuffle: maybe", "line 3, column 10: shuffle must be true or false, found maybe"),
            ("seed: -1", "line 3, column 7: seed must be a whole number from 0, found -1"),
            ("lr_scheduler: step", "line 3, column 15: lr_scheduler must be cosine | linear | constant, found step"),
            ("compute: fp8", "line 3, column 10: compute must be auto | fp32 | bf16 | int8, found fp8"),
            ("threads: 0", "line 3, column 10: threads must be auto or a whole number from 1 to 4096, found 0"),
            (
                "distributed: {prefetch_depth: 17}",
                "line 3, column 31: distributed.prefetch_depth must be a whole number from 0 to 16, found 17"
            ),
            (
                "quantization: nf4",
                "line 3, column 15: quantization must be a table of keys, found nf4"
            ),
            (
                "lora_target_modules: [q_proj, v_prj]",
                "line 3, column 31: lora_target_modules names v_prj, which is no linear layer of a block; did you mean "
                    + "v_proj?"
            ),
            (
                "micro_batch_size: 128",
                "line 3, column 19: micro_batch_size 128 is more than global_batch_size 64; a step takes "
                    + "global_batch_size sequences over all ranks"
            ),
            (
                "lora_rank: 4\nlora_r: 8",
                "line 4, column 1: lora_r and lora_rank are the same key; keep lora_r"
            ),
            (
                "adapter: lora\nload_in_4bit: true",
                "line 4, column 1: load_in_4bit and adapter contradict each other; keep adapter and take the other out"
            ),
            ("seed: 1\nseed: 2", "line 3, column 1: seed is given more than once; keep one of them"),
            (
                "seed: &a 1\nlora_r: *a",
                "line 4, column 9: YAML aliases (*name) are not taken here; write the value out"
            ),
            ("seed: [1", "line 4, column 1: is not valid YAML: did not find expected ',' or ']'"),
            (
                "scheduler: {walltime: soon}",
                "line 3, column 23: scheduler.walltime must be null or a time such as \"12:00:00\", found soon"
            ),
        ])
    func refuses(body: String, message: String) throws {
        #expect(try JobText(body + "\n").error() == "job.yaml: " + message)
    }

    @Test(
        "Keys that exclude each other are refused with the line of one of them",
        arguments: [
            (
                "init: random",
                "line 3, column 7: init: random and adapter: qlora exclude each other: an adapter needs a trained base; "
                    + "set adapter: none to train from scratch, or take init out"
            ),
            (
                "adapter: none\nlora_model_dir: a",
                "line 4, column 17: lora_model_dir and adapter: none exclude each other: no adapter is trained; "
                    + "take lora_model_dir out, or set adapter: lora"
            ),
            (
                "adapter: none\ncompute: int8",
                "line 4, column 10: compute: int8 and adapter: none exclude each other: "
                    + "only frozen weights are multiplied in int8; set compute: fp32, or train an adapter"
            ),
        ])
    func exclusive(body: String, message: String) throws {
        #expect(try JobText(body).error() == "job.yaml: " + message)
    }

    @Test(
        "What is not built yet is said to be so",
        arguments: [
            ("optimizer: adamw_bnb_8bit", "line 3, column 12: optimizer: adamw_8bit is not built yet; use adamw"),
            (
                "quantization: {format: int8}",
                "line 3, column 24: quantization.format: int8 is not built yet; use nf4 or fp4 or bf16 or fp32"
            ),
            (
                "quantization: {method: gptq}",
                "line 3, column 24: quantization.method: gptq is not built yet; use rtn"
            ),
        ])
    func notBuilt(body: String, message: String) throws {
        #expect(try JobText(body).error() == "job.yaml: " + message)
    }

    @Test("Datasets are checked down to their keys")
    func datasets() throws {
        func error(_ datasets: String) throws -> String {
            try JobText(whole: "base_model: m\ndatasets: \(datasets)\n").error()
        }
        #expect(try error("null") == "job.yaml: datasets is missing; add datasets: [{path: FILE.jsonl, type: text}]")
        #expect(try error("[]") == "job.yaml: line 2, column 11: datasets is an empty list; name a file")
        #expect(
            try error("train.jsonl")
                == "job.yaml: line 2, column 11: datasets must be a list of tables with path and type, found train.jsonl"
        )
        #expect(
            try error("[{path: a, typ: text}]")
                == "job.yaml: line 2, column 22: datasets[0].typ is no key of a dataset; did you mean type?")
        #expect(
            try error("[{path: a}]")
                == "job.yaml: line 2, column 12: datasets[0] has no type; add type: text | prompt_completion | "
                + "pretokenized | chat_template | alpaca | sharegpt")
        #expect(
            try error("[{path: a, type: shargpt}]")
                == "job.yaml: line 2, column 28: datasets[0].type must be text | prompt_completion | pretokenized | "
                + "chat_template | alpaca | sharegpt, found shargpt")
    }

    @Test("Conversations need a template", arguments: ["chat_template", "alpaca", "sharegpt", "openai"])
    func template(type: String) throws {
        func error(_ more: String) throws -> String {
            try JobText(
                whole: "base_model: m\ndatasets:\n- {path: a, type: text}\n- {path: b, type: \(type)}\n\(more)\n"
            ).error()
        }
        let kind = type == "openai" ? "chat_template" : type
        #expect(
            try error("")
                == "job.yaml: line 4, column 3: datasets[1] is of type \(kind), and no chat_template says how to write "
                + "it; add chat_template: chatml or llama3")
        #expect(
            try error("chat_template: vicuna")
                == "job.yaml: line 5, column 16: chat_template must be null | chatml | llama3, found vicuna")
        #expect(try error("chat_template: llama3") == "read")
        #expect(
            try error("chat_template: chatml\nexcess_length_strategy: raise")
                == "job.yaml: line 6, column 25: excess_length_strategy must be truncate | drop, found raise")
    }

    @Test("A wrong option is named as it was typed")
    func options() throws {
        let file = try JobText()
        #expect(file.error("lora_r") == "--set lora_r: is not of the form key=value; write for example --set lora_r=8")
        #expect(
            file.error("lora_r=x") == "--set lora_r=x: lora_r must be a whole number from 1 to 65536, found x")
        #expect(file.error("loraa_r=1") == "--set loraa_r=1: loraa_r is no key of a job file; did you mean lora_r?")
        #expect(
            file.error("datasets.1.path=x")
                == "--set datasets.1.path=x: datasets has no item 1; items are counted from 0; or give the whole list")
    }

    @Test("Files that are no job files are refused")
    func files() throws {
        #expect(
            try JobText(whole: "# nothing\n").error()
                == "job.yaml: is empty; a job needs at least base_model and datasets")
        #expect(
            try JobText(whole: "- a\n").error()
                == "job.yaml: line 1, column 1: a job file must be a table of keys, found a list")
        #expect(
            try JobText(whole: "datasets: []").error()
                == "job.yaml: line 1, column 11: datasets is an empty list; name a file")
        #expect(
            try JobText(whole: "seed: 1").error() == "job.yaml: base_model is missing; add base_model: DIRECTORY")
        let long = try JobText(String(repeating: "# comment\n", count: 110_000))
        #expect(long.error() == "job.yaml: is longer than 1048576 bytes, so it is no job file")
        let deep = try JobText("datasets: " + String(repeating: "[", count: 40) + String(repeating: "]", count: 40))
        #expect(deep.error().hasSuffix("is given more than once; keep one of them"))
        let nested = try JobText("seed: " + String(repeating: "[", count: 40) + String(repeating: "]", count: 40))
        #expect(nested.error() == "job.yaml: line 3, column 39: is nested more than 32 deep")
        #expect(try JobText("seed: " + String(repeating: "[", count: 200_000)).error().hasSuffix("is nested too deep"))
        let missing = FileManager.default.temporaryDirectory.path + "/no-such-job.yaml"
        #expect(throws: InputError.notOpened(.usage, missing, ENOENT)) { try Job(contentsOf: missing) }
        #expect(throws: InputError.self) { try Job(contentsOf: "/") }
        #expect(throws: InputError.self) { try Job(contentsOf: "/dev/zero") }
    }

    @Test("A text that is no UTF-8 is refused")
    func encoding() throws {
        let file = try JobText()
        try Data([0x61, 0xFF, 0x0A]).write(to: URL(fileURLWithPath: file.path))
        #expect(file.error() == "job.yaml: is not UTF-8 text; give a job file in YAML or JSON")
    }

    @Test("Ten lines of aliases do not stand for billions of values")
    func aliasBomb() throws {
        var text = "a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n"
        for level in 1...12 {
            let items = [String](repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
            text += "a\(level): &a\(level) [\(items)]\n"
        }
        text += "? *a12\n: 1\n"
        #expect(
            try JobText(whole: text).error()
                == "job.yaml: line 2, column 10: YAML aliases (*name) are not taken here; write the value out")
    }

    @Test("A star in a comment, a text or a path is no alias")
    func stars() throws {
        let job = try JobText("# see *this*\noutput_dir: \"*odd*\" # *x\nlora_r: 8\n").job()
        #expect(job.outputDirectory == "*odd*")
    }
}
