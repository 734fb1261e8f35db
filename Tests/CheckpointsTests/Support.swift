import Architectures
import Buffers
import Checkpoints
import Foundation
import Quantization
import Testing

/// Where tests write: in memory where that is to be had, since a save syncs ten times and a crash test saves hundreds.
private let scratch = FileManager.default.isWritableFile(atPath: "/dev/shm") ? "/dev/shm/" : NSTemporaryDirectory()

/// A directory for one test, removed afterwards.
func withTemporaryDirectory<R>(_ body: (String) throws -> R) throws -> R {
    let path = scratch + "swiftlet-checkpoints-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try body(path)
}

/// Bytes that depend on a seed only.
func pattern(_ count: Int, seed: Int) -> [UInt8] {
    let numbers = CounterRNG(key: UInt64(seed), stream: 11)
    return (0..<count).map { UInt8(truncatingIfNeeded: numbers[$0]) }
}

/// Changes one byte of a file.
func flipByte(of path: String, at offset: Int) throws {
    let handle = try #require(FileHandle(forUpdatingAtPath: path))
    try handle.seek(toOffset: UInt64(offset))
    let byte = try #require(try handle.read(upToCount: 1)?.first)
    try handle.seek(toOffset: UInt64(offset))
    try handle.write(contentsOf: Data([byte ^ 0x10]))
    try handle.close()
}

/// Cuts a file off.
func truncate(_ path: String, to count: Int) throws {
    let handle = try #require(FileHandle(forUpdatingAtPath: path))
    try handle.truncate(atOffset: UInt64(count))
    try handle.close()
}

func size(of path: String) throws -> Int {
    try #require(try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int)
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

/// A small model: `tied` shares embedding and head, `biased` gives query and value a bias.
func tinyArchitecture(layers: Int = 2, tied: Bool = false, biased: Bool = false) -> Architecture {
    Architecture(
        family: "llama", vocabularySize: 97, hiddenSize: 24, intermediateSize: 40, layerCount: layers, headCount: 3,
        keyValueHeadCount: 1, headSize: 8, normEpsilon: 1e-5,
        rotary: RotaryEmbedding(
            theta: 10_000,
            scaling: .llama3(
                factor: 8, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalMaximumPositions: 8192)),
        maximumPositions: 64, tiesEmbeddings: tied, biasedLinears: biased ? [.query, .value, .key] : [],
        beginOfText: 1, endOfText: [2, 3])
}
