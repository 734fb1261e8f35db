import Collectives
import Execution
import JobFiles
import Kernels

extension Trainer {
    /// The arithmetic of the job's matmuls; `auto` is decided once, by what the coordinator's machine can do, and binds
    /// all ranks and every later run.
    /// - Parameter origin: what the run goes on from.
    static func resolveCompute(
        _ job: Job, origin: CheckpointKeeper.Origin?, context: KernelContext, communicator: any Communicator
    ) throws -> Kernels.Compute {
        try communicator.fromCoordinator {
            if let known = job.compute ?? origin?.job.compute { return Kernels.Compute(known) }
            return try .automatic(frozenWeights: job.adapter != .none, on: context)
        }
    }
}

extension Kernels.Compute {
    init(_ name: JobFiles.Compute) {
        switch name {
        case .fp32: self = .fp32
        case .bf16: self = .bf16
        case .int8: self = .int8
        }
    }
}

extension JobFiles.Compute {
    init(_ compute: Kernels.Compute) {
        switch compute {
        case .fp32: self = .fp32
        case .bf16: self = .bf16
        case .int8: self = .int8
        }
    }
}
