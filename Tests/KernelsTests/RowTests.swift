import Buffers
import Foundation
import Kernels
import Quantization
import Testing

// What the operations compute, against the formulas in double precision. That all instruction sets agree is tested
// in KernelListTests.
@Suite("Rows and flat arrays")
struct RowTests {
    private let context: KernelContext

    init() throws { context = try KernelContext(threads: 2) }

    @Test("addition, scaling and bias")
    func sums() throws {
        let (a, b, c) = (try Values(5, 33, seed: 1), try Values(5, 33, seed: 2, padding: 4), try Values(5, 33, seed: 3))
        let sum = zip(a.elements, b.elements).map { Double($0 + $1) }
        context.add(a.matrix, b.matrix, into: c.matrix)
        expectClose(c.elements, sum, tolerance: 0)
        context.scale(c.matrix, by: -2, into: c.matrix)
        expectClose(c.elements, sum.map { -2 * $0 }, tolerance: 0)
        let bias = try StoredWeight(format: .bf16, rows: 1, columns: 33, seed: 4, context: context)
        let before = a.elements
        context.addBias(bias.view, to: a.matrix)
        let values = try Values(1, 33, seed: 4).elements.map { BFloat16($0).float }
        expectClose(a.elements, before.enumerated().map { Double($0.element + values[$0.offset % 33]) }, tolerance: 0)
    }

    @Test("SiLU times up, and its gradient")
    func silu() throws {
        let (gate, up, out) = (try Values(4, 50, seed: 1), try Values(4, 50, seed: 2), try Values(4, 50, seed: 3))
        context.scale(gate.matrix, by: 20, into: gate.matrix)
        context.siluMultiply(gate: gate.matrix, up: up.matrix, into: out.matrix)
        func sigmoid(_ x: Float) -> Double { 1 / (1 + exp(-Double(x))) }
        let pairs = Array(zip(gate.elements, up.elements))
        expectClose(out.elements, pairs.map { Double($0) * sigmoid($0) * Double($1) })
        let da = try Values(4, 50, seed: 4)
        let all = zip(pairs, da.elements)
        let dGate = all.map { pair, d in
            Double(d) * Double(pair.1) * sigmoid(pair.0) * (1 + Double(pair.0) * (1 - sigmoid(pair.0)))
        }
        let dUp = all.map { pair, d in Double(d) * Double(pair.0) * sigmoid(pair.0) }
        context.siluMultiplyBackward(
            da: da.matrix, gate: gate.matrix, up: up.matrix, dGate: gate.matrix, dUp: up.matrix)
        expectClose(gate.elements, dGate)
        expectClose(up.elements, dUp)
    }

    @Test("SiLU times up saves what it was given in bf16, and its gradient starts from there")
    func savingSilu() throws {
        for columns in [1, 16, 50] {
            let (gate, up) = (try Values(4, columns, seed: 1), try Values(4, columns, seed: 2))
            let (plain, product) = (try Values(4, columns, seed: 3), try Values(4, columns, seed: 4))
            gate.matrix.row(1)[0] = .nan
            up.matrix.row(2)[0] = -.infinity
            let (savedGate, savedUp) = (try BFloat16Values(4, columns), try BFloat16Values(4, columns))
            context.siluMultiply(gate: gate.matrix, up: up.matrix, into: plain.matrix)
            context.siluMultiply(
                gate: gate.matrix, up: up.matrix, into: product.matrix, savingGate: savedGate.matrix,
                savingUp: savedUp.matrix)
            #expect(product.bits == plain.bits)
            #expect(savedGate.patterns == gate.elements.map { BFloat16($0).bitPattern })
            #expect(savedUp.patterns == up.elements.map { BFloat16($0).bitPattern })
            for index in gate.matrix.elements.indices {
                gate.matrix.elements[index] = savedGate.values[index]
                up.matrix.elements[index] = savedUp.values[index]
            }
            let (da, dGate, dUp) = (
                try Values(4, columns, seed: 5), try Values(4, columns, seed: 6), try Values(4, columns, seed: 7)
            )
            context.siluMultiply(gate: gate.matrix, up: up.matrix, into: plain.matrix)
            context.siluMultiplyBackward(
                da: da.matrix, savedGate: savedGate.matrix, savedUp: savedUp.matrix, a: product.matrix,
                dGate: dGate.matrix, dUp: dUp.matrix)
            context.siluMultiplyBackward(
                da: da.matrix, gate: gate.matrix, up: up.matrix, dGate: gate.matrix, dUp: up.matrix)
            #expect(product.bits == plain.bits)
            #expect(dGate.bits == gate.bits)
            #expect(dUp.bits == up.bits)
        }
    }

