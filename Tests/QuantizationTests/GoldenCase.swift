import Buffers
import Foundation
import Testing

/// A fixture in safetensors, read with no help from the code under test.
struct GoldenCase {
    private let data: Data
    private let header: [String: [String: Any]]

    init(_ path: String) throws {
        let url = try #require(Bundle.module.url(forResource: "Fixtures/\(path)", withExtension: "safetensors"))
        data = try Data(contentsOf: url)
        let length = data.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
        let object = try JSONSerialization.jsonObject(with: data[8..<8 + length])
        header = try #require(object as? [String: [String: Any]])
        start = 8 + length
    }

    private let start: Int

    func bytes(_ name: String) throws -> [UInt8] {
        let offsets = try #require(header[name]?["data_offsets"] as? [Int])
        return [UInt8](data[start + offsets[0]..<start + offsets[1]])
    }

    func floats(_ name: String) throws -> [Float] {
        let bytes = try bytes(name)
        return stride(from: 0, to: bytes.count, by: 4).map { first in
            Float(bitPattern: (0..<4).reduce(0) { $0 | UInt32(bytes[first + $1]) << (8 * UInt32($1)) })
        }
    }

    func type(_ name: String) throws -> ScalarType {
        switch header[name]?["dtype"] as? String {
        case "BF16": .bfloat16
        case "F16": .float16
        default: .float32
        }
    }
}
