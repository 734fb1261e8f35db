import Architectures
import Buffers
import Foundation
import ModelFiles
import Testing

@Suite("Damaged files")
struct MutationTests {
    /// The file with some bytes changed, taken away or put in, by the numbers of `random`.
    private func damaged(_ original: [UInt8], _ random: CounterRNG, within limit: Int) -> Data {
        var bytes = original
        var draw = 0
        func next(_ bound: Int) -> Int {
            draw += 1
            return random.integer(draw, below: max(1, bound))
        }
        for _ in 0...next(3) {
            let place = next(min(limit, bytes.count))
            switch next(5) {
            case 0: bytes.removeLast(min(bytes.count, next(bytes.count)))
            case 1 where !bytes.isEmpty: bytes[place] = UInt8(next(256))
            case 2 where !bytes.isEmpty: bytes[place] ^= 1 << next(8)
            case 3: bytes.insert(UInt8(next(128)), at: place)
            default:
                let digits = Array("0123456789{}[]\",:-eE\\".utf8)
                if !bytes.isEmpty { bytes[place] = digits[next(digits.count)] }
            }
        }
        return Data(bytes)
    }

    @Test("a damaged safetensors file is read or refused, never worse")
    func safetensorsFiles() throws {
        try withTemporaryDirectory { directory in
            let path = "\(directory)/model.safetensors"
            let tensors = (0..<4).map {
                OutgoingTensor(
                    name: "layer.\($0)", type: .float32, shape: [1, $0], values: [Float](repeating: 1, count: $0))
            }
            try SafetensorsWriter.write(
                tensors + [OutgoingTensor(name: "\u{E9}", type: .uint8, shape: [], values: [1 as UInt8])], to: path)
            let original = try [UInt8](Data(contentsOf: URL(fileURLWithPath: path)))
            let headerEnd = try SafetensorsFile(path: path).headerBytes.count
            var refused = 0
            for round in 0..<3000 {
                let random = CounterRNG(seed: 11, purpose: .sampling, step: round)
                let path = "\(directory)/\(round).safetensors"
                try writeUnflushed(damaged(original, random, within: headerEnd + 8), to: path)
                defer { unlink(path) }
                do {
                    let file = try SafetensorsFile(path: path)
                    for tensor in file.tensors {
                        #expect(tensor.withBytes(\.count) == tensor.elementCount * tensor.type.byteCount)
                    }
                } catch let error as InputError {
                    refused += 1
                    #expect(error.kind == .data && !error.description.contains("\n"))
                }
            }
            #expect(refused > 2000)
        }
    }

    @Test("a damaged configuration is read or refused, never worse", arguments: ["config.json", "config_v4.json"])
    func configurations(name: String) throws {
        let original = try [UInt8](Data(contentsOf: URL(fileURLWithPath: fixture("llama_tiny/\(name)"))))
        var refused = 0
        for round in 0..<1500 {
            let random = CounterRNG(seed: 12, purpose: .sampling, step: round)
            let bytes = [UInt8](damaged(original, random, within: original.count))
            do {
                let configuration = try bytes.withUnsafeBytes { try ModelConfiguration(path: name, bytes: $0) }
                #expect(configuration.architecture.parameterCount > 0)
            } catch let error as InputError {
                refused += 1
                #expect(error.kind == .data && !error.description.contains("\n"))
            }
        }
        #expect(refused > 750)
    }

    @Test("a damaged adapter configuration is read or refused, never worse")
    func adapters() throws {
        let architecture = try PEFTAdapterTests.architecture()
        try withTemporaryDirectory { directory in
            try FileManager.default.copyItem(
                atPath: fixture("llama_tiny/adapter/adapter_model.safetensors"),
                toPath: "\(directory)/adapter_model.safetensors")
            let source = URL(fileURLWithPath: try fixture("llama_tiny/adapter/adapter_config.json"))
            let original = try [UInt8](Data(contentsOf: source))
            let path = "\(directory)/adapter_config.json"
            for round in 0..<500 {
                let random = CounterRNG(seed: 13, purpose: .sampling, step: round)
                try writeUnflushed(damaged(original, random, within: original.count), to: path)
                defer { unlink(path) }
                do {
                    _ = try PEFTAdapter(path: directory, architecture: architecture)
                } catch let error as InputError {
                    #expect(error.kind == .data && !error.description.contains("\n"))
                }
            }
        }
    }
}
