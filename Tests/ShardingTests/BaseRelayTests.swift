import Architectures
import Collectives
import Quantization
import Sharding
import Testing

@Suite("Nodes that do not see the base's file")
struct BaseRelayTests {
    private static let layouts = GatheredBaseTests.layouts

    /// Some bytes of a unit, as the file has them.
    private static func fill(_ bytes: UnsafeMutableRawBufferPointer, _ unit: UnitID, _ range: Range<Int>) {
        let number = GatheredBaseTests.forward.firstIndex(of: unit) ?? 0
        for index in range { bytes[index - range.lowerBound] = GatheredBaseTests.byte(number, index) }
    }

    /// The base on a rank: what its node does not see comes from the coordinator, in small pieces.
    private static func makeBase(
        _ communicator: any Communicator, nodesPerCopy: Int, blind: [Int]
    ) throws -> any UnitSource {
        let file = try ReceivedBase(layouts: layouts, node: SoloCommunicator()) { fill($2, $0, $1) }
        let needs = (0..<communicator.nodeCount).map(blind.contains)
        let relay = try BaseRelay(
            communicator, nodesPerCopy: nodesPerCopy, needsBytes: needs, pieceByteCount: 1000)
        func load(_ unit: UnitID, _ range: Range<Int>, _ bytes: UnsafeMutableRawBufferPointer) throws {
            if needs[communicator.nodeIndex] { try relay.receive(bytes) } else { fill(bytes, unit, range) }
        }
        let base: any UnitSource =
            nodesPerCopy == 1
            ? try ReceivedBase(layouts: layouts, node: communicator.node, load: load)
            : try GatheredBase(
                layouts: layouts, placement: CopyPlacement(communicator, nodesPerCopy: nodesPerCopy), depth: 1,
                alsoHeld: 0, load: load)
        if communicator.isCoordinator { try relay.send(layouts, from: file) }
        return base
    }

    @Test(
        "get what they hold from the coordinator: every rank reads every unit whole",
        arguments: [
            (2, 1, 1, [1]), (4, 2, 1, [1]), (4, 1, 1, [1, 3]), (3, 1, 1, []), (2, 1, 2, [1]), (4, 1, 2, [1, 2, 3]),
            (4, 1, 4, [2]), (6, 2, 3, [1, 2]), (8, 2, 2, [2, 3]),
        ])
    func walks(world: (ranks: Int, ranksPerNode: Int, nodesPerCopy: Int, blind: [Int])) throws {
        try InProcessWorld.run(size: world.ranks, ranksPerNode: world.ranksPerNode) { communicator in
            let base = try Self.makeBase(communicator, nodesPerCopy: world.nodesPerCopy, blind: world.blind)
            let units = FrozenUnits(source: base)
            for _ in 0..<2 {
                units.begin(GatheredBaseTests.forward)
                for (number, unit) in GatheredBaseTests.forward.enumerated() {
                    let bytes = try units.acquire(unit).bytes
                    #expect(bytes.count == Self.layouts[number].byteCount)
                    #expect(bytes.indices.allSatisfy { bytes[$0] == GatheredBaseTests.byte(number, $0) })
                    units.release(unit)
                }
            }
        }
    }

    @Test("What is sent in pieces arrives whole")
    func pieces() throws {
        let pieces = try InProcessWorld.run(size: 3) { communicator in
            var bytes = [UInt8](repeating: 0, count: 2500)
            let pieces = try PieceBroadcast(communicator, pieceByteCount: 1000)
            if communicator.isCoordinator {
                try (0..<2500).map { UInt8(truncatingIfNeeded: $0) }.withUnsafeBytes { try pieces.send($0) }
                return (communicator.traffic.bytesSent(.broadcast), pieces.pieces(2500).map(\.count))
            }
            try bytes.withUnsafeMutableBytes { try pieces.receive($0) }
            #expect(bytes.enumerated().allSatisfy { $1 == UInt8(truncatingIfNeeded: $0) })
            return (communicator.traffic.bytesSent(.broadcast), [])
        }
        #expect(pieces.map(\.0) == [5000, 0, 0])
        #expect(pieces[0].1 == [1000, 1000, 500])
    }
}
