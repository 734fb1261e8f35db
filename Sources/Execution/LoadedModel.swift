package import Architectures
import Buffers
import Checkpoints
package import Collectives
import Foundation
package import Kernels
import ModelFiles
import Quantization
package import Sharding
package import Tokenizers
import Transformer

/// A model opened for reading, with or without an adapter: what evaluation, parity and generation work on.
package struct LoadedModel {
    /// How the weights are taken, whatever the files hold.
    package enum Storage: String, CaseIterable, Sendable {
        /// All weights in fp32.
        case fp32
        /// All weights rounded to bf16.
        case bf16
        /// Linear layers encoded as NF4 or FP4 with double quantisation, all others as stored.
        case nf4, fp4
    }

    package let architecture: Architecture
    package let source: any UnitSource
    /// Nil where the model has none.
    package let tokenizer: Tokenizer?
    package let adapter: AdapterDescription?
    package let trainables: TrainableUnits?

    /// Opens a Hugging Face directory or a base store (`*.base.h5`); writes nothing.
    ///
    /// - Parameters:
    ///   - adapterPath: a PEFT adapter directory; nil: the bare base.
    ///   - storage: nil: as the files hold the weights. A base store only has what it holds.
    /// - Throws: `InputError` where a file is missing or wrong.
    package init(
        path: String, adapterPath: String?, storage: Storage?, context: KernelContext,
        communicator: any Communicator = SoloCommunicator()
    ) throws {
        if path.hasSuffix(".h5") {
            guard storage == nil else {
                throw InputError(
                    .usage, file: path, "a base store has its format already", remedy: "leave --quantization out")
            }
            let store = try BaseStore(path: path)
            source = StoredBase(store)
            architecture = store.architecture
            tokenizer = try store.tokenizer()
        } else {
            let directory = try ModelDirectory(path: path)
            architecture = directory.architecture
            source = try EncodedBase(BaseEncoding(directory, storage: storage), context: context)
            tokenizer = try Self.tokenizer(in: path)
        }
        guard let adapterPath else {
            adapter = nil
            trainables = nil
            return
        }
        let files = try PEFTAdapter(path: adapterPath, architecture: architecture)
        let space = LogicalSpace(architecture.adapterTensors(files.description))
        let units = try TrainableUnits(space: space, units: architecture.units, communicator: communicator)
        try units.fill(from: files.values(of:))
        adapter = files.description
        trainables = units
    }

    /// The tokenizer of a directory; nil where it has none.
    package static func tokenizer(in directory: String) throws -> Tokenizer? {
        let url = URL(fileURLWithPath: directory, isDirectory: true)
        let file = url.appendingPathComponent("tokenizer.json")
        return FileManager.default.fileExists(atPath: file.path) ? try Tokenizer(directory: url) : nil
    }

    /// A runner for batches of at most `tokens` tokens in sequences of at most `longestSequence`.
    /// - Parameter training: whether a backward follows; then everything it needs is kept.
    package func runner(
        tokens: Int, longestSequence: Int, training: Bool, context: KernelContext, compute: Compute
    ) throws -> ModelRunner {
        let rows = StepLayout.Extent.logitRows(vocabularySize: architecture.vocabularySize, tokens: tokens)
        let extent = StepLayout.Extent(
            tokens: tokens, logitRows: rows, recomputation: .nothing, inferenceOnly: !training,
            savedType: compute.savedType)
        let layout = StepLayout(architecture, adapter: adapter.map { AdapterSettings($0) }, extent: extent)
        return try ModelRunner(
            layout: layout, frozen: FrozenUnits(source: source), trainables: trainables,
            longestSequence: longestSequence, context: context, compute: compute)
    }
}

extension BaseEncoding {
    /// The formats that an option of the command line asks for.
    init(_ directory: ModelDirectory, storage: LoadedModel.Storage?) {
        switch storage {
        case nil: self.init(directory, linearFormat: nil)
        case .fp32: self.init(directory, linearFormat: .fp32, otherFormat: .fp32)
        case .bf16: self.init(directory, linearFormat: .bf16, otherFormat: .bf16)
        case .nf4: self.init(directory, linearFormat: .nf4())
        case .fp4: self.init(directory, linearFormat: .fp4())
        }
    }
}
