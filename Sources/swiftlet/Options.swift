import ArgumentParser
import Buffers
import Collectives
import Execution
import Foundation
import Kernels

extension LoadedModel.Storage: ExpressibleByArgument {}
extension Compute: ExpressibleByArgument {}

/// How a model is opened: shared by the commands that read one.
struct ModelOptions: ParsableArguments {
    @Option(help: "A PEFT adapter directory to put on the model.")
    var adapter: String?

    @Option(
        help: """
            Take the weights as fp32, bf16, nf4 or fp4 (the last two double-quantised, linear layers only); \
            default: as stored.
            """)
    var quantization: LoadedModel.Storage?

    @Option(help: "The arithmetic of the products with the model's weights: fp32, bf16 or int8.")
    var compute: Compute = .fp32

    @Option(help: "Threads; default: all cores.")
    var threads: Int?

    func validate() throws {
        if let threads, threads < 1 || threads > 4096 { throw ValidationError("--threads must be from 1 to 4096") }
    }

    /// Opens the model at `path`; all ranks call it.
    /// - Parameter isShared: whether ranks share the adapter and walk through the model in step; else each has all of
    ///   it, and goes at its own pace.
    func open(
        _ path: String, communicator: any Communicator, isShared: Bool
    ) throws -> (model: LoadedModel, context: KernelContext) {
        let context = try communicator.agree {
            try KernelContext(threads: threads ?? HostThreads.share(ranksOnHost: communicator.ranksOnHost))
        }
        let model = try communicator.agree {
            try LoadedModel(
                path: path, adapterPath: adapter, storage: quantization, context: context,
                communicator: isShared ? communicator : SoloCommunicator())
        }
        return (model, context)
    }
}
