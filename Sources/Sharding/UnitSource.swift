package import Architectures
package import Collectives
package import Quantization

/// Where the frozen bytes of a base come from: a mapped base store, slices on several nodes, bytes made in memory.
package protocol UnitSource: AnyObject, Sendable {
    /// The ranks that send each other the bytes of units, this one among them; nil where it takes no part.
    var senders: (any Communicator)? { get }
    /// Where the tensors of a unit lie in its bytes.
    func layout(of unit: UnitID) -> UnitLayout
    /// The bytes of a unit; valid from `acquire` to `release`, and as long as the source lives.
    func bytes(of unit: UnitID) -> UnsafeRawBufferPointer
    /// Says that a unit is needed soon; a hint.
    func willNeed(_ unit: UnitID)
    /// Says that some bytes of a unit are not needed again soon, so that mapped pages need not count as this process's;
    /// a hint.
    func dontNeed(_ unit: UnitID, part: Range<Int>)
    /// Makes the bytes of a unit available.
    /// - Parameter upcoming: the unit so many places behind this one, from 0; nil where that is not known.
    func acquire(_ unit: UnitID, upcoming: (Int) -> UnitID?) throws
    func release(_ unit: UnitID)
    /// Waits for what is still under way; the last call, also after an error.
    func finish()
}

/// A source whose bytes are always at hand.
extension UnitSource {
    package var senders: (any Communicator)? { nil }
    package func acquire(_ unit: UnitID, upcoming: (Int) -> UnitID?) throws {}
    package func release(_ unit: UnitID) {}
    package func finish() {}
}
