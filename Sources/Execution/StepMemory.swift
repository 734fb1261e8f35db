package import Architectures
import Buffers
package import Kernels
package import Quantization
package import Sharding
package import Transformer

/// What one rank holds in memory for its training steps, part by part, in bytes.
///
/// Each part says its size by the function that it is allocated by, so that the plan of a run, which is made before any
/// of it, and the account of a run are one computation.
package struct StepMemory: Codable, Equatable, Sendable {
    /// The arena of a `StepLayout`.
    package let activations: Int
    /// The trainable parameters that the rank holds, and room for gathered units.
    package let parameters: Int
    package let moments: Int
    /// The gradients of the step in fixed point.
    package let sums: Int
    /// What ranks share that train on their own for some steps.
    package let outer: Int
    /// The gradients that one micro-batch gives to the units that are worked on.
    package let gradients: Int
    /// What kernels pack and decode into.
    package let scratch: Int
    /// Tokens, positions, rotary angles, partial sums of norms.
    package let tables: Int
    /// Of the base, shared by the ranks of a node: mapped pages that are in use at once, at most, which are the
    /// system's to take back; or the window of a node that gathers it, or has it sent.
    package let base: Int

    /// - Parameters:
    ///   - space: what is trained.
    ///   - base: how the units of the frozen base lie; empty where everything is trained.
    ///   - heldOfBase: bytes of it in the window of a node; nil where it is mapped.
    ///   - ranksOnNode: how many map it, each at a unit of its own.
    ///   - longestSequence: how many positions a sequence may have.
    ///   - isLocal: whether each rank trains on its own until an `OuterStep`.
    package init(
        layout: StepLayout, space: LogicalSpace, base: [UnitLayout], heldOfBase: Int? = nil, ranksOnNode: Int = 1,
        longestSequence: Int, context: KernelContext, rank: Int = 0, ranks: Int = 1, stage: ZeROStage = .parameters,
        isLocal: Bool = false
    ) {
        let architecture = layout.architecture
        outer =
            isLocal ? OuterStep.byteCount(space: space, units: architecture.units, rank: rank, ranks: ranks) : 0
        let (rank, ranks) = isLocal ? (0, 1) : (rank, ranks)
        let trainables = TrainableUnits.Size(
            space: space, units: architecture.units, rank: rank, ranks: ranks, stage: stage)
        activations = layout.byteCount
        parameters = trainables.values + trainables.slotCount * trainables.slot
        moments = 2 * trainables.moments
        sums = ExactGradientSum.byteCount(space: space, rank: rank, ranks: ranks, stage: stage)
        gradients = UnitGradients.byteCount(space: space, architecture: architecture)
        scratch = context.scratchByteCount(longestSegment: longestSequence, headSize: architecture.headSize)
        tables =
            BatchRoom.byteCount(tokenCapacity: layout.extent.tokens) + BlockSums.byteCount(space: space)
            + RotaryTable.byteCount(halfSize: architecture.headSize / 2, positions: longestSequence)
        self.base =
            heldOfBase
            ?? (base.isEmpty
                ? 0
                : min(ranksOnNode * Self.lentBytes(architecture, base), base.reduce(0) { $0 + $1.byteCount }))
    }

    /// The largest block, or a part of the head; the rows of the embedding that are read at once take less.
    private static func lentBytes(_ architecture: Architecture, _ base: [UnitLayout]) -> Int {
        let headUnit = architecture.tiesEmbeddings ? UnitID.embedding : .head
        let part = base.first { $0.unit == headUnit }?.entries.last.map {
            Head.Pages.mappedByteCount(rows: $0.tensor.rows, columns: $0.tensor.columns, format: $0.format)
        }
        return base.filter { $0.unit != .embedding && $0.unit != .head }.map(\.byteCount).reduce(part ?? 0, max)
    }

    /// All parts, by name.
    package var parts: [String: Int] {
        [
            "activations": activations, "parameters": parameters, "moments": moments, "exact_sums": sums,
            "outer_step": outer, "gradients": gradients, "kernel_scratch": scratch, "tables": tables, "base": base,
        ]
    }

    /// What this rank alone holds: all but the base.
    package var ownByteCount: Int { byteCount - base }
    package var byteCount: Int { parts.values.reduce(0, +) }
}
