import Architectures
import Buffers
import Collectives
import Quantization
import Sharding
import Testing

@Suite("A base over several nodes is gathered unit by unit")
struct GatheredBaseTests {
    /// The embedding smaller than a block, one block that does not divide evenly, a head of one page.
    static let layouts: [UnitLayout] = {
        func layout(_ unit: UnitID, _ rows: Int) -> UnitLayout {
            let tensor = BaseTensor(unit: unit, role: .embedding, name: "\(unit)", shape: [rows, 64])
            return UnitLayout(unit: unit, tensors: [(tensor, .bf16)])
        }
        return [
            layout(.embedding, 90), layout(.block(0), 130), layout(.block(1), 333), layout(.block(2), 130),
            layout(.head, 8),
        ]
    }()

    static let forward: [UnitID] = layouts.map(\.unit)

    /// The byte that every test puts at a place of a unit.
    static func byte(_ unit: Int, _ index: Int) -> UInt8 { UInt8(truncatingIfNeeded: unit * 31 + index * 7) }

    private static func makeBase(_ world: any Communicator, nodesPerCopy: Int, depth: Int) throws -> GatheredBase {
        try GatheredBase(
            layouts: layouts, placement: CopyPlacement(world, nodesPerCopy: nodesPerCopy), depth: depth, alsoHeld: 1
        ) { unit, range, bytes in
            let number = forward.firstIndex(of: unit) ?? 0
            for index in range { bytes[index - range.lowerBound] = byte(number, index) }
        }
    }

    @Test(
        "Every rank reads every unit whole, in every walk",
        arguments: [(2, 1, 2), (4, 1, 4), (4, 1, 2), (4, 2, 2), (3, 1, 3), (6, 2, 3)], 0...3)
    func walks(world: (ranks: Int, ranksPerNode: Int, nodesPerCopy: Int), depth: Int) throws {
        try InProcessWorld.run(size: world.ranks, ranksPerNode: world.ranksPerNode) { communicator in
            let base = try Self.makeBase(communicator, nodesPerCopy: world.nodesPerCopy, depth: depth)
            let units = FrozenUnits(source: base)
            // A step, an evaluation, a step; head and embedding are held together.
            for walk in [Self.forward + [.embedding, .block(2), .block(1), .block(0)], Self.forward, Self.forward] {
                units.begin(walk)
                for (place, unit) in walk.enumerated() {
                    let isTied = place > 0 && unit == .embedding
                    let head = isTied ? try units.acquire(.head) : nil
                    let lent = try units.acquire(unit)
                    let number = Self.forward.firstIndex(of: unit) ?? 0
                    #expect(lent.bytes.indices.allSatisfy { lent.bytes[$0] == Self.byte(number, $0) })
                    units.release(unit)
                    if head != nil { units.release(.head) }
                }
            }
        }
    }

    @Test("A node holds its slices and the units in flight, and receives the rest of each unit", arguments: 2...4)
    func sizes(nodes: Int) {
        let whole = Self.layouts.reduce(0) { $0 + $1.byteCount }
        let largest = Self.layouts.map(\.byteCount).max() ?? 0
        var held = 0
        for position in 0..<nodes {
            let plan = GatheredBase.Plan(
                layouts: Self.layouts, nodesPerCopy: nodes, position: position, depth: 1, alsoHeld: 0)
            #expect(plan.slotCount == 2)
            #expect(plan.slotByteCount == largest)
            #expect(plan.byteCount - plan.residentByteCount - 2 * largest < 4096)
            held += whole - Self.layouts.reduce(0) { $0 + plan.receivedByteCount($1.unit) }
        }
        #expect(held == whole)
    }

    @Test("Each leader sends its slice to the others of its copy once a gather")
    func traffic() throws {
        let sent = try InProcessWorld.run(size: 4, ranksPerNode: 1) { communicator in
            let placement = try CopyPlacement(communicator, nodesPerCopy: 2)
            let base = try GatheredBase(layouts: Self.layouts, placement: placement, depth: 1, alsoHeld: 0) { _, _, _ in
            }
            let units = FrozenUnits(source: base)
            units.begin(Self.forward)
            for unit in Self.forward {
                _ = try units.acquire(unit)
                units.release(unit)
            }
            return placement.leaders?.traffic.bytesSent(.allGather) ?? 0
        }
        // One walk, and the first unit of the next.
        let gathered = Self.layouts.reduce(Self.layouts[0].byteCount) { $0 + $1.byteCount }
        #expect(sent.reduce(0, +) == 2 * gathered)
    }
}
