extension Tokenizer {
    /// The text of ids; those that no token has are left out, and the special ones too if asked.
    package func decode(_ ids: [Int32], skipSpecialTokens: Bool) -> String {
        if decoder.isByteLevel { return decodeBytes(ids, skipSpecialTokens) }
        var tokens: [[UInt8]] = []
        tokens.reserveCapacity(ids.count)
        for id in ids {
            guard let token = tokenBytes(id), !skipSpecialTokens || !addedTokens.isSpecial(token) else { continue }
            tokens.append(token)
        }
        return String(decoding: decoder.decode(tokens), as: UTF8.self)
    }

    private func decodeBytes(_ ids: [Int32], _ skipSpecialTokens: Bool) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(4 * ids.count)
        for id in ids {
            if let added = addedTokens.decoded(id) {
                if !skipSpecialTokens || !addedTokens.isSpecial(added) { ByteAlphabet.decode(added.span, into: &bytes) }
            } else {
                model.vocabulary.withToken(Int(id)) { ByteAlphabet.decode($0, into: &bytes) }
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
