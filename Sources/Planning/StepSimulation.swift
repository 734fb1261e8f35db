/// A step's schedule played through on a machine, event by event: what computes, what is under way, what waits.
///
/// All nodes do the same at the same time, so that one rank stands for all of them. Transfers that are under way
/// together share the link, and the comm thread that copies and adds; what the comm thread takes, the rank's own
/// threads lack.
package struct StepSimulation: Sendable {
    /// How the time of a step was spent.
    package struct Outcome: Sendable {
        package fileprivate(set) var seconds = 0.0
        /// What the step's work takes where no transfer takes part of the cores.
        package fileprivate(set) var computeSeconds = 0.0
        /// Seconds in which the rank waited, by what it waited for.
        package fileprivate(set) var waited: [PlannedCollective.Purpose: Double] = [:]

        package var waitedSeconds: Double { waited.values.reduce(0, +) }
    }

    private let schedule: StepSchedule
    private let transfers: [Transfer]
    private let machine: Machine
    private let seconds: @Sendable (StepSchedule.Work, Int?) -> Double

    /// - Parameter seconds: what some work takes on a rank that has its cores for itself; of a round's micro-batch.
    package init(
        _ schedule: StepSchedule, shape: RunShape, nodesPerCopy: Int, machine: Machine,
        seconds: @escaping @Sendable (StepSchedule.Work, Int?) -> Double
    ) {
        self.schedule = schedule
        self.machine = machine
        transfers = schedule.kinds.map {
            Transfer($0, shape: shape, nodesPerCopy: nodesPerCopy, machine: machine)
        }
        self.seconds = seconds
    }

    package func run() -> Outcome {
        var outcome = Outcome()
        var state = State(schedule: schedule, transfers: transfers, machine: machine)
        for action in schedule.actions {
            switch action {
            case .begin(let number): state.begin(number)
            case .compute(let work, let round):
                let amount = seconds(work, round)
                outcome.computeSeconds += amount
                state.compute(amount)
            case .wait(let number):
                let start = state.time
                state.wait(number)
                let purpose = schedule.kinds[schedule.operations[number]].purpose
                if state.time > start { outcome.waited[purpose, default: 0] += state.time - start }
            }
        }
        outcome.seconds = state.time
        return outcome
    }
}

/// What is under way at a moment.
private struct State {
    private struct Active {
        let number: Int
        var latency: Double
        var wire: Double
        var copy: Double

        var isDone: Bool { latency <= 0 && wire <= 0 && copy <= 0 }
    }

    private(set) var time = 0.0
    private let schedule: StepSchedule
    private let transfers: [Transfer]
    private let machine: Machine
    private var active: [Active] = []
    private var isDone: [Bool]

    init(schedule: StepSchedule, transfers: [Transfer], machine: Machine) {
        self.schedule = schedule
        self.transfers = transfers
        self.machine = machine
        isDone = [Bool](repeating: false, count: schedule.operations.count)
    }

    mutating func begin(_ number: Int) {
        let transfer = transfers[schedule.operations[number]]
        let new = Active(
            number: number, latency: transfer.latency, wire: transfer.wireBytes, copy: transfer.copySeconds)
        if new.isDone { isDone[number] = true } else { active.append(new) }
    }

    mutating func compute(_ amount: Double) {
        var left = amount
        while left > 0 {
            let (speed, event) = (computeSpeed, nextEvent)
            let needed = speed > 0 ? left / speed : .infinity
            if needed <= event {
                advance(needed)
                return
            }
            advance(event)
            left -= event * speed
        }
    }

    mutating func wait(_ number: Int) {
        while !isDone[number] { advance(nextEvent) }
    }

    private var onWire: Int { active.count { $0.latency <= 0 && $0.wire > 0 } }
    private var inCopy: Int { active.count { $0.latency <= 0 && $0.copy > 0 } }

    /// The share of the rank's cores that the comm thread leaves.
    private var computeSpeed: Double {
        let wire = onWire > 0 ? min(1, machine.linkBytesPerSecond * machine.linkSecondsPerByte) : 0
        let busy = inCopy > 0 ? 1 : wire
        return max(0, (Double(machine.threads) - busy) / Double(machine.threads))
    }

    /// Seconds until something changes.
    private var nextEvent: Double {
        let (wires, copies) = (Double(onWire), Double(inCopy))
        return active.reduce(.infinity) { least, item in
            guard item.latency <= 0 else { return min(least, item.latency) }
            let wire = item.wire > 0 ? item.wire * wires / machine.linkBytesPerSecond : .infinity
            let copy = item.copy > 0 ? item.copy * copies : .infinity
            return min(least, wire, copy)
        }
    }

    private mutating func advance(_ seconds: Double) {
        let wire = machine.linkBytesPerSecond * seconds / Double(max(1, onWire))
        let copy = seconds / Double(max(1, inCopy))
        time += seconds
        for index in active.indices {
            if active[index].latency > 0 {
                active[index].latency = Self.rest(active[index].latency, without: seconds)
            } else {
                active[index].wire = Self.rest(active[index].wire, without: wire)
                active[index].copy = Self.rest(active[index].copy, without: copy)
            }
        }
        for item in active where item.isDone { isDone[item.number] = true }
        active.removeAll(where: \.isDone)
    }

    /// What rounding leaves of something that is over must not be an event of its own.
    private static func rest(_ amount: Double, without done: Double) -> Double {
        amount - done <= amount * 1e-9 ? 0 : amount - done
    }
}
