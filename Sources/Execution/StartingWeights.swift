package import Architectures
import Buffers
import Checkpoints
import Foundation
package import ModelFiles
import Quantization
package import Sharding

/// What full fine-tuning starts from (the weights of a model, or random ones), and the files that describe its result.
package struct StartingWeights {
    private enum Origin {
        case directory(ModelDirectory)
        case store(BaseStore)
        case random(deviation: Double)
    }

    package let configuration: ModelConfiguration
    package let architecture: Architecture
    /// The small files beside the weights: config, tokenizer.
    package let companions: [(name: String, bytes: [UInt8])]
    private let origin: Origin

    /// Opens a Hugging Face directory or a base store (`*.base.h5`).
    /// - Parameter random: take nothing but the shape from it; then a directory needs no weights.
    /// - Throws: `InputError` where a file is missing or wrong, or the weights are quantised.
    package init(path: String, random: Bool) throws {
        if path.hasSuffix(".h5") {
            let store = try BaseStore(path: path)
            configuration = try store.configuration()
            architecture = store.architecture
            companions = store.companions
            origin = random ? .random(deviation: try Self.deviation(configuration)) : .store(store)
        } else {
            companions = BaseStoreBuilder.companionFiles(in: path).map { ($0.key, Array($0.value)) }
                .sorted { $0.name < $1.name }
            guard !random else {
                configuration = try ModelConfiguration(directory: path)
                architecture = configuration.architecture
                origin = .random(deviation: try Self.deviation(configuration))
                return
            }
            let directory = try ModelDirectory(path: path)
            configuration = directory.configuration
            architecture = directory.architecture
            origin = .directory(directory)
        }
        for tensor in architecture.tensors { try checkPlain(tensor, path: path) }
    }

    private func checkPlain(_ tensor: BaseTensor, path: String) throws {
        let isQuantized =
            switch origin {
            case .directory(let directory): try directory.bitsandbytes?.weight(tensor, in: directory) != nil
            case .store(let store): store.format(of: tensor).isQuantized
            case .random: false
            }
        guard isQuantized else { return }
        throw InputError(
            .usage, file: path, place: "tensor \(tensor.name)", "is quantised, and adapter: none trains whole weights",
            remedy: "start from the model's 16-bit weights, or train an adapter")
    }

    /// Where the values come from, in words.
    package var description: String {
        switch origin {
        case .directory, .store: "the weights as stored"
        case .random(let deviation): "random, standard deviation \(deviation)"
        }
    }

    /// SHA-256 of what the first values follow from, besides the seed; reads the weights whole.
    package func identity() throws -> String {
        switch origin {
        case .directory(let directory): try BaseEncoding(directory, linearFormat: nil).sourceHash()
        case .store(let store): store.hash
        case .random:
            Digest.hex(of: "random \(companions.filter { $0.name == "config.json" }.map(\.bytes))")
        }
    }

    /// Fills this rank's shard of all parameters.
    package func fill(_ trainables: TrainableUnits, seed: UInt64) throws {
        switch origin {
        case .random(let deviation):
            ModelInitialization.fill(trainables, seed: seed, deviation: deviation)
        case .directory(let directory):
            try trainables.fill { try directory.tensor(named: $0.name).floats }
        case .store(let store):
            let tensors = Dictionary(uniqueKeysWithValues: architecture.tensors.map { ($0.name, $0) })
            try trainables.fill { tensor in
                guard let tensor = tensors[tensor.name] else { preconditionFailure("\(tensor.name) is no parameter") }
                return store.floats(of: tensor)
            }
        }
    }

    private static func deviation(_ configuration: ModelConfiguration) throws -> Double {
        guard let value = configuration.members["initializer_range"], !value.isNull else {
            return ModelInitialization.standardDeviation
        }
        guard let deviation = value.double, deviation > 0, deviation <= 1 else {
            throw InputError(
                .data, file: configuration.path, place: "initializer_range", "must be a number above 0, up to 1",
                remedy: "correct the key, or take it out: it is \(ModelInitialization.standardDeviation) then")
        }
        return deviation
    }
}

extension BaseStore {
    /// The values of a tensor that is not quantised.
    fileprivate func floats(of tensor: BaseTensor) -> [Float] {
        let part = format(of: tensor).parts(elementCount: tensor.elementCount)[0]
        return part.type.floats(in: UnsafeRawBufferPointer(start: weight(tensor).codes, count: part.byteCount))
    }
}
