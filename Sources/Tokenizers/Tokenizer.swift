package import Foundation
import Synchronization

/// Text to ids and back, as the Python library `tokenizers` (0.23) does with the same tokenizer.json.
///
/// Byte-pair encoding only; a file with any part that is not supported is refused by name. The `truncation` and
/// `padding` of a file are not applied, as with transformers: a caller decides how long a sequence is.
package final class Tokenizer: Sendable {
    let model: BytePairModel
    let addedTokens: AddedTokens
    let normalizer: Normalizer
    let preTokenizer: PreTokenizer
    let postProcessor: PostProcessor
    let decoder: TokenDecoder
    /// Workspaces that no call uses right now; the caches in them live on.
    let idleWorkspaces = Mutex<[Workspace]>([])

    /// The token that begins a text, where the files beside the tokenizer name one that exists.
    package let bosTokenID: Int32?
    /// The token that ends a text, where the files beside the tokenizer name one that exists.
    package let eosTokenID: Int32?

    /// What one call of `encode` works in.
    struct Workspace: Sendable {
        var model = BytePairModel.Workspace()
        var buffer = PieceBuffer()
    }

    /// Reads `tokenizer.json`, `tokenizer_config.json` and `special_tokens_map.json` of a Hugging Face directory; only
    /// the first has to be there.
    package convenience init(directory: URL) throws(TokenizerError) {
        let names = try SpecialTokenNames(directory: directory)
        try self.init(file: directory.appendingPathComponent("tokenizer.json"), names: names)
    }

    /// Reads a `tokenizer.json`, and the files that lie beside it.
    package convenience init(file: URL) throws(TokenizerError) {
        try self.init(file: file, names: try SpecialTokenNames(directory: file.deletingLastPathComponent()))
    }

    private init(file: URL, names: SpecialTokenNames) throws(TokenizerError) {
        let root = try JSONDocument(file: file.path, bytes: try TokenizerFile.read(file)).root
        if let version = try root.presentMember("version"), try version.string() != "1.0" {
            throw version.unsupported("a version other than 1.0")
        }
        normalizer = try Normalizer(root.presentMember("normalizer"))
        var preTokenizer = try PreTokenizer(root.presentMember("pre_tokenizer"))
        let model = try BytePairModel(root.member("model"), spellsBytes: preTokenizer.spellsLast)
        if model.byteSymbols != nil { preTokenizer.dropSpelling() }
        if model.cutsBeforeSpaceMarks { preTokenizer.appendSpaceMarkCuts() }
        self.preTokenizer = preTokenizer
        let added = try AddedTokens(
            root.presentMember("added_tokens"), vocabulary: model.vocabulary, normalizer: normalizer)
        postProcessor = try PostProcessor(root.presentMember("post_processor")) { id in
            model.vocabulary.contains(id: id) || Int32(exactly: id).flatMap(added.decoded) != nil
        }
        decoder = try TokenDecoder(root.presentMember("decoder"))
        self.model = model
        addedTokens = added
        func find(_ name: String?) -> Int32? {
            guard let bytes = name.map({ Array($0.utf8) }) else { return nil }
            return added.id(of: bytes) ?? model.vocabulary.id(of: bytes.span)
        }
        bosTokenID = find(names.beginning)
        eosTokenID = find(names.end)
    }

    // MARK: Vocabulary

    /// The number of tokens, the added ones included; with gaps in the ids the greatest id may lie beyond.
    package var vocabularySize: Int {
        model.vocabulary.count + addedTokens.tokens.keys.count { !model.vocabulary.contains(id: Int($0)) }
    }

    /// One more than the greatest id: the least number of rows that an embedding needs.
    package var idEnd: Int { max(model.vocabulary.idEnd, addedTokens.idEnd) }

    /// The id of a token as the vocabulary spells it (`Ġthe` in a byte-level one), or nil.
    package func tokenID(of token: String) -> Int32? {
        let bytes = Array(token.utf8)
        return addedTokens.id(of: bytes) ?? model.vocabulary.id(of: bytes.span)
    }

    /// The token of an id as the vocabulary spells it, or nil where no token has the id.
    package func token(for id: Int32) -> String? {
        tokenBytes(id).map { String(decoding: $0, as: UTF8.self) }
    }

    func tokenBytes(_ id: Int32) -> [UInt8]? {
        addedTokens.decoded(id) ?? model.vocabulary.token(Int(id))
    }
}
