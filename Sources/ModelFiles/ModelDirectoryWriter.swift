import Buffers

/// Writes a Hugging Face model directory: weights, config.json, the files beside them, and the record of the export.
enum ModelDirectoryWriter {
    /// Writes the directory; it appears when it is whole.
    ///
    /// - Parameter files: the tokenizer's and others by name; a config.json among them gives way to `configuration`.
    /// - Throws: `InputError` of kind `.output`, or `.capacity` where the disk has no room for it, or what a tensor's
    ///   `write` throws.
    static func write(
        _ tensors: [OutgoingTensor], configuration: JSONText, files: [(name: String, bytes: [UInt8])],
        record: ExportRecord, maximumFileByteCount: Int = 5_000_000_000, to directory: String
    ) throws {
        let byteCount = tensors.reduce(0) { $0 + $1.byteCount }
        try OutputDirectory.write(to: directory, record: record) { temporary in
            try DiskSpace.require(byteCount, at: temporary, for: directory)
            try SafetensorsWriter.writeModel(tensors, to: temporary, maximumFileByteCount: maximumFileByteCount)
            for (name, bytes) in files where name != "config.json" {
                precondition(!name.contains("/"))
                try OutputFile.write(to: "\(temporary)/\(name)") { write in
                    try bytes.withUnsafeBytes { try write($0) }
                }
            }
            try OutputFile.write(configuration.indented() + "\n", to: "\(temporary)/config.json")
        }
    }
}
