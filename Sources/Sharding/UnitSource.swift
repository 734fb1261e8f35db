package import Architectures
package import Quantization

/// Where the frozen bytes of a base come from: a mapped base store, or bytes made in memory.
package protocol UnitSource: AnyObject, Sendable {
    /// Where the tensors of a unit lie in its bytes.
    func layout(of unit: UnitID) -> UnitLayout
    /// The bytes of a unit; valid as long as the source lives.
    func bytes(of unit: UnitID) -> UnsafeRawBufferPointer
    /// Says that a unit is needed soon; a hint.
    func willNeed(_ unit: UnitID)
    /// Says that some bytes of a unit are not needed again soon, so that mapped pages need not count as this process's;
    /// a hint.
    func dontNeed(_ unit: UnitID, part: Range<Int>)
}
