extension BytePairs {
    /// The file `tokenizer.json` of Hugging Face, which puts the first special token before every text.
    func json(special: [String]) -> String {
        let added = special.enumerated().map { id, token in
            """
                {"id": \(id), "content": \(quoted(token)), "single_word": false, "lstrip": false, "rstrip": false, \
            "normalized": false, "special": true}
            """
        }
        let begin = quoted(special[0])
        let ids = vocabulary.enumerated().map { "      \(quoted($1)): \($0)" }
        let pairs = merges.map { "      [\(quoted($0.left)), \(quoted($0.right))]" }
        return """
            {
              "version": "1.0",
              "truncation": null,
              "padding": null,
              "added_tokens": [
            \(added.joined(separator: ",\n"))
              ],
              "normalizer": null,
              "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true},
              "post_processor": {
                "type": "TemplateProcessing",
                "single": [{"SpecialToken": {"id": \(begin), "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
                "pair": [
                  {"SpecialToken": {"id": \(begin), "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
                  {"SpecialToken": {"id": \(begin), "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 0}}
                ],
                "special_tokens": {\(begin): {"id": \(begin), "ids": [0], "tokens": [\(begin)]}}
              },
              "decoder": {"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true},
              "model": {
                "type": "BPE",
                "dropout": null,
                "unk_token": null,
                "continuing_subword_prefix": null,
                "end_of_word_suffix": null,
                "fuse_unk": false,
                "byte_fallback": false,
                "ignore_merges": false,
                "vocab": {
            \(ids.joined(separator: ",\n"))
                },
                "merges": [
            \(pairs.joined(separator: ",\n"))
                ]
              }
            }

            """
    }
}

/// The text as a string of JSON; it holds no control character but line ends.
func quoted(_ text: String) -> String {
    var json = "\""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\"": json += "\\\""
        case "\\": json += "\\\\"
        case "\n": json += "\\n"
        default: json.unicodeScalars.append(scalar)
        }
    }
    return json + "\""
}
