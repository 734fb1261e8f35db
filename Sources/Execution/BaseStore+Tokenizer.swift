package import Checkpoints
import Foundation
package import Tokenizers

extension BaseStore {
    /// The tokenizer that the store carries along; nil where the model had none.
    package func tokenizer() throws -> Tokenizer? {
        guard fileNames.contains("tokenizer.json") else { return nil }
        // The reader takes files, for it looks at several: they get a directory of their own for that moment.
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent("swiftlet-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        for name in fileNames {
            guard !name.contains("/"), let bytes = file(named: name) else { continue }
            try Data(bytes).write(to: directory.appendingPathComponent(name))
        }
        return try Tokenizer(directory: directory)
    }
}
