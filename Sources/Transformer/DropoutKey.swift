import Architectures
import Buffers

/// What the random numbers of one micro-batch's dropout depend on, besides tensor and element.
package struct DropoutKey: Sendable, Equatable {
    package var seed: UInt64
    package var step: Int
    /// The micro-batch's number in the step over all ranks.
    package var microBatch: Int

    package init(seed: UInt64, step: Int, microBatch: Int) {
        self.seed = seed
        self.step = step
        self.microBatch = microBatch
    }

    /// The numbers for the input of one adapter.
    func numbers(layer: Int, role: LinearRole) -> CounterRNG {
        let roles = LinearRole.allCases
        let tensor = layer * roles.count + (roles.firstIndex(of: role) ?? 0)
        return CounterRNG(seed: seed, purpose: .dropout, step: step, microBatch: microBatch, tensor: tensor)
    }
}
