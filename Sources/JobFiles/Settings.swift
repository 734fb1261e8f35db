package import Quantization

/// `quantization`: how the base's linear layers are stored and how their codes are chosen.
package struct QuantizationSettings: Sendable, Equatable {
    package var format = FormatName.nf4
    package var blockSize = 64
    package var doubleQuantized = true
    package var method = MethodName.rtn

    package init() {}

    package enum FormatName: String, Sendable, CaseIterable, PartlyBuilt {
        case nf4, fp4, bf16, fp32, fp16, int8, int4

        static let notBuiltYet: Set<String> = ["fp16", "int8", "int4"]
    }

    package enum MethodName: String, Sendable, CaseIterable, PartlyBuilt {
        case rtn, gptq, awq, smoothquant, hqq

        static let notBuiltYet: Set<String> = ["gptq", "awq", "smoothquant", "hqq"]
    }

    /// The settings as a weight format.
    package var weightFormat: WeightFormat {
        switch format {
        case .bf16: .bf16
        case .fp32: .fp32
        case .nf4: .nf4(blockSize: blockSize, doubleQuantized: doubleQuantized)
        case .fp4: .fp4(blockSize: blockSize, doubleQuantized: doubleQuantized)
        case .fp16, .int8, .int4: preconditionFailure("a job that asks for \(format) is refused")
        }
    }
}

extension Job {
    /// The format of the base's linear layers; nil: as they are stored.
    package var baseFormat: WeightFormat? { adapter == .qlora ? quantization.weightFormat : nil }
}

/// One of the files to train on.
package struct DatasetReference: Sendable, Equatable {
    package var path: String
    package var kind: DatasetKind

    package init(path: String, kind: DatasetKind) {
        self.path = path
        self.kind = kind
    }
}

/// `distributed`: how base and trainable state are spread.
package struct DistributedSettings: Sendable, Equatable {
    package var nodesPerCopy = NodesPerCopy.automatic
    /// Ranks that are taken for one node; nil: those that share memory.
    package var ranksPerNode: Int?
    package var zeroStage = 3
    /// Units that are gathered ahead of the one in use, where nodes share a copy.
    package var prefetchDepth = 1
    /// A directory on every node to which the base store is copied before it is mapped.
    package var stageBase: String?

    package init() {}

    package enum NodesPerCopy: Sendable, Equatable {
        case automatic
        case all
        case count(Int)
    }
}

/// `checkpoint`: what asks for a checkpoint outside the rhythm.
package struct CheckpointSettings: Sendable, Equatable {
    package var signals: [SignalName] = [.term, .usr1]
    /// When this file appears in `output_dir`, a checkpoint is taken and the file removed.
    package var triggerFile = "swiftlet.save"

    package init() {}

    package enum SignalName: String, Sendable, CaseIterable {
        case term = "TERM"
        case interrupt = "INT"
        case hangup = "HUP"
        case usr1 = "USR1"
        case usr2 = "USR2"
    }
}

/// `scheduler`: what a batch script asks the cluster for; a run that has started takes no notice of it.
package struct SchedulerRequest: Sendable, Equatable {
    package var kind: Kind?
    package var nodes: Int?
    package var ranksPerNode: Int?
    /// Memory of a node.
    package var memoryBytes: Int?
    package var walltimeSeconds: Int?
    package var requeue = false

    package init() {}

    package enum Kind: String, Sendable, CaseIterable, PartlyBuilt {
        case mpirun, slurm, pbs, kubernetes

        static let notBuiltYet: Set<String> = []
    }
}
