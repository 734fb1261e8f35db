import Buffers
import Quantization

extension KernelBenchmark {
    /// A weight in some format, and the memory it lies in.
    struct Stored {
        let storage: AlignedStorage
        let view: WeightView

        init(_ format: WeightFormat, rows: Int, columns: Int, context: KernelContext) throws {
            let values = try KernelBenchmark.values(rows, columns, seed: 3)
            let count = rows * columns
            storage = try AlignedStorage(byteCount: format.byteCount(elementCount: count))
            switch format.kind {
            case .fp32: storage.bytes().copyMemory(from: UnsafeRawBufferPointer(values.matrix.elements))
            case .fp16, .bf16:
                let halves = storage.elements(of: UInt16.self, count: count)
                for (index, value) in values.matrix.elements.enumerated() {
                    halves[index] = format.kind == .bf16 ? BFloat16(value).bitPattern : Float16(value).bitPattern
                }
            case .nf4, .fp4:
                context.encode(
                    UnsafeRawBufferPointer(values.matrix.elements), source: .float32, elementCount: count,
                    format: format, into: storage.bytes())
            }
            view = WeightView(
                format: format, rows: rows, columns: columns, bytes: UnsafeRawBufferPointer(storage.bytes()))
        }
    }

    static var productPlans: [Plan] {
        let formats: [WeightFormat] = [.nf4(), .nf4(doubleQuantized: false), .bf16, .fp16, .fp32]
        let wide = Compute.allCases.flatMap { compute in
            formats.flatMap { format in
                [false, true].map { product(format, m: 512, k: 2048, n: 5632, transposed: $0, compute: compute) }
            }
        }
        let narrow = [
            product(.fp32, m: 1024, k: 512, n: 16, transposed: false),
            product(.fp32, m: 1024, k: 16, n: 512, transposed: false),
            gradient(m: 512, k: 2048, n: 5632),
            gradient(m: 1024, k: 512, n: 16),
            gradient(m: 1024, k: 16, n: 512),
        ]
        return wide + narrow
    }

    private static func product(
        _ format: WeightFormat, m: Int, k: Int, n: Int, transposed: Bool, compute: Compute = .fp32
    ) -> Plan {
        Plan(
            kernels: kernels(format, wide: transposed || n > 64, transposed: transposed, compute: compute),
            make: { context, _ in
                try product(format, m: m, k: k, n: n, context: context, transposed: transposed, compute: compute)
            }, compute: compute)
    }

    private static func kernels(
        _ format: WeightFormat, wide: Bool, transposed: Bool, compute: Compute
    ) -> [String] {
        if compute == .fp32 { return [wide ? "tile_packed" : "tile_strided", "pack_transposed", decoder(format)] }
        if compute == .bf16 {
            let pack = transposed ? "bf16_pack_straight" : "bf16_pack_transposed"
            return ["bf16_tile", "bf16_round", pack] + (format.isQuantized ? ["bf16_decode_4bit"] : [])
        }
        let panels =
            transposed
            ? ["int8_panel_columns", decoder(format)]
            : format.isQuantized ? ["int8_panel_4bit"] : ["int8_panel_rows", decoder(format)]
        return ["int8_rows", "int8_tile"] + panels
    }

    private static func gradient(m: Int, k: Int, n: Int) -> Plan {
        Plan(kernels: ["tile_packed", "pack_straight"]) { context, _ in
            try gradient(m: m, k: k, n: n, context: context)
        }
    }

    static func decoder(_ format: WeightFormat) -> String {
        format.isQuantized ? "decode_4bit" : "decode_\(format.kind.rawValue)"
    }

    private static func product(
        _ format: WeightFormat, m: Int, k: Int, n: Int, context: KernelContext, transposed: Bool, compute: Compute
    ) throws -> Case {
        let w = try Stored(format, rows: n, columns: k, context: context)
        let input = try values(m, transposed ? n : k, seed: 1)
        let output = try OwnedMatrix(rows: m, columns: transposed ? k : n)
        let name = transposed ? "multiplyTransposed" : "multiply"
        return Case(
            name: "\(name) \(format)\(compute == .fp32 ? "" : " \(compute.rawValue)")", shape: "M=\(m) K=\(k) N=\(n)",
            operations: 2 * Double(m) * Double(k) * Double(n), bytes: nil, runs: 5,
            body: {
                if transposed {
                    context.multiplyTransposed(
                        input.matrix, by: w.view, into: output.matrix, accumulate: false, compute: compute)
                } else {
                    context.multiply(
                        input.matrix, by: w.view, into: output.matrix, accumulate: false, compute: compute)
                }
            },
            isRight: {
                // The last row by plain loops: rows do not differ in what is done to them.
                let expected = try OwnedMatrix(rows: 1, columns: output.matrix.columns)
                let last = input.matrix.rows(from: m - 1, count: 1)
                let decoded = try OwnedMatrix(rows: n, columns: k)
                context.decode(w.view, rows: 0..<n, into: decoded.matrix)
                let weight = compute == .fp32 ? WeightView(decoded.matrix) : w.view
                let reference = transposed ? Reference.multiplyTransposed : Reference.multiply
                reference(last, weight, expected.matrix, false, compute)
                return Array(expected.matrix.row(0)) == Array(output.matrix.row(m - 1))
            })
    }

    private static func gradient(m: Int, k: Int, n: Int, context: KernelContext) throws -> Case {
        let (dy, x) = (try values(m, n, seed: 1), try values(m, k, seed: 2))
        let (dw, expected) = (try OwnedMatrix(rows: n, columns: k), try OwnedMatrix(rows: 1, columns: k))
        return Case(
            name: "multiplyGradient", shape: "M=\(m) K=\(k) N=\(n)",
            operations: 2 * Double(m) * Double(k) * Double(n), bytes: nil, runs: 21,
            body: { context.multiplyGradient(dy.matrix, x.matrix, into: dw.matrix, accumulate: false) },
            isRight: {
                // The last row by plain loops: rows do not differ in what is done to them.
                let last = dy.matrix.columns(from: n - 1, count: 1)
                Reference.multiplyGradient(last, x.matrix, into: expected.matrix, accumulate: false)
                return Array(expected.matrix.row(0)) == Array(dw.matrix.row(n - 1))
            })
    }
}
