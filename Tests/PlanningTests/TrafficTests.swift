import Buffers
import Collectives
import Events
import JobFiles
import Planning
import Testing
import Training

@Suite("What ranks send in a step is what was planned")
struct TrafficTests {
    struct World: Sendable {
        var nodes: Int
        var ranksPerNode = 1
        var settings: [String] = []

        var shape: RunShape { RunShape(nodes: nodes, ranksPerNode: ranksPerNode) }
    }

    /// What one rank has issued and sent in each of its groups.
    private struct Counts: Sendable {
        var world: Traffic
        var node: Traffic
        /// Among the leaders of a copy's nodes; nil elsewhere.
        var copy: Traffic?
        /// What the run's summary says of all ranks; nil where there is one.
        var all: RunTraffic?
    }

    private static let kinds = [CollectiveCall.Kind.barrier, .allGather, .reduceScatter, .allReduce]

    @Test(
        "Operations and bytes, by kind, group and rank",
        arguments: [
            World(nodes: 1),
            World(nodes: 1, ranksPerNode: 2),
            World(nodes: 1, ranksPerNode: 4),
            World(nodes: 2, settings: ["distributed.nodes_per_copy=all"]),
            World(nodes: 4, settings: ["distributed.nodes_per_copy=all"]),
            World(nodes: 4, settings: ["distributed.nodes_per_copy=2"]),
            World(nodes: 2, ranksPerNode: 2, settings: ["distributed.nodes_per_copy=all"]),
            World(nodes: 1, ranksPerNode: 3, settings: ["adapter=none"]),
            World(nodes: 3, settings: ["adapter=none", "global_batch_size=8"]),
            World(nodes: 1, ranksPerNode: 2, settings: ["distributed.zero_stage=0"]),
            World(nodes: 3, settings: ["distributed.zero_stage=0", "adapter=none"]),
            World(nodes: 1, ranksPerNode: 4, settings: ["distributed.zero_stage=1"]),
            World(nodes: 2, ranksPerNode: 2, settings: ["distributed.zero_stage=2", "distributed.nodes_per_copy=all"]),
            World(nodes: 1, ranksPerNode: 4, settings: ["distributed.zero_stage=2", "adapter=none"]),
            // So few parameters that one rank owns them all.
            World(nodes: 1, ranksPerNode: 3, settings: ["lora_r=1", "lora_target_modules=[q_proj]"]),
            World(
                nodes: 1, ranksPerNode: 2,
                settings: ["lora_r=1", "lora_target_modules=[q_proj]", "distributed.zero_stage=1"]),
        ])
    func exact(_ world: World) throws {
        let tiny = try PlannedJob()
        let plan = try tiny.plan(tiny.job(world.settings), shape: world.shape)
        let short = try counts(tiny, world, steps: 2, output: "short")
        let long = try counts(tiny, world, steps: 5, output: "long")
        for rank in 0..<world.shape.ranks {
            for kind in Self.kinds {
                func check(
                    _ group: PlannedCollective.Group, _ member: Int, _ few: Traffic, _ many: Traffic
                ) {
                    let operations = many.operations(kind) - few.operations(kind)
                    let bytes = many.bytesSent(kind) - few.bytesSent(kind)
                    #expect(operations == 3 * plan.traffic.operations(group, kind), "\(kind) of \(group), rank \(rank)")
                    #expect(
                        bytes == 3 * plan.traffic.bytesSent(group, kind, rank: member),
                        "\(kind) of \(group), rank \(rank)")
                }
                check(.world, rank, short[rank].world, long[rank].world)
                // Where the whole world is one node its traffic is counted there.
                if world.nodes > 1, world.ranksPerNode > 1 {
                    check(.node, rank % world.ranksPerNode, short[rank].node, long[rank].node)
                }
                if let few = short[rank].copy, let many = long[rank].copy {
                    let nodes = plan.sizes.nodesPerCopy
                    check(.copy, rank / world.ranksPerNode % nodes, few, many)
                }
            }
        }
        #expect(plan.sizes.nodesPerCopy == 1 || short.contains { $0.copy != nil })
        for (few, many) in zip(short, long) where world.shape.ranks > 1 {
            let (few, many) = (try #require(few.all), try #require(many.all))
            #expect(many.operations - few.operations == 3 * plan.traffic.operationCount())
            #expect(many.bytes - few.bytes == 3 * plan.traffic.totalBytes())
        }
    }

    @Test("The same where ranks train on their own between outer steps", arguments: [1, 3])
    func outer(ranks: Int) throws {
        let tiny = try PlannedJob()
        let world = World(nodes: 1, ranksPerNode: ranks, settings: ["sync_every=2"])
        let plan = try tiny.plan(tiny.job(world.settings), shape: world.shape)
        let outer = try #require(plan.outerTraffic)
        let few = try counts(tiny, world, steps: 2, output: "two")
        let many = try counts(tiny, world, steps: 5, output: "five")
        for rank in 0..<ranks {
            for kind in Self.kinds {
                // Steps 3 to 5: a usual one, and two with an outer one, for the last step always has it.
                func planned(_ value: (StepTraffic) -> Int) -> Int { value(plan.traffic) + 2 * value(outer) }
                let (few, many) = (few[rank].world, many[rank].world)
                #expect(
                    many.operations(kind) - few.operations(kind) == planned { $0.operations(.world, kind) }, "\(kind)")
                #expect(
                    many.bytesSent(kind) - few.bytesSent(kind)
                        == planned { $0.bytesSent(.world, kind, rank: rank) }, "\(kind)")
            }
        }
    }

    private func counts(_ tiny: PlannedJob, _ world: World, steps: Int, output: String) throws -> [Counts] {
        let job = try tiny.job(world.settings + ["max_steps=\(steps)"], output: output)
        return try InProcessWorld.run(size: world.shape.ranks, ranksPerNode: world.ranksPerNode) { communicator in
            let recorder = GroupRecorder(communicator)
            let summary = try Trainer.prepare(job, communicator: recorder, events: EventStream([])).run()
            let leads = communicator.node.isCoordinator
            return Counts(
                world: communicator.traffic, node: communicator.node.traffic,
                copy: leads ? recorder.groups.first?.traffic : nil, all: summary.traffic)
        }
    }
}
