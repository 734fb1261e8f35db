import Architectures
import Testing
import Transformer

@Suite("Rotary frequencies are those of transformers")
struct RotaryFrequencyTests {
    /// transformers 5.23.0, `modeling_rope_utils.py`.
    private static let golden: [(scaling: RotaryEmbedding.Scaling, theta: Double, size: Int, expected: [Float])] = [
        (
            .none, 10000.0, 16,
            [
                1.0, 0.3162277638912201, 0.10000000149011612, 0.03162277862429619, 0.009999999776482582,
                0.003162277862429619, 0.0010000000474974513, 0.0003162277862429619,
            ]
        ),
        (
            .linear(factor: 4), 10000.0, 16,
            [
                0.25, 0.07905694097280502, 0.02500000037252903, 0.007905694656074047, 0.0024999999441206455,
                0.0007905694656074047, 0.0002500000118743628, 7.905694656074047e-05,
            ]
        ),
        (
            .llama3(factor: 8, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalMaximumPositions: 8192), 500000.0,
            32,
            [
                1.0, 0.44036662578582764, 0.193922758102417, 0.08539710193872452, 0.03760603070259094,
                0.016560440883040428, 0.00729266507551074, 0.0032114461064338684, 0.0005248460220173001,
                7.784655463183299e-05, 3.428102354519069e-05, 1.5096217794052791e-05, 6.647869668086059e-06,
                2.927499735960737e-06, 1.289173155782919e-06, 5.677088097399974e-07,
            ]
        ),
    ]

    @Test("Default, linear and Llama 3's rule", arguments: golden)
    func frequencies(golden: (scaling: RotaryEmbedding.Scaling, theta: Double, size: Int, expected: [Float])) {
        let frequencies = RotaryEmbedding(theta: golden.theta, scaling: golden.scaling)
            .inverseFrequencies(headSize: golden.size)
        #expect(frequencies.count == golden.expected.count)
        for (value, expected) in zip(frequencies, golden.expected) {
            #expect(abs(value - expected) <= 2e-7 * expected)
        }
    }
}
