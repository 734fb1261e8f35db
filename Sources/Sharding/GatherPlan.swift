import Architectures

/// Which rank gives which bytes of a unit's parameters.
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
    init(_ elements: Range<Int>, parts: [Range<Int>]) {
        self.elements = elements
        byteCounts = parts.map { $0.count * MemoryLayout<Float>.stride }
        byteDisplacements = parts.map {
            $0.isEmpty ? 0 : ($0.lowerBound - elements.lowerBound) * MemoryLayout<Float>.stride
        }
    }
}
