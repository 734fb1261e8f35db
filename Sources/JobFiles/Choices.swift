/// `adapter`: what is trained.
package enum AdapterKind: String, Sendable, CaseIterable {
    /// LoRA on a quantised base.
    case qlora
    /// LoRA on the base as it is stored.
    case lora
    /// All parameters.
    case none
}

/// `init`: where the weights come from, if not from the base.
package enum Initialization: String, Sendable, CaseIterable {
    case random
}

/// `lr_scheduler`: the course of the learning rate after the warm-up.
package enum ScheduleKind: String, Sendable, CaseIterable {
    case cosine, linear, constant
}

/// `optimizer`.
package enum OptimizerKind: String, Sendable, CaseIterable {
    case adamw
    case adamw8bit = "adamw_8bit"
}

/// `compute`: the arithmetic of a matmul.
package enum Compute: String, Sendable, CaseIterable {
    case fp32, bf16, int8
}

/// `resume_from_checkpoint`.
package enum ResumePolicy: Sendable, Equatable {
    /// From the newest checkpoint of `output_dir`, if there is one.
    case automatic
    case never
    case path(String)
}

/// `type` of a dataset: which fields a row has.
package enum DatasetKind: String, Sendable, CaseIterable {
    case text
    case promptCompletion = "prompt_completion"
    case pretokenized
    case chatTemplate = "chat_template"
    case alpaca, sharegpt

    /// Whether its rows are laid out by `chat_template`.
    package var isConversation: Bool { [.chatTemplate, .alpaca, .sharegpt].contains(self) }
}

/// `chat_template`: how conversations are written.
package enum ChatTemplate: String, Sendable, CaseIterable {
    case chatml, llama3
}

/// `excess_length_strategy`: what becomes of rows that are longer than `sequence_len`.
package enum ExcessLengthStrategy: String, Sendable, CaseIterable {
    case truncate, drop
}

/// Names of which some are not built yet; a job that asks for one of those is refused.
protocol PartlyBuilt: CaseIterable, RawRepresentable<String>, Sendable {
    static var notBuiltYet: Set<String> { get }
    /// Names that other programs use for the same thing.
    static var synonyms: [String: String] { get }
}

extension PartlyBuilt {
    static var synonyms: [String: String] { [:] }
}

extension AdapterKind: PartlyBuilt {
    static let notBuiltYet: Set<String> = []
}

extension Initialization: PartlyBuilt {
    static let notBuiltYet: Set<String> = []
}

extension ScheduleKind: PartlyBuilt {
    static let notBuiltYet: Set<String> = []
    static let synonyms = ["constant_with_warmup": "constant"]
}

extension OptimizerKind: PartlyBuilt {
    static let notBuiltYet: Set<String> = ["adamw_8bit"]
    static let synonyms = [
        "adamw_torch": "adamw", "adamw_torch_fused": "adamw", "adamw_hf": "adamw", "adamw_bnb_8bit": "adamw_8bit",
    ]
}

extension Compute: PartlyBuilt {
    static let notBuiltYet: Set<String> = []
}

extension DatasetKind: PartlyBuilt {
    static let notBuiltYet: Set<String> = []
    static let synonyms = [
        "completion": "text", "messages": "chat_template", "openai": "chat_template",
    ]
}

extension ChatTemplate: PartlyBuilt {
    static let notBuiltYet: Set<String> = []
}

extension ExcessLengthStrategy: PartlyBuilt {
    static let notBuiltYet: Set<String> = []
}
