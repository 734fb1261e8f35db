import Architectures
import Buffers
import Collectives
import Sharding
import Testing

@Suite("Trainable units are gathered whole from their shards")
struct TrainableUnitsTests {
    private static let units: [UnitID] = [.embedding, .block(0), .block(1), .block(2), .head]

    /// A unit that trains nothing, one smaller than a block of 4,096, one that spans shards, one that ends inside one.
    private static let space = LogicalSpace([
        LogicalTensor(name: "a", shape: [3, 700], unit: .block(0), decays: true),
        LogicalTensor(name: "b", shape: [5000], unit: .block(1), decays: true),
        LogicalTensor(name: "c", shape: [9001], unit: .block(1), decays: false),
        LogicalTensor(name: "d", shape: [17], unit: .block(2), decays: true),
    ])

    @Test("Forwards and backwards, whatever the number of ranks", arguments: 1...5)
    func walk(ranks: Int) throws {
        let traffic = try InProcessWorld.run(size: ranks) { communicator in
            let units = try TrainableUnits(space: Self.space, units: Self.units, communicator: communicator)
            for (index, element) in units.shard.enumerated() { units.values[index] = Float(element) }
            let before = communicator.traffic.bytesSent(.allGather)
            for order in [Self.units, Self.units.reversed()] {
                for (place, unit) in order.enumerated() {
                    let values = try units.acquire(unit)
                    if place + 1 < order.count { units.prefetch(order[place + 1]) }
                    let expected = Self.space.range(of: unit).map { Float($0) }
                    #expect(Array(values) == expected)
                    units.release(unit)
                }
            }
            let gathered = try units.gatherAll()
            #expect((gathered == nil) == (communicator.rank != 0))
            if let gathered { #expect(gathered == (0..<Self.space.elementCount).map { Float($0) }) }
            return communicator.traffic.bytesSent(.allGather) - before
        }
        // Two walks: every element goes to every other rank twice.
        #expect(traffic.reduce(0, +) == 2 * 4 * Self.space.elementCount * (ranks - 1))
    }

    @Test("Runs that decay are told from those that do not", arguments: 1...4)
    func decay(ranks: Int) throws {
        let counts = try InProcessWorld.run(size: ranks) { communicator in
            let units = try TrainableUnits(space: Self.space, units: Self.units, communicator: communicator)
            let runs = units.decayRuns
            #expect(runs.reduce(0) { $0 + $1.elements.count } == units.shard.count)
            return runs.filter { !$0.decays }.reduce(0) { $0 + $1.elements.count }
        }
        #expect(counts.reduce(0, +) == 9001)
    }
}
