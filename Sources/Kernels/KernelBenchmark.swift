import Buffers
import Foundation

/// Measures every kernel of the list through the operations that use it, and checks each result against its reference.
package enum KernelBenchmark {
    /// A case to be made when its turn comes, so that only one holds memory.
    struct Plan {
        /// The kernels of the list that do the work.
        let kernels: [String]
        let make: (_ context: KernelContext, _ reference: KernelContext) throws -> Case
        /// Its operations are held against the peak of this.
        var compute = Compute.fp32
        /// Whether its bytes are read from memory, and are held against the speed of reading.
        var readsMemory = false
    }

    /// One operation to be measured.
    struct Case {
        let name: String
        let shape: String
        /// Floating-point operations of the shape as given, without padding; nil where bytes count.
        let operations: Double?
        let bytes: Double?
        let runs: Int
        /// What is measured.
        let body: () -> Void
        /// Whether the result is the reference's, to the bit.
        let isRight: () throws -> Bool
    }

    /// Measures all cases on `context`.
    /// - Throws: `KernelBenchmarkError` where a result is wrong, `InputError` where memory is short.
    package static func run(context: KernelContext) throws -> [KernelBenchmarkResult] {
        let threads = Double(context.threads)
        let peaks = Dictionary(
            uniqueKeysWithValues: Compute.allCases.map { ($0, context.measurePeak(of: $0) * threads) })
        let reading = context.measureReadBandwidth()
        let reference = try KernelContext(threads: 1, instructionSet: .portable)
        return try plans.map { plan in
            try measure(
                try plan.make(context, reference), kernels: plan.kernels, context: context,
                peak: peaks[plan.compute] ?? 0, reading: plan.readsMemory ? reading : nil)
        }
    }

    /// The kernels that are measured.
    package static var coveredKernels: Set<String> { Set(plans.flatMap(\.kernels)) }

    private static var plans: [Plan] {
        productPlans + fewRowPlans + rowPlans + flatPlans + formatPlans + attentionPlans
    }

    private static func measure(
        _ item: Case, kernels: [String], context: KernelContext, peak: Double, reading: Double?
    ) throws -> KernelBenchmarkResult {
        item.body()
        guard try item.isRight() else {
            throw KernelBenchmarkError(name: item.name, instructionSet: context.instructionSet)
        }
        let clock = context.threads == 1 ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC
        let times = (0..<item.runs).map { _ in
            let start = now(clock)
            item.body()
            return now(clock) - start
        }
        let seconds = times.sorted()[times.count / 2]
        let speed = item.operations.map { $0 / seconds }
        let readSpeed = item.bytes.map { $0 / seconds }
        return KernelBenchmarkResult(
            name: item.name, kernels: kernels, shape: item.shape, instructionSet: context.instructionSet,
            threads: context.threads, seconds: seconds, gflops: speed.map { $0 * 1e-9 },
            gigabytesPerSecond: readSpeed.map { $0 * 1e-9 },
            peakGflops: speed.map { _ in peak * 1e-9 },
            fractionOfPeak: speed.map { $0 / peak } ?? reading.flatMap { peak in readSpeed.map { $0 / peak } })
    }

    private static func now(_ clock: clockid_t) -> Double {
        var time = timespec()
        clock_gettime(clock, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }

    /// rows × columns uniform values in [-1, 1).
    static func values(_ rows: Int, _ columns: Int, seed: UInt64) throws -> OwnedMatrix {
        let result = try OwnedMatrix(rows: rows, columns: columns)
        let rng = CounterRNG(seed: seed, purpose: .benchmark)
        // One draw in four elements is enough here, and the numbers are made in a quarter of the time.
        for (index, _) in result.matrix.elements.enumerated() {
            let value = rng.uniform(index / 4 * 4) * Float(2 + index % 4) - 1.5
            // Both halves are numbers of bf16 as well, for kernels that read such.
            let half = value.bitPattern >> 16
            result.matrix.elements[index] = Float(bitPattern: half << 16 | half)
        }
        return result
    }
}

/// A matrix with memory of its own.
struct OwnedMatrix {
    private let storage: AlignedStorage
    let matrix: Matrix

    init(rows: Int, columns: Int) throws {
        storage = try AlignedStorage(byteCount: rows * columns * MemoryLayout<Float>.stride)
        matrix = Matrix(storage.elements(of: Float.self, count: rows * columns), rows: rows, columns: columns)
    }

    func copy() throws -> OwnedMatrix {
        let result = try OwnedMatrix(rows: matrix.rows, columns: matrix.columns)
        result.matrix.elements.baseAddress?.update(
            from: matrix.base, count: matrix.rows * matrix.columns)
        return result
    }

    /// Whether all bits agree.
    func equals(_ other: OwnedMatrix) -> Bool {
        zip(matrix.elements, other.matrix.elements).allSatisfy { $0.bitPattern == $1.bitPattern }
    }
}
