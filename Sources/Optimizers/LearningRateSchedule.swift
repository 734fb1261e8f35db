import Kernels

/// The learning rate of each step as transformers defines it: a linear warm-up, then constant, linear or cosine decay.
///
/// Source: transformers, `optimization.py`, `get_*_schedule_with_warmup`. Step 0 of a warm-up has rate 0.
package struct LearningRateSchedule: Sendable, Equatable {
    package enum Shape: String, Codable, Sendable, CaseIterable {
        case constant, linear, cosine
    }

    package let shape: Shape
    package let peak: Double
    package let warmupSteps: Int
    package let totalSteps: Int

    package init(shape: Shape, peak: Double, warmupSteps: Int, totalSteps: Int) {
        precondition(warmupSteps >= 0 && totalSteps >= 0)
        self.shape = shape
        self.peak = peak
        self.warmupSteps = warmupSteps
        self.totalSteps = totalSteps
    }

    /// The rate that the update number `step`, counted from 0, uses.
    package func rate(step: Int) -> Double {
        precondition(step >= 0)
        if step < warmupSteps { return peak * Double(step) / Double(max(1, warmupSteps)) }
        switch shape {
        case .constant:
            return peak
        case .linear:
            return peak * max(0, Double(totalSteps - step) / Double(max(1, totalSteps - warmupSteps)))
        case .cosine:
            let progress = Double(step - warmupSteps) / Double(max(1, totalSteps - warmupSteps))
            return peak * max(0, 0.5 * (1 + Deterministic.cos(Double.pi * progress)))
        }
    }

    /// Steps of a warm-up given as a share of the run, as transformers rounds it: up.
    package static func warmupSteps(ratio: Double, totalSteps: Int) -> Int {
        Int((ratio * Double(totalSteps)).rounded(.up))
    }
}
