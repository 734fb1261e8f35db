import Buffers
import Checkpoints
import ModelFiles

extension LoadedModel {
    /// SHA-256 of all that a model computes with: the weights of base and adapter, and how they are taken. Reads the
    /// files whole.
    package static func identity(path: String, adapterPath: String?, storage: Storage?) throws -> String {
        var parts = [storage?.rawValue ?? "as stored"]
        if path.hasSuffix(".h5") {
            parts.append(try BaseStore(path: path).hash)
        } else {
            parts.append(try BaseEncoding(ModelDirectory(path: path), storage: storage).sourceHash())
        }
        if let adapterPath {
            for name in ["adapter_config.json", "adapter_model.safetensors"] {
                parts.append(try MemoryMap(path: "\(adapterPath)/\(name)").withBytes { Digest.hex(of: $0) })
            }
        }
        return Digest.hex(of: parts.joined(separator: "\n"))
    }
}
