import Buffers
package import Kernels

/// Adam with decoupled weight decay on one rank's shard of the parameters.
///
/// Source: Loshchilov and Hutter 2019, "Decoupled weight decay regularization", algorithm 2, in the arithmetic of
/// torch.optim.AdamW.
package struct AdamW: Sendable, Equatable {
    package var beta1: Double
    package var beta2: Double
    package var epsilon: Double
    package var weightDecay: Double

    package init(beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8, weightDecay: Double = 0) {
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.weightDecay = weightDecay
    }

    /// The memory of one shard; all runs have the same length.
    package struct State {
        package let parameters: UnsafeMutableBufferPointer<Float>
        /// The gradients in fixed point, as `ExactGradientSum` adds them.
        package let sums: UnsafeBufferPointer<Int64>
        package let firstMoments: UnsafeMutableBufferPointer<Float>
        package let secondMoments: UnsafeMutableBufferPointer<Float>

        package init(
            parameters: UnsafeMutableBufferPointer<Float>, sums: UnsafeBufferPointer<Int64>,
            firstMoments: UnsafeMutableBufferPointer<Float>, secondMoments: UnsafeMutableBufferPointer<Float>
        ) {
            precondition(parameters.count == sums.count)
            precondition(parameters.count == firstMoments.count && parameters.count == secondMoments.count)
            self.parameters = parameters
            self.sums = sums
            self.firstMoments = firstMoments
            self.secondMoments = secondMoments
        }

        func part(_ run: Range<Int>) -> State {
            State(
                parameters: UnsafeMutableBufferPointer(rebasing: parameters[run]),
                sums: UnsafeBufferPointer(rebasing: sums[run]),
                firstMoments: UnsafeMutableBufferPointer(rebasing: firstMoments[run]),
                secondMoments: UnsafeMutableBufferPointer(rebasing: secondMoments[run]))
        }
    }

    /// A run of the shard whose elements all decay, or all do not.
    package struct Run: Sendable, Equatable {
        package let elements: Range<Int>
        package let decays: Bool

        package init(elements: Range<Int>, decays: Bool) {
            self.elements = elements
            self.decays = decays
        }
    }

    /// One update.
    /// - Parameters:
    ///   - number: the update's number, from 1.
    ///   - gradientScale: what gradients are multiplied with first: the clipping factor.
    package func update(
        _ state: State, runs: [Run], number: Int, learningRate: Double, gradientScale: Double, context: KernelContext
    ) {
        precondition(number > 0)
        let correction1 = 1 - Self.power(beta1, number)
        let correction2 = 1 - Self.power(beta2, number)
        for run in runs {
            let part = state.part(run.elements)
            context.adamW(
                parameters: part.parameters, sums: part.sums, firstMoments: part.firstMoments,
                secondMoments: part.secondMoments,
                step: AdamWStep(
                    learningRate: Float(learningRate), beta1: Float(beta1), beta2: Float(beta2),
                    epsilon: Float(epsilon), weightDecay: run.decays ? Float(weightDecay) : 0,
                    biasCorrection1: Float(correction1), biasCorrection2: Float(correction2),
                    gradientScale: Float(gradientScale)))
        }
    }

    /// base^exponent by repeated multiplication: the same bits everywhere, which libm does not promise.
    private static func power(_ base: Double, _ exponent: Int) -> Double {
        var result = 1.0
        var square = base
        var remaining = exponent
        while remaining > 0 {
            if remaining & 1 == 1 { result *= square }
            square *= square
            remaining >>= 1
        }
        return result
    }
}
