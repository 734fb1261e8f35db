import Buffers
import Foundation
import Testing

@Suite("Memory maps")
struct MemoryMapTests {
    private func withFile<Result>(_ data: Data, _ body: (String) throws -> Result) throws -> Result {
        let url = FileManager.default.temporaryDirectory.appendingPathComponent("swiftlet-\(UUID().uuidString)")
        try data.write(to: url)
        defer { try? FileManager.default.removeItem(at: url) }
        return try body(url.path)
    }

    @Test("a map holds the file's bytes", arguments: [0, 1, 4096, 10_000])
    func contents(byteCount: Int) throws {
        let data = Data((0..<byteCount).map { UInt8(truncatingIfNeeded: $0 &* 31) })
        try withFile(data) { path in
            let map = try MemoryMap(path: path)
            map.willNeed(0..<byteCount)
            map.dontNeed(0..<byteCount)
            #expect(map.withBytes { Data($0) } == data)
        }
    }

    @Test("what is no file is named", arguments: ["/nonexistent/file", "/tmp", "/dev/null"])
    func noFile(path: String) throws {
        let error = try #require(throws: InputError.self) { _ = try MemoryMap(path: path) }
        #expect(error.kind == .data && error.file == path)
    }
}
