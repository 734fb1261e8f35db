import ArgumentParser
import Buffers
import Execution
import Foundation
import JobFiles
import Planning
import Reporting
import Training

struct PlanCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Say what a job will hold, send and take on some nodes, without starting it.",
        discussion: """
            Memory by part and what ranks send each other follow from the sizes that a run itself decides by. The time \
            follows from a step that is played through event by event, with the speed of this host, which is measured \
            for some seconds, or with --node-speed. Nodes, ranks, memory and walltime are those of the job's scheduler \
            block unless they are given; else one rank here. What does not fit is refused with exit code 69.

            With several nodes, links or a shape, all ways to spread the model are compared, and the best is said of \
            each:

              swiftlet plan my.yaml --nodes 4 --ranks-per-node 2 --link 10G
              swiftlet plan --shape 7b,13b,70b --nodes 8,64,512 --link 1G,10G,100G --memory 64G --node-speed 2000
            """)

    @Argument(help: "The job file; none: a shape with the default settings.")
    var job: String?

    @Option(name: .customLong("set"), help: "Override a key of the job: key=value, dotted for nested keys.")
    var overrides: [String] = []

    @Option(help: "Nodes; or several numbers of them, such as 8,64,512.")
    var nodes: Listed<Int>?

    @Option(name: .customLong("ranks-per-node"), help: "Ranks of each node.")
    var ranksPerNode: Int?

    @Option(help: "Memory of a node, such as 64G; default: what this host has available.")
    var memory: Amount?

    @Option(name: .customLong("node-speed"), help: "GFLOP/s of a node in a step's products; default: measured here.")
    var nodeSpeed: Double?

    @Option(help: "Speed of a node's link in each direction, such as 10G for 10 Gbit/s; or several.")
    var link: Listed<Amount>?

    @Option(help: "Speed at which all ranks together write a checkpoint, such as 2G for 2 GB/s; default: 0.2G.")
    var disk: Amount?

    @Option(help: "Shapes to compare in place of the job's model: 7b,13b,70b and others, as in bench step.")
    var shape: Listed<String>?

    @Flag(help: "Print the plan as JSON.")
    var json = false

    func validate() throws {
        guard job != nil || shape != nil else { throw ValidationError("Missing expected argument '<job>'") }
        guard job != nil || overrides.isEmpty else { throw ValidationError("--set overrides keys of a job: name one") }
        guard (nodes?.values ?? [1]).allSatisfy((1...65_536).contains), (1...65_536).contains(ranksPerNode ?? 1) else {
            throw ValidationError("--nodes and --ranks-per-node must be from 1 to 65536")
        }
        if let disk, disk.value(kilo: 1000) <= 0 { throw ValidationError("--disk must be above 0") }
        if let nodeSpeed, !(nodeSpeed > 0 && nodeSpeed < 1e12) {
            throw ValidationError("--node-speed must be a number above 0")
        }
    }

    func run() throws {
        let job = try job.map { try Job(contentsOf: $0, overrides: overrides) } ?? Job()
        for notice in job.notices { Console.note("notice: \(notice)") }
        let isStudy = shape != nil || (nodes?.values.count ?? 1) > 1 || (link?.values.count ?? 1) > 1
        try isStudy ? compare(job) : plan(job)
    }

    private func plan(_ job: Job) throws {
        let shape = RunShape(nodes: nodes?.values[0] ?? job.schedulerRequest.nodes ?? 1, ranksPerNode: ranks(job))
        let host = HostSpeed(
            nodeOperationsPerSecond: nodeSpeed.map { $0 * 1e9 },
            linkBitsPerSecond: link.map { $0.values[0].value(kilo: 1000) },
            fileBytesPerSecond: disk?.value(kilo: 1000))
        let plan = try JobPlan(OpenedJob(job), shape: shape, available: available(job), speed: host.speed)
        if json { return try Console.print(json: plan.report) }
        for line in PlanText.lines(plan, job: self.job ?? "") { Console.print(line) }
    }

    private func compare(_ job: Job) throws {
        let subjects = try PlanSubjects(job, name: self.job, shapes: shape?.values, ranksPerNode: ranks(job))
        let study = try subjects.study(available: available(job), nodeSpeed: nodeSpeed.map { $0 * 1e9 })
        let cases = subjects.cases(
            study, nodes: nodes?.values ?? [job.schedulerRequest.nodes ?? 1],
            links: link?.values.map { $0.value(kilo: 1000) } ?? [10e9])
        if json { return try Console.print(json: cases) }
        for line in PlanText.lines(cases, study: study) { Console.print(line) }
    }

    private func ranks(_ job: Job) -> Int {
        ranksPerNode ?? job.distributed.ranksPerNode ?? job.schedulerRequest.ranksPerNode ?? 1
    }

    private func available(_ job: Job) -> Int {
        memory.map { Int($0.value(kilo: 1024)) } ?? job.schedulerRequest.memoryBytes ?? ProcessMemory.availableBytes
    }
}
