/// A name that another program uses for one of our keys.
struct JobAlias: Sendable {
    /// Dotted where the other program nests it.
    let name: String
    let canonical: String
    /// The value as our key has it; nil: it asks for nothing.
    let convert: @Sendable (Located) throws -> Located?
    /// It may stand beside the key itself where both say the same: axolotl writes `adapter: qlora` and `load_in_4bit`.
    let mayRepeat: Bool

    init(
        _ name: String, _ canonical: String, mayRepeat: Bool = false,
        convert: @escaping @Sendable (Located) throws -> Located? = { $0 }
    ) {
        self.name = name
        self.canonical = canonical
        self.convert = convert
        self.mayRepeat = mayRepeat
    }

    /// axolotl's, torchtune's and LLaMA-Factory's names.
    static let all: [JobAlias] = [
        JobAlias("model_name_or_path", "base_model"),
        JobAlias("checkpointer.checkpoint_dir", "base_model"),
        JobAlias("adapter_name_or_path", "lora_model_dir"),
        JobAlias("load_in_4bit", "adapter", mayRepeat: true) {
            $0.replaced(by: try $0.bool("load_in_4bit", allowed: "true or false") ? "qlora" : "lora")
        },
        JobAlias("quantization_bit", "adapter", mayRepeat: true) { value in
            guard !value.isNull else { return nil }
            guard value.plainText == "4" else {
                throw value.place.error("quantization_bit: \(value.found) is not built yet", remedy: "use 4")
            }
            return value.replaced(by: "qlora")
        },
        JobAlias("quantization_method", "quantization.method") {
            ["bnb", "bitsandbytes"].contains($0.text) ? $0.replaced(by: "rtn") : $0
        },
        JobAlias("double_quantization", "quantization.double_quant"),
        JobAlias("lora_rank", "lora_r"),
        JobAlias("model.lora_rank", "lora_r"),
        JobAlias("model.lora_alpha", "lora_alpha"),
        JobAlias("model.lora_dropout", "lora_dropout"),
        JobAlias("lora_target", "lora_target_modules", convert: splitAtCommas),
        JobAlias("model.lora_attn_modules", "lora_target_modules"),
        JobAlias("lora_target_linear", "lora_target_modules") {
            try $0.bool("lora_target_linear", allowed: "true or false") ? $0.replaced(by: "all-linear") : nil
        },
        JobAlias("cutoff_len", "sequence_len"),
        JobAlias("tokenizer.max_seq_len", "sequence_len"),
        JobAlias("packing", "sample_packing"),
        JobAlias("neat_packing", "sample_packing"),
        JobAlias("dataset.packed", "sample_packing"),
        JobAlias("template", "chat_template"),
        JobAlias("val_size", "val_set_size"),
        JobAlias("train_on_prompt", "train_on_inputs"),
        JobAlias("batch_size", "micro_batch_size"),
        JobAlias("per_device_train_batch_size", "micro_batch_size"),
        JobAlias("optimizer.lr", "learning_rate"),
        JobAlias("lr_scheduler_type", "lr_scheduler"),
        JobAlias("lr_scheduler.num_warmup_steps", "warmup_steps"),
        JobAlias("epochs", "num_epochs"),
        JobAlias("num_train_epochs", "num_epochs"),
        JobAlias("auto_resume_from_checkpoints", "resume_from_checkpoint"),
    ]

    /// LLaMA-Factory writes lists as one text: `q_proj,v_proj`.
    @Sendable private static func splitAtCommas(_ value: Located) -> Located {
        guard let text = value.text, text.contains(",") else { return value }
        let names = text.split(separator: ",").map { $0.filter { !$0.isWhitespace } }
        return Located(value: .list(names.map(value.replaced(by:))), place: value.place)
    }
}

extension Located {
    func replaced(by text: String) -> Located { Located(value: .scalar(text, quoted: false), place: place) }
}
