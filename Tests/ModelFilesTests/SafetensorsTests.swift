import Buffers
import Foundation
import ModelFiles
import Testing

@Suite("Safetensors")
struct SafetensorsTests {
    @Test("what is written is read back, widest types first")
    func roundTrip() throws {
        try withTemporaryDirectory { directory in
            let path = "\(directory)/a.safetensors"
            let tensors = [
                OutgoingTensor(name: "b", type: .bfloat16, shape: [3], values: [1, 2, 3] as [UInt16]),
                OutgoingTensor(name: "z", type: .float32, shape: [2, 2], values: [1, 2, 3, 4] as [Float]),
                OutgoingTensor(name: "a\"é\\", type: .uint8, shape: [0, 5], values: [] as [UInt8]),
                OutgoingTensor(name: "scalar", type: .int64, shape: [], values: [7] as [Int64]),
            ]
            try SafetensorsWriter.write(tensors, to: path)
            let file = try SafetensorsFile(path: path)
            #expect(file.metadata == ["format": "pt"])
            #expect(file.tensors.map(\.name).prefix(3) == ["scalar", "z", "b"])
            #expect(file.tensor(named: "z")?.shape == [2, 2])
            #expect(file.tensor(named: "z")?.floats == [1, 2, 3, 4])
            #expect(file.tensor(named: "a\"é\\")?.elementCount == 0)
            #expect(file.headerBytes.count % 8 == 0)

            let first = try Data(contentsOf: URL(fileURLWithPath: path))
            try SafetensorsWriter.write(tensors.reversed(), to: path)
            #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == first)
            #expect(try FileManager.default.contentsOfDirectory(atPath: directory) == ["a.safetensors"])
        }
    }

    @Test("names are told apart by their bytes, not as text")
    func canonicallyEquivalentNames() throws {
        try withTemporaryDirectory { directory in
            let path = "\(directory)/a.safetensors"
            let tensors = ["\u{E9}", "e\u{301}"].enumerated().map { index, name in
                OutgoingTensor(name: name, type: .uint8, shape: [1], values: [UInt8(index)])
            }
            try SafetensorsWriter.write(tensors, to: path)
            let file = try SafetensorsFile(path: path)
            #expect(file.tensors.count == 2)
            #expect(file.tensor(named: "e\u{301}")?.withBytes { $0.first } == 1)
        }
    }

