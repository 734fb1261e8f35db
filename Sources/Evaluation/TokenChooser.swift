import Buffers
import Kernels

/// Chooses the next token from its logits, the same on every machine.
///
/// A draw is a function of seed, prompt and position alone, so that neither the batch that a prompt is in nor a resumed
/// run changes a text. Source of top-p: Holtzman et al. 2020, "The curious case of neural text degeneration",
/// section 3.1; as in transformers, the token that crosses the border belongs to the nucleus.
package final class TokenChooser {
    package let sampling: Sampling
    /// exp((logit − greatest) / temperature) of every token.
    private var weights: [Double] = []
    private var nucleus: [Int32] = []

    package init(_ sampling: Sampling, vocabularySize: Int) {
        self.sampling = sampling
        guard sampling.temperature > 0 else { return }
        weights = [Double](repeating: 0, count: vocabularySize)
        nucleus.reserveCapacity(vocabularySize)
    }

    /// The token behind a prompt.
    ///
    /// - Parameters:
    ///   - logits: one for each id; nil comes back where one is not a number or the greatest is not finite.
    ///   - prompt: the prompt's number; equal prompts with different numbers are drawn for apart.
    ///   - position: the position of the new token in its sequence.
    package func choose(_ logits: UnsafeMutableBufferPointer<Float>, prompt: Int, position: Int) -> Int32? {
        guard let best = Self.greatest(logits) else { return nil }
        guard sampling.temperature > 0 else { return best }
        let sum = weigh(logits, greatest: logits[Int(best)])
        let random = CounterRNG(seed: sampling.seed, purpose: .sampling, microBatch: prompt)
        let draw = UInt64(random[2 * position]) << 32 | UInt64(random[2 * position + 1])
        let share = Double(draw >> 11) * 0x1p-53
        return sampling.topP < 1 ? drawFromNucleus(share, sum) : drawFromAll(share * sum, else: best)
    }

    /// The id of the greatest logit, the lowest of several.
    private static func greatest(_ logits: UnsafeMutableBufferPointer<Float>) -> Int32? {
        guard var greatest = logits.first else { return nil }
        var best = 0
        var sound = true
        for id in logits.indices {
            let logit = logits[id]
            sound = sound && !logit.isNaN
            guard logit > greatest else { continue }
            greatest = logit
            best = id
        }
        return sound && greatest.isFinite ? Int32(best) : nil
    }

    /// Fills `weights` and returns their sum.
    private func weigh(_ logits: UnsafeMutableBufferPointer<Float>, greatest: Float) -> Double {
        precondition(logits.count == weights.count)
        var sum = 0.0
        for id in logits.indices {
            let distance = (Double(logits[id]) - Double(greatest)) / sampling.temperature
            // Below e⁻⁷⁰⁰ a weight is nothing beside the greatest, which is 1.
            let weight = distance > -700 ? Deterministic.exp(distance) : 0
            weights[id] = weight
            sum += weight
        }
        return sum
    }

    private func drawFromAll(_ target: Double, else best: Int32) -> Int32 {
        var sum = 0.0
        for id in weights.indices {
            sum += weights[id]
            if sum > target { return Int32(id) }
        }
        return best
    }

    /// The draw among the likeliest tokens, in the order of their weights, then of their ids.
    private func drawFromNucleus(_ share: Double, _ sum: Double) -> Int32 {
        let size = collectNucleus(sum)
        let mass = nucleus[..<size].reduce(0) { $0 + weights[Int($1)] }
        var reached = 0.0
        for id in nucleus[..<size] {
            reached += weights[Int(id)]
            if reached > share * mass { return id }
        }
        return nucleus[0]
    }

    /// Sorts the likeliest tokens to the front of `nucleus` and returns how many of them belong to it.
    ///
    /// Only tokens above a bound are sorted, and the bound is lowered until they are enough: the order, and with it the
    /// nucleus, is that of sorting all.
    private func collectNucleus(_ sum: Double) -> Int {
        let wanted = sampling.topP * sum
        var bound = 0x1p-6
        while true {
            nucleus.removeAll(keepingCapacity: true)
            for id in weights.indices where weights[id] >= bound { nucleus.append(Int32(id)) }
            nucleus.sort { (weights[Int($0)], $1) > (weights[Int($1)], $0) }
            var reached = 0.0
            for (place, id) in nucleus.enumerated() {
                reached += weights[Int(id)]
                if reached >= wanted { return place + 1 }
            }
            if bound == 0 { return nucleus.count }
            bound = bound < 0x1p-40 ? 0 : bound * 0x1p-6
        }
    }
}
