import Buffers
import Foundation
import HDF5
import Testing

@Suite("What is written is read")
struct RoundTripTests {
    private func pattern(_ count: Int, seed: UInt64) -> [UInt8] {
        let numbers = CounterRNG(key: seed, stream: 7)
        return (0..<count).map { UInt8(truncatingIfNeeded: numbers[$0]) }
    }

    @Test("every scalar type, several shapes, on disk and in memory", arguments: ScalarType.allCases, [true, false])
    func types(type: ScalarType, onDisk: Bool) throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/x.h5"
            let shapes = [[], [0], [1], [63], [64], [65], [3, 5, 7], [4, 0, 2]]
            let file = onDisk ? try HDF5File.create(path: path) : try HDF5File.createImage(name: path)
            let group = try file.root().createGroup("g")
            for (index, shape) in shapes.enumerated() {
                let count = shape.reduce(1, *) * type.byteCount
                let dataset = try group.createDataset("\(index)", type: type, shape: shape)
                try pattern(count, seed: UInt64(index)).withUnsafeBytes { try dataset.write($0) }
            }
            let image = onDisk ? nil : try file.image()
            try file.close()
            let again =
                try image.map { try HDF5File.open(image: UnsafeRawBufferPointer($0.bytes()), name: "image") }
                ?? HDF5File.open(path: path)
            for (index, shape) in shapes.enumerated() {
                let found = try bytes(in: again, at: "g/\(index)")
                #expect(found.type == type.rawValue && found.shape == shape)
                #expect(found.bytes == pattern(shape.reduce(1, *) * type.byteCount, seed: UInt64(index)))
            }
        }
    }

    @Test("attributes of every kind on groups and datasets")
    func attributes() throws {
        let long = String(repeating: "ä{\"x\":1}", count: 20_000)
        let values: [HDF5Attribute] = [
            .integer(-5), .integers([1, 2, .max]), .integers([]), .real(-0.1), .reals([.infinity, 1e-300]),
            .text(""), .text("häßlich\u{1F600}"), .text(long), .texts(["a", "", "ccc"]), .texts([]),
        ]
        let file = try HDF5File.createImage(name: "attributes")
        let root = try file.root()
        let dataset = try root.createDataset("d", type: .uint8, shape: [1])
        for (index, value) in values.enumerated() {
            try root.setAttribute("a\(index)", value)
            try dataset.setAttribute("a\(index)", value)
        }
        for (index, value) in values.enumerated() {
            #expect(try root.attribute("a\(index)") == value)
            #expect(try dataset.attribute("a\(index)") == value)
        }
        #expect(throws: HDF5Error.self) { try root.setAttribute("a0", .integer(1)) }
    }

    @Test("large datasets lie on pages, one run each, where fileOffset says", arguments: [4096, 8192, 100_000])
    func offsets(byteCount: Int) throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/x.h5"
            let file = try HDF5File.create(path: path)
            let root = try file.root()
            var offsets: [Int] = []
            for index in 0..<3 {
                let dataset = try root.createDataset("\(index)", type: .uint8, shape: [byteCount])
                offsets.append(try #require(try dataset.fileOffset()))
            }
            try file.close()
            #expect(offsets.allSatisfy { $0 % 4096 == 0 })
            let handle = try #require(FileHandle(forWritingAtPath: path))
            for (index, offset) in offsets.enumerated() {
                try handle.seek(toOffset: UInt64(offset))
                try handle.write(contentsOf: Data(pattern(byteCount, seed: UInt64(index))))
            }
            try handle.close()
            let again = try HDF5File.open(path: path)
            for index in 0..<3 {
                #expect(try bytes(in: again, at: "\(index)").bytes == pattern(byteCount, seed: UInt64(index)))
            }
            #expect(
                try HDF5File.open(path: try fixture("sample.h5")).root().group("opt").dataset("m").fileOffset() == nil)
        }
    }

    @Test("the same calls give the same bytes")
    func deterministic() throws {
        let images = try (0..<2).map { _ in
            let file = try HDF5File.createImage(name: "same")
            let root = try file.root()
            try root.setAttribute("text", .text("words"))
            let dataset = try root.createGroup("g").createDataset("d", type: .bfloat16, shape: [100])
            try pattern(200, seed: 3).withUnsafeBytes { try dataset.write($0) }
            let image = try file.image()
            return withExtendedLifetime(image) { Array(image.bytes()) }
        }
        #expect(images[0] == images[1])
    }

    @Test("h5dump reads it")
    func dump() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/x.h5"
            let file = try HDF5File.create(path: path)
            let dataset = try file.root().createGroup("g").createDataset("d", type: .float32, shape: [3])
            try [Float(1.5), -2, 0.25].withUnsafeBytes { try dataset.write($0) }
            try dataset.setAttribute("unit", .text("metre"))
            try file.close()
            let text = try run(["h5dump", path])
            #expect(text.contains("1.5, -2, 0.25") && text.contains("H5T_IEEE_F32LE") && text.contains("\"metre\""))
        }
    }

    @Test("many threads at once")
    func threads() async throws {
        let path = try fixture("sample.h5")
        try await withThrowingTaskGroup(of: Int.self) { group in
            for index in 0..<16 {
                group.addTask {
                    let file = try HDF5File.open(path: path)
                    _ = try? file.root().dataset("absent \(index)")
                    return try bytes(in: file, at: "opt/m").bytes.count
                }
            }
            for try await count in group { #expect(count == 4800) }
        }
    }
}
