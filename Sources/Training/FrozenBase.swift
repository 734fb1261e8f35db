package import Checkpoints
import Collectives
package import Execution
import Foundation
package import Quantization

/// The frozen base of a run: its description, which comes from the coordinator, and the store where this rank sees it.
package struct FrozenBase {
    package let description: BaseStoreDescription
    /// Of all units, in their order.
    package let layouts: [UnitLayout]
    /// Names this base in checkpoints.
    package let hash: String
    /// The mapped store; nil where this rank does not see it.
    package let store: StoredBase?
    private let nodes: [Node]

    /// What the ranks of a node see of the store.
    private struct Node {
        let host: String
        let leaderIsSeeing: Bool
        var allAreSeeing = true
    }

    /// What each rank says of itself.
    private struct Sight: Codable {
        let node: Int
        let host: String
        let isSeeing: Bool
    }

    /// What the coordinator says of the store.
    struct Record: Codable {
        let path: String
        let description: BaseStoreDescription
        let manifest: BaseStoreManifest

        init(_ store: BaseStore) {
            path = store.path
            description = store.description
            manifest = store.manifest
        }
    }

    /// Looks for the store on every rank, and agrees on which nodes see it; all ranks call it.
    ///
    /// A file of that name that is another store, or damaged, is as good as none.
    /// - Parameter own: the store where this rank has opened it; the coordinator has.
    init(_ record: Record, own: BaseStore?, communicator: any Communicator) throws {
        precondition(own != nil || !communicator.isCoordinator)
        description = record.description
        layouts = record.description.layouts
        hash = record.manifest.hash
        let found = own ?? (try? BaseStore(path: record.path)).flatMap { $0.manifest == record.manifest ? $0 : nil }
        store = found.map(StoredBase.init)
        let sight = Sight(node: communicator.nodeIndex, host: RankIdentity.ownHost, isSeeing: found != nil)
        var nodes: [Node] = []
        for bytes in try communicator.allGather(Array(try JSONEncoder().encode(sight))) {
            let sight = try JSONDecoder().decode(Sight.self, from: Data(bytes))
            // Nodes are numbered by their lowest ranks, which lead them.
            if sight.node == nodes.count { nodes.append(Node(host: sight.host, leaderIsSeeing: sight.isSeeing)) }
            if !sight.isSeeing { nodes[sight.node].allAreSeeing = false }
        }
        self.nodes = nodes
    }

    package var byteCount: Int { layouts.reduce(0) { $0 + $1.byteCount } }

    /// Whether all ranks of a node see the store.
    func isSeen(byNode node: Int) -> Bool { nodes[node].allAreSeeing }

    var isSeenByAll: Bool { nodes.allSatisfy(\.allAreSeeing) }

    /// By node, whether its leader has to be sent what the node holds of the base.
    var needsBytes: [Bool] { nodes.map { !$0.leaderIsSeeing } }

    /// The hosts that do not see the store, each once.
    var blindHosts: [String] {
        nodes.filter { !$0.allAreSeeing }.map(\.host).reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
    }
}
