import Evaluation
import Foundation
import Testing

@Suite("The next token")
struct TokenChooserTests {
    private func choose(
        _ logits: [Float], _ sampling: Sampling = .greedy, prompt: Int = 0, position: Int = 0
    ) -> Int32? {
        var logits = logits
        return logits.withUnsafeMutableBufferPointer {
            TokenChooser(sampling, vocabularySize: $0.count).choose($0, prompt: prompt, position: position)
        }
    }

    /// How often each of some tokens comes in `count` draws.
    private func shares(_ logits: [Float], _ sampling: Sampling, count: Int = 20_000) -> [Double] {
        var logits = logits
        var counts = [Int](repeating: 0, count: logits.count)
        logits.withUnsafeMutableBufferPointer { logits in
            let chooser = TokenChooser(sampling, vocabularySize: logits.count)
            for draw in 0..<count {
                if let id = chooser.choose(logits, prompt: draw % 7, position: draw / 7) { counts[Int(id)] += 1 }
            }
        }
        return counts.map { Double($0) / Double(count) }
    }

    @Test("Greedy takes the greatest, the lowest id of several")
    func greedy() {
        #expect(choose([1, 3, 2, 3]) == 1)
        #expect(choose([-5]) == 0)
        #expect(choose([-1, -.infinity, -0.5]) == 2)
        #expect(choose([0, -0.0]) == 0)
    }

    @Test("Logits that are no numbers are told", arguments: [Float.nan, .infinity])
    func unsound(value: Float) {
        for place in 0..<3 {
            var logits: [Float] = [0, 1, 2]
            logits[place] = value
            #expect(choose(logits) == nil)
            #expect(choose(logits, Sampling(temperature: 1)) == nil)
        }
        #expect(choose([-.infinity, -.infinity]) == nil)
    }

    @Test("Tokens come as often as the softmax at the temperature says", arguments: [0.5, 1, 3])
    func temperatures(temperature: Double) {
        let logits: [Float] = [0, 1.5, -1, 2, 0.25]
        let weights = logits.map { exp(Double($0) / temperature) }
        let sum = weights.reduce(0, +)
        for (share, weight) in zip(shares(logits, Sampling(temperature: temperature)), weights) {
            // Five standard deviations.
            let expected = weight / sum
            #expect(abs(share - expected) < 5 * (expected * (1 - expected) / 20_000).squareRoot())
        }
    }

    /// The shares of the five tokens are 0.05, 0.4, 0.1, 0.3 and 0.15.
    @Test(
        "Top-p keeps the fewest likeliest tokens that reach it",
        arguments: [
            (0.01, [1]), (0.39, [1]), (0.41, [1, 3]), (0.69, [1, 3]), (0.71, [1, 3, 4]), (0.96, [0, 1, 2, 3, 4]),
            (1, [0, 1, 2, 3, 4]),
        ] as [(Double, [Int])])
    func nucleus(topP: Double, kept: [Int]) {
        let weights = [0.05, 0.4, 0.1, 0.3, 0.15]
        let mass = kept.reduce(0) { $0 + weights[$1] }
        let shares = shares(weights.map { Float(log($0)) }, Sampling(temperature: 1, topP: topP))
        for id in weights.indices {
            let expected = kept.contains(id) ? weights[id] / mass : 0
            #expect(abs(shares[id] - expected) <= 5 * (expected * (1 - expected) / 20_000).squareRoot())
        }
    }

    /// Most weights lie far below the greatest, so that the search for the nucleus has to go down in steps.
    @Test("A nucleus of many small tokens is found like any other", arguments: [0.3, 0.9, 0.999, 0.9999999])
    func deepNucleus(topP: Double) {
        let logits = (0..<3_000).map { index in Float(-((index * 37) % 3_000)) / 100 }
        let order = logits.indices.sorted { (logits[$0], $1) > (logits[$1], $0) }
        let weights = order.map { exp(Double(logits[$0])) }
        let wanted = topP * weights.reduce(0, +)
        var sum = 0.0
        let belowWanted = weights.prefix { weight in
            sum += weight
            return sum < wanted
        }
        let size = min(belowWanted.count + 1, weights.count)
        let drawn = Set((0..<2_000).compactMap { choose(logits, Sampling(temperature: 1, topP: topP), position: $0) })
        #expect(drawn.isSubset(of: Set(order[..<size].map { Int32($0) })))
        #expect(drawn.contains(Int32(order[0])))
    }

    @Test("Of equally likely tokens a small nucleus keeps the lowest id")
    func ties() {
        let logits = [Float](repeating: 1, count: 40)
        #expect((0..<50).allSatisfy { choose(logits, Sampling(temperature: 1, topP: 0.01), position: $0) == 0 })
        let half = (0..<400).compactMap { choose(logits, Sampling(temperature: 1, topP: 0.5), position: $0) }
        #expect(Set(half) == Set(0..<20))
    }

    @Test("A draw depends on seed, prompt and position, and on nothing else")
    func draws() {
        let logits = [Float](repeating: 0, count: 1 << 16)
        let one = choose(logits, Sampling(temperature: 1, seed: 5), prompt: 3, position: 9)
        #expect(one == choose(logits, Sampling(temperature: 1, seed: 5), prompt: 3, position: 9))
        #expect(one != choose(logits, Sampling(temperature: 1, seed: 6), prompt: 3, position: 9))
        #expect(one != choose(logits, Sampling(temperature: 1, seed: 5), prompt: 4, position: 9))
        #expect(one != choose(logits, Sampling(temperature: 1, seed: 5), prompt: 3, position: 10))
    }

    @Test("A temperature near zero is greedy, and a huge one is fair")
    func extremes() {
        let logits: [Float] = [0, 1, 0.9]
        #expect((0..<100).allSatisfy { choose(logits, Sampling(temperature: 1e-300), position: $0) == 1 })
        #expect(shares(logits, Sampling(temperature: 1e300)).allSatisfy { abs($0 - 1 / 3) < 0.02 })
    }
}
