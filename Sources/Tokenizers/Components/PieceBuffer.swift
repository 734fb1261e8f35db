/// A text on its way through the pre-tokenizer: bytes, and the pieces that they are cut into, in order.
struct PieceBuffer: Sendable {
    /// The text, with `WordCache.padding` zero bytes behind it.
    private(set) var text: [UInt8] = []
    /// Where the text ends and the padding begins.
    private(set) var end = 0
    /// The pieces, none of them empty.
    var pieces: [Range<Int>] = []
    /// What stands before the text's first character.
    private(set) var start = TextStart.behindToken
    private var spare: [UInt8] = []

    /// Begins anew with one piece.
    mutating func load(_ input: Span<UInt8>, start: TextStart) {
        text.removeAll(keepingCapacity: true)
        input.withUnsafeBufferPointer { text.append(contentsOf: $0) }
        pieces.removeAll(keepingCapacity: true)
        if input.count > 0 { pieces.append(0..<input.count) }
        self.start = start
        pad()
    }

    /// Whether the piece begins where the caller's text began.
    func isFirst(_ piece: Range<Int>) -> Bool {
        start == .ofInput && piece.lowerBound == 0
    }

    /// Whether the piece goes on from a text before this one, so that no blank may come between them.
    func goesOn(_ piece: Range<Int>) -> Bool {
        start == .behindText && piece.lowerBound == 0
    }

    /// Replaces every piece by what `body` appends for it.
    mutating func rewrite(_ body: (Span<UInt8>, Range<Int>, inout [UInt8]) -> Void) {
        let source = text
        var output = spare
        spare = []
        output.removeAll(keepingCapacity: true)
        for index in pieces.indices {
            let start = output.count
            body(source.span, pieces[index], &output)
            pieces[index] = start..<output.count
        }
        text = output
        spare = source
        pad()
    }

    private mutating func pad() {
        end = text.count
        text.append(contentsOf: repeatElement(0, count: WordCache.padding))
    }
}
