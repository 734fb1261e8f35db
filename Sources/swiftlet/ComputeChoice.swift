import ArgumentParser
import Kernels

/// `--compute`: an arithmetic, or `auto`, which means what it means in a job that trains an adapter.
enum ComputeChoice: String, ExpressibleByArgument, CaseIterable {
    case auto, fp32, bf16, int8

    private var named: Compute? { Compute(rawValue: rawValue) }

    func resolved(on context: KernelContext) throws -> Compute {
        try named ?? .automatic(frozenWeights: true, on: context)
    }
}
