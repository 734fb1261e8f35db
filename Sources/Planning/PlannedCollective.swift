package import Collectives

/// One collective operation that the ranks of a group issue together in a step, before any of them runs.
package struct PlannedCollective: Hashable, Sendable {
    /// What it is for.
    package enum Purpose: String, Sendable, CaseIterable {
        /// Gathers of trainable parameters.
        case trainables
        /// Gathers of the frozen base, and the meetings of a node's ranks around them.
        case base
        case gradients
        /// The gradient norm's sums by block.
        case norm
        /// Losses, requests and failures, of which all ranks must know.
        case agreement
    }

    /// Which ranks issue it.
    package enum Group: String, Sendable, CaseIterable {
        case world
        /// One rank of each node that holds a part of the same copy of the base.
        case copy
        /// The ranks of a node.
        case node
    }

    package let purpose: Purpose
    package let kind: CollectiveCall.Kind
    package let group: Group
    /// Bytes that each rank of the group gives to a gather, or gets of a sum that is scattered; of an all-reduce, the
    /// bytes of the vector that all have; empty for a barrier.
    package let parts: [Int]
    /// Bytes of all parts.
    package let total: Int

    init(_ purpose: Purpose, _ kind: CollectiveCall.Kind, _ group: Group = .world, parts: [Int] = []) {
        self.purpose = purpose
        self.kind = kind
        self.group = group
        self.parts = parts
        total = parts.reduce(0, +)
    }

    /// Bytes of a rank of the group that others receive, as `Traffic` counts them: once for each receiver.
    package func bytesSent(rank: Int, size: Int) -> Int {
        switch kind {
        case .barrier: 0
        case .allGather: parts[rank] * (size - 1)
        case .reduceScatter: total - parts[rank]
        case .allReduce: total * (size - 1)
        case .broadcast, .gather: preconditionFailure("no step has a \(kind)")
        }
    }
}
