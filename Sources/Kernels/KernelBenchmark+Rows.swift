import Buffers
import Quantization

extension KernelBenchmark {
    /// Operations that read and write rows once: what counts are bytes.
    static var rowPlans: [Plan] {
        [
            row("add", 1024, 1408, matrices: 3) { $0.add($1[0], $1[1], into: $1[2]) },
            row("scale", 1024, 1408, matrices: 2) { $0.scale($1[0], by: 0.5, into: $1[1]) },
            row("siluMultiply", 1024, 1408, kernel: "silu_multiply", matrices: 3) {
                $0.siluMultiply(gate: $1[0], up: $1[1], into: $1[2])
            },
            row("siluMultiplyBackward", 1024, 1408, kernel: "silu_multiply_backward", matrices: 5) {
                $0.siluMultiplyBackward(da: $1[0], gate: $1[1], up: $1[2], dGate: $1[3], dUp: $1[4])
            },
            row("siluMultiply, saving", 1024, 1408, kernel: "silu_multiply_saving", matrices: 5, traffic: 4) {
                let (gate, up) = (halves(of: $1[3]), halves(of: $1[4]))
                $0.siluMultiply(gate: $1[0], up: $1[1], into: $1[2], savingGate: gate, savingUp: up)
            },
            row(
                "siluMultiplyBackward, saved", 1024, 1408, kernel: "silu_multiply_backward_saved", matrices: 6,
                traffic: 5
            ) {
                let (gate, up) = (halves(of: $1[1]), halves(of: $1[2]))
                $0.siluMultiplyBackward(
                    da: $1[0], savedGate: gate, savedUp: up, a: $1[3], dGate: $1[4], dUp: $1[5])
            },
            row("rmsNorm", 1024, 512, kernel: "rms_norm", matrices: 2) {
                $0.rmsNorm($1[0], weight: WeightView($1[0].rows(from: 0, count: 1)), epsilon: 1e-5, into: $1[1])
            },
            row("rmsNormBackward", 1024, 512, kernel: "rms_norm_backward", matrices: 3) {
                let weight = WeightView($1[0].rows(from: 0, count: 1))
                $0.rmsNormBackward(dy: $1[0], x: $1[1], weight: weight, epsilon: 1e-5, dx: $1[2], accumulate: false)
            },
            row("rmsNormGradient", 1024, 512, kernel: "rms_norm_gradient", matrices: 3, traffic: 2) {
                let weight = $1[2].rows(from: 0, count: 1)
                $0.rmsNormGradient(dy: $1[0], x: $1[1], epsilon: 1e-5, into: weight, accumulate: false)
            },
            row("dropout", 1024, 512, matrices: 2) {
                let rng = CounterRNG(seed: 1, purpose: .dropout)
                $0.dropout($1[0], into: $1[1], probability: 0.1, rng: rng, firstElement: 0)
            },
            Plan(kernels: ["rotate"]) { try rotation(context: $0, reference: $1) },
            Plan(kernels: ["cross_entropy"]) { try loss(context: $0, reference: $1) },
        ]
    }

    /// As many bf16 values in the memory of a matrix, of which they take the first half.
    private static func halves(of matrix: Matrix) -> BFloat16Matrix {
        let count = matrix.rows * matrix.columns
        let patterns = UnsafeMutableRawPointer(matrix.base).bindMemory(to: UInt16.self, capacity: count)
        return BFloat16Matrix(
            UnsafeMutableBufferPointer(start: patterns, count: count), rows: matrix.rows, columns: matrix.columns)
    }

    /// A case that writes the last of `matrices` (or the last two of five).
    /// - Parameter traffic: how many of the matrices are read or written whole; nil: all.
    private static func row(
        _ name: String, _ rows: Int, _ columns: Int, kernel: String? = nil, matrices: Int, traffic: Int? = nil,
        _ operation: @escaping (KernelContext, [Matrix]) -> Void
    ) -> Plan {
        Plan(kernels: [kernel ?? name]) { context, reference in
            let inputs = try (0..<matrices).map { try values(rows, columns, seed: UInt64($0)) }
            return Case(
                name: name, shape: "\(rows)×\(columns)", operations: nil,
                bytes: Double((traffic ?? matrices) * rows * columns * 4), runs: 21,
                body: { operation(context, inputs.map(\.matrix)) },
                isRight: {
                    let expected = try inputs.map { try $0.copy() }
                    operation(reference, expected.map(\.matrix))
                    return zip(inputs, expected).allSatisfy { $0.equals($1) }
                })
        }
    }

    private static func rotation(context: KernelContext, reference: KernelContext) throws -> Case {
        let x = try values(1024, 512, seed: 1)
        let table = try RotaryTable(
            frequencies: (0..<32).map { Float(Deterministic.pow(10_000, -Double($0) / 32)) }, positions: 1024)
        let positions = (0..<1024).map { Int32($0) }
        func rotate(_ context: KernelContext, _ x: Matrix) {
            positions.withUnsafeBufferPointer {
                context.rotate(x, headSize: 64, positions: $0, table: table, inverse: false)
            }
        }
        return Case(
            name: "rotate", shape: "1024×8×64", operations: nil, bytes: 1024 * 512 * 8, runs: 21,
            body: { rotate(context, x.matrix) },
            isRight: {
                let expected = try x.copy()
                rotate(reference, expected.matrix)
                rotate(context, x.matrix)
                return x.equals(expected)
            })
    }

    private static func loss(context: KernelContext, reference: KernelContext) throws -> Case {
        let (rows, vocabulary) = (256, 8192)
        let logits = try values(rows, vocabulary, seed: 1)
        let targets = (0..<rows).map { Int32($0) }
        func run(_ context: KernelContext, _ logits: Matrix) -> [Float] {
            var nll = [Float](repeating: 0, count: rows)
            nll.withUnsafeMutableBufferPointer { nll in
                targets.withUnsafeBufferPointer {
                    context.crossEntropy(logits: logits, targets: $0, gradientScale: 1, nll: nll)
                }
            }
            return nll
        }
        return Case(
            name: "crossEntropy", shape: "\(rows)×\(vocabulary)", operations: nil,
            bytes: Double(rows * vocabulary * 8), runs: 11,
            body: { _ = run(context, logits.matrix) },
            isRight: {
                let expected = try logits.copy()
                return run(reference, expected.matrix) == run(context, logits.matrix) && logits.equals(expected)
            })
    }
}
