package import Architectures
import Collectives
import Execution
package import Sharding

/// What one rank does in an optimiser step, in its order: which collective operations it begins and waits for, and what
/// it computes between them.
///
/// It follows `Trainer.trainStep`, `ModelRunner`'s walks, `TrainableUnits` and `GatheredBase`, so that bytes, messages
/// and times are all told from one list.
package struct StepSchedule: Sendable {
    /// What ranks have in common at the end of a step.
    package enum Meeting: Sendable {
        /// The gradients of every step.
        case gradients
        /// Nothing: each rank trains on its own.
        case nothing
        /// The parameters, which an outer step averages.
        case parameters
    }

    package enum Work: Hashable, Sendable {
        case reset
        case embedding
        case forward
        case head
        case backward
        /// The backward of the block that it ends with.
        case bottom
        /// Adding the gradients of a unit to the exact sums; of so many elements.
        case sums(Int)
        case update
    }

    package enum Action: Equatable, Sendable {
        /// Begins the operation with this number.
        case begin(Int)
        case wait(Int)
        /// - Parameter round: which micro-batch of the rank it is a part of; nil outside of them.
        case compute(Work, round: Int?)
    }

    package private(set) var actions: [Action] = []
    /// What each operation is: indices into `kinds`.
    package private(set) var operations: [Int] = []
    /// The operations that there are.
    package private(set) var kinds: [PlannedCollective] = []

    private var numbers: [PlannedCollective: Int] = [:]
    /// The sum that is under way in each of `ExactGradientSum`'s buckets, and which bucket is next.
    private var buckets: [Int?] = [nil, nil]
    private var turn = 0
    private let spread: SpreadState

    /// - Parameters:
    ///   - space: what is trained.
    ///   - stage: how ranks share it, where they share gradients.
    ///   - gathered: how a node holds its part of a base that is spread over several.
    ///   - rounds: micro-batches of the rank that has the most.
    package init(
        architecture: Architecture, space: LogicalSpace, trainsEverything: Bool, stage: ZeROStage,
        gathered: GatheredBase.Plan?, shape: RunShape, rounds: Int, meeting: Meeting = .gradients
    ) {
        let state = SpreadState(
            architecture: architecture, space: space, trainsEverything: trainsEverything, stage: stage,
            gathered: gathered, shape: shape, meeting: meeting)
        spread = state
        // As every step finds it: what the last use of the step before has asked for lies in its rooms.
        var before = WalkState(architecture.trainingOrder)
        var last = self
        last.appendRound(0, &before)
        var walk = WalkState(architecture.trainingOrder, asked: before.base.keys)
        actions.append(.compute(.reset, round: nil))
        for round in 0..<rounds {
            appendRound(round, &walk)
            if shape.ranks > 1 { exchange(.agreement, .allReduce, parts: [8]) }
        }
        appendEnd()
    }

    private mutating func appendRound(_ round: Int, _ walk: inout WalkState) {
        let blocks = (0..<spread.architecture.layerCount).map(UnitID.block)
        func compute(_ work: Work) -> Action { .compute(work, round: round) }
        walk.begin()
        lend(.embedding, then: blocks.first ?? .head, &walk) { $0.actions.append(compute(.embedding)) }
        for (index, unit) in blocks.enumerated() {
            lend(unit, then: index + 1 < blocks.count ? blocks[index + 1] : .head, &walk) {
                $0.actions.append(compute(.forward))
            }
        }
        if spread.architecture.tiesEmbeddings {
            acquire(.head, then: .embedding, &walk)
            lend(.embedding, then: blocks.last, &walk) { $0.actions.append(compute(.head)) }
            release(.head, &walk)
        } else {
            lend(.head, then: blocks.last, &walk) { $0.actions.append(compute(.head)) }
        }
        if spread.trainsEverything {
            add(.head, round: round)
            if spread.architecture.tiesEmbeddings { add(.embedding, round: round) }
        }
        for (index, unit) in blocks.enumerated().reversed() {
            lend(unit, then: index > 0 ? blocks[index - 1] : nil, &walk) {
                $0.actions.append(compute(index > 0 ? .backward : .bottom))
            }
            add(unit, round: round)
        }
        if spread.trainsEverything { add(.embedding, round: round) }
    }

    /// What follows the last micro-batch: losses, sums, norm, update, and what ranks ask each other between steps.
    private mutating func appendEnd() {
        exchange(.agreement, .allReduce, parts: [24])
        let ranks = spread.shape.ranks
        if spread.meeting == .gradients { shareGradients() } else { actions.append(.compute(.update, round: nil)) }
        if spread.meeting == .parameters { averageParameters() }
        // The mean of the ranks' own norms.
        if spread.meeting != .gradients { exchange(.agreement, .allReduce, parts: [8]) }
        guard ranks > 1 else { return }
        // How many bytes of failure each rank has to report, and the bytes.
        exchange(.agreement, .allGather, parts: [Int](repeating: 8, count: ranks))
        exchange(.agreement, .allGather, parts: [Int](repeating: 0, count: ranks))
        exchange(.agreement, .allReduce, parts: [8])
    }

    /// Sums, norm and update, and the gathers of what others updated.
    private mutating func shareGradients() {
        let ranks = spread.shape.ranks
        if ranks > 1 { reduce(spread.stage) }
        if ranks > 1, spread.stage >= .optimizer {
            exchange(
                .norm, .allGather, parts: spread.shards.map { $0.blockCount * MemoryLayout<Double>.stride })
        }
        actions.append(.compute(.update, round: nil))
        if ranks > 1, spread.stage == .optimizer || spread.stage == .gradients { gatherParameters() }
    }

    /// An outer step: the parameters of all ranks are summed, and gathered again.
    private mutating func averageParameters() {
        let ranks = spread.shape.ranks
        for unit in spread.space.units {
            actions.append(.compute(.sums(spread.space.range(of: unit).count), round: nil))
            if ranks > 1 { send(unit) }
        }
        if ranks > 1 { reduce(.gradients) }
        exchange(.agreement, .allReduce, parts: [8])
        if ranks > 1 { gatherParameters() }
    }

    private mutating func gatherParameters() {
        for unit in spread.space.units {
            exchange(.trainables, .allGather, parts: spread.bytes(of: unit, each: MemoryLayout<Float>.stride))
        }
    }

    // MARK: Sums of gradients

    /// From stage 2 on the gradients of a unit go to the ranks that own them at once.
    private mutating func add(_ unit: UnitID, round: Int) {
        let elements = spread.space.range(of: unit).count
        guard elements > 0 else { return }
        actions.append(.compute(.sums(elements), round: round))
        if spread.shape.ranks > 1, spread.stage >= .gradients, spread.meeting == .gradients { send(unit) }
    }

    private mutating func reduce(_ stage: ZeROStage) {
        if stage < .gradients {
            for unit in spread.space.units { send(unit) }
        }
        for index in buckets.indices { emptyBucket(index) }
        guard stage == .nothing else { return }
        for unit in spread.space.units {
            exchange(.gradients, .allGather, parts: spread.bytes(of: unit, each: MemoryLayout<Int64>.stride))
        }
    }

    /// Through the buckets, which take turns.
    private mutating func send(_ unit: UnitID) {
        for parts in ExactGradientSum.parts(of: unit, shards: spread.shards) {
            emptyBucket(turn)
            buckets[turn] = begin(
                .gradients, .reduceScatter, parts: parts.map { $0.count * MemoryLayout<Int64>.stride })
            turn = 1 - turn
        }
    }

    private mutating func emptyBucket(_ index: Int) {
        if let number = buckets[index] { actions.append(.wait(number)) }
        buckets[index] = nil
    }

    // MARK: Lending

    private mutating func lend(
        _ unit: UnitID, then next: UnitID?, _ walk: inout WalkState, _ body: (inout Self) -> Void
    ) {
        acquire(unit, then: next, &walk)
        body(&self)
        release(unit, &walk)
    }

    private mutating func acquire(_ unit: UnitID, then next: UnitID?, _ walk: inout WalkState) {
        if let gathered = spread.gathered { acquireBase(unit, gathered, &walk) }
        if let parts = spread.trainableParts[unit] {
            if walk.trainables[unit] == nil { walk.trainables[unit] = begin(.trainables, .allGather, parts: parts) }
            if let number = walk.trainables[unit] { actions.append(.wait(number)) }
        }
        if let next, let parts = spread.trainableParts[next], walk.trainables[next] == nil,
            walk.trainables.count < SpreadState.trainableSlots
        {
            walk.trainables[next] = begin(.trainables, .allGather, parts: parts)
        }
    }

    private mutating func acquireBase(_ unit: UnitID, _ gathered: GatheredBase.Plan, _ walk: inout WalkState) {
        if !walk.base.keys.contains(unit) {
            meet()
            walk.base[unit] = begin(.base, .allGather, .copy, parts: gathered.sliceByteCounts(unit))
        }
        // A gather that an earlier step began is over when this one begins.
        if case .some(.some(let number)) = walk.base[unit] { actions.append(.wait(number)) }
        meet()
        walk.pass(unit)
        for distance in 0..<gathered.depth {
            let next = walk.upcoming(distance)
            guard !walk.base.keys.contains(next), walk.base.count < gathered.slotCount else { continue }
            walk.base[next] = begin(.base, .allGather, .copy, parts: gathered.sliceByteCounts(next))
        }
    }

    private func release(_ unit: UnitID, _ walk: inout WalkState) {
        walk.base.removeValue(forKey: unit)
        walk.trainables.removeValue(forKey: unit)
    }

    private mutating func meet() {
        if spread.shape.ranksPerNode > 1 { exchange(.base, .barrier, .node) }
    }

    // MARK: Operations

    private mutating func begin(
        _ purpose: PlannedCollective.Purpose, _ kind: CollectiveCall.Kind, _ group: PlannedCollective.Group = .world,
        parts: [Int] = []
    ) -> Int {
        let collective = PlannedCollective(purpose, kind, group, parts: parts)
        let index =
            numbers[collective]
            ?? {
                kinds.append(collective)
                return kinds.count - 1
            }()
        numbers[collective] = index
        operations.append(index)
        actions.append(.begin(operations.count - 1))
        return operations.count - 1
    }

    private mutating func exchange(
        _ purpose: PlannedCollective.Purpose, _ kind: CollectiveCall.Kind, _ group: PlannedCollective.Group = .world,
        parts: [Int] = []
    ) {
        actions.append(.wait(begin(purpose, kind, group, parts: parts)))
    }
}

