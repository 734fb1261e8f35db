import CKernels

/// The numbers of one AdamW step; source: Loshchilov and Hutter, "Decoupled weight decay regularization", ICLR 2019.
package struct AdamWStep: Equatable, Sendable {
    package var learningRate: Float
    package var beta1: Float
    package var beta2: Float
    package var epsilon: Float
    package var weightDecay: Float
    /// 1 − beta1ᵗ, t counting steps from 1.
    package var biasCorrection1: Float
    /// 1 − beta2ᵗ.
    package var biasCorrection2: Float
    /// What gradients are multiplied by first: clipping.
    package var gradientScale: Float

    package init(
        learningRate: Float, beta1: Float, beta2: Float, epsilon: Float, weightDecay: Float, biasCorrection1: Float,
        biasCorrection2: Float, gradientScale: Float
    ) {
        self.learningRate = learningRate
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.weightDecay = weightDecay
        self.biasCorrection1 = biasCorrection1
        self.biasCorrection2 = biasCorrection2
        self.gradientScale = gradientScale
    }

    var native: sk_adamw_step {
        sk_adamw_step(
            learning_rate: learningRate, beta1: beta1, beta2: beta2, epsilon: epsilon, weight_decay: weightDecay,
            bias_correction1: biasCorrection1, bias_correction2: biasCorrection2, gradient_scale: gradientScale)
    }
}
