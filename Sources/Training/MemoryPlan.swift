import Architectures
import Buffers
import Checkpoints
package import Execution
import JobFiles
package import Kernels
import Sharding
package import Transformer

/// The sizes of a run's step, decided once by the coordinator: what the arena holds and whether blocks are
/// checkpointed.
package struct MemoryPlan: Codable, Sendable {
    private let tokens: Int
    private let logitRows: Int
    package let recomputation: Recomputation
    package let longestSequence: Int
    /// What the rank with the largest shard holds.
    package let memory: StepMemory

    /// What it takes beside that while it saves.
    private let saving: Int

    private let savedType: ScalarType

    package var extent: StepLayout.Extent {
        StepLayout.Extent(
            tokens: tokens, logitRows: logitRows, recomputation: recomputation, savedType: savedType)
    }

    package var checkpointing: Bool { recomputation != .nothing }

    /// What a rank holds beside the base, at most.
    package var bytesPerRank: Int { memory.ownByteCount + saving }

    /// All parts, by name.
    package var parts: [String: Int] { memory.parts.merging(["saving": saving]) { $1 } }

    /// - Parameters:
    ///   - gradientCheckpointing: whether blocks are checkpointed; nil: as little as memory allows.
    ///   - heldOfBase: bytes of the base in memory of a node's own; nil where it is mapped.
    ///   - available: bytes that the ranks of a node may take together.
    /// - Throws: `InputError` of kind `.capacity` where even a checkpointed step does not fit.
    package init(
        _ subject: StepSubject, gradientCheckpointing: Bool?, heldOfBase: Int?, context: KernelContext,
        ranks: Int, ranksOnNode: Int, available: Int
    ) throws {
        savedType = subject.compute.savedType
        longestSequence = subject.longestSequence
        tokens = subject.tokens
        logitRows = StepLayout.Extent.logitRows(
            vocabularySize: subject.architecture.vocabularySize, tokens: subject.tokens)
        let (logitRows, savedType, space) = (logitRows, savedType, subject.space)
        // The rank whose shard is the largest.
        let shards = (0..<ranks).map { space.shard($0, of: ranks).elementCount }
        let rank = shards.indices.max { shards[$0] < shards[$1] }
        func memory(_ recomputation: Recomputation) -> StepMemory {
            let extent = StepLayout.Extent(
                tokens: subject.tokens, logitRows: logitRows, recomputation: recomputation, savedType: savedType)
            return StepMemory(
                layout: StepLayout(subject.architecture, adapter: subject.adapter, extent: extent), space: space,
                base: subject.base, heldOfBase: heldOfBase, ranksOnNode: ranksOnNode,
                longestSequence: subject.longestSequence, context: context,
                rank: rank ?? 0, ranks: ranks, stage: subject.stage, isLocal: subject.isLocal)
        }
        let values = Quantity.allCases.count * ((shards.max() ?? 0) + (subject.isLocal ? space.elementCount : 0))
        let saving = CheckpointPart.workingByteCount(elements: values)
        self.saving = saving
        // The ranks of a node share what they use of the base.
        func neededByNode(_ memory: StepMemory) -> Int {
            ranksOnNode * (memory.ownByteCount + saving) + memory.base
        }
        // The least work whose memory leaves room to spare.
        let choices =
            gradientCheckpointing.map { $0 ? [.attention, .everything] : [.nothing] } ?? Recomputation.allCases
        recomputation = choices.first { neededByNode(memory($0)) <= available / 10 * 6 } ?? choices.last ?? .everything
        let chosen = memory(recomputation)
        self.memory = chosen
        let needed = neededByNode(chosen)
        guard needed <= available else {
            throw InputError(
                .capacity, "a step needs \(needed >> 20) MiB a node, and \(available >> 20) MiB are available",
                remedy: recomputation != .nothing
                    ? "lower micro_batch_size or sequence_len, or start fewer ranks a node"
                    : "set gradient_checkpointing: true, or lower micro_batch_size")
        }
    }
}
