/// Why a tokenizer could not be read: one line that names the file, the place in it and what to do.
package struct TokenizerError: Error, CustomStringConvertible, Equatable {
    /// The path of the file that is wrong.
    package let file: String
    /// Where in the file: a line and column, or a path such as `model.vocab`; empty for the file as a whole.
    package let place: String
    /// What is wrong there.
    package let message: String
    /// What the user can do about it.
    package let remedy: String

    package init(file: String, place: String, message: String, remedy: String) {
        self.file = file
        self.place = place
        self.message = message
        self.remedy = remedy
    }

    package var description: String {
        let parts = [file, place, message + "; " + remedy].filter { !$0.isEmpty }
        return Self.oneLine(parts.joined(separator: ": "))
    }

    /// Control characters come from the user's file and would break the line, so they are written as escapes.
    private static func oneLine(_ text: String) -> String {
        var line = ""
        for scalar in text.unicodeScalars {
            if scalar.properties.generalCategory == .control || scalar.value == 0x2028 || scalar.value == 0x2029 {
                line += "\\u{" + String(scalar.value, radix: 16) + "}"
            } else {
                line.unicodeScalars.append(scalar)
            }
        }
        return line
    }
}
