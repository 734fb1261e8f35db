/// Reading and writing UTF-8 by hand: the hot loops know their text to be valid.
enum UTF8Text {
    /// How many bytes the scalar has that begins with `byte`.
    @inline(__always)
    static func length(leading byte: UInt8) -> Int {
        if byte < 0x80 { return 1 }
        if byte < 0xE0 { return 2 }
        return byte < 0xF0 ? 3 : 4
    }

    /// The scalar that begins at `position` of a valid text.
    @inline(__always)
    static func scalar(_ text: Span<UInt8>, at position: Int) -> UInt32 {
        let lead = UInt32(text[position])
        if lead < 0x80 { return lead }
        let second = UInt32(text[position + 1] & 0x3F)
        if lead < 0xE0 { return (lead & 0x1F) << 6 | second }
        let third = UInt32(text[position + 2] & 0x3F)
        if lead < 0xF0 { return (lead & 0x0F) << 12 | second << 6 | third }
        return (lead & 0x07) << 18 | second << 12 | third << 6 | UInt32(text[position + 3] & 0x3F)
    }

    /// Where the scalar begins that ends just before `position`.
    @inline(__always)
    static func start(before position: Int, in text: Span<UInt8>) -> Int {
        var start = position - 1
        while text[start] & 0xC0 == 0x80 { start -= 1 }
        return start
    }

    static func append(_ scalar: UInt32, to output: inout [UInt8]) {
        switch scalar {
        case 0..<0x80: output.append(UInt8(scalar))
        case 0x80..<0x800:
            output.append(UInt8(0xC0 | scalar >> 6))
            output.append(UInt8(0x80 | scalar & 0x3F))
        case 0x800..<0x10000:
            output.append(UInt8(0xE0 | scalar >> 12))
            output.append(UInt8(0x80 | scalar >> 6 & 0x3F))
            output.append(UInt8(0x80 | scalar & 0x3F))
        default:
            output.append(UInt8(0xF0 | scalar >> 18))
            output.append(UInt8(0x80 | scalar >> 12 & 0x3F))
            output.append(UInt8(0x80 | scalar >> 6 & 0x3F))
            output.append(UInt8(0x80 | scalar & 0x3F))
        }
    }

    /// The offset of the first byte that is not UTF-8, or nil where the whole text is.
    static func firstInvalidByte(in text: Span<UInt8>) -> Int? {
        var position = 0
        while position < text.count {
            if text[position] < 0x80 {
                position += 1
                continue
            }
            guard let length = validLength(text, at: position) else { return position }
            position += length
        }
        return nil
    }

    /// The length of the well-formed sequence of two to four bytes at `position`, or nil (Unicode, table 3-7).
    private static func validLength(_ text: Span<UInt8>, at position: Int) -> Int? {
        let lead = text[position]
        guard lead >= 0xC2, lead <= 0xF4 else { return nil }
        let length = length(leading: lead)
        guard position + length <= text.count else { return nil }
        for index in position + 1..<position + length where text[index] & 0xC0 != 0x80 { return nil }
        let second = text[position + 1]
        switch lead {
        case 0xE0: return second >= 0xA0 ? length : nil
        case 0xED: return second < 0xA0 ? length : nil
        case 0xF0: return second >= 0x90 ? length : nil
        case 0xF4: return second < 0x90 ? length : nil
        default: return length
        }
    }
}
