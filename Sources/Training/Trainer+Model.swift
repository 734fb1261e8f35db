import Architectures
import Buffers
import Collectives
import Execution
import JobFiles
import ModelFiles
import Sharding

extension Trainer {
    /// Writes what was trained, whole, as a Hugging Face directory in bf16 into `output_dir/model`; all ranks call it.
    ///
    /// The coordinator asks for one tensor after the other, so that memory is bounded by the largest of them; the other
    /// ranks give their parts of it.
    /// - Returns: the path of the directory.
    func exportModel(_ weights: StartingWeights) throws -> String {
        let path = job.job.outputDirectory + "/model"
        let outcome = Result { try serve(weights, path: path) }
        if communicator.isCoordinator { try announce(nil) }
        try communicator.agree { try outcome.get() }
        return path
    }

    private func serve(_ weights: StartingWeights, path: String) throws {
        guard communicator.isCoordinator else {
            while let number = try announcement() { try gather(number, into: nil) }
            return
        }
        let numbers = Dictionary(uniqueKeysWithValues: trainables.space.tensors.enumerated().map { ($1.name, $0) })
        try ModelExport(configuration: weights.configuration, architecture: weights.architecture).write(
            to: path, files: weights.companions, record: ExportRecord(sourceHash: checkpoints.baseHash, step: stepsDone)
        ) { tensor, values in
            guard let number = numbers[tensor.name] else { preconditionFailure("\(tensor.name) is not trained") }
            try self.announce(number)
            try self.gather(number, into: values)
        }
    }

    /// Tells the other ranks which tensor is gathered next; nil: none.
    private func announce(_ number: Int?) throws {
        var message = Int64(number ?? -1)
        if communicator.size > 1 { try communicator.broadcast(&message) }
    }

    private func announcement() throws -> Int? {
        var message = Int64(0)
        try communicator.broadcast(&message)
        return message < 0 ? nil : Int(message)
    }

    private func gather(_ number: Int, into values: UnsafeMutableBufferPointer<Float>?) throws {
        let space = trainables.space
        let first = space.offsets[number]
        try trainables.gather(first..<first + space.tensors[number].elementCount, into: values)
    }
}
