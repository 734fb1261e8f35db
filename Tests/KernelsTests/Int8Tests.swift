import Buffers
import Foundation
import Kernels
import Quantization
import Testing

@Suite("Matrix products in 8 bits")
struct Int8Tests {
    @Test("a value of a weight that is not finite shows in what it touches, and only there")
    func notFinite() throws {
        for context in try everyContext() {
            let w = try Values(70, 100, seed: 1)
            w.matrix.row(3)[70] = .infinity
            w.matrix.row(66)[1] = .nan
            let (x, y) = (try Values(7, 100, seed: 2), try Values(7, 70, seed: 3))
            context.multiply(x.matrix, by: WeightView(w.matrix), into: y.matrix, accumulate: false, compute: .int8)
            for row in 0..<7 {
                #expect(y.matrix.row(row).indices.filter { !y.matrix.row(row)[$0].isFinite } == [3, 66])
            }
        }
    }

    @Test(
        "errors stay near one hundredth of the product, also with a channel a thousand times the others",
        arguments: LowPrecisionCase.formats)
    func accuracy(format: WeightFormat) throws {
        let context = try KernelContext(threads: 1)
        let (m, k, n) = (24, 1024, 320)
        let gaussian = try gaussianWeight(format, rows: n, columns: k, on: context)
        let x = try gaussianValues(m, k, seed: 10)
        let dy = try gaussianValues(m, n, seed: 11)
        let forward = try error(x, gaussian, on: context, transposed: false)
        let backward = try error(dy, gaussian, on: context, transposed: true)
        #expect(forward.relative < 0.0105 && backward.relative < 0.0105, "\(forward), \(backward)")
        for row in 0..<m {
            x.matrix.row(row)[77] *= 1000
            dy.matrix.row(row)[130] *= 1000
        }
        let massive = try error(x, gaussian, on: context, transposed: false)
        let massiveBackward = try error(dy, gaussian, on: context, transposed: true)
        #expect(massive.absolute < 2 * forward.absolute, "\(massive), \(forward)")
        #expect(massiveBackward.absolute < 2 * backward.absolute, "\(massiveBackward), \(backward)")
    }

    /// The rms of what int8 computes beside fp32 with the same decoded weight, and the same over the rms of the product.
    private func error(
        _ input: Values, _ w: StoredWeight, on context: KernelContext, transposed: Bool
    ) throws -> (absolute: Double, relative: Double) {
        let columns = transposed ? w.view.columns : w.view.rows
        let results = try [Compute.fp32, .int8].map { compute in
            let output = try Values(input.matrix.rows, columns, seed: 0)
            if transposed {
                context.multiplyTransposed(
                    input.matrix, by: w.view, into: output.matrix, accumulate: false, compute: compute)
            } else {
                context.multiply(input.matrix, by: w.view, into: output.matrix, accumulate: false, compute: compute)
            }
            return output.elements.map(Double.init)
        }
        let squares = zip(results[0], results[1]).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
        let absolute = (squares / Double(results[0].count)).squareRoot()
        let size = (results[0].reduce(0) { $0 + $1 * $1 } / Double(results[0].count)).squareRoot()
        return (absolute, absolute / size)
    }

    private func gaussianValues(_ rows: Int, _ columns: Int, seed: UInt64) throws -> Values {
        let result = try Values(rows, columns, seed: seed)
        let rng = CounterRNG(seed: seed, purpose: .benchmark)
        for index in result.matrix.elements.indices {
            let radius = (-2 * log(1 - Double(rng.uniform(2 * index)))).squareRoot()
            result.matrix.elements[index] = Float(radius * cos(2 * .pi * Double(rng.uniform(2 * index + 1))))
        }
        return result
    }

    private func gaussianWeight(
        _ format: WeightFormat, rows: Int, columns: Int, on context: KernelContext
    ) throws -> StoredWeight {
        try StoredWeight(format: format, values: try gaussianValues(rows, columns, seed: 12), context: context)
    }
}
