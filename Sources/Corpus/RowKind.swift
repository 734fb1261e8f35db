/// Which fields a row has, and what of it is learned.
package enum RowKind: String, Sendable, CaseIterable {
    /// `{"text"}`: everything is learned.
    case text
    /// `{"prompt", "completion"}`: the completion is learned, and EOS after it.
    case promptCompletion = "prompt_completion"
    /// `{"input_ids", "labels"}`: as it stands; without labels everything is learned.
    case pretokenized

    /// The fields that a row must have; `labels` may be absent.
    var requiredFields: [String] {
        switch self {
        case .text: ["text"]
        case .promptCompletion: ["prompt", "completion"]
        case .pretokenized: ["input_ids"]
        }
    }

    /// The kind whose fields a row has; nil where it has none of them.
    static func detect(_ row: Row) -> RowKind? {
        [.pretokenized, .promptCompletion, .text].first { kind in
            kind.requiredFields.allSatisfy { row.fields[$0] != nil }
        }
    }
}
