import Buffers
import Kernels
import Quantization

/// For each kernel of the list an operation that uses it, over generated sizes; returns every bit it wrote.
///
/// `n` is 0, 1, a vector minus one, a vector … and is used for whatever runs along the vectors.
enum KernelCases {
    typealias Case = @Sendable (KernelContext, Int) throws -> [UInt32]

    static let sizes = [0, 1, 15, 16, 17, 31, 33, 64, 100, 257]

    static let all: [String: Case] = [
        "tile_packed": { try product($0, rows: 29, depth: 70, columns: $1 + 70, format: .fp32) },
        "tile_strided": { try product($0, rows: $1, depth: 65, columns: 21, format: .fp32) },
        "pack_transposed": { try product($0, rows: $1, depth: 13, columns: 90, format: .fp32) },
        "pack_straight": { try gradient($0, rows: 37, from: $1) },
        "int8_rows": { try lowPrecision(.int8, $0, rows: 7, depth: $1, columns: 40, format: .bf16) },
        "int8_panel_rows": { try lowPrecision(.int8, $0, rows: 5, depth: $1, columns: 70, format: .fp16) },
        "int8_panel_columns": { try lowPrecision(.int8, $0, rows: 5, depth: 70, columns: $1, format: .fp32) },
        "int8_panel_4bit": { context, n in
            try [WeightFormat.nf4(), .fp4(doubleQuantized: false)].flatMap {
                try lowPrecision(.int8, context, rows: 14, depth: 128, columns: n, format: $0)
            }
        },
        "int8_tile": { try lowPrecision(.int8, $0, rows: $1, depth: 130, columns: 33, format: .nf4()) },
        "matvec_fp32": { try product($0, rows: 3, depth: 70, columns: $1, format: .fp32) },
        "matvec_fp16": { try product($0, rows: 2, depth: 97, columns: $1, format: .fp16) },
        "matvec_bf16": { try product($0, rows: 7, depth: 65, columns: $1, format: .bf16) },
        "matvec_4bit": { context, n in
            try [WeightFormat.nf4(), .fp4(doubleQuantized: false)].flatMap {
                try product(context, rows: 3, depth: 192, columns: n, format: $0)
            }
        },
        "int8_few_rows": { try lowPrecision(.int8, $0, rows: 4, depth: 64 * $1, columns: 5, format: .bf16) },
        "int8_matvec_fp32": { try lowPrecision(.int8, $0, rows: 3, depth: 128, columns: $1, format: .fp32) },
        "int8_matvec_fp16": { try lowPrecision(.int8, $0, rows: 4, depth: 64, columns: $1, format: .fp16) },
        "int8_matvec_bf16": { try lowPrecision(.int8, $0, rows: 1, depth: 1088, columns: $1, format: .bf16) },
        "int8_matvec_4bit": { context, n in
            try [WeightFormat.nf4(), .fp4(doubleQuantized: false)].flatMap {
                try lowPrecision(.int8, context, rows: 9, depth: 192, columns: n, format: $0)
            }
        },
        "bf16_round": { try lowPrecision(.bf16, $0, rows: 7, depth: $1, columns: 40, format: .fp32) },
        "bf16_decode_4bit": { context, n in
            try [WeightFormat.nf4(), .fp4(doubleQuantized: false), .nf4(blockSize: 32)].flatMap {
                try lowPrecision(.bf16, context, rows: 4, depth: n, columns: 70, format: $0)
            }
        },
        "bf16_pack_transposed": { try lowPrecision(.bf16, $0, rows: $1, depth: 37, columns: 70, format: .bf16) },
        "bf16_pack_straight": { try lowPrecision(.bf16, $0, rows: 5, depth: 70, columns: $1, format: .fp16) },
        "bf16_tile": { try lowPrecision(.bf16, $0, rows: $1, depth: 129, columns: 33, format: .nf4()) },
        "decode_fp32": { try decoded($0, columns: $1, format: .fp32) },
        "decode_fp16": { try decoded($0, columns: $1, format: .fp16) },
        "decode_bf16": { try decoded($0, columns: $1, format: .bf16) },
        "decode_4bit": { context, n in
            try [WeightFormat.nf4(), .nf4(doubleQuantized: false), .fp4(), .fp4(doubleQuantized: false)].flatMap {
                try decoded(context, columns: n, format: $0)
            }
        },
        "encode_4bit": { try encoded($0, count: 5 * $1) },
        "add": { context, n in try rows(n) { context.add($0, $1, into: $2) } },
        "scale": { context, n in try rows(n) { a, _, c in context.scale(a, by: 0.3, into: c) } },
        "dot": { try attention($0, keys: $1) },
        "strips_straight": { try attention($0, headSize: $1 + 1) },
        "strips_turned": { try attention($0, headSize: $1 + 1) },
        "strip_rows": { try attention($0, keys: $1) },
        "strip_lanes": { try attention($0, keys: $1) },
        "strips_finish": { try attention($0, headSize: $1 + 1) },
        "strips_add": { try attention($0, headSize: $1 + 1) },
        "softmax": { try attention($0, keys: $1) },
        "softmax_backward": { try attention($0, keys: $1) },
        "silu_multiply": { context, n in try rows(n) { context.siluMultiply(gate: $0, up: $1, into: $2) } },
        "silu_multiply_backward": { context, n in
            try rows(n) { context.siluMultiplyBackward(da: $0, gate: $1, up: $2, dGate: $1, dUp: $2) }
        },
        "silu_multiply_saving": { context, n in
            let (gate, up) = (try BFloat16Values(6, n), try BFloat16Values(6, n))
            let bits = try rows(n) {
                context.siluMultiply(gate: $0, up: $1, into: $2, savingGate: gate.matrix, savingUp: up.matrix)
            }
            return bits + (gate.patterns + up.patterns).map { UInt32($0) }
        },
        "silu_multiply_backward_saved": { context, n in
            let (gate, up) = (try BFloat16Values(6, n, seed: 8), try BFloat16Values(6, n, seed: 9))
            return try rows(n) {
                context.siluMultiplyBackward(
                    da: $1, savedGate: gate.matrix, savedUp: up.matrix, a: $2, dGate: $0, dUp: $1)
            }
        },
        "dropout": { context, n in
            let rng = CounterRNG(seed: 5, purpose: .dropout)
            return try rows(n) { a, _, c in
                context.dropout(a, into: c, probability: 0.3, rng: rng, firstElement: 3)
            }
        },
        "rms_norm": { context, n in
            let weight = try StoredWeight(format: .bf16, rows: 1, columns: n, seed: 9, context: context)
            return try rows(n) { a, _, c in context.rmsNorm(a, weight: weight.view, epsilon: 1e-5, into: c) }
        },
        "rms_norm_gradient": { context, n in
            try rows(n) { a, b, c in
                context.rmsNormGradient(dy: a, x: b, epsilon: 1e-5, into: c.rows(from: 3, count: 1), accumulate: true)
                context.sumRows(b, into: c.rows(from: 4, count: 1), accumulate: n % 2 == 0)
                let ids: [Int32] = [2, 0, 2, 1, 2, 0]
                ids.withUnsafeBufferPointer { context.embedGradient($0, a, into: c.rows(from: 0, count: 3)) }
            }
        },
        "rms_norm_backward": { context, n in
            let weight = try StoredWeight(format: .fp32, rows: 1, columns: n, seed: 9, context: context)
            return try rows(n) {
                context.rmsNormBackward(dy: $0, x: $1, weight: weight.view, epsilon: 1e-5, dx: $2, accumulate: true)
            }
        },
        "rotate": { try rotated($0, half: $1 + 1) },
        "cross_entropy": { try loss($0, vocabulary: $1 + 1) },
        "add_fixed_point": { try flat($0, count: $1) },
        "fixed_point_to_float": { try flat($0, count: $1) },
        "sum_of_squares": { try flat($0, count: $1) },
        "adamw": { try optimized($0, count: $1) },
        "fma_loop": { context, n in n != 1 || context.measurePeak(.fp32FMA) > 0 ? [] : [1] },
        "int8_loop": { context, n in n != 1 || context.measurePeak(.int8) > 0 ? [] : [1] },
    ]