    @Test("a disk that refuses leaves nothing behind, and says so")
    func cannotWrite() throws {
        let error = try #require(throws: InputError.self) {
            try SafetensorsWriter.write([], to: "/nonexistent/a.safetensors")
        }
        #expect(error.kind == .output)
    }

    struct Malformed: CustomStringConvertible, Sendable {
        let description: String
        let data: Data
        let says: String
    }

    static let tensor = #"{"dtype":"F32","shape":[2],"data_offsets":[0,8]}"#
    static let malformed = [
        Malformed(description: "empty", data: Data(), says: "0 bytes"),
        Malformed(description: "seven bytes", data: Data(count: 7), says: "7 bytes"),
        Malformed(description: "too long", data: safetensors("{}", length: 100_000_001), says: "100000001"),
        Malformed(description: "huge length", data: safetensors("{}", length: .max), says: "18446744073709551615"),
        Malformed(description: "header cut off", data: safetensors("{}", length: 3), says: "cut off"),
        Malformed(description: "no brace", data: safetensors(" {}"), says: "does not start"),
        Malformed(description: "no JSON", data: safetensors("{\"a\":"), says: "byte 5"),
        Malformed(
            description: "duplicate key", data: safetensors("{\"a\":\(tensor),\"a\":\(tensor)}", dataByteCount: 8),
            says: "twice"),
        Malformed(
            description: "escaped duplicate key",
            data: safetensors("{\"a\":\(tensor),\"\\u0061\":\(tensor)}", dataByteCount: 8), says: "twice"),
        Malformed(
            description: "deep", data: safetensors("{\"a\":" + String(repeating: "[", count: 100_000)), says: "deeper"),
        Malformed(
            description: "more after the end", data: safetensors("{}{}"), says: "more after the end"),
        Malformed(
            description: "data cut off", data: safetensors("{\"a\":\(tensor)}", dataByteCount: 7), says: "cut off"),
        Malformed(
            description: "bytes left over", data: safetensors("{\"a\":\(tensor)}", dataByteCount: 9),
            says: "1 bytes that belong to no tensor"),
        Malformed(
            description: "overlap",
            data: safetensors(
                #"{"a":\#(tensor),"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#, dataByteCount: 8),
            says: "tensor b: overlaps"),
        Malformed(
            description: "hole",
            data: safetensors(
                #"{"a":\#(tensor),"b":{"dtype":"U8","shape":[1],"data_offsets":[9,10]}}"#, dataByteCount: 10),
            says: "tensor b: follows a hole"),
        Malformed(
            description: "shape against bytes",
            data: safetensors(#"{"a":{"dtype":"F16","shape":[2],"data_offsets":[0,8]}}"#, dataByteCount: 8),
            says: "4 bytes"),
        Malformed(
            description: "overflow",
            data: safetensors(
                #"{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}}"#), says: "shape"),
        Malformed(
            description: "overflow of bytes",
            data: safetensors(#"{"a":{"dtype":"F32","shape":[4611686018427387904],"data_offsets":[0,0]}}"#),
            says: "shape"),
        Malformed(
            description: "negative size",
            data: safetensors(#"{"a":{"dtype":"F32","shape":[-1,-2],"data_offsets":[0,8]}}"#, dataByteCount: 8),
            says: "shape"),
        Malformed(
            description: "rank",
            data: safetensors(
                #"{"a":{"dtype":"U8","shape":[1,1,1,1,1,1,1,1,1],"data_offsets":[0,1]}}"#, dataByteCount: 1),
            says: "shape"),
        Malformed(
            description: "offsets turned round",
            data: safetensors(#"{"a":{"dtype":"U8","shape":[0],"data_offsets":[1,0]}}"#, dataByteCount: 1),
            says: "data_offsets"),
        Malformed(
            description: "dtype", data: safetensors(#"{"a":{"dtype":"F4","shape":[],"data_offsets":[0,0]}}"#),
            says: "F4"),
        Malformed(
            description: "metadata", data: safetensors(#"{"__metadata__":{"a":1}}"#), says: "__metadata__"),
        Malformed(
            description: "invalid UTF-8",
            data: withUnsafeBytes(of: UInt64(8).littleEndian) { Data($0) }
                + Data([0x7B, 0x22, 0xFF, 0x22, 0x3A, 0x7B, 0x7D, 0x7D]), says: "UTF-8"),
    ]

    @Test("a malformed file gives one line that says what is wrong", arguments: malformed)
    func malformedFile(_ malformed: Malformed) throws {
        try withTemporaryDirectory { directory in
            let path = "\(directory)/a.safetensors"
            try malformed.data.write(to: URL(fileURLWithPath: path))
            let error = try inputError { _ = try SafetensorsFile(path: path) }
            #expect(error.description.hasPrefix(path))
            #expect(error.description.contains(malformed.says), "\(error)")
        }
    }

    @Test("spaces after the header and tensors without elements are fine")
    func padding() throws {
        try withTemporaryDirectory { directory in
            let path = "\(directory)/a.safetensors"
            let header = #"{"a":{"dtype":"F32","shape":[0,3],"data_offsets":[0,0]},"b":\#(Self.tensor)}     "#
            try safetensors(header, dataByteCount: 8).write(to: URL(fileURLWithPath: path))
            #expect(try SafetensorsFile(path: path).tensors.map(\.name) == ["a", "b"])
        }
    }

    @Test("a file that is not there is named")
    func absent() throws {
        let error = try inputError { _ = try SafetensorsFile(path: "/nonexistent/a.safetensors") }
        #expect(error.description.hasPrefix("/nonexistent/a.safetensors"))
    }
}
