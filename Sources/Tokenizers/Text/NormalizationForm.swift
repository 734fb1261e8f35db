import Foundation

/// Unicode's normalisation forms, with the tables that the tokenizers library carries.
///
/// Those are Unicode 9's: a character that came later is left alone. Only stretches that a form can change go through
/// Foundation; each begins with the character before it, which may be the base of a mark.
enum NormalizationForm: String, Sendable {
    case nfc = "NFC"
    case nfd = "NFD"
    case nfkc = "NFKC"
    case nfkd = "NFKD"

    private static let unicodeVersion = 9

    /// Whether a character takes part in nothing.
    private enum Part {
        /// Normal already, and it begins a new stretch; it may be the base of what follows.
        case base
        /// Unknown to the tables: it is copied, and nothing joins it.
        case barrier
        case active
    }

    func normalize(_ text: [UInt8]) -> [UInt8] {
        let bytes = text.span
        guard let first = firstChange(bytes) else { return text }
        var output = Array(text[..<first])
        output.reserveCapacity(text.count + text.count / 8)
        var stretch = first
        var position = first
        var isActive = false
        while position < bytes.count {
            let part = part(UTF8Text.scalar(bytes, at: position))
            let next = position + UTF8Text.length(leading: bytes[position])
            if part == .active {
                isActive = true
            } else {
                append(text[stretch..<position], isActive, to: &output)
                stretch = position
                isActive = false
                if part == .barrier {
                    output.append(contentsOf: text[position..<next])
                    stretch = next
                }
            }
            position = next
        }
        append(text[stretch...], isActive, to: &output)
        return output
    }

    private func append(_ stretch: ArraySlice<UInt8>, _ isActive: Bool, to output: inout [UInt8]) {
        guard isActive else {
            output.append(contentsOf: stretch)
            return
        }
        let text = String(decoding: stretch, as: UTF8.self)
        switch self {
        case .nfc: output.append(contentsOf: text.precomposedStringWithCanonicalMapping.utf8)
        case .nfd: output.append(contentsOf: text.decomposedStringWithCanonicalMapping.utf8)
        case .nfkc:
            // In one step, Foundation leaves half-width kana and their voicing marks apart.
            let decomposed = text.decomposedStringWithCompatibilityMapping
            output.append(contentsOf: decomposed.precomposedStringWithCanonicalMapping.utf8)
        case .nfkd: output.append(contentsOf: text.decomposedStringWithCompatibilityMapping.utf8)
        }
    }

    /// Where the first stretch begins that may change: at the character before the first active one.
    private func firstChange(_ text: Span<UInt8>) -> Int? {
        var previous = 0
        var position = 0
        while position < text.count {
            if text[position] >= 0x80, part(UTF8Text.scalar(text, at: position)) == .active { return previous }
            previous = position
            position += UTF8Text.length(leading: text[position])
        }
        return nil
    }

    private func part(_ scalar: UInt32) -> Part {
        if scalar < 0x80 || isKnownBase(scalar) { return .base }
        guard let value = Unicode.Scalar(scalar), let age = value.properties.age else { return .barrier }
        return age.major > Self.unicodeVersion ? .barrier : .active
    }

    /// Common characters that are normal in the form, have combining class 0 and never join what stands before them.
    private func isKnownBase(_ scalar: UInt32) -> Bool {
        switch scalar {
        // Chinese characters, Cyrillic without й and its like in the decomposed forms.
        case 0x3400...0x4DB5, 0x4E00...0x9FEF, 0x430...0x438, 0x43A...0x44F, 0x410...0x418, 0x41A...0x42F: return true
        default: break
        }
        switch self {
        case .nfd, .nfkd: return false
        case .nfc where scalar < 0x300: return true
        case .nfc, .nfkc:
            switch scalar {
            // Other Cyrillic, Hebrew and Arabic letters, dashes and quotes, kana, Hangul syllables, pictographs.
            case 0x400...0x482, 0x48A...0x52F, 0x5D0...0x5EA, 0x621...0x64A, 0x2018...0x201E, 0x2013...0x2014,
                0x3041...0x3096, 0x30A1...0x30FA, 0xAC00...0xD7A3, 0x1F300...0x1F6D5:
                return true
            default: return false
            }
        }
    }
}