    private static func rows(_ n: Int, _ operation: (Matrix, Matrix, Matrix) -> Void) throws -> [UInt32] {
        let values = try (0..<3).map { try Values(6, n, seed: UInt64($0), padding: $0 + 1, shift: $0) }
        // The last row has what arithmetic treats specially; products with it need not be finite.
        let special: [Float] = [0, -0.0, .infinity, -.infinity, .nan, 0x1p-140, -0x1p-140, 100, -100, 3e38]
        for column in 0..<n { values[1].matrix.row(5)[column] = special[column % special.count] }
        operation(values[0].matrix, values[1].matrix, values[2].matrix)
        return values.flatMap(\.bits)
    }

    private static func product(
        _ context: KernelContext, rows: Int, depth: Int, columns: Int, format: WeightFormat
    ) throws -> [UInt32] {
        let x = try Values(rows, depth, seed: 1, padding: 3, shift: 1)
        let w = try StoredWeight(format: format, rows: columns, columns: depth, seed: 2, context: context)
        let y = try Values(rows, columns, seed: 3, padding: 1)
        context.multiply(x.matrix, by: w.view, into: y.matrix, accumulate: true)
        context.multiplyTransposed(y.matrix, by: w.view, into: x.matrix, accumulate: false)
        return x.bits + y.bits
    }

    private static func lowPrecision(
        _ compute: Compute, _ context: KernelContext, rows: Int, depth: Int, columns: Int, format: WeightFormat
    ) throws -> [UInt32] {
        let problem = try LowPrecisionCase(
            compute, m: rows, k: depth, n: columns, format: format, accumulate: true)
        problem.run(on: context)
        return problem.bits
    }

