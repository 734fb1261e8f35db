/// The trainable tensors laid end to end: every element has one number, the same on any number of ranks.
///
/// Shards are cut at multiples of `blockSize` elements, so that a reduction per block, then over blocks in order, gives
/// the same bits for any number of shards.
package struct LogicalSpace: Equatable, Sendable {
    package static let blockSize = 4096

    package let tensors: [LogicalTensor]
    /// First element of each tensor.
    package let offsets: [Int]
    /// Number of elements of all tensors together.
    package let elementCount: Int

    package init(_ tensors: [LogicalTensor]) {
        var offsets: [Int] = []
        var next = 0
        for tensor in tensors {
            offsets.append(next)
            next += tensor.elementCount
        }
        self.tensors = tensors
        self.offsets = offsets
        elementCount = next
    }

    package var blockCount: Int { elementCount.dividedRoundingUpByBlock }

    /// The elements that shard `index` of `count` owns: whole blocks, spread as evenly as blocks allow.
    package func shard(_ index: Int, of count: Int) -> Range<Int> {
        precondition(count > 0 && index >= 0 && index < count)
        let first = blockCount * index / count * Self.blockSize
        let last = blockCount * (index + 1) / count * Self.blockSize
        return min(first, elementCount)..<min(last, elementCount)
    }

    /// The elements of all tensors of one unit: one run, empty where the unit trains nothing.
    package func range(of unit: UnitID) -> Range<Int> {
        let members = tensors.indices.filter { tensors[$0].unit == unit }
        guard let first = members.first, let last = members.last else { return 0..<0 }
        precondition(last - first + 1 == members.count, "the tensors of a unit are neighbours")
        return offsets[first]..<offsets[last] + tensors[last].elementCount
    }

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

extension Int {
    fileprivate var dividedRoundingUpByBlock: Int { (self + LogicalSpace.blockSize - 1) / LogicalSpace.blockSize }
}
