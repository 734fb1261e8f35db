/// A byte-level BPE tokenizer, trained as Sennrich, Haddow and Birch (2016) describe it.
///
/// Words are split as GPT-2 splits them; a tie between pairs goes to the one that was seen first.
struct BytePairs {
    private(set) var vocabulary: [String]
    private(set) var merges: [(left: String, right: String)] = []

    /// - Parameter texts: ASCII only, so that a byte is a character.
    init(_ texts: [String], size: Int, special: [String]) {
        vocabulary = special + Self.alphabet.sorted { $0.unicodeScalars.first! < $1.unicodeScalars.first! }
        var words = Self.words(of: texts)
        while vocabulary.count < size, let (left, right) = Self.commonestPair(of: words) {
            for index in words.indices { words[index].merge(left, right) }
            merges.append((left, right))
            vocabulary.append(left + right)
        }
    }

    private struct Word {
        var parts: [String]
        let count: Int

        mutating func merge(_ left: String, _ right: String) {
            var index = 0
            while index + 1 < parts.count {
                if parts[index] == left && parts[index + 1] == right {
                    parts[index] = left + right
                    parts.remove(at: index + 1)
                }
                index += 1
            }
        }
    }

    private static func commonestPair(of words: [Word]) -> (String, String)? {
        struct Pair: Hashable {
            let left: String
            let right: String
        }
        var counts: [Pair: Int] = [:]
        var order: [Pair] = []
        for word in words {
            for (left, right) in zip(word.parts, word.parts.dropFirst()) {
                let pair = Pair(left: left, right: right)
                if counts[pair] == nil { order.append(pair) }
                counts[pair, default: 0] += word.count
            }
        }
        // `max` would give the last of equals.
        var best: (pair: Pair, count: Int)?
        for pair in order where counts[pair]! > best?.count ?? 1 { best = (pair, counts[pair]!) }
        return best.map { ($0.pair.left, $0.pair.right) }
    }

    /// The words of all texts with their counts, in the order in which they came up.
    private static func words(of texts: [String]) -> [Word] {
        var counts: [String: Int] = [:]
        var order: [String] = []
        for text in texts {
            for word in split(text) {
                if counts[word] == nil { order.append(word) }
                counts[word, default: 0] += 1
            }
        }
        return order.map { word in Word(parts: word.utf8.map { alphabet[Int($0)] }, count: counts[word]!) }
    }

    /// Letters, digits or marks, each with the space before them; a space before nothing, and line ends, stand alone.
    private static func split(_ text: String) -> [String] {
        let bytes = Array(text.utf8)
        var words: [String] = []
        var start = 0
        while start < bytes.count {
            var end = start
            if bytes[start] == UInt8(ascii: " ") && end + 1 < bytes.count && kind(bytes[end + 1]) != .space { end += 1 }
            let kind = kind(bytes[end])
            repeat { end += 1 } while end < bytes.count && kind != .space && self.kind(bytes[end]) == kind
            words.append(String(decoding: bytes[start..<end], as: UTF8.self))
            start = end
        }
        return words
    }

    private enum Kind { case letter, digit, mark, space }

    private static func kind(_ byte: UInt8) -> Kind {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): .letter
        case UInt8(ascii: "0")...UInt8(ascii: "9"): .digit
        case UInt8(ascii: " "), UInt8(ascii: "\n"): .space
        default: .mark
        }
    }

    /// The character that stands for each byte: itself where it is printable, else one from U+0100 on, as in GPT-2.
    private static let alphabet: [String] = {
        let printable = Set(33...126).union(161...172).union(174...255)
        var next: UInt32 = 0x100
        return (0..<256).map { byte in
            if printable.contains(byte) { return String(UnicodeScalar(UInt8(byte))) }
            defer { next += 1 }
            return String(UnicodeScalar(next)!)
        }
    }()
}