    private static func gradient(_ context: KernelContext, rows: Int, from n: Int) throws -> [UInt32] {
        let dy = try Values(rows, n, seed: 1, padding: 1)
        let x = try Values(rows, 45, seed: 2, padding: 2)
        let dw = try Values(n, 45, seed: 3, padding: 5, shift: 1)
        context.multiplyGradient(dy.matrix, x.matrix, into: dw.matrix, accumulate: true)
        return dw.bits
    }

    private static func decoded(_ context: KernelContext, columns: Int, format: WeightFormat) throws -> [UInt32] {
        let w = try StoredWeight(format: format, rows: 7, columns: columns, seed: 4, context: context)
        let x = try Values(5, columns, seed: 5, padding: 2, shift: 1)
        context.decode(w.view, rows: 1..<6, into: x.matrix)
        return try x.bits + product(context, rows: 3, depth: columns, columns: 40, format: format)
    }

    private static func encoded(_ context: KernelContext, count: Int) throws -> [UInt32] {
        let kinds = [WeightFormat.Kind.nf4, .fp4]
        let formats = kinds.flatMap { kind in
            [(64, true), (32, false)].map { WeightFormat.quantized(kind, blockSize: $0, doubleQuantized: $1) }
        }
        return try formats.flatMap { format in
            let w = try StoredWeight(format: format, rows: 1, columns: count, seed: 6, context: context)
            return w.storage.bytes().map { UInt32($0) }
        }
    }

    private static func rotated(_ context: KernelContext, half: Int) throws -> [UInt32] {
        let x = try Values(9, 3 * 2 * half, seed: 7, padding: 1)
        let table = try RotaryTable(
            frequencies: (0..<half).map { Float(Deterministic.pow(10_000, -Double($0) / Double(half))) }, positions: 50)
        let positions: [Int32] = [0, 1, 2, 3, 49, 48, 7, 7, 0]
        positions.withUnsafeBufferPointer {
            context.rotate(x.matrix, headSize: 2 * half, positions: $0, table: table, inverse: false)
        }
        return x.bits
    }

    private static func loss(_ context: KernelContext, vocabulary: Int) throws -> [UInt32] {
        let logits = try Values(5, vocabulary, seed: 8, padding: 1)
        let targets: [Int32] = [0, -100, Int32(vocabulary - 1), Int32(vocabulary / 2), 0]
        var nll = [Float](repeating: 7, count: 5)
        nll.withUnsafeMutableBufferPointer { nll in
            targets.withUnsafeBufferPointer {
                context.crossEntropy(logits: logits.matrix, targets: $0, gradientScale: 0.25, nll: nll)
            }
        }
        return logits.bits + nll.map(\.bitPattern)
    }

    private static func flat(_ context: KernelContext, count: Int) throws -> [UInt32] {
        let g = try Values(1, count * 50, seed: 9)
        var sums = [Int64](repeating: 12_345, count: g.matrix.columns)
        let sound = sums.withUnsafeMutableBufferPointer {
            context.addFixedPoint(UnsafeBufferPointer(g.matrix.elements), into: $0, limit: 2000)
        }
        var blocks = [Double](repeating: 0, count: sums.count.dividedRoundingUp(by: 100))
        sums.withUnsafeBufferPointer { sums in
            blocks.withUnsafeMutableBufferPointer { context.sumOfSquares(sums, blockSize: 100, into: $0) }
        }
        sums.withUnsafeBufferPointer { context.fixedPointToFloat($0, scale: 0.7, into: g.matrix.elements) }
        let words = sums.map { UInt64(bitPattern: $0) } + blocks.map(\.bitPattern)
        return g.bits + words.flatMap { [UInt32(truncatingIfNeeded: $0), UInt32($0 >> 32)] } + [sound ? 1 : 0]
    }

    private static func optimized(_ context: KernelContext, count: Int) throws -> [UInt32] {
        let values = try (0..<4).map { try Values(1, count * 140, seed: 20 + UInt64($0)) }
        for index in values[3].matrix.elements.indices { values[3].matrix.elements[index].magnitude() }
        let sums = values[1].elements.map { Int64(Double($0) * 0x1p52) }
        let step = AdamWStep(
            learningRate: 1e-2, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.1, biasCorrection1: 0.19,
            biasCorrection2: 0.002, gradientScale: 0.9)
        sums.withUnsafeBufferPointer {
            context.adamW(
                parameters: values[0].matrix.elements, sums: $0, firstMoments: values[2].matrix.elements,
                secondMoments: values[3].matrix.elements, step: step)
        }
        return values.flatMap(\.bits)
    }

    private static func attention(_ context: KernelContext, headSize: Int = 20, keys: Int = 37) throws -> [UInt32] {
        let problem = try AttentionCase(
            headSize: headSize, heads: 4, kvHeads: 2, lengths: [keys, 3], window: nil, seed: 30)
        problem.run(on: context)
        return problem.bits
    }
}

extension Float {
    fileprivate mutating func magnitude() { self = abs(self) }
}
