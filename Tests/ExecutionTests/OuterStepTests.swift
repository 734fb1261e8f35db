import Architectures
import Buffers
import Collectives
import Execution
import Kernels
import Sharding
import Testing

@Suite("Ranks that train on their own meet in an outer step")
struct OuterStepTests {
    private static let units: [UnitID] = [.embedding, .block(0), .block(1), .head]
    private static let space = LogicalSpace([
        LogicalTensor(name: "a", shape: [3, 700], unit: .block(0), decays: true),
        LogicalTensor(name: "b", shape: [9001], unit: .block(1), decays: true),
        LogicalTensor(name: "c", shape: [17], unit: .head, decays: false),
    ])

    private final class Rank {
        let local: TrainableUnits
        let shared: TrainableUnits
        let outer: OuterStep

        init(_ communicator: any Communicator) throws {
            local = try TrainableUnits(space: space, units: units, communicator: SoloCommunicator())
            shared = try TrainableUnits(space: space, units: units, communicator: communicator)
            for run in shared.held.runs {
                for (place, element) in run.elements.enumerated() { shared.values(of: run)[place] = start(element) }
            }
            outer = try OuterStep(
                local: local, shared: shared, learningRate: 0.7, momentum: 0.9, communicator: communicator,
                context: KernelContext(threads: 1))
            for element in local.values.indices { local.values[element] = start(element) }
        }
    }

    private static func start(_ element: Int) -> Float { Float(element % 101) / 64 - 0.5 }

    /// How far a rank went in a round.
    private static func way(_ rank: Int, _ round: Int, _ element: Int) -> Float {
        Float((element * 7 + rank * 13 + round * 29) % 31) / 1024 - 0.01
    }

    @Test("As torch's SGD with Nesterov momentum goes on averaged changes, on any number of ranks", arguments: 1...4)
    func average(ranks: Int) throws {
        var anchors = (0..<Self.space.elementCount).map { Double(Self.start($0)) }
        var velocities = [Double](repeating: 0, count: anchors.count)
        for round in 0..<3 {
            for element in anchors.indices {
                let average = (0..<ranks).reduce(0.0) {
                    $0 + Double(Float(anchors[element]) + Self.way($1, round, element))
                }
                let gradient = anchors[element] - average / Double(ranks)
                velocities[element] = 0.9 * velocities[element] + gradient
                anchors[element] -= 0.7 * (gradient + 0.9 * velocities[element])
            }
        }
        let results = try InProcessWorld.run(size: ranks) { communicator in
            let rank = try Rank(communicator)
            for round in 0..<3 {
                for element in 0..<Self.space.elementCount {
                    rank.local.values[element] += Self.way(communicator.rank, round, element)
                }
                #expect(try rank.outer.run())
            }
            return Array(rank.local.values)
        }
        #expect(results.allSatisfy { $0 == results[0] })
        #expect(zip(results[0], anchors).allSatisfy { abs(Double($0) - $1) < 1e-6 })
    }

    @Test("A parameter of one rank that is no number stops all", arguments: [Float.nan, .infinity, 5000])
    func range(value: Float) throws {
        let outcomes = try InProcessWorld.run(size: 3) { communicator in
            let rank = try Rank(communicator)
            if communicator.rank == 1 { rank.local.values[4000] = value }
            return try rank.outer.run()
        }
        #expect(outcomes == [false, false, false])
    }

    @Test("A meeting sends each parameter to its owner and back", arguments: 2...4)
    func traffic(ranks: Int) throws {
        let sent = try InProcessWorld.run(size: ranks) { communicator in
            let rank = try Rank(communicator)
            let before = communicator.traffic
            _ = try rank.outer.run()
            return [CollectiveCall.Kind.reduceScatter, .allGather].map {
                communicator.traffic.bytesSent($0) - before.bytesSent($0)
            }
        }
        #expect(sent.reduce(0) { $0 + $1[0] } == 8 * Self.space.elementCount * (ranks - 1))
        #expect(sent.reduce(0) { $0 + $1[1] } == 4 * Self.space.elementCount * (ranks - 1))
    }
}
