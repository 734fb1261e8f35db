/// What one of several ranks owns of a logical space: a run of whole blocks of every unit.
///
/// Units are cut one by one, so that all ranks give alike to the gather of a unit and take alike from the sum of its
/// gradients.
package struct LogicalShard: Equatable, Sendable {
    /// Elements of one unit, neighbours in the logical space.
    package struct Run: Equatable, Sendable {
        package let unit: UnitID
        /// Their numbers in the logical space.
        package let elements: Range<Int>
        /// Where they lie in memory that holds this shard alone, run behind run.
        package let places: Range<Int>
        /// Which of the shard's blocks they are.
        package let blocks: Range<Int>
    }

    /// In the order of the logical space; none of them is empty.
    package let runs: [Run]
    package let elementCount: Int
    package let blockCount: Int

    init(_ space: LogicalSpace, index: Int, of count: Int) {
        precondition(count > 0 && index >= 0 && index < count)
        var runs: [Run] = []
        var (elementCount, blockCount) = (0, 0)
        for unit in space.units {
            let whole = space.range(of: unit)
            let blocks = LogicalSpace.blockCount(of: whole.count)
            let (first, last) = (blocks * index / count, blocks * (index + 1) / count)
            let start = whole.lowerBound + first * LogicalSpace.blockSize
            let end = min(whole.lowerBound + last * LogicalSpace.blockSize, whole.upperBound)
            guard start < end else { continue }
            runs.append(
                Run(
                    unit: unit, elements: start..<end, places: elementCount..<elementCount + (end - start),
                    blocks: blockCount..<blockCount + (last - first)))
            elementCount += end - start
            blockCount += last - first
        }
        self.runs = runs
        self.elementCount = elementCount
        self.blockCount = blockCount
    }

    /// The shard's run of a unit; nil where it has none.
    package func run(of unit: UnitID) -> Run? { runs.first { $0.unit == unit } }
}
