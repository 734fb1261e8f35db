import Architectures
import Buffers
package import Checkpoints
import JobFiles
import ModelFiles

/// Turns a checkpoint into files that other programs load.
package enum CheckpointExport {
    /// Writes the adapter of a checkpoint as PEFT files.
    /// - Throws: `InputError` where the checkpoint is damaged, or the directory cannot be written.
    package static func peft(_ reader: CheckpointReader, to directory: String) throws {
        let description = try adapter(of: reader)
        let space = LogicalSpace(
            reader.manifest.tensors.filter { $0.quantity == .value && LogicalSpace.isShared($0.tensor) }.map {
                LogicalTensor(name: $0.tensor, shape: $0.shape, unit: .embedding, decays: true)
            })
        var values = [Float](repeating: 0, count: space.elementCount)
        try values.withUnsafeMutableBufferPointer {
            try reader.read(.value, of: space, run: 0..<space.elementCount, into: $0)
        }
        try PEFTAdapter.write(
            description, tensors: space, values: values, origin: try origin(of: reader), to: directory)
    }

    /// The base that a checkpoint was trained on.
    static func origin(of reader: CheckpointReader) throws -> AdapterOrigin {
        AdapterOrigin(baseHash: reader.manifest.baseHash, linearFormat: try job(of: reader).baseFormat)
    }

    static func job(of reader: CheckpointReader) throws -> Job {
        do {
            return try reader.manifest.job.decoded(as: ResolvedJob.self).job
        } catch {
            throw InputError(
                .data, file: reader.directory, "holds a job that cannot be read",
                remedy: "use the program that wrote it")
        }
    }

    /// The adapter that a checkpoint holds.
    static func adapter(of reader: CheckpointReader) throws -> AdapterDescription {
        guard let text = reader.manifest.state[CheckpointKeeper.adapterKey],
            let description = try? text.decoded(as: AdapterDescription.self)
        else {
            throw InputError(
                .data, file: reader.directory, "holds no adapter", remedy: "name a checkpoint of a LoRA run")
        }
        return description
    }

    /// The values of one trained tensor, row-major.
    static func values(of tensor: LogicalTensor, in reader: CheckpointReader) throws -> [Float] {
        var values = [Float](repeating: 0, count: tensor.elementCount)
        try values.withUnsafeMutableBufferPointer {
            try reader.read(.value, of: LogicalSpace([tensor]), run: 0..<tensor.elementCount, into: $0)
        }
        return values
    }
}
