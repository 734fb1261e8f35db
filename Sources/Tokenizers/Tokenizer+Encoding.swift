import Synchronization

extension Tokenizer {
    /// The ids of a text, with what the post-processor puts around them if asked.
    package func encode(_ text: String, addSpecialTokens: Bool) -> [Int32] {
        var text = text
        return text.withUTF8 { postProcessor.apply(encodeBytes($0.span), addSpecialTokens: addSpecialTokens) }
    }

    private func encodeBytes(_ text: Span<UInt8>) -> [Int32] {
        var work = idleWorkspaces.withLock { $0.popLast() } ?? Workspace()
        var ids: [Int32] = []
        ids.reserveCapacity(text.count / 4 + 8)
        for section in addedTokens.sections(text, addedTokens.plainTrie) {
            switch section {
            case .token(let id): ids.append(id)
            case .text(let range):
                encode(text.extracting(range), startsInput: range.lowerBound == 0, &work, into: &ids)
            }
        }
        let finished = work
        idleWorkspaces.withLock { $0.append(finished) }
        return ids
    }

    /// Encodes a stretch without plain added tokens.
    private func encode(
        _ section: Span<UInt8>, startsInput: Bool, _ work: inout Workspace, into ids: inout [Int32]
    ) {
        guard !normalizer.steps.isEmpty else {
            return encodeNormalized(section, startsInput: startsInput, &work, into: &ids)
        }
        var normalized = section.withUnsafeBufferPointer { Array($0) }
        let keepsStart = normalizer.apply(&normalized)
        encodeNormalized(normalized.span, startsInput: startsInput && keepsStart, &work, into: &ids)
    }

    private func encodeNormalized(
        _ text: Span<UInt8>, startsInput: Bool, _ work: inout Workspace, into ids: inout [Int32]
    ) {
        for section in addedTokens.sections(text, addedTokens.normalizedTrie) {
            switch section {
            case .token(let id): ids.append(id)
            case .text(let range):
                let isFirst = startsInput && range.lowerBound == 0
                work.buffer.load(text.extracting(range), startsInput: isFirst)
                preTokenizer.apply(&work.buffer)
                encodePieces(of: work.buffer, &work.model, into: &ids)
            }
        }
    }

    private func encodePieces(
        of buffer: PieceBuffer, _ work: inout BytePairModel.Workspace, into ids: inout [Int32]
    ) {
        let text = buffer.text.span
        for piece in buffer.pieces { model.encode(text, piece, &work, into: &ids) }
    }
}
