import Architectures
import Buffers

/// Turns the members of an adapter_config.json into an `AdapterDescription`, or says by name what stands in the way.
struct AdapterReader {
    let path: String
    let members: JSONObject

    /// Keys whose value must be null, false, empty or one of these words; all else changes what the adapter computes.
    private static let demands: [(key: String, words: [String])] = [
        ("bias", ["none"]), ("use_dora", []), ("lora_bias", []), ("fan_in_fan_out", []), ("modules_to_save", []),
        ("rank_pattern", []), ("alpha_pattern", []), ("layers_to_transform", []), ("exclude_modules", []),
        ("layer_replication", []), ("target_parameters", []), ("trainable_token_indices", []), ("use_qalora", []),
        ("use_bdlora", []), ("alora_invocation_tokens", []), ("arrow_config", []), ("velora_config", []),
        ("monteclora_config", []), ("kasa_config", []),
    ]

    /// Ways to initialise that also change the base, which the adapter alone does not tell.
    private static let changesBase = ["pissa", "olora", "corda", "loftq", "lora_ga"]

    func description(_ architecture: Architecture) throws -> AdapterDescription {
        guard let type = members["peft_type"]?.string else { throw wrong("peft_type", "is missing") }
        guard type == "LORA" else { throw unsupported("peft_type", "\(type.prefix(80)) is not supported") }
        try checkDemands()
        guard let rank = members["r"]?.integer, rank >= 1, rank <= 1 << 16 else {
            throw wrong("r", "must be a whole number from 1 to \(1 << 16)")
        }
        guard let alpha = members["lora_alpha"]?.double, abs(alpha) <= 1e9 else {
            throw wrong("lora_alpha", "must be a number")
        }
        let dropout = try optional("lora_dropout") { $0.double } ?? 0
        guard dropout >= 0, dropout < 1 else { throw wrong("lora_dropout", "must be at least 0 and below 1") }
        return AdapterDescription(
            rank: rank, alpha: alpha, dropout: dropout, targets: try targets(architecture),
            usesRankStabilizedScale: try optional("use_rslora") { $0.bool } ?? false,
            baseModelPath: members["base_model_name_or_path"]?.string ?? "")
    }

    private func checkDemands() throws {
        for (key, words) in Self.demands {
            guard let value = members[key], !value.isEmpty else { continue }
            guard let word = value.string, words.contains(word) else {
                throw unsupported(key, "\(JSONText(value).compact.prefix(80)) is not supported")
            }
        }
        if let name = members["init_lora_weights"]?.string,
            Self.changesBase.contains(where: { name.lowercased().hasPrefix($0) })
        {
            throw unsupported("init_lora_weights", "\(name.prefix(80)) is not supported: it also changes the base")
        }
    }

    /// Which layers match, as PEFT matches names: all blocks alike.
    private func targets(_ architecture: Architecture) throws -> Set<LinearRole> {
        let matches = try matcher()
        for name in ["lm_head", "model.embed_tokens"] where try matches(name) {
            throw unsupported("target_modules", "an adapter on \(name) is not supported")
        }
        let targets = try LinearRole.allCases.filter { role in
            let matching = try (0..<architecture.layerCount).filter {
                try matches(architecture.moduleName(of: role, inLayer: $0))
            }
            guard matching.isEmpty || matching.count == architecture.layerCount else {
                throw unsupported("target_modules", "\(role.moduleName) of only some layers is not supported")
            }
            return !matching.isEmpty
        }
        guard !targets.isEmpty else { throw wrong("target_modules", "names no linear layer of this base") }
        return Set(targets)
    }

    /// Whether a module is a target: by the end of its name, by a regular expression, or as any linear layer.
    private func matcher() throws -> (String) throws -> Bool {
        if let names = members["target_modules"]?.array {
            guard names.count <= 1 << 16 else { throw wrong("target_modules", "lists too many modules") }
            let names = try names.map { value in
                guard let name = value.string else { throw wrong("target_modules", "must list names") }
                return name
            }
            let whole = Set(names)
            return { module in
                if whole.contains(module) { return true }
                // Every end of the module's name that starts after a dot.
                return module.indices.contains {
                    module[$0] == "." && whole.contains(String(module[module.index(after: $0)...]))
                }
            }
        }
        guard let pattern = members["target_modules"]?.string else { throw wrong("target_modules", "is missing") }
        if pattern.lowercased() == "all-linear" {
            return { $0 != "lm_head" && $0 != "model.embed_tokens" }
        }
        guard pattern.utf8.count <= 1000, let expression = try? Regex(pattern) else {
            throw wrong("target_modules", "is no regular expression that can be read")
        }
        return { try expression.wholeMatch(in: $0) != nil }
    }

    private func optional<Value>(_ key: String, _ read: (JSONValue) -> Value?) throws -> Value? {
        guard let value = members[key], !value.isNull else { return nil }
        guard let result = read(value) else { throw wrong(key, "has a value of the wrong type") }
        return result
    }

    private func wrong(_ key: String, _ message: String) -> InputError {
        InputError(.data, file: path, place: key, message, remedy: "save the adapter again or correct the key")
    }

    private func unsupported(_ key: String, _ message: String) -> InputError {
        InputError(.data, file: path, place: key, message, remedy: "use an adapter of plain LoRA")
    }
}

extension JSONValue {
    /// What Python takes for false.
    fileprivate var isEmpty: Bool {
        switch self {
        case .null: true
        case .bool(let value): !value
        case .number: double == 0
        case .string(let text): text.isEmpty
        case .array(let values): values.isEmpty
        case .object(let object): object.members.isEmpty
        }
    }
}
