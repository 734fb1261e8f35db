import Collectives
import Foundation
import CollectivesTestSupport
import Testing

@Suite("Ranks in one process do what ranks over MPI do")
struct ConformanceTests {
    static let worlds: [(size: Int, ranksPerNode: Int?)] = [
        (1, nil), (2, nil), (3, nil), (4, nil), (2, 1), (3, 2), (4, 2), (4, 3),
    ]

    @Test("every check passes", arguments: CommunicatorConformance.checks.map(\.name), worlds)
    func conformance(name: String, world: (size: Int, ranksPerNode: Int?)) throws {
        let check = try #require(CommunicatorConformance.checks.first { $0.name == name }).check
        try InProcessWorld.run(size: world.size, ranksPerNode: world.ranksPerNode) { try check($0) }
    }

    @Test("forced nodes are numbered in rank order")
    func forcedNodes() throws {
        let places = try InProcessWorld.run(size: 5, ranksPerNode: 2) { [$0.nodeIndex, $0.node.rank, $0.node.size] }
        #expect(places == [[0, 0, 2], [0, 1, 2], [1, 0, 2], [1, 1, 2], [2, 0, 1]])
    }

    @Test("a rank may run ahead of the others by more operations than there are places")
    func runningAhead() throws {
        let sums = try InProcessWorld.run(size: 3) { world in
            // Rank 2 starts late: until then the others pile up operations that nobody completes.
            if world.rank == 2 { Thread.sleep(forTimeInterval: 0.02) }
            let first = world.startBarrier()
            var values = (0..<100).map { Int64($0 + world.rank) }
            try values.withUnsafeMutableBufferPointer { try startAll($0, on: world) }
            try first.wait()
            return values
        }
        #expect(sums == [[Int64]](repeating: (0..<100).map { Int64(3 * $0 + 3) }, count: 3))
    }

    /// Starts one operation per value before it waits for any: the recursion holds the requests.
    private func startAll(_ values: UnsafeMutableBufferPointer<Int64>, on world: any Communicator) throws {
        guard !values.isEmpty else { return }
        let request = world.startAllReduce(UnsafeMutableBufferPointer(rebasing: values[..<1]), .sum)
        try startAll(UnsafeMutableBufferPointer(rebasing: values[1...]), on: world)
        try request.wait()
    }
}
