import Buffers
package import Checkpoints
package import ModelFiles

extension BaseStore {
    /// The model's config.json, which the store carries along.
    /// - Throws: `InputError` of kind `.data` where it holds none, or one that cannot be understood.
    package func configuration() throws -> ModelConfiguration {
        guard let bytes = file(named: "config.json") else {
            throw InputError(
                .data, file: path, "holds no config.json", remedy: "make the store anew with `swiftlet quantize`")
        }
        return try bytes.withUnsafeBytes { try ModelConfiguration(path: path + " (config.json)", bytes: $0) }
    }

    /// The small files of the model that the store carries along, config.json among them.
    package var companions: [(name: String, bytes: [UInt8])] {
        fileNames.compactMap { name in file(named: name).map { (name, $0) } }
    }
}
