/// HDF5 could not do what was asked, or a file holds what we refuse to read.
package struct HDF5Error: Error, CustomStringConvertible, Equatable, Sendable {
    package let file: String
    /// Path of the object in the file, or of one of its attributes (`/units/head@layout`).
    package let place: String
    /// What failed, and the deepest message of HDF5's own error stack.
    package let message: String

    package init(file: String, place: String, _ message: String) {
        self.file = file
        self.place = place
        self.message = message
    }

    package var description: String {
        "\(file): \(place): \(message)".split(whereSeparator: \.isNewline).joined(separator: " ")
    }
}
