import Architectures

/// Which rank gives which bytes of a unit.
struct GatherPlan {
    let elements: Range<Int>
    let byteCounts: [Int]
    let byteDisplacements: [Int]

    /// - Parameter shards: of all ranks.
    init(space: LogicalSpace, unit: UnitID, shards: [LogicalShard]) {
        self.init(space.range(of: unit), parts: shards.map { $0.run(of: unit)?.elements ?? 0..<0 })
    }

    /// - Parameters:
    ///   - elements: what is gathered.
    ///   - parts: of it, one a rank.
    ///   - stride: bytes of an element.
    init(_ elements: Range<Int>, parts: [Range<Int>], stride: Int = MemoryLayout<Float>.stride) {
        self.elements = elements
        byteCounts = parts.map { $0.count * stride }
        byteDisplacements = parts.map { $0.isEmpty ? 0 : ($0.lowerBound - elements.lowerBound) * stride }
    }
}
