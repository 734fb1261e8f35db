/// Clipping by the global norm, as `torch.nn.utils.clip_grad_norm_` does it.
package enum GradientClipping {
    /// What gradients are multiplied with so that their norm is at most `maximum`; 1 where there is no maximum.
    package static func factor(norm: Double, maximum: Double?) -> Double {
        guard let maximum, maximum > 0 else { return 1 }
        return min(1, maximum / (norm + 1e-6))
    }
}
