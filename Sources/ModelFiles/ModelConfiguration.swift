package import Architectures
import Buffers

/// A model's config.json, read and understood.
package struct ModelConfiguration: Sendable {
    package let path: String
    /// All members, also those that the architecture does not need.
    package let members: JSONObject
    package let architecture: Architecture

    /// Reads `config.json` of a Hugging Face directory.
    /// - Throws: `InputError` of kind `.data` where a key is missing, wrong or asks for what is not supported.
    package init(directory: String) throws { try self.init(path: "\(directory)/config.json") }

    /// Reads a configuration by the path of its file.
    package init(path: String) throws {
        self = try MemoryMap(path: path).withBytes { try ModelConfiguration(path: path, bytes: $0) }
    }

    /// Reads a configuration from bytes, such as those that a base store keeps; `path` is for messages.
    package init(path: String, bytes: UnsafeRawBufferPointer) throws {
        guard let members = try JSONParser.parse(bytes, file: path).object else {
            throw InputError(.data, file: path, "is no JSON object", remedy: "fetch the model's config.json again")
        }
        self.path = path
        self.members = members
        architecture = try ConfigurationReader(path: path, members: members).architecture()
    }
}
