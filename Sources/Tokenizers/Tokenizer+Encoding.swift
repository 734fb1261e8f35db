import Synchronization

extension Tokenizer {
    /// The ids of a text, with what the post-processor puts around them if asked.
    package func encode(_ text: String, addSpecialTokens: Bool) -> [Int32] {
        var text = text
        return text.withUTF8 {
            postProcessor.apply(
                encodeBytes($0.span, start: .ofInput, leavingOut: []), addSpecialTokens: addSpecialTokens)
        }
    }

    /// The ids of a stretch of text.
    ///
    /// - Parameters:
    ///   - start: what stands before it, which decides on the blank that some tokenizers put before a text.
    ///   - leavingOut: added tokens that are letters like others where they are spelled in this text.
    func encode(_ text: String, start: TextStart, leavingOut: Set<Int32>) -> [Int32] {
        var text = text
        return text.withUTF8 { encodeBytes($0.span, start: start, leavingOut: leavingOut) }
    }

    private func encodeBytes(_ text: Span<UInt8>, start: TextStart, leavingOut: Set<Int32>) -> [Int32] {
        var work = idleWorkspaces.withLock { $0.popLast() } ?? Workspace()
        var ids: [Int32] = []
        ids.reserveCapacity(text.count / 4 + 8)
        for section in addedTokens.sections(text, addedTokens.plainTrie, leavingOut: leavingOut) {
            switch section {
            case .token(let id): ids.append(id)
            case .text(let range):

                let start = range.lowerBound == 0 ? start : .behindToken
                encode(text.extracting(range), start: start, leavingOut, &work, into: &ids)
            }
        }
        let finished = work
        idleWorkspaces.withLock { $0.append(finished) }
        return ids
    }

    /// Encodes a stretch without plain added tokens.
    private func encode(
        _ section: Span<UInt8>, start: TextStart, _ leavingOut: Set<Int32>, _ work: inout Workspace,
        into ids: inout [Int32]
    ) {
        guard !normalizer.steps.isEmpty else {
            return encodeNormalized(section, start: start, leavingOut, &work, into: &ids)
        }
        var normalized = section.withUnsafeBufferPointer { Array($0) }
        let keepsStart = normalizer.apply(&normalized, prepends: start != .behindText)
        let changed: TextStart = start == .ofInput && !keepsStart ? .behindToken : start
        encodeNormalized(normalized.span, start: changed, leavingOut, &work, into: &ids)
    }

    private func encodeNormalized(
        _ text: Span<UInt8>, start: TextStart, _ leavingOut: Set<Int32>, _ work: inout Workspace,
        into ids: inout [Int32]
    ) {
        for section in addedTokens.sections(text, addedTokens.normalizedTrie, leavingOut: leavingOut) {
            switch section {
            case .token(let id): ids.append(id)
            case .text(let range):
                work.buffer.load(text.extracting(range), start: range.lowerBound == 0 ? start : .behindToken)
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