/// How state is spread over ranks and nodes.
private struct SpreadState: Sendable {
    /// Rooms for gathered units of `TrainableUnits`.
    static let trainableSlots = 2

    let architecture: Architecture
    let space: LogicalSpace
    let trainsEverything: Bool
    let stage: ZeROStage
    let gathered: GatheredBase.Plan?
    let shape: RunShape
    let meeting: StepSchedule.Meeting
    let shards: [LogicalShard]
    /// Bytes of each rank's part of a unit's parameters, of the units that are gathered for a walk.
    private(set) var trainableParts: [UnitID: [Int]] = [:]

    init(
        architecture: Architecture, space: LogicalSpace, trainsEverything: Bool, stage: ZeROStage,
        gathered: GatheredBase.Plan?, shape: RunShape, meeting: StepSchedule.Meeting
    ) {
        self.architecture = architecture
        self.space = space
        self.trainsEverything = trainsEverything
        self.stage = stage
        self.gathered = gathered
        self.shape = shape
        self.meeting = meeting
        shards = (0..<shape.ranks).map { space.shard($0, of: shape.ranks) }
        guard shape.ranks > 1, stage == .parameters, meeting == .gradients else { return }
        for unit in space.units { trainableParts[unit] = bytes(of: unit, each: MemoryLayout<Float>.stride) }
    }

    /// Bytes of each rank's part of a unit, with so many for an element.
    func bytes(of unit: UnitID, each stride: Int) -> [Int] {
        shards.map { ($0.run(of: unit)?.elements.count ?? 0) * stride }
    }
}

/// Where a walk stands, and which units lie in the rooms for gathered ones.
private struct WalkState {
    private let order: [UnitID]
    private var next = 0
    /// The gather of each unit that has a room; nil where an earlier step began it.
    var base: [UnitID: Int?] = [:]
    var trainables: [UnitID: Int] = [:]

    /// - Parameter asked: units whose gathers an earlier step has begun.
    init(_ order: [UnitID], asked: some Collection<UnitID> = []) {
        self.order = order
        for unit in asked { base[unit] = .some(nil) }
    }

    mutating func begin() { next = 0 }

    mutating func pass(_ unit: UnitID) {
        if next < order.count, order[next] == unit { next += 1 }
    }

    func upcoming(_ distance: Int) -> UnitID { order[(next + distance) % order.count] }
}
