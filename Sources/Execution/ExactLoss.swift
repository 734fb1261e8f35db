package import Collectives

/// A sum of losses in nats that does not depend on the order of its addends: fixed point with an LSB of 2⁻³⁰.
///
/// Used for the training loss and for evaluation alike; ranks add their values as plain integers.
package struct ExactLoss: Sendable, Equatable {
    /// The sum times 2³⁰.
    package var sum: Int64
    /// How many tokens had a target.
    package var tokens: Int64
    /// False once a loss was not finite or too large to be added.
    package var isFinite: Bool

    package init(sum: Int64 = 0, tokens: Int64 = 0, isFinite: Bool = true) {
        self.sum = sum
        self.tokens = tokens
        self.isFinite = isFinite
    }

    /// Adds the losses of the tokens that have a target.
    package mutating func add(_ losses: UnsafeBufferPointer<Float>, targets: UnsafeBufferPointer<Int32>) {
        precondition(losses.count == targets.count)
        for index in losses.indices where targets[index] >= 0 {
            let loss = Double(losses[index])
            guard loss.isFinite, abs(loss) < 0x1p20 else {
                isFinite = false
                continue
            }
            sum &+= Int64((loss * 0x1p30).rounded(.toNearestOrEven))
            tokens += 1
        }
    }

    package static func += (left: inout ExactLoss, right: ExactLoss) {
        left.sum &+= right.sum
        left.tokens += right.tokens
        left.isFinite = left.isFinite && right.isFinite
    }

    /// The sum over all ranks of the group; every rank calls it and gets the same.
    package func summed(over communicator: any Communicator) throws -> ExactLoss {
        let sums = try communicator.allReduce([sum, tokens, isFinite ? 0 : 1], .sum)
        return ExactLoss(sum: sums[0], tokens: sums[1], isFinite: sums[2] == 0)
    }

    /// Nats of all tokens.
    package var total: Double { isFinite ? Double(sum) * 0x1p-30 : .nan }
    /// Mean nats a target token; 0 where there is none.
    package var mean: Double { tokens == 0 ? 0 : total / Double(tokens) }
}
