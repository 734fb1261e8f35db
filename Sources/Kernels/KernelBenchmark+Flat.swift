import Buffers
import Quantization

extension KernelBenchmark {
    private static var count: Int { 1 << 20 }

    static var flatPlans: [Plan] {
        [
            Plan(kernels: ["add_fixed_point", "fixed_point_to_float"]) { try fixedPoint(context: $0, reference: $1) },
            Plan(kernels: ["sum_of_squares"]) { try squares(context: $0, reference: $1) },
            Plan(kernels: ["adamw"]) { try optimizer(context: $0, reference: $1) },
            Plan(kernels: ["fma_loop"]) { context, _ in yardstick(.fp32FMA, "fp32", context: context) },
            Plan(kernels: ["int8_loop"]) { context, _ in yardstick(.int8, "int8", context: context) },
        ]
    }

    static var formatPlans: [Plan] {
        let formats: [WeightFormat] = [.nf4(), .nf4(doubleQuantized: false), .fp4(), .bf16, .fp16, .fp32]
        return formats.map { format in
            Plan(kernels: [decoder(format)]) { try decoding(format, context: $0, reference: $1) }
        } + [Plan(kernels: ["encode_4bit"]) { try encoding(context: $0, reference: $1) }]
    }

    private static func fixedPoint(context: KernelContext, reference: KernelContext) throws -> Case {
        let g = try values(1, count, seed: 1)
        let (sums, expected) = (
            try AlignedStorage(byteCount: count * 8), try AlignedStorage(byteCount: count * 8)
        )
        func run(_ context: KernelContext, _ sums: AlignedStorage, _ g: Matrix) {
            let words = sums.elements(of: Int64.self, count: count)
            words.update(repeating: 0)
            _ = context.addFixedPoint(UnsafeBufferPointer(g.elements), into: words, limit: 2000)
            context.fixedPointToFloat(UnsafeBufferPointer(words), scale: 1, into: g.elements)
        }
        return Case(
            name: "addFixedPoint, fixedPointToFloat", shape: "\(count)", operations: nil, bytes: Double(count * 40),
            runs: 11,
            body: { run(context, sums, g.matrix) },
            isRight: {
                let copy = try g.copy()
                run(reference, expected, copy.matrix)
                run(context, sums, g.matrix)
                return g.equals(copy)
            })
    }

    private static func squares(context: KernelContext, reference: KernelContext) throws -> Case {
        let sums = try sums(seed: 1, context)
        func run(_ context: KernelContext) -> [Double] {
            var blocks = [Double](repeating: 0, count: count / 4096)
            blocks.withUnsafeMutableBufferPointer {
                context.sumOfSquares(UnsafeBufferPointer(sums.elements(count: count)), blockSize: 4096, into: $0)
            }
            return blocks
        }
        return Case(
            name: "sumOfSquares", shape: "\(count)", operations: nil,
            bytes: Double(count * 8), runs: 11, body: { _ = run(context) },
            isRight: { run(context) == run(reference) })
    }

    /// Exact sums of one gradient.
    private static func sums(seed: UInt64, _ context: KernelContext) throws -> AlignedStorage {
        let (g, sums) = (try values(1, count, seed: seed), try AlignedStorage(byteCount: count * 8))
        _ = context.addFixedPoint(
            UnsafeBufferPointer(g.matrix.elements), into: sums.elements(count: count), limit: 2000)
        return sums
    }

    private static func optimizer(context: KernelContext, reference: KernelContext) throws -> Case {
        let state = try (0..<3).map { try values(1, count, seed: UInt64($0)) }
        for index in state[2].matrix.elements.indices { state[2].matrix.elements[index] = Float(index % 7) }
        let sums = try sums(seed: 3, context)
        let step = AdamWStep(
            learningRate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, biasCorrection1: 0.1,
            biasCorrection2: 0.001, gradientScale: 1)
        func run(_ context: KernelContext, _ state: [OwnedMatrix]) {
            let parts = state.map(\.matrix.elements)
            context.adamW(
                parameters: parts[0], sums: UnsafeBufferPointer(sums.elements(count: count)), firstMoments: parts[1],
                secondMoments: parts[2], step: step)
        }
        return Case(
            name: "adamW", shape: "\(count)", operations: nil, bytes: Double(count * 32), runs: 11,
            body: { run(context, state) },
            isRight: {
                let expected = try state.map { try $0.copy() }
                run(reference, expected)
                run(context, state)
                return zip(state, expected).allSatisfy { $0.equals($1) }
            })
    }

    private static func yardstick(_ kind: PeakKind, _ name: String, context: KernelContext) -> Case {
        var best = 0.0
        return Case(
            name: "measurePeak \(name)", shape: "registers", operations: nil, bytes: nil, runs: 1,
            body: { best = context.measurePeak(kind) }, isRight: { best > 0 })
    }

    private static func decoding(
        _ format: WeightFormat, context: KernelContext, reference: KernelContext
    ) throws -> Case {
        let (rows, columns) = (512, 2048)
        let w = try Stored(format, rows: rows, columns: columns, context: context)
        let x = try OwnedMatrix(rows: rows, columns: columns)
        let bytes = format.byteCount(elementCount: rows * columns) + rows * columns * 4
        return Case(
            name: "decode \(format)", shape: "\(rows)×\(columns)", operations: nil,
            bytes: Double(bytes), runs: 11, body: { context.decode(w.view, rows: 0..<rows, into: x.matrix) },
            isRight: {
                let expected = try OwnedMatrix(rows: rows, columns: columns)
                reference.decode(w.view, rows: 0..<rows, into: expected.matrix)
                return x.equals(expected)
            })
    }

    private static func encoding(context: KernelContext, reference: KernelContext) throws -> Case {
        let x = try values(1, count, seed: 1)
        let format = WeightFormat.nf4()
        let size = format.byteCount(elementCount: count)
        let (bytes, expected) = (try AlignedStorage(byteCount: size), try AlignedStorage(byteCount: size))
        func run(_ context: KernelContext, _ bytes: AlignedStorage) {
            context.encode(
                UnsafeRawBufferPointer(x.matrix.elements), source: .float32, elementCount: count, format: format,
                into: bytes.bytes())
        }
        return Case(
            name: "encode \(format)", shape: "\(count)", operations: nil,
            bytes: Double(size + count * 4), runs: 5, body: { run(context, bytes) },
            isRight: {
                run(reference, expected)
                return zip(bytes.bytes(), expected.bytes()).allSatisfy { $0 == $1 }
            })
    }
}
