import Buffers
import Testing

@Suite("Counter-based random numbers")
struct CounterRNGTests {
    struct KnownAnswer: Sendable {
        let counter: (low: UInt64, high: UInt64)
        let key: UInt64
        let words: [UInt32]
    }

    /// The vectors of Philox4x32-10 in Random123's `kat_vectors`.
    static let knownAnswers = [
        KnownAnswer(
            counter: (0, 0), key: 0, words: [0x6627_E8D5, 0xE169_C58D, 0xBC57_AC4C, 0x9B00_DBD8]),
        KnownAnswer(
            counter: (.max, .max), key: .max, words: [0x408F_276D, 0x41C8_3B0E, 0xA20B_C7C6, 0x6D54_51FD]),
        KnownAnswer(
            counter: (0x85A3_08D3_243F_6A88, 0x0370_7344_1319_8A2E), key: 0x299F_31D0_A409_3822,
            words: [0xD16C_FE09, 0x94FD_CCEB, 0x5001_E420, 0x2412_6EA1]),
    ]

    @Test("blocks equal the published vectors", arguments: knownAnswers)
    func published(answer: KnownAnswer) {
        let block = CounterRNG.block(key: answer.key, low: answer.counter.low, high: answer.counter.high)
        let words = [block.low, block.low >> 32, block.high, block.high >> 32].map { UInt32(truncatingIfNeeded: $0) }
        #expect(words == answer.words)
    }

    @Test("draw i is word i mod 4 of block i / 4")
    func draws() {
        let random = CounterRNG(key: 77, stream: 5)
        for index in 0..<20 {
            let block = CounterRNG.block(key: 77, low: UInt64(index / 4), high: 5)
            let word = (index % 4 < 2 ? block.low : block.high) >> (index % 2 == 0 ? 0 : 32)
            #expect(random[index] == UInt32(truncatingIfNeeded: word))
        }
    }

    @Test("any of the five numbers of a use changes what is drawn")
    func usesDiffer() {
        let uses = [
            CounterRNG(seed: 1, purpose: .dropout), CounterRNG(seed: 2, purpose: .dropout),
            CounterRNG(seed: 1, purpose: .shuffle), CounterRNG(seed: 1, purpose: .dropout, step: 1),
            CounterRNG(seed: 1, purpose: .dropout, microBatch: 1), CounterRNG(seed: 1, purpose: .dropout, tensor: 1),
            CounterRNG(seed: 1, purpose: .dropout, step: 1, microBatch: 1),
        ]
        #expect(Set(uses.map { [$0[0], $0[1], $0[2]] }).count == uses.count)
        #expect(CounterRNG(seed: 1, purpose: .dropout, step: 3) == CounterRNG(seed: 1, purpose: .dropout, step: 3))
    }

    @Test("uniform values fill [0, 1) evenly")
    func uniform() {
        let random = CounterRNG(seed: 3, purpose: .sampling)
        let values = (0..<20_000).map { random.uniform($0) }
        #expect(values.allSatisfy { $0 >= 0 && $0 < 1 })
        let mean = values.reduce(0) { $0 + Double($1) } / 20_000
        #expect(abs(mean - 0.5) < 0.01)
        var counts = [Int](repeating: 0, count: 7)
        for index in 0..<14_000 { counts[random.integer(index, below: 7)] += 1 }
        #expect(counts.allSatisfy { abs($0 - 2000) < 250 })
        #expect(random.integer(9, below: 1) == 0)
        #expect(random.integer(9, below: 1 << 32) == Int(random[9]))
    }
}
