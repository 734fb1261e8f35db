import Foundation

/// Numbers as people read them.
package enum Wording {
    /// `12,345`.
    package static func count(_ value: Int) -> String {
        let digits = Array(String(value.magnitude))
        var text = value < 0 ? "-" : ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0 { text += "," }
            text.append(digit)
        }
        return text
    }

    /// `980`, `41.9 M`, `8.03 B`: three digits that matter.
    package static func size(_ value: Int) -> String {
        scaled(Double(value), [(1e12, " T"), (1e9, " B"), (1e6, " M"), (1e3, " k")])
    }

    /// `4.10 GiB`.
    package static func bytes(_ value: Int) -> String {
        let units = [(0x1p40, " TiB"), (0x1p30, " GiB"), (0x1p20, " MiB"), (0x1p10, " KiB")]
        return value < 1024 ? "\(value) bytes" : scaled(Double(value), units)
    }

    private static func scaled(_ value: Double, _ units: [(Double, String)]) -> String {
        guard let unit = units.first(where: { value >= $0.0 }) else { return "\(Int(value))" }
        let number = value / unit.0
        return String(format: number < 10 ? "%.2f" : number < 100 ? "%.1f" : "%.0f", number) + unit.1
    }

    /// `42 ms`, `4.2 s`, `42 s`, `12:34`, `3:12:34`, `2 d 3:12:34`.
    package static func duration(_ seconds: Double) -> String {
        guard seconds.isFinite, seconds < 1e9 else { return "?" }
        if seconds > 0, seconds < 0.0995 { return "\(max(1, Int((seconds * 1000).rounded()))) ms" }
        let whole = Int(max(0, seconds).rounded())
        if whole < 60 { return seconds < 10 ? String(format: "%.1f s", max(0, seconds)) : "\(whole) s" }
        let minutes = String(format: whole < 3600 ? "%d:%02d" : "%02d:%02d", whole / 60 % 60, whole % 60)
        let clock = whole < 3600 ? minutes : "\(whole / 3600 % 24):\(minutes)"
        return whole < 86400 ? clock : "\(whole / 86400) d \(clock)"
    }

    /// `93.5 %` of a share.
    package static func percent(_ share: Double) -> String { String(format: "%.1f %%", 100 * share) }

    /// `1 row`, `12,345 rows`.
    package static func plural(_ count: Int, _ noun: String) -> String {
        "\(Wording.count(count)) \(noun)\(count == 1 ? "" : "s")"
    }

    /// A learning rate: `2.0e-04`.
    static func rate(_ value: Double) -> String { String(format: "%.1e", value) }

    /// A number with four digits behind the point, or in powers of ten where those would say little.
    static func figure(_ value: Double) -> String {
        guard value.isFinite else { return "\(value)" }
        return value != 0 && abs(value) < 0.001 || abs(value) >= 1e5
            ? String(format: "%.3e", value) : String(format: "%.4f", value)
    }

    /// Tokens a second: whole from 100 on.
    package static func speed(_ value: Double) -> String {
        value >= 100 ? count(Int(value.rounded())) : String(format: "%.1f", value)
    }
}
