import Architectures
import Quantization
import Sharding
import Synchronization
import Testing

@Suite("Frozen units are borrowed")
struct FrozenUnitsTests {
    /// A source of empty units that notes what it is told.
    private final class NotingSource: UnitSource {
        private let notes = Mutex<[String]>([])
        var all: [String] { notes.withLock { $0 } }

        func layout(of unit: UnitID) -> UnitLayout { UnitLayout(unit: unit, tensors: []) }
        func bytes(of unit: UnitID) -> UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: nil, count: 0) }
        func willNeed(_ unit: UnitID) { notes.withLock { $0.append("will need \(unit)") } }
        func dontNeed(_ unit: UnitID, part: Range<Int>) { notes.withLock { $0.append("do not need \(unit)") } }
    }

    @Test("Pages go back with the unit, unless they are kept", arguments: [false, true])
    func pages(keepsPages: Bool) throws {
        let source = NotingSource()
        let units = FrozenUnits(source: source, keepsPages: keepsPages)
        units.begin([.block(0), .block(1), .block(2)])
        for index in 0..<2 {
            _ = try units.acquire(.block(index))
            units.release(.block(index))
        }
        let given = keepsPages ? [] : ["do not need \(UnitID.block(0))", "do not need \(UnitID.block(1))"]
        #expect(source.all.filter { $0.hasPrefix("do") } == given)
        #expect(source.all.filter { $0.hasPrefix("will") }.count == 2)
    }
}
