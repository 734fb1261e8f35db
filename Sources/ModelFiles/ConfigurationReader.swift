import Architectures
import Buffers

/// Turns the members of a config.json into an `Architecture`, or says by name what stands in the way.
struct ConfigurationReader {
    let path: String
    let members: JSONObject

    func architecture() throws -> Architecture {
        let family = try family()
        let hiddenSize = try integer("hidden_size", 1...1 << 20)
        let headCount = try integer("num_attention_heads", 1...1 << 14)
        let keyValueHeadCount = try integer(
            "num_key_value_heads", 1...headCount, default: family.keyValueHeadCount ?? headCount)
        guard headCount % keyValueHeadCount == 0 else {
            throw wrong("num_key_value_heads", "\(keyValueHeadCount) does not divide num_attention_heads \(headCount)")
        }
        let headSize = try headSize(hiddenSize: hiddenSize, headCount: headCount)
        let vocabularySize = try integer("vocab_size", 1...1 << 24)
        try checkActivation()
        return Architecture(
            family: family.name,
            vocabularySize: vocabularySize,
            hiddenSize: hiddenSize,
            intermediateSize: try integer("intermediate_size", 1...1 << 22),
            layerCount: try integer("num_hidden_layers", 1...1 << 12),
            headCount: headCount,
            keyValueHeadCount: keyValueHeadCount,
            headSize: headSize,
            normEpsilon: Float(try double("rms_norm_eps", 0...1, default: 1e-6)),
            rotary: try RotaryReader(configuration: self).rotary(),
            maximumPositions: try integer(
                "max_position_embeddings", 1...1 << 30, default: family.maximumPositions),
            tiesEmbeddings: try bool("tie_word_embeddings", default: false),
            biasedLinears: try biasedLinears(family),
            attentionWindow: try attentionWindow(family),
            beginOfText: try tokens("bos_token_id", vocabularySize).first,
            endOfText: try tokens("eos_token_id", vocabularySize))
    }

    private func family() throws -> ModelFamily {
        guard let name = members["model_type"]?.string else { throw wrong("model_type", "is missing") }
        guard let family = ModelFamily.named(name) else {
            let known = ModelFamily.all.map(\.name).joined(separator: ", ")
            throw InputError(
                .data, file: path, place: "model_type", "the architecture \"\(name.prefix(80))\" is not supported",
                remedy: "use a model of one of: \(known)")
        }
        for (key, values) in family.demands {
            guard let value = members[key], !value.isNull, !values.contains(where: { $0.admits(value) }) else {
                continue
            }
            throw unsupported(key, "\(key) \(JSONText(value).compact.prefix(80)) is not supported")
        }
        try checkLayerTypes(family)
        return family
    }

    /// Layers that differ from one another would be computed as if they were all alike.
    private func checkLayerTypes(_ family: ModelFamily) throws {
        guard let kinds = members["layer_types"]?.array else { return }
        let hasWindow = try attentionWindow(family) != nil
        guard
            kinds.allSatisfy({ $0.string == "full_attention" })
                || (hasWindow && kinds.allSatisfy { $0.string == "sliding_attention" })
        else {
            let allowed = hasWindow ? "full_attention or sliding_attention throughout" : "full_attention"
            throw unsupported("layer_types", "layers other than \(allowed) are not supported")
        }
    }

    private func headSize(hiddenSize: Int, headCount: Int) throws -> Int {
        if let value = members["head_dim"], !value.isNull {
            let size = try integer("head_dim", 2...1 << 12)
            guard size % 2 == 0 else { throw wrong("head_dim", "\(size) is odd") }
            return size
        }
        guard hiddenSize % (2 * headCount) == 0 else {
            throw wrong("num_attention_heads", "\(headCount) heads do not cut hidden_size \(hiddenSize) evenly")
        }
        return hiddenSize / headCount
    }

    private func checkActivation() throws {
        let name = members["hidden_act"]?.string ?? "silu"
        guard name == "silu" || name == "swish" else {
            throw unsupported("hidden_act", "the activation \"\(name.prefix(80))\" is not supported")
        }
    }

    private func biasedLinears(_ family: ModelFamily) throws -> Set<LinearRole> {
        try family.biasKeys.reduce(into: family.biasedLinears) { linears, entry in
            if try bool(entry.key, default: false) { linears.formUnion(entry.linears) }
        }
    }

    private func attentionWindow(_ family: ModelFamily) throws -> Int? {
        guard let standard = family.attentionWindow else { return nil }
        if let value = members["sliding_window"], value.isNull { return nil }
        return try integer("sliding_window", 1...1 << 30, default: standard)
    }

    /// One id, a list of ids, or none. Ids beyond the vocabulary are errors: they would be looked up.
    private func tokens(_ key: String, _ vocabularySize: Int) throws -> [Int] {
        guard let value = members[key], !value.isNull else { return [] }
        return try (value.array ?? [value]).map {
            guard let id = $0.integer, id >= -1, id < vocabularySize else {
                throw wrong(key, "holds something that is no token id below \(vocabularySize)")
            }
            return id
        }.filter { $0 >= 0 }
    }

    // MARK: Values

    func integer(_ key: String, _ range: ClosedRange<Int>, default standard: Int? = nil) throws -> Int {
        guard let value = members[key], !value.isNull else {
            if let standard { return standard }
            throw wrong(key, "is missing")
        }
        guard let number = value.integer, range.contains(number) else {
            throw wrong(key, "must be a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    func double(_ key: String, _ range: ClosedRange<Double>, default standard: Double) throws -> Double {
        guard let value = members[key], !value.isNull else { return standard }
        guard let number = value.double, range.contains(number) else {
            throw wrong(key, "must be a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    private func bool(_ key: String, default standard: Bool) throws -> Bool {
        guard let value = members[key], !value.isNull else { return standard }
        guard let flag = value.bool else { throw wrong(key, "must be true or false") }
        return flag
    }

    func wrong(_ key: String, _ message: String) -> InputError {
        InputError(
            .data, file: path, place: key, message, remedy: "fetch the model's config.json again or correct the key")
    }

    func unsupported(_ key: String, _ message: String) -> InputError {
        InputError(.data, file: path, place: key, message, remedy: "use a model without it")
    }
}

extension ModelFamily.Demand {
    fileprivate func admits(_ value: JSONValue) -> Bool {
        switch self {
        case .no: value.bool == false
        case .one: value.integer == 1
        }
    }
}
