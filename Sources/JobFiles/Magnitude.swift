/// A number with a unit's prefix: `64G`, `1.5T`, `500M`, `4096`.
package enum Magnitude {
    /// The number that a text gives; nil where it is none, or not above 0, or 2⁵⁰ and more.
    /// - Parameter kilo: what a prefix multiplies by: 1,024 for memory, 1,000 for the speeds of links.
    package static func value(of text: String, kilo: Double) -> Double? {
        let prefixes: [Character: Int] = ["k": 1, "K": 1, "m": 2, "M": 2, "g": 3, "G": 3, "t": 4, "T": 4]
        var digits = Substring(text)
        var power = 0
        if let last = digits.last, let found = prefixes[last] {
            power = found
            digits.removeLast()
        }
        guard digits.allSatisfy({ $0.isASCII && ($0.isNumber || $0 == ".") }), let number = Double(digits) else {
            return nil
        }
        let value = (0..<power).reduce(number) { value, _ in value * kilo }
        return value > 0 && value < 0x1p50 ? value : nil
    }
}
