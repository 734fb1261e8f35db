import Buffers
import Foundation
import ModelFiles
import Testing

/// The path of a fixture of this target.
func fixture(_ name: String) throws -> String {
    try #require(Bundle.module.resourceURL).appendingPathComponent("Fixtures/\(name)").path
}

/// A directory of its own for one test, removed at the end.
func withTemporaryDirectory<Result>(_ body: (String) throws -> Result) throws -> Result {
    let directory = FileManager.default.temporaryDirectory.appendingPathComponent("swiftlet-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    return try body(directory.path)
}

/// The bytes of a safetensors file with this header and that many bytes of data.
func safetensors(_ header: String, dataByteCount: Int = 0, length: UInt64? = nil) -> Data {
    let length = length ?? UInt64(header.utf8.count)
    return withUnsafeBytes(of: length.littleEndian) { Data($0) } + Data(header.utf8) + Data(count: dataByteCount)
}

/// The error that `body` must throw: one line that names what is wrong.
func inputError(_ body: () throws -> Void) throws -> InputError {
    let error = try #require(throws: InputError.self) { try body() }
    #expect(!error.description.contains("\n"))
    #expect(error.kind == .data)
    return error
}

/// Writes a file without waiting for the disk, which Foundation does: thousands of files would take long.
func writeUnflushed(_ data: Data, to path: String) throws {
    let file = try #require(fopen(path, "w"))
    defer { fclose(file) }
    #expect(data.withUnsafeBytes { fwrite($0.baseAddress, 1, $0.count, file) } == data.count)
}
