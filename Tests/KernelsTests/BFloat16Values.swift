import Buffers

/// bf16 values in memory of their own; zeros without a seed.
struct BFloat16Values {
    private let storage: AlignedStorage
    let matrix: BFloat16Matrix

    init(_ rows: Int, _ columns: Int, seed: UInt64? = nil) throws {
        let count = rows * columns
        storage = try AlignedStorage(byteCount: max(1, count) * 2)
        let elements = storage.elements(of: UInt16.self, count: count)
        if let seed {
            let rng = CounterRNG(seed: seed, purpose: .benchmark)
            for index in elements.indices { elements[index] = BFloat16(rng.uniform(index) * 20 - 10).bitPattern }
        }
        matrix = BFloat16Matrix(elements, rows: rows, columns: columns)
    }

    var patterns: [UInt16] { Array(storage.elements(of: UInt16.self, count: matrix.rows * matrix.columns)) }
    var values: [Float] { patterns.map { BFloat16(bitPattern: $0).float } }
}
