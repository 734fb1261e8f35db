import Buffers

extension Job {
    /// Reads a job file and lays options of the form `key=value` over it.
    ///
    /// Paths in the file are relative to the file, `output_dir` and paths in options to the working directory.
    ///
    /// - Parameter overrides: in the order of the command line; keys are dotted: `quantization.format=bf16`.
    /// - Throws: `InputError` of kind `.usage` that names line and column, or the option.
    package init(contentsOf path: String, overrides: [String] = []) throws {
        let tree = try JobDocument.read(path)
        guard case .table(let entries) = tree.value else {
            throw tree.mismatch("a job file", allowed: "a table of keys")
        }
        var given = JobEntries()
        try given.merge(entries)
        for option in overrides { try given.merge(option: option) }
        self.init()
        try fill(from: given, file: path)
        if outputDirectory.isEmpty {
            outputDirectory = "out/\(path.split(separator: "/").last?.split(separator: ".").first ?? "run")"
        }
    }

    private mutating func fill(from given: JobEntries, file: String) throws {
        for key in JobKey.all {
            if let value = given.values[key.name] { try key.read(value, &self) }
        }
        notices = given.notices + notices
        try takeAccumulation(from: given)
        try check(given, file: file)
    }

    /// `gradient_accumulation_steps` counts micro-batches on one rank; a step here has a size that ranks do not change.
    private mutating func takeAccumulation(from given: JobEntries) throws {
        guard let value = given.values[JobEntries.accumulationKey], !value.isNull else { return }
        let steps = try value.integer(JobEntries.accumulationKey, in: 1...65536, allowed: "a whole number from 1")
        guard given.values["global_batch_size"] == nil else {
            throw value.place.error(
                "\(JobEntries.accumulationKey) follows from global_batch_size", remedy: "take it out")
        }
        globalBatchSize = microBatchSize * steps
        notices.append(
            "\(JobEntries.accumulationKey) is taken as global_batch_size: \(globalBatchSize) "
                + "(micro_batch_size × \(steps)), over all ranks together")
    }

    private mutating func check(_ given: JobEntries, file: String) throws {
        let whole = Place(file: file, text: nil, directory: "")
        guard !baseModel.isEmpty else {
            throw whole.error("base_model is missing", remedy: "add base_model: DIRECTORY")
        }
        guard !datasets.isEmpty else {
            throw whole.error("datasets is missing", remedy: "add datasets: [{path: FILE.jsonl, type: text}]")
        }
        guard microBatchSize <= globalBatchSize else {
            let place = given.values["micro_batch_size"]?.place ?? given.values["global_batch_size"]?.place ?? whole
            throw place.error(
                "micro_batch_size \(microBatchSize) is more than global_batch_size \(globalBatchSize)",
                remedy: "a step takes global_batch_size sequences over all ranks")
        }
        guard let tokens = Checked.product([microBatchSize, sequenceLength]), tokens <= Int(Int32.max) else {
            let place = given.values["sequence_len"]?.place ?? whole
            throw place.error(
                "micro_batch_size × sequence_len is more than \(Int32.max) tokens", remedy: "lower one of them")
        }
        try checkTraining(given, whole)
        try checkConversations(given, whole)
    }

    /// What is trained, and keys that are for something else.
    private mutating func checkTraining(_ given: JobEntries, _ whole: Place) throws {
        func place(_ key: String) -> Place { given.values[key]?.place ?? whole }
        if initialization == .random, adapter != .none {
            throw place("init").error(
                "init: random and adapter: \(adapter.rawValue) exclude each other: an adapter needs a trained base",
                remedy: "set adapter: none to train from scratch, or take init out")
        }
        if adapter == .none, loraModelDirectory != nil {
            throw place("lora_model_dir").error(
                "lora_model_dir and adapter: none exclude each other: no adapter is trained",
                remedy: "take lora_model_dir out, or set adapter: lora")
        }
        if adapter == .none, compute == .int8 {
            throw place("compute").error(
                "compute: int8 and adapter: none exclude each other: only frozen weights are multiplied in int8",
                remedy: "set compute: fp32, or train an adapter")
        }
        func isGiven(_ prefix: String) -> Bool { given.values.keys.contains { $0.hasPrefix(prefix) } }
        if adapter == .lora, isGiven("quantization.") {
            notices.append("quantization has no effect: adapter: lora keeps the base as it is stored")
        }
        if adapter == .none, isGiven("quantization.") {
            notices.append("quantization has no effect: adapter: none trains all parameters in fp32")
        }
        if adapter == .none, distributed.stageBase != nil {
            notices.append("distributed.stage_base has no effect: adapter: none has no frozen base")
        }
        if adapter == .none, isGiven("lora_") {
            notices.append("the lora_ keys have no effect: adapter: none trains all parameters")
        }
    }

    /// Conversations need a template, and keys that are for conversations need some.
    private mutating func checkConversations(_ given: JobEntries, _ whole: Place) throws {
        if chatTemplate == nil, let index = datasets.firstIndex(where: \.kind.isConversation) {
            var place = given.values["datasets"]?.place ?? whole
            if case .list(let items) = given.values["datasets"]?.value, items.indices.contains(index) {
                place = items[index].place
            }
            throw place.error(
                "datasets[\(index)] is of type \(datasets[index].kind.rawValue), and no chat_template says "
                    + "how to write it",
                remedy: "add chat_template: \(ChatTemplate.builtWording)")
        }
        if chatTemplate != nil, !datasets.contains(where: \.kind.isConversation) {
            notices.append("chat_template has no effect: no dataset holds conversations")
        }
        if trainsOnInputs, datasets.allSatisfy({ [.text, .pretokenized].contains($0.kind) }) {
            notices.append("train_on_inputs has no effect: no dataset has prompts")
        }
    }
}

extension JobEntries {
    /// Takes over one `key=value` option.
    mutating func merge(option: String) throws {
        let halves = option.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let key = halves[0].filter { !$0.isWhitespace }
        // Paths are the user's, and the shell's: relative to where the command was typed.
        let place = Place(file: nil, text: "--set \(option.prefix(200))", directory: "")
        guard halves.count == 2, !key.isEmpty else {
            throw place.error("is not of the form key=value", remedy: "write for example --set lora_r=8")
        }
        let value = try JobDocument.parse(optionValue: String(halves[1]), place: place)
        let path = key.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        if path.count == 3, path[0] == "datasets" {
            try replaceItem(path, with: value)
        } else if JobEntries.isGroup(key), value.isNull {
            removeGroup(key)
        } else {
            if key == "global_batch_size" { removeAccumulation() }
            try merge([Located.Entry(key: key, keyPlace: place, value: value)])
        }
    }
}
