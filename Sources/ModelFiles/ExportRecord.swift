import Buffers
import Foundation

/// `swiftlet.json` of a model directory that the program wrote: what it was made from, and which files are the
/// program's own, so that the next export may replace them and no others.
package struct ExportRecord: Equatable, Sendable {
    package static let fileName = "swiftlet.json"
    private static let sizeLimit = 1 << 22

    /// `BaseStore.hash` of the base that was trained on, or written; nil where there is none.
    package var baseHash: String?
    /// The hash of the model from which that base was made.
    package var sourceHash: String?
    /// The optimiser step after which the trained values were taken.
    package var step: Int?
    /// The names of the files beside this one.
    package private(set) var files: [String] = []

    private static let baseHashKey = "base_hash"
    private static let sourceHashKey = "source_hash"

    package init(baseHash: String? = nil, sourceHash: String? = nil, step: Int? = nil) {
        self.baseHash = baseHash
        self.sourceHash = sourceHash
        self.step = step
    }

    /// Reads the record of a directory; nil where there is none.
    /// - Throws: `InputError` of kind `.data` where there is one that cannot be understood.
    package init?(directory: String) throws {
        let path = "\(directory)/\(Self.fileName)"
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        func fault(_ place: String?, _ message: String) -> InputError {
            InputError(.data, file: path, place: place, message, remedy: "export again, or remove the file")
        }
        let members = try MemoryMap(path: path).withBytes { bytes in
            guard bytes.count <= Self.sizeLimit else { throw fault(nil, "is too large") }
            return try JSONParser.parse(bytes, file: path).object
        }
        guard let members else { throw fault(nil, "is no JSON object") }
        func text(_ key: String) throws -> String? {
            guard let value = members[key], !value.isNull else { return nil }
            guard let text = value.string else { throw fault(key, "must be a string") }
            return text
        }
        baseHash = try text(Self.baseHashKey)
        sourceHash = try text(Self.sourceHashKey)
        step = members["step"]?.integer
        guard let names = members["files"]?.array else { throw fault("files", "must list names") }
        files = names.compactMap(\.string)
    }

    /// Writes the record into a directory that is complete but for it.
    /// - Throws: `InputError` of kind `.output`.
    func write(to directory: String) throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: directory).filter { $0 != Self.fileName }
        let members: [(String, JSONText)] = [
            ("written_by", .string("swiftlet")),
            (Self.baseHashKey, baseHash.map(JSONText.string) ?? .null),
            (Self.sourceHashKey, sourceHash.map(JSONText.string) ?? .null),
            ("step", step.map(JSONText.integer) ?? .null),
            ("files", .array(names.sorted().map(JSONText.string))),
        ]
        try OutputFile.write(JSONText.object(members).indented() + "\n", to: "\(directory)/\(Self.fileName)")
    }

}
