import Buffers
import Quantization

extension KernelBenchmark {
    /// Products of one row, whose weight is read from memory: what counts are its bytes.
    static var fewRowPlans: [Plan] {
        [Compute.int8, .fp32].flatMap { compute in
            [WeightFormat.nf4(), .bf16, .fp16, .fp32].map { format in
                let kind = format.isQuantized ? "4bit" : format.kind.rawValue
                let kernels = compute == .int8 ? ["int8_matvec_\(kind)", "int8_few_rows"] : ["matvec_\(kind)"]
                return Plan(
                    kernels: kernels,
                    make: { context, _ in try oneRow(format, k: 2048, n: 5632, compute: compute, context: context) },
                    readsMemory: true)
            }
        }
    }

    /// Copies of a weight that together are larger than the caches, each used in its turn.
    private final class Copies {
        private let storage: AlignedStorage
        private let views: [WeightView]
        private var turn = 0

        init(_ w: Stored, bytes total: Int) throws {
            let size = w.storage.byteCount
            let count = total / size + 1
            storage = try AlignedStorage(byteCount: count * size)
            views = (0..<count).map { [storage] index in
                let bytes = UnsafeMutableRawBufferPointer(rebasing: storage.bytes()[index * size..<(index + 1) * size])
                bytes.copyMemory(from: UnsafeRawBufferPointer(w.storage.bytes()))
                return WeightView(
                    format: w.view.format, rows: w.view.rows, columns: w.view.columns,
                    bytes: UnsafeRawBufferPointer(bytes))
            }
        }

        var next: WeightView {
            turn = (turn + 1) % views.count
            return views[turn]
        }
    }

    private static func oneRow(
        _ format: WeightFormat, k: Int, n: Int, compute: Compute, context: KernelContext
    ) throws -> Case {
        let w = try Stored(format, rows: n, columns: k, context: context)
        let copies = try Copies(w, bytes: 128 << 20)
        let (x, y) = (try values(1, k, seed: 1), try OwnedMatrix(rows: 1, columns: n))
        return Case(
            name: "multiply one row \(format)\(compute == .fp32 ? "" : " \(compute.rawValue)")", shape: "K=\(k) N=\(n)",
            operations: nil, bytes: Double(format.byteCount(elementCount: k * n)), runs: 41,
            body: { context.multiply(x.matrix, by: copies.next, into: y.matrix, accumulate: false, compute: compute) },
            isRight: {
                let expected = try OwnedMatrix(rows: 1, columns: n)
                let decoded = try OwnedMatrix(rows: n, columns: k)
                context.decode(w.view, rows: 0..<n, into: decoded.matrix)
                Reference.multiply(
                    x.matrix, by: compute == .fp32 ? WeightView(decoded.matrix) : w.view, into: expected.matrix,
                    accumulate: false, compute: compute)
                return y.equals(expected)
            })
    }
}
