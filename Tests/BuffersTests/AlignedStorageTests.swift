import Buffers
import Testing

@Suite("Aligned storage", .serialized)
struct AlignedStorageTests {
    @Test("memory is zeroed, on a page boundary, and as long as asked", arguments: [0, 1, 63, 4096, 4097, 5 << 20])
    func allocation(byteCount: Int) throws {
        let storage = try AlignedStorage(byteCount: byteCount)
        #expect(UInt(bitPattern: storage.base) % 4096 == 0)
        storage.withBytes {
            #expect($0.count == byteCount)
            #expect($0.allSatisfy { $0 == 0 })
            if let last = $0.indices.last { $0[last] = 7 }
        }
    }

    @Test("views lie where they say")
    func views() throws {
        let storage = try AlignedStorage(byteCount: 256)
        storage.elements(of: Float.self, at: 64, count: 3)[1] = 2.5
        #expect(storage.bytes(at: 68, count: 4).loadUnaligned(as: Float.self) == 2.5)
        #expect(storage.bytes(at: 256).isEmpty)
    }

    @Test("what the system has not got is refused, and counted only where it was given")
    func tooMuch() throws {
        let error = try #require(throws: InputError.self) { _ = try AlignedStorage(byteCount: 1 << 60) }
        #expect(error.kind == .capacity)
        let before = AlignedStorage.allocationCount
        _ = try AlignedStorage(byteCount: 8)
        #expect(AlignedStorage.allocationCount > before)
    }

    @Test("a byte count near the largest integer is refused, not a trap")
    func nearMaximum() throws {
        let error = try #require(throws: InputError.self) { _ = try AlignedStorage(byteCount: .max) }
        #expect(error.kind == .capacity)
    }
}
