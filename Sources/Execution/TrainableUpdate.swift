import Architectures
package import Collectives
package import Kernels
package import Optimizers
package import Sharding

/// What becomes of the summed gradients of a step: their norm, and the update of this rank's part of the parameters.
package final class TrainableUpdate {
    private let trainables: TrainableUnits
    private let norms: BlockSums
    private let optimizer: AdamW
    private let context: KernelContext
    /// Which elements decay, by run.
    private let decays: [[AdamW.Run]]

    package init(
        _ trainables: TrainableUnits, optimizer: AdamW, communicator: any Communicator, context: KernelContext
    ) throws {
        self.trainables = trainables
        self.optimizer = optimizer
        self.context = context
        norms = try BlockSums(
            space: trainables.space, sharded: trainables.sharesUpdate, communicator: communicator)
        decays = trainables.updated.runs.map { run in
            trainables.decayParts(of: run).map { AdamW.Run(elements: $0.elements, decays: $0.decays) }
        }
    }

    /// The norm of all gradients over all ranks: per block of 4,096 elements, then over blocks in order. All ranks call
    /// it.
    /// - Parameter sums: reduced.
    package func norm(_ sums: ExactGradientSum) throws -> Double {
        for run in trainables.updated.runs {
            context.sumOfSquares(
                sums.sums(of: run), blockSize: LogicalSpace.blockSize,
                into: UnsafeMutableBufferPointer(rebasing: norms.ownedBlocks[run.blocks]))
        }
        return try norms.total().squareRoot()
    }

    /// One update; all ranks call it.
    /// - Parameters:
    ///   - number: the update's number, from 1.
    ///   - gradientScale: what gradients are multiplied with first: the clipping factor.
    package func apply(
        _ sums: ExactGradientSum, number: Int, learningRate: Double, gradientScale: Double
    ) throws {
        for (run, parts) in zip(trainables.updated.runs, decays) {
            let moments = trainables.moments(of: run)
            optimizer.update(
                AdamW.State(
                    parameters: trainables.values(of: run), sums: sums.sums(of: run),
                    firstMoments: moments.first, secondMoments: moments.second),
                runs: parts, number: number, learningRate: learningRate, gradientScale: gradientScale,
                context: context)
        }
        try trainables.shareUpdates()
    }
}