    @Test("RMS norm, and its gradient")
    func norm() throws {
        let (x, y, dy, dx) = (
            try Values(3, 70, seed: 1), try Values(3, 70, seed: 2), try Values(3, 70, seed: 3),
            try Values(3, 70, seed: 4)
        )
        let w = try Values(1, 70, seed: 5)
        let old = dx.elements.map(Double.init)
        context.rmsNorm(x.matrix, weight: WeightView(w.matrix), epsilon: 1e-3, into: y.matrix)
        context.rmsNormBackward(
            dy: dy.matrix, x: x.matrix, weight: WeightView(w.matrix), epsilon: 1e-3, dx: dx.matrix, accumulate: true)
        var (exact, gradient): ([Double], [Double]) = ([], [])
        for row in 0..<3 {
            let values = x.matrix.row(row).map(Double.init)
            let g = zip(dy.matrix.row(row), w.matrix.row(0)).map { Double($0) * Double($1) }
            let r = 1 / (values.reduce(0) { $0 + $1 * $1 } / 70 + Double(Float(1e-3))).squareRoot()
            let mean = zip(g, values).reduce(0) { $0 + $1.0 * $1.1 } / 70
            exact += zip(values, w.matrix.row(0)).map { $0 * r * Double($1) }
            gradient += zip(g, values).map { r * $0 - r * r * r * mean * $1 }
        }
        expectClose(y.elements, exact)
        expectClose(dx.elements, zip(old, gradient).map { $0 + $1 })
    }

    @Test("gradients of what every row uses: a norm's weight, a bias, an embedding")
    func sharedGradients() throws {
        for (rows, columns) in [(1, 1), (3, 15), (7, 64), (5, 65), (4, 300)] {
            let (dy, x) = (try Values(rows, columns, seed: 1), try Values(rows, columns, seed: 2, padding: 3))
            let (norm, bias) = (try Values(1, columns, seed: 3), try Values(1, columns, seed: 4))
            let old = norm.elements.map(Double.init)
            context.rmsNormGradient(dy: dy.matrix, x: x.matrix, epsilon: 1e-3, into: norm.matrix, accumulate: true)
            context.sumRows(dy.matrix, into: bias.matrix, accumulate: false)
            var (exactNorm, exactBias) = (old, [Double](repeating: 0, count: columns))
            for row in 0..<rows {
                let values = x.matrix.row(row).map(Double.init)
                let squares = values.reduce(0) { $0 + $1 * $1 } / Double(columns)
                let r = 1 / (squares + Double(Float(1e-3))).squareRoot()
                for column in 0..<columns {
                    exactNorm[column] += Double(dy.matrix.row(row)[column]) * values[column] * r
                    exactBias[column] += Double(dy.matrix.row(row)[column])
                }
            }
            expectClose(norm.elements, exactNorm)
            expectClose(bias.elements, exactBias)
            let table = try Values(4, columns, seed: 5)
            var exact = table.elements.map(Double.init)
            let ids = (0..<rows).map { Int32([3, 0, 3, 1][$0 % 4]) }
            ids.withUnsafeBufferPointer { context.embedGradient($0, dy.matrix, into: table.matrix) }
            for (row, id) in ids.enumerated() {
                for column in 0..<columns { exact[Int(id) * columns + column] += Double(dy.matrix.row(row)[column]) }
            }
            expectClose(table.elements, exact)
        }
    }

