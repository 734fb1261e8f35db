package import Architectures
package import Collectives
package import Kernels
package import Sharding

/// What brings the ranks together again that trained each on its own for some steps: the parameters of all are
/// averaged, and an outer optimiser takes the way from where they began to the average as its gradient.
///
/// Source: Douillard et al. 2023, "DiLoCo: distributed low-communication training of language models", algorithm 1,
/// with Nesterov momentum in torch.optim.SGD's arithmetic. Parameters are averaged as exact sums, so that the result
/// has the same bits however ranks are spread.
package final class OuterStep {
    /// What each rank trains, whole.
    private let local: TrainableUnits
    /// Where the ranks began, and the momentum as their first moments; sharded over ranks.
    private let shared: TrainableUnits
    private let sums: ExactGradientSum
    private let learningRate: Double
    private let momentum: Double
    private let communicator: any Communicator
    private let context: KernelContext

    package init(
        local: TrainableUnits, shared: TrainableUnits, learningRate: Double, momentum: Double,
        communicator: any Communicator, context: KernelContext
    ) throws {
        precondition(local.space == shared.space && local.held == local.space.whole)
        self.local = local
        self.shared = shared
        self.learningRate = learningRate
        self.momentum = momentum
        self.communicator = communicator
        self.context = context
        sums = try ExactGradientSum(space: shared.space, communicator: communicator, stage: .gradients)
    }

    /// Bytes that one of `ranks` ranks holds for it, the shared parameters included.
    package static func byteCount(space: LogicalSpace, units: [UnitID], rank: Int, ranks: Int) -> Int {
        TrainableUnits.Size(space: space, units: units, rank: rank, ranks: ranks, stage: .parameters).byteCount
            + ExactGradientSum.byteCount(space: space, rank: rank, ranks: ranks, stage: .gradients)
    }

    /// Every rank goes on from the shared parameters.
    private func share() throws {
        let units = local.space.units
        for (place, unit) in units.enumerated() {
            let values = try shared.acquire(unit)
            if place + 1 < units.count { shared.prefetch(units[place + 1]) }
            _ = try local.acquire(unit).update(fromContentsOf: values)
            local.release(unit)
            shared.release(unit)
        }
    }

    /// One outer step; all ranks call it, and go on from its result.
    /// - Returns: false where a parameter was not finite or too large to be averaged.
    package func run() throws -> Bool {
        guard try average() else { return false }
        let scale = 0x1p-52 / Double(communicator.size)
        for run in shared.updated.runs {
            let anchors = shared.values(of: run)
            let velocities = shared.moments(of: run).first
            for (place, sum) in sums.sums(of: run).enumerated() {
                let gradient = Float(Double(anchors[place]) - Double(sum) * scale)
                let velocity = Float(momentum) * velocities[place] + gradient
                velocities[place] = velocity
                anchors[place] -= Float(learningRate) * (gradient + Float(momentum) * velocity)
            }
        }
        try share()
        return true
    }

    /// The sums of all ranks' parameters; false where one of any rank is out of range.
    private func average() throws -> Bool {
        sums.reset()
        let limit = ExactGradientSum.limit(addends: communicator.size)
        var inRange = true
        for unit in local.space.units {
            let values = try local.acquire(unit)
            defer { local.release(unit) }
            try sums.add(unit) { elements, target in
                let fits = context.addFixedPoint(
                    UnsafeBufferPointer(rebasing: values[elements]), into: target, limit: limit)
                inRange = inRange && fits
            }
        }
        try sums.reduce()
        return try communicator.allReduce(inRange ? 0 : 1, .max) == 0
    }
}
