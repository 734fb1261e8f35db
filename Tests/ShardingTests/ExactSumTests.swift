import Architectures
import Buffers
import Collectives
import Sharding
import Testing

@Suite("Sums over ranks have no order")
struct ExactSumTests {
    /// The last unit is larger than what one bucket takes of it.
    private static let space = LogicalSpace([
        LogicalTensor(name: "a", shape: [9000], unit: .block(0), decays: true),
        LogicalTensor(name: "b", shape: [4097], unit: .block(1), decays: true),
        LogicalTensor(name: "c", shape: [5], unit: .block(2), decays: true),
        LogicalTensor(name: "d", shape: [1_200_001], unit: .head, decays: true),
    ])
    private static let units: [UnitID] = [.head, .block(2), .block(1), .block(0)]
    private static let microBatches = 5
    private static let random = CounterRNG(seed: 3, purpose: .benchmark)

    private static func addend(_ microBatch: Int, _ element: Int) -> Int64 {
        Int64(random[microBatch * space.elementCount + element]) << 20
    }

    private static let expected = (0..<space.elementCount).map { element in
        (0..<microBatches).reduce(Int64(0)) { $0 &+ addend($1, element) }
    }

    @Test(
        "Gradients of five micro-batches give the same integers on any number of ranks, at every ZeRO stage",
        arguments: 1...5, ZeROStage.allCases)
    func gradients(ranks: Int, stage: ZeROStage) throws {
        try InProcessWorld.run(size: ranks) { communicator in
            let sums = try ExactGradientSum(space: Self.space, communicator: communicator, stage: stage)
            // The second time nothing of the first may be left.
            for _ in 0..<2 {
                sums.reset()
                for round in 0..<Self.microBatches.dividedRoundingUp(by: ranks) {
                    let microBatch = round * ranks + communicator.rank
                    for unit in Self.units {
                        guard microBatch < Self.microBatches else {
                            try sums.join(unit)
                            continue
                        }
                        let first = Self.space.range(of: unit).lowerBound
                        try sums.add(unit) { elements, target in
                            for (place, element) in elements.enumerated() {
                                target[place] &+= Self.addend(microBatch, first + element)
                            }
                        }
                    }
                }
                try sums.reduce()
                #expect(
                    sums.share.runs.allSatisfy {
                        sums.sums(of: $0).elementsEqual(Self.expected[$0.elements])
                    })
            }
            if stage == .nothing { #expect(sums.share == Self.space.whole) }
        }
    }

    @Test("What a step sends: every element to its owner, and at stage 0 from there to everybody", arguments: 2...4)
    func traffic(ranks: Int) throws {
        for stage in ZeROStage.allCases {
            let sent = try InProcessWorld.run(size: ranks) { communicator in
                let sums = try ExactGradientSum(space: Self.space, communicator: communicator, stage: stage)
                let before = communicator.traffic.totalBytesSent
                for unit in Self.units { try sums.add(unit) { _, _ in } }
                try sums.reduce()
                return communicator.traffic.totalBytesSent - before
            }
            let once = 8 * Self.space.elementCount * (ranks - 1)
            #expect(sent.reduce(0, +) == (stage == .nothing ? 2 * once : once))
        }
    }

    @Test("A step that is given up leaves nothing behind", arguments: ZeROStage.allCases)
    func abandoned(stage: ZeROStage) throws {
        try InProcessWorld.run(size: 3) { communicator in
            let sums = try ExactGradientSum(space: Self.space, communicator: communicator, stage: stage)
            for unit in Self.units { try sums.add(unit) { $1.update(repeating: 7) } }
            sums.reset()
            try sums.reduce()
            #expect(sums.share.runs.allSatisfy { sums.sums(of: $0).allSatisfy { $0 == 0 } })
            // Nor does one that is under way when the sums are let go.
            for unit in Self.units { try sums.add(unit) { $1.update(repeating: 7) } }
        }
    }

    @Test("Block sums give the same bits on any number of ranks, sharded or not", arguments: 1...5, [false, true])
    func blocks(ranks: Int, sharded: Bool) throws {
        let totals = try InProcessWorld.run(size: ranks) { communicator in
            let sums = try BlockSums(space: Self.space, sharded: sharded, communicator: communicator)
            let shard = sharded ? Self.space.shard(communicator.rank, of: ranks) : Self.space.whole
            for run in shard.runs {
                for (place, block) in run.blocks.enumerated() {
                    let element = run.elements.lowerBound + place * LogicalSpace.blockSize
                    sums.ownedBlocks[block] = 1 / Double(element + 3)
                }
            }
            return try sums.total()
        }
        let starts = Self.space.units.flatMap { unit in
            let range = Self.space.range(of: unit)
            return stride(from: range.lowerBound, to: range.upperBound, by: LogicalSpace.blockSize)
        }
        #expect(starts.count == Self.space.blockCount)
        let expected = starts.reduce(0.0) { $0 + 1 / Double($1 + 3) }
        #expect(totals.allSatisfy { $0.bitPattern == expected.bitPattern })
    }

    @Test("As many addends as there are micro-batches cannot leave the range", arguments: [1, 2, 3, 64, 100_000])
    func limit(microBatches: Int) {
        let largest = Double(ExactGradientSum.limit(addends: microBatches)) * 0x1p52
        #expect(largest * Double(microBatches) < 0x1p63)
    }
}
