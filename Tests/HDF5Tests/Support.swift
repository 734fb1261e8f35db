import Buffers
import Foundation
import HDF5
import Testing

/// Path of a file that lies beside the tests.
func fixture(_ name: String) throws -> String {
    try #require(Bundle.module.path(forResource: "Fixtures/" + name, ofType: nil))
}

/// A directory for one test, removed afterwards.
func withTemporaryDirectory(_ body: (String) throws -> Void) throws {
    let path = NSTemporaryDirectory() + "/swiftlet-hdf5-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: path) }
    try body(path)
}

/// Opens a file image that lies in an array.
func openImage(_ bytes: [UInt8], name: String = "image") throws -> HDF5File {
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
    defer { copy.deallocate() }
    copy.copyBytes(from: bytes)
    return try HDF5File.open(image: UnsafeRawBufferPointer(copy), name: name)
}

extension HDF5Dataset {
    /// All values as bytes.
    func allBytes() throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0xAA, count: try elementCount() * scalarType().byteCount)
        try bytes.withUnsafeMutableBytes { try read(into: $0) }
        return bytes
    }
}

/// Opens a dataset by its path from the root: `opt/m`.
func bytes(in file: borrowing HDF5File, at path: String) throws -> (type: String, shape: [Int], bytes: [UInt8]) {
    var names = path.split(separator: "/").map(String.init)
    let last = names.removeLast()
    var group = try file.root()
    for name in names { group = try group.group(name) }
    let dataset = try group.dataset(last)
    return (try dataset.scalarType().rawValue, try dataset.shape(), try dataset.allBytes())
}

/// Runs a program and gives what it printed; the test fails where it fails.
func run(_ arguments: [String]) throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = arguments
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0, "\(arguments.joined(separator: " "))")
    return String(decoding: data, as: UTF8.self)
}
