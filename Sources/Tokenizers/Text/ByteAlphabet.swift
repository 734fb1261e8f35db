/// The printable stand-ins of byte-level vocabularies: every byte has one character (openai/gpt-2, `encoder.py`).
enum ByteAlphabet {
    /// The character of every byte, all below 0x144.
    static let characters: [UInt32] = {
        var next: UInt32 = 0x100
        return (UInt32(0)..<256).map { byte in
            switch byte {
            case 0x21...0x7E, 0xA1...0xAC, 0xAE...0xFF: return byte
            default:
                defer { next += 1 }
                return next
            }
        }
    }()

    /// The byte of every character below 0x144, or -1.
    static let bytes: [Int16] = {
        var table = [Int16](repeating: -1, count: 0x144)
        for (byte, character) in characters.enumerated() { table[Int(character)] = Int16(byte) }
        return table
    }()

    /// Appends the stand-ins of `text` as UTF-8.
    static func encode(_ text: Span<UInt8>, into output: inout [UInt8]) {
        for index in text.indices { UTF8Text.append(characters[Int(text[index])], to: &output) }
    }

    /// Appends the bytes that a token stands for; a token with any other character stands for itself.
    static func decode(_ token: Span<UInt8>, into output: inout [UInt8]) {
        let start = output.count
        var position = 0
        while position < token.count {
            let scalar = Int(UTF8Text.scalar(token, at: position))
            guard scalar < bytes.count, bytes[scalar] >= 0 else {
                output.removeSubrange(start...)
                for index in token.indices { output.append(token[index]) }
                return
            }
            output.append(UInt8(bytes[scalar]))
            position += UTF8Text.length(leading: token[position])
        }
    }
}
