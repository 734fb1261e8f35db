/// The trainable tensors laid end to end: every element has one number, the same on any number of ranks.
///
/// Each unit is cut into blocks of `blockSize` elements, and shards take whole blocks, so that a reduction per block,
/// then over blocks in order, gives the same bits for any number of shards.
package struct LogicalSpace: Equatable, Sendable {
    package static let blockSize = 4096

    package let tensors: [LogicalTensor]
    /// First element of each tensor.
    package let offsets: [Int]
    /// Number of elements of all tensors together.
    package let elementCount: Int
    /// The units that train something, in order.
    package let units: [UnitID]
    package let blockCount: Int
    private let unitRanges: [UnitID: Range<Int>]

    package init(_ tensors: [LogicalTensor]) {
        var offsets: [Int] = []
        var next = 0
        var units: [UnitID] = []
        var unitRanges: [UnitID: Range<Int>] = [:]
        for tensor in tensors {
            offsets.append(next)
            let first = unitRanges[tensor.unit]?.lowerBound ?? next
            precondition(unitRanges[tensor.unit] == nil || units.last == tensor.unit, "a unit's tensors are neighbours")
            if units.last != tensor.unit { units.append(tensor.unit) }
            next += tensor.elementCount
            unitRanges[tensor.unit] = first..<next
        }
        self.tensors = tensors
        self.offsets = offsets
        elementCount = next
        self.units = units.filter { unitRanges[$0]?.isEmpty == false }
        self.unitRanges = unitRanges
        blockCount = unitRanges.values.reduce(0) { $0 + Self.blockCount(of: $1.count) }
    }

    /// How many blocks a unit of so many elements has; the last may be smaller.
    static func blockCount(of elementCount: Int) -> Int { (elementCount + blockSize - 1) / blockSize }

    /// What rank `index` of `count` owns: whole blocks of each unit, spread as evenly as blocks allow.
    package func shard(_ index: Int, of count: Int) -> LogicalShard { LogicalShard(self, index: index, of: count) }

    /// The shard that has everything: each element lies at its number.
    package var whole: LogicalShard { shard(0, of: 1) }

    /// The elements of all tensors of one unit: one run, empty where the unit trains nothing.
    package func range(of unit: UnitID) -> Range<Int> { unitRanges[unit] ?? 0..<0 }

    /// The parts of tensors that lie in a run of elements, in order.
    package func ranges(in run: Range<Int>) -> [LogicalRange] {
        tensors.indices.compactMap { index in
            let whole = offsets[index]..<offsets[index] + tensors[index].elementCount
            let part = whole.clamped(to: run)
            guard !part.isEmpty else { return nil }
            return LogicalRange(
                tensor: tensors[index].name, start: part.lowerBound - whole.lowerBound, count: part.count)
        }
    }
}
