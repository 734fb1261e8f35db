import Buffers
import Collectives
import Events
import Execution
import JobFiles
import Planning
import Testing
import Training

@Suite("The plan of a job")
struct JobPlanTests {
    @Test(
        "Memory a rank is what the run says that it takes",
        arguments: [
            (1, 1, []), (1, 3, []), (3, 1, ["distributed.nodes_per_copy=all"]), (1, 2, ["adapter=none"]),
            (1, 4, ["adapter=none", "distributed.zero_stage=0"]), (1, 4, ["distributed.zero_stage=1"]),
            (2, 2, ["adapter=none", "distributed.zero_stage=2"]),
            (1, 2, ["gradient_checkpointing=true", "sample_packing=true", "micro_batch_size=2"]),
        ])
    func memory(nodes: Int, ranksPerNode: Int, settings: [String]) throws {
        let tiny = try PlannedJob()
        let job = try tiny.job(settings + ["max_steps=1"])
        let plan = try tiny.plan(job, shape: RunShape(nodes: nodes, ranksPerNode: ranksPerNode))
        let recorder = StartRecorder()
        try InProcessWorld.run(size: nodes * ranksPerNode, ranksPerNode: ranksPerNode) { communicator in
            let events = EventStream(communicator.isCoordinator ? [recorder] : [])
            _ = try Trainer.prepare(job, communicator: communicator, events: events).run()
        }
        let summary = try #require(recorder.summary)
        #expect(plan.sizes.memory.bytesPerRank == summary.bytesPerRank)
        #expect(plan.sizes.memory.checkpointing == summary.gradientCheckpointing)
        #expect(plan.steps == summary.totalSteps)
    }

    @Test("Memory that does not suffice is refused with exit code 69")
    func tooLittleMemory() throws {
        let tiny = try PlannedJob()
        let job = try tiny.job()
        let needed = try tiny.plan(job).bytesPerNode
        #expect {
            try tiny.plan(job, available: needed / 2)
        } throws: {
            ($0 as? InputError)?.kind == .capacity && "\($0)".contains("MiB a node")
        }
    }

    @Test("A run that is longer than its walltime is refused, unless it may go back to the queue")
    func tooLittleTime() throws {
        let tiny = try PlannedJob()
        // Five rows of some ten tokens, and five parts of a millisecond a token: a third of a second and more a step.
        let settings = ["scheduler.walltime=\"00:01:00\"", "max_steps=1000"]
        #expect {
            try tiny.plan(tiny.job(settings))
        } throws: {
            ($0 as? InputError)?.kind == .capacity && "\($0)".contains("walltime")
        }
        let plan = try tiny.plan(tiny.job(settings + ["scheduler.requeue=true"]))
        #expect(plan.runSeconds > 60)
    }

    @Test("A run's time has its saves: those of the steps, of the minutes, and the last")
    func saves() throws {
        let tiny = try PlannedJob()
        let plain = try tiny.plan(tiny.job(["save_minutes=0"]))
        #expect(plain.saveCount == 1)
        let without = Double(plain.steps) * plain.meanStepSeconds
        #expect(abs(plain.runSeconds - without - Double(plain.checkpointByteCount) / 1e6) < 1e-9)
        #expect(try tiny.plan(tiny.job(["save_minutes=0", "save_steps=2"])).saveCount == 3)
        #expect(try tiny.plan(tiny.job(["save_minutes=0", "save_steps=5"])).saveCount == 1)
        // As many minutes as two and a half steps take: every third step, and the last.
        let minutes = 2.5 * plain.meanStepSeconds / 60
        #expect(try tiny.plan(tiny.job(["save_minutes=\(minutes)"])).saveCount == 2)
        #expect(try tiny.plan(tiny.job(["save_minutes=\(minutes)", "save_steps=4"])).saveCount == 3)
        // Counted, not walked through.
        #expect(
            try tiny.plan(tiny.job(["save_minutes=0", "save_steps=7", "max_steps=70000000001"])).saveCount
                == 10_000_000_001)
        let local = try tiny.plan(
            tiny.job(["sync_every=2", "save_steps=2"]), shape: RunShape(nodes: 1, ranksPerNode: 2))
        #expect(local.checkpointByteCount == 3 * plain.checkpointByteCount)
    }

    @Test("Nodes that cannot be divided as the job says are refused with exit code 64")
    func division() throws {
        let tiny = try PlannedJob()
        #expect {
            try tiny.plan(
                tiny.job(["distributed.nodes_per_copy=3"]), shape: RunShape(nodes: 4, ranksPerNode: 1))
        } throws: {
            ($0 as? InputError)?.kind == .usage
        }
    }

    @Test("A base that no node has the memory for is spread over as few as hold it")
    func spread() throws {
        let tiny = try PlannedJob()
        let shape = RunShape(nodes: 4, ranksPerNode: 1)
        let whole = try tiny.plan(tiny.job(), shape: shape)
        #expect(whole.sizes.nodesPerCopy == 1)
        let all = try tiny.plan(tiny.job(["distributed.nodes_per_copy=all"]), shape: shape)
        #expect(all.sizes.nodesPerCopy == 4)
        #expect(all.sizes.memory.memory.base > all.sizes.subject.baseByteCount / 4)
        #expect(all.traffic.totalBytes(for: .base) > 0 && whole.traffic.totalBytes(for: .base) == 0)
    }

    @Test("A calibration on this host gives a time for every part")
    func calibration() throws {
        let tiny = try PlannedJob()
        for settings in [[], ["adapter=none"], ["compute=int8", "gradient_checkpointing=true"]] {
            let host = HostSpeed(nodeOperationsPerSecond: nil, linkBitsPerSecond: nil)
            let plan = try JobPlan(
                OpenedJob(tiny.job(settings)), shape: RunShape(nodes: 1, ranksPerNode: 2), available: 1 << 34,
                speed: host.speed)
            let cost = plan.speed.cost
            #expect(
                [cost.forward, cost.backward, cost.bottom, cost.head, cost.sum, cost.reset, cost.update].allSatisfy {
                    $0 > 0 && $0 < 1
                })
            #expect(plan.step.seconds >= plan.step.computeSeconds)
        }
    }
}
