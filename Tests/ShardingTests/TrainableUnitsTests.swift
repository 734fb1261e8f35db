import Architectures
import Buffers
import Collectives
import Sharding
import Testing

@Suite("Trainable units are lent whole, whatever a rank holds of them")
struct TrainableUnitsTests {
    private static let units: [UnitID] = [.embedding, .block(0), .block(1), .block(2), .head]

    /// A unit that trains nothing, one smaller than a block of 4,096, one that spans shards, one that ends inside one.
    private static let space = LogicalSpace([
        LogicalTensor(name: "a", shape: [3, 700], unit: .block(0), decays: true),
        LogicalTensor(name: "b", shape: [5000], unit: .block(1), decays: true),
        LogicalTensor(name: "c", shape: [9001], unit: .block(1), decays: false),
        LogicalTensor(name: "d", shape: [17], unit: .block(2), decays: true),
    ])

    private static func expectWhole(_ units: TrainableUnits, plus change: Float) throws {
        for order in [Self.units, Self.units.reversed()] {
            for (place, unit) in order.enumerated() {
                let values = try units.acquire(unit)
                if place + 1 < order.count { units.prefetch(order[place + 1]) }
                #expect(values.elementsEqual(Self.space.range(of: unit).map { Float($0) + change }))
                units.release(unit)
            }
        }
    }

    @Test("Forwards and backwards, before and after an update", arguments: 1...5, ZeROStage.allCases)
    func walk(ranks: Int, stage: ZeROStage) throws {
        let traffic = try InProcessWorld.run(size: ranks) { communicator in
            let units = try TrainableUnits(
                space: Self.space, units: Self.units, communicator: communicator, stage: stage)
            for run in units.held.runs {
                for (place, element) in run.elements.enumerated() { units.values(of: run)[place] = Float(element) }
            }
            let before = communicator.traffic.bytesSent(.allGather)
            try Self.expectWhole(units, plus: 0)
            let walks = communicator.traffic.bytesSent(.allGather) - before
            for run in units.updated.runs {
                for (place, element) in run.elements.enumerated() {
                    units.values(of: run)[place] = Float(element) + 0.5
                }
            }
            try units.shareUpdates()
            let sharing = communicator.traffic.bytesSent(.allGather) - before - walks
            try Self.expectWhole(units, plus: 0.5)
            let gathered = try units.gatherAll()
            #expect((gathered == nil) == (communicator.rank != 0))
            if let gathered { #expect(gathered == (0..<Self.space.elementCount).map { Float($0) + 0.5 }) }
            return [walks, sharing]
        }
        // A walk of stage 3, or the sharing of stages 1 and 2: every element goes to every other rank.
        let once = 4 * Self.space.elementCount * (ranks - 1)
        #expect(traffic.reduce(0) { $0 + $1[0] } == (stage == .parameters ? 2 * once : 0))
        #expect(traffic.reduce(0) { $0 + $1[1] } == (stage == .optimizer || stage == .gradients ? once : 0))
    }

    @Test("Any run of elements comes together at the coordinator", arguments: 1...4, ZeROStage.allCases)
    func gather(ranks: Int, stage: ZeROStage) throws {
        try InProcessWorld.run(size: ranks) { communicator in
            let units = try TrainableUnits(
                space: Self.space, units: Self.units, communicator: communicator, stage: stage)
            for run in units.held.runs {
                for (place, element) in run.elements.enumerated() { units.values(of: run)[place] = Float(element) }
            }
            for run in [0..<0, 0..<16118, 2099..<2101, 5000..<5001, 2100..<16101, 7000..<16118] {
                var room = [Float](repeating: -1, count: communicator.isCoordinator ? run.count : 0)
                try room.withUnsafeMutableBufferPointer {
                    try units.gather(run, into: communicator.isCoordinator ? $0 : nil)
                }
                if communicator.isCoordinator { #expect(room == run.map { Float($0) }) }
            }
        }
    }

    @Test("Moments lie where the rank updates", arguments: 1...4, ZeROStage.allCases)
    func moments(ranks: Int, stage: ZeROStage) throws {
        try InProcessWorld.run(size: ranks) { communicator in
            let units = try TrainableUnits(
                space: Self.space, units: Self.units, communicator: communicator, stage: stage)
            for run in units.updated.runs {
                units.moments(of: run).first.update(repeating: 1)
                units.moments(of: run).second.update(repeating: 2)
            }
            #expect(units.firstMoments.allSatisfy { $0 == 1 } && units.secondMoments.allSatisfy { $0 == 2 })
            #expect(units.firstMoments.count == units.updated.elementCount)
            #expect(units.shard.runs.allSatisfy { units.moments(of: $0).first.count == $0.elements.count })
        }
    }

    @Test("Elements that decay are told from those that do not", arguments: 1...4)
    func decay(ranks: Int) throws {
        let counts = try InProcessWorld.run(size: ranks) { communicator in
            let units = try TrainableUnits(space: Self.space, units: Self.units, communicator: communicator)
            return units.updated.runs.reduce(0) { count, run in
                let parts = units.decayParts(of: run)
                #expect(parts.reduce(0) { $0 + $1.elements.count } == run.elements.count)
                return parts.filter { !$0.decays }.reduce(count) { $0 + $1.elements.count }
            }
        }
        #expect(counts.reduce(0, +) == 9001)
    }
}
