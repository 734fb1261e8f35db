/// What goes out again as the config.json of a directory that we write.
extension ModelConfiguration {
    /// The type in which transformers loads the weights; newer files call it `dtype`.
    var dtype: String? { members["dtype"]?.string ?? members["torch_dtype"]?.string }

    /// All members but those of a quantisation, with the embedding tied as the weights have it.
    /// - Parameter dtype: what the weights are now; nil: as before.
    func outgoingMembers(tiesEmbeddings: Bool, dtype: String? = nil) -> [(String, JSONText)] {
        let replaced: Set<String> = ["quantization_config", "tie_word_embeddings"]
        let kept = members.members.filter { !replaced.contains($0.key) }
        let dtypeKeys: Set<String> = ["dtype", "torch_dtype"]
        var outgoing = kept.map { key, value in
            (key, dtypeKeys.contains(key) ? dtype.map(JSONText.string) ?? JSONText(value) : JSONText(value))
        }
        // Where no key says it yet: the one that every version of transformers reads.
        if let dtype, !kept.contains(where: { dtypeKeys.contains($0.key) }) {
            outgoing.append(("torch_dtype", .string(dtype)))
        }
        outgoing.append(("tie_word_embeddings", .bool(tiesEmbeddings)))
        return outgoing
    }
}