    @Test("rotation turns pairs, and back")
    func rotation() throws {
        let frequencies: [Float] = [1, 0.5, 0.01]
        let table = try RotaryTable(frequencies: frequencies, positions: 1000)
        let x = try Values(2, 12, seed: 1)
        let before = x.elements.map(Double.init)
        let positions: [Int32] = [3, 999]
        var exact = before
        for row in 0..<2 {
            for (head, i) in [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)] {
                let angle = Double(Float(positions[row]) * frequencies[i])
                let at = row * 12 + head * 6 + i
                exact[at] = before[at] * cos(angle) - before[at + 3] * sin(angle)
                exact[at + 3] = before[at + 3] * cos(angle) + before[at] * sin(angle)
            }
        }
        positions.withUnsafeBufferPointer {
            context.rotate(x.matrix, headSize: 6, positions: $0, table: table, inverse: false)
        }
        expectClose(x.elements, exact)
        positions.withUnsafeBufferPointer {
            context.rotate(x.matrix, headSize: 6, positions: $0, table: table, inverse: true)
        }
        expectClose(x.elements, before)
    }

    @Test("dropout keeps what the counter-based numbers say")
    func dropout() throws {
        let x = try Values(3, 37, seed: 1)
        let before = x.elements
        let rng = CounterRNG(seed: 11, purpose: .dropout, step: 3, microBatch: 1, tensor: 40)
        context.dropout(x.matrix, into: x.matrix, probability: 0.25, rng: rng, firstElement: 1_000_000_007)
        let factor = Float(1) / 0.75
        for (index, value) in x.elements.enumerated() {
            let kept = rng[1_000_000_007 + index] >> 8 >= UInt32(0.25 * 0x1p24)
            #expect(value == (kept ? before[index] * factor : 0))
        }
    }

    @Test("embedding copies decoded rows")
    func embedding() throws {
        let table = try StoredWeight(format: .nf4(), rows: 9, columns: 43, seed: 1, context: context)
        let (all, h) = (try Values(9, 43, seed: 0), try Values(3, 43, seed: 0, padding: 2))
        context.decode(table.view, rows: 0..<9, into: all.matrix)
        let ids: [Int32] = [8, 0, 8]
        ids.withUnsafeBufferPointer { context.embed($0, from: table.view, into: h.matrix) }
        #expect(h.elements == ids.flatMap { Array(all.matrix.row(Int($0))) })
    }

    @Test("cross-entropy and its gradient")
    func crossEntropy() throws {
        let logits = try Values(3, 101, seed: 1)
        context.scale(logits.matrix, by: 30, into: logits.matrix)
        let targets: [Int32] = [100, -100, 5]
        var (losses, gradient): ([Double], [Double]) = ([], [])
        for row in 0..<3 {
            let values = logits.matrix.row(row).map(Double.init)
            let sum = values.reduce(0) { $0 + exp($1 - 30) }
            let counted = targets[row] >= 0
            losses.append(counted ? log(sum) + 30 - values[Int(targets[row])] : 0)
            gradient += values.enumerated().map {
                counted ? (exp($0.element - 30) / sum - ($0.offset == Int(targets[row]) ? 1 : 0)) * 0.5 : 0
            }
        }
        for scale in [nil, 0.5] as [Float?] {
            var nll = [Float](repeating: 9, count: 3)
            nll.withUnsafeMutableBufferPointer { nll in
                targets.withUnsafeBufferPointer {
                    context.crossEntropy(logits: logits.matrix, targets: $0, gradientScale: scale, nll: nll)
                }
            }
            expectClose(nll, losses)
        }
        expectClose(logits.elements, gradient)
    }

    @Test("fixed-point sums do not depend on the order, and notice what is out of range")
    func fixedPoint() throws {
        let parts = try (0..<5).map { try Values(1, 300, seed: UInt64($0)) }
        func sum(_ order: [Int]) -> [Int64] {
            var sums = [Int64](repeating: 0, count: 300)
            for part in order {
                let sound = sums.withUnsafeMutableBufferPointer {
                    context.addFixedPoint(UnsafeBufferPointer(parts[part].matrix.elements), into: $0, limit: 1)
                }
                #expect(sound)
            }
            return sums
        }
        #expect(sum([0, 1, 2, 3, 4]) == sum([3, 1, 4, 0, 2]))
        let result = try Values(1, 300, seed: 0)
        sum([0, 1]).withUnsafeBufferPointer {
            context.fixedPointToFloat($0, scale: 0.5, into: result.matrix.elements)
        }
        let exact = zip(parts[0].elements, parts[1].elements).map { Double($0) + Double($1) }
        expectClose(result.elements, exact.map { $0 / 2 }, tolerance: 1e-7)
        for bad in [Float.nan, .infinity, -1.01] {
            parts[0].matrix.elements[299] = bad
            var sums = [Int64](repeating: 0, count: 300)
            let sound = sums.withUnsafeMutableBufferPointer {
                context.addFixedPoint(UnsafeBufferPointer(parts[0].matrix.elements), into: $0, limit: 1)
            }
            #expect(!sound)
        }
    }

    @Test("AdamW takes torch's step")
    func adamW() throws {
        let count = 90
        let (p, g) = (try Values(1, count, seed: 1), try Values(1, count, seed: 2))
        let (m, v) = (try Values(1, count, seed: 3), try Values(1, count, seed: 4))
        context.fill(m.matrix.elements, with: 0.1)
        context.fill(v.matrix.elements, with: 0.2)
        let exact = zip(p.elements, g.elements).map { p, g in
            let gradient = Double(g) * 0.5
            let first = 0.9 * 0.1 + 0.1 * gradient
            let second = 0.99 * 0.2 + 0.01 * gradient * gradient
            let kept = Double(p) * (1 - 0.01 * 0.1)
            return kept - 0.01 / 0.19 * first / (second.squareRoot() / 0.0199.squareRoot() + 1e-8)
        }
        let step = AdamWStep(
            learningRate: 0.01, beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0.1, biasCorrection1: 0.19,
            biasCorrection2: 0.0199, gradientScale: 0.5)
        g.elements.map { Int64(Double($0) * 0x1p52) }.withUnsafeBufferPointer {
            context.adamW(
                parameters: p.matrix.elements, sums: $0, firstMoments: m.matrix.elements,
                secondMoments: v.matrix.elements, step: step)
        }
        expectClose(p.elements, exact, tolerance: 1e-6)
    }

    @Test("the functions of doubles are those of the C library to some last places")
    func functions() {
        func expect(_ value: Double, _ exact: Double, _ name: String) {
            #expect(abs(value - exact) <= 4e-16 * max(abs(exact), 1e-300), "\(name): \(value) for \(exact)")
        }
        for step in -400...400 {
            let x = Double(step) * 1.7
            expect(Deterministic.exp(x), exp(x), "exp \(x)")
            #expect(abs(Deterministic.sin(x) - sin(x)) < 2e-16 && abs(Deterministic.cos(x) - cos(x)) < 2e-16)
            let positive = exp(x / 2)
            expect(Deterministic.log(positive), log(positive), "log \(positive)")
            let power = Deterministic.pow(positive, 0.3)
            #expect(abs(power - pow(positive, 0.3)) <= 1e-13 * power)
        }
        for x in [1e6, 123_456_789.0, 1_000_000_000.5] {
            #expect(abs(Deterministic.sin(x) - sin(x)) < 4e-16 && abs(Deterministic.cos(x) - cos(x)) < 4e-16)
        }
        #expect(Deterministic.log(1) == 0 && Deterministic.exp(0) == 1 && Deterministic.cos(0) == 1)
        #expect(Deterministic.exp(-800) == 0 && Deterministic.exp(800) == .infinity)
    }
}
