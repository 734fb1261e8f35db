import Optimizers
import Testing

@Suite("Learning rates are those of transformers")
struct LearningRateScheduleTests {
    /// transformers 5.23.0, `get_scheduler`, peak 1, 3 warm-up steps of 10.
    private static let warmUp: [Double] = [0, 0.333333333333333333, 0.666666666666666667]
    private static let linear: [Double] = [7, 6, 5, 4, 3, 2, 1, 0].map { $0 / 7 }
    private static let cosine: [Double] = [
        1, 0.9504844339512095, 0.8117449009293668, 0.6112604669781572, 0.3887395330218428, 0.1882550990706332,
        0.04951556604879048, 0,
    ]

    @Test("Warm-up, then the shape", arguments: LearningRateSchedule.Shape.allCases)
    func rates(shape: LearningRateSchedule.Shape) {
        let rest: [Double] =
            switch shape {
            case .linear: Self.linear
            case .constant: [Double](repeating: 1, count: 8)
            case .cosine: Self.cosine
            }
        let schedule = LearningRateSchedule(shape: shape, peak: 1, warmupSteps: 3, totalSteps: 10)
        for (step, rate) in (Self.warmUp + rest).enumerated() {
            #expect(abs(schedule.rate(step: step) - rate) < 1e-14)
        }
    }

    @Test("A warm-up ratio is rounded up", arguments: [(0.03, 69, 3), (0.03, 100, 3), (0, 50, 0), (1, 7, 7)])
    func ratio(ratio: Double, total: Int, expected: Int) {
        #expect(LearningRateSchedule.warmupSteps(ratio: ratio, totalSteps: total) == expected)
    }

    @Test("Clipping scales a norm above the maximum down to it")
    func clipping() {
        #expect(GradientClipping.factor(norm: 0.5, maximum: 1) == 1)
        #expect(GradientClipping.factor(norm: 3, maximum: nil) == 1)
        #expect(abs(GradientClipping.factor(norm: 4, maximum: 1) - 0.25) < 1e-6)
    }
}
