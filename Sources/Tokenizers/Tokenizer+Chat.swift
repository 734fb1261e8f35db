extension Tokenizer {
    /// The ids of a conversation that was laid out.
    ///
    /// Texts side by side are encoded as one, as a reader of the whole text would see them, but for the border between
    /// what is learned and what is not: there the encoding begins anew, so that a model that goes on from the prompt
    /// begins with exactly the first token that was learned. No text can spell a mark of the layout or a special token
    /// of the tokenizer, as long as the tokenizer has a token for it.
    package func encode(_ segments: [ChatSegment], of layout: ChatLayout) -> EncodedChat {
        let leavingOut = addedTokens.specialIDs.union(layout.marks.compactMap(markID))
        var encoded = EncodedChat()
        var pending = ""
        var isTrained = false
        var start = TextStart.ofInput
        func flush() {
            guard !pending.isEmpty else { return }
            encoded.append(encode(pending, start: start, leavingOut: leavingOut), isTrained: isTrained)
            pending = ""
            start = .behindText
        }
        for segment in segments {
            if segment.isTrained != isTrained { flush() }
            isTrained = segment.isTrained
            switch segment.content {
            case .beginning:
                flush()
                encoded.append(beginning(of: layout), isTrained: isTrained)
            case .mark(let text):
                guard let id = markID(text) else {
                    pending += text
                    continue
                }
                flush()
                encoded.append(CollectionOfOne(id), isTrained: isTrained)
                start = .behindToken
            case .text(let text): pending += text
            }
        }
        flush()
        return encoded
    }

    /// Marks of a layout that are no tokens here, and are spelled in letters.
    package func missingMarks(of layout: ChatLayout) -> [String] { layout.marks.filter { markID($0) == nil } }

    /// What the tokenizer puts before every text begins a conversation too; Llama 3's layout asks for BOS in any case.
    private func beginning(of layout: ChatLayout) -> [Int32] {
        let prefix = postProcessor.prefix
        guard prefix.isEmpty, layout == .llama3, let bosTokenID else { return prefix }
        return [bosTokenID]
    }

    private func markID(_ mark: String) -> Int32? { addedTokens.id(of: Array(mark.utf8)) }
}
