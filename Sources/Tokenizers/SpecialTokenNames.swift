import Foundation

/// Which tokens begin and end a text, as `tokenizer_config.json` or `special_tokens_map.json` beside the tokenizer
/// says.
struct SpecialTokenNames: Sendable {
    private(set) var beginning: String?
    private(set) var end: String?

    /// Reads what is there; neither file has to be.
    init(directory: URL) throws(TokenizerError) {
        for name in ["tokenizer_config.json", "special_tokens_map.json"] {
            let file = directory.appendingPathComponent(name)
            guard FileManager.default.fileExists(atPath: file.path) else { continue }
            let root = try JSONDocument(file: file.path, bytes: try TokenizerFile.read(file)).root
            if beginning == nil { beginning = try Self.token(root.presentMember("bos_token")) }
            if end == nil { end = try Self.token(root.presentMember("eos_token")) }
        }
    }

    /// A token is written as a string, or as an object with its flags.
    private static func token(_ value: JSONValue?) throws(TokenizerError) -> String? {
        guard let value else { return nil }
        return try value.kind == .object ? value.member("content").string() : value.string()
    }
}
