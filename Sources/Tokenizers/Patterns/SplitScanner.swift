/// Hand-written scanners for the published split patterns. Every character of a text belongs to some match, so a
/// scanner only says where the match that begins at a position ends.
enum SplitScanner: Sendable, Equatable {
    /// GPT-2's pattern, also GPT-NeoX's and OLMo's.
    case gpt2
    /// The pattern of Llama 3 (runs of up to 3 digits) and of Qwen 2 (1 digit).
    case llama3(digits: Int)

    static let gpt2Pattern = #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#

    /// The scanner of a published pattern, or nil where the pattern has none.
    init?(pattern: String) {
        switch pattern {
        case Self.gpt2Pattern: self = .gpt2
        case Self.llama3Pattern(number: #"\p{N}{1,3}"#): self = .llama3(digits: 3)
        case Self.llama3Pattern(number: #"\p{N}"#): self = .llama3(digits: 1)
        default: return nil
        }
    }

    static func llama3Pattern(number: String) -> String {
        #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|"# + number
            + #"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
    }

    /// Appends the matches that cover `range`, in order.
    func split(_ text: Span<UInt8>, _ range: Range<Int>, into pieces: inout [Range<Int>]) {
        let cursor = ClassCursor(end: range.upperBound)
        let classes = CharacterClass.table
        let table = classes.span
        var start = range.lowerBound
        switch self {
        case .gpt2:
            while start < range.upperBound {
                let end = cursor.gpt2Match(text, table, at: start)
                pieces.append(start..<end)
                start = end
            }
        case .llama3(let digits):
            while start < range.upperBound {
                let end = cursor.llama3Match(text, table, at: start, digits: digits)
                pieces.append(start..<end)
                start = end
            }
        }
    }
}
