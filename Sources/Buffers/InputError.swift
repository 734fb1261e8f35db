/// Something outside the program is wrong: a job file, a model, data, a checkpoint, a disk.
///
/// Its description is one line that names the file, the place in it and what to do. Faults of our own trap instead.
package struct InputError: Error, CustomStringConvertible, Equatable, Sendable {
    /// What is wrong, and with it the exit code of the process (sysexits.h).
    package enum Kind: Int32, Sendable {
        /// The job file or the command line is wrong.
        case usage = 64
        /// The data, the model or a checkpoint is wrong.
        case data = 65
        /// It does not fit: memory, disk, walltime.
        case capacity = 69
        /// An output cannot be written.
        case output = 74
    }

    package var kind: Kind
    /// The file that is wrong; nil where no file is concerned.
    package var file: String?
    /// The place in the file: a line, a key, a tensor.
    package var place: String?
    package var message: String
    /// What the user can do about it.
    package var remedy: String?

    package init(_ kind: Kind, file: String? = nil, place: String? = nil, _ message: String, remedy: String? = nil) {
        self.kind = kind
        self.file = file
        self.place = place
        self.message = message
        self.remedy = remedy
    }

    package var description: String {
        var text = ""
        if let file { text += "\(file): " }
        if let place { text += "\(place): " }
        text += message
        if let remedy { text += "; \(remedy)" }
        return Self.visible(text.split(whereSeparator: \.isNewline).joined(separator: " "))
    }

    /// What was found in a file may hold characters that steer a terminal: they are written as escapes.
    private static func visible(_ text: String) -> String {
        var output = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            if scalar.properties.generalCategory == .control {
                output.append(contentsOf: "\\u{\(String(scalar.value, radix: 16))}".unicodeScalars)
            } else {
                output.append(scalar)
            }
        }
        return String(output)
    }
}
