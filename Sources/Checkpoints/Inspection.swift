package import Architectures
internal import Buffers

/// What a base store or a checkpoint holds, as plain values to print or to encode.
package enum Inspection: Encodable, Sendable {
    case baseStore(BaseStoreContents)
    case checkpoint(CheckpointContents)

    /// Looks at a base store, a checkpoint, or the newest checkpoint of a directory of them.
    /// - Throws: `InputError` of kind `.data` where it is none of these.
    package init(path: String) throws {
        if !Paths.isDirectory(path) {
            self = .baseStore(BaseStoreContents(try BaseStore(path: path)))
        } else if Paths.exists(path + "/" + CheckpointManifest.fileName) {
            self = .checkpoint(CheckpointContents(try CheckpointReader(directory: path)))
        } else if let newest = try CheckpointReader.latest(in: path).checkpoint {
            self = .checkpoint(CheckpointContents(newest))
        } else {
            throw InputError(
                .data, file: path, "is no base store and holds no checkpoint",
                remedy: "name a *.base.h5 file or a step-NNNNNNNN directory")
        }
    }

    package func encode(to encoder: any Encoder) throws {
        switch self {
        case .baseStore(let contents): try contents.encode(to: encoder)
        case .checkpoint(let contents): try contents.encode(to: encoder)
        }
    }
}

/// A base store listed.
package struct BaseStoreContents: Encodable, Sendable {
    package let kind = "base store"
    package let path: String
    package let hash: String
    package let sourceHash: String
    package let tokenizerHash: String
    package let fileByteCount: Int
    package let parameterCount: Int
    package let architecture: Architecture
    package let files: [String]
    package let units: [BaseStoreManifest.Unit]
    package let tensors: [TensorRecord]

    init(_ store: BaseStore) {
        path = store.path
        hash = store.hash
        sourceHash = store.sourceHash
        tokenizerHash = store.tokenizerHash
        fileByteCount = store.manifest.fileByteCount
        parameterCount = store.architecture.parameterCount
        architecture = store.architecture
        files = store.fileNames
        units = store.manifest.units
        tensors = store.description.tensors
    }
}

/// A checkpoint listed.
package struct CheckpointContents: Encodable, Sendable {
    package let kind = "checkpoint"
    package let path: String
    package let step: Int
    package let generation: Int
    package let baseHash: String
    package let byteCount: Int
    package let elementCount: Int
    package let job: JSONValue
    package let state: [String: JSONValue]
    package let tensors: [CheckpointTensor]
    package let parts: [PartRecord]

    init(_ checkpoint: CheckpointReader) {
        let manifest = checkpoint.manifest
        path = checkpoint.directory
        step = manifest.step
        generation = manifest.generation
        baseHash = manifest.baseHash
        byteCount = manifest.parts.reduce(0) { $0 + $1.byteCount }
        elementCount = manifest.parts.reduce(0) { $0 + $1.pieces.reduce(0) { $0 + $1.count } }
        job = manifest.job
        state = manifest.state
        tensors = manifest.tensors
        parts = manifest.parts
    }
}
