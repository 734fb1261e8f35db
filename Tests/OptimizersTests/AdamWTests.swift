import Buffers
import Foundation
import Kernels
import Optimizers
import Testing

@Suite("AdamW equals a plain double-precision update")
struct AdamWTests {
    @Test("Five updates of sizes around a vector, decaying and not", arguments: [0, 1, 15, 16, 17, 100])
    func updates(count: Int) throws {
        let context = try KernelContext(threads: 1)
        let random = CounterRNG(seed: 5, purpose: .benchmark)
        var parameters = (0..<count).map { random.uniform($0) - 0.5 }
        var first = [Float](repeating: 0, count: count)
        var second = first
        var reference = parameters.map(Double.init)
        var m = [Double](repeating: 0, count: count)
        var v = m
        let optimizer = AdamW(beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0.1)
        let border = count / 3
        for number in 1...5 {
            let gradients = (0..<count).map { random.uniform(number * 1000 + $0) - 0.5 }
            for index in 0..<count {
                let g = Double(gradients[index]) * 0.5
                if index < border { reference[index] *= 1 - 0.01 * 0.1 }
                m[index] = 0.9 * m[index] + 0.1 * g
                v[index] = 0.99 * v[index] + 0.01 * g * g
                let top = m[index] / (1 - pow(0.9, Double(number)))
                reference[index] -= 0.01 * top / (sqrt(v[index] / (1 - pow(0.99, Double(number)))) + 1e-8)
            }
            parameters.withUnsafeMutableBufferPointer { p in
                gradients.map { Int64(Double($0) * 0x1p52) }.withUnsafeBufferPointer { sums in
                    first.withUnsafeMutableBufferPointer { m in
                        second.withUnsafeMutableBufferPointer { v in
                            optimizer.update(
                                AdamW.State(parameters: p, sums: sums, firstMoments: m, secondMoments: v),
                                runs: [
                                    AdamW.Run(elements: 0..<border, decays: true),
                                    AdamW.Run(elements: border..<count, decays: false),
                                ], number: number, learningRate: 0.01, gradientScale: 0.5, context: context)
                        }
                    }
                }
            }
        }
        for index in 0..<count { #expect(abs(Double(parameters[index]) - reference[index]) < 2e-6) }
    }
}
