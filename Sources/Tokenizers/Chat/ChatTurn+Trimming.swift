extension ChatTurn.Part {
    /// The parts without the blanks before the first and behind the last text.
    static func trimmed(_ parts: [ChatTurn.Part]) -> [ChatTurn.Part] {
        func isBlank(_ scalar: Unicode.Scalar) -> Bool {
            // Python's str.strip also takes the four separators of ASCII, which Unicode does not call white space.
            scalar.properties.isWhitespace || (0x1C...0x1F).contains(scalar.value)
        }
        var parts = parts
        for index in parts.indices {
            parts[index].text = String(String.UnicodeScalarView(parts[index].text.unicodeScalars.drop(while: isBlank)))
            if !parts[index].text.isEmpty { break }
        }
        for index in parts.indices.reversed() {
            var scalars = parts[index].text.unicodeScalars
            while let last = scalars.last, isBlank(last) { scalars.removeLast() }
            parts[index].text = String(scalars)
            if !parts[index].text.isEmpty { break }
        }
        return parts
    }
}
