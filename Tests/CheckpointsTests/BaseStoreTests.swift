import Architectures
import Buffers
import Checkpoints
import Foundation
import Quantization
import Testing

@Suite("Base stores")
struct BaseStoreTests {
    static let formats: [WeightFormat] = [
        .nf4(), .nf4(blockSize: 128, doubleQuantized: false), .nf4(blockSize: 32), .bf16, .fp32, .fp16,
    ]

    @Test(
        "a store gives back what was written", arguments: formats,
        [
            tinyArchitecture(), tinyArchitecture(layers: 0), tinyArchitecture(layers: 1, tied: true),
            tinyArchitecture(layers: 3, biased: true),
        ])
    func roundTrip(linear: WeightFormat, architecture: Architecture) throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/x.base.h5"
            let description = describe(architecture, linear: linear)
            let hash = try writeStore(path, description)
            let store = try BaseStore(path: path)
            #expect(store.hash == hash && hash.count == 64)
            #expect(store.architecture == architecture)
            #expect(store.sourceHash == "source" && store.tokenizerHash == "tokenizer")
            #expect(store.fileNames == ["config.json", "empty"])
            #expect(
                store.file(named: "config.json").map { String(decoding: $0, as: UTF8.self) }
                    == "{\"model_type\": \"llama\"}")
            #expect(store.file(named: "empty") == [] && store.file(named: "absent") == nil)
            try store.verify()
            for (tensor, record) in zip(architecture.tensors, description.tensors) {
                check(store, tensor, record)
            }
            for unit in architecture.units {
                store.willNeed(unit)
                #expect(store.bytes(of: unit).count == description.byteCount(of: unit))
                #expect(store.bytes(of: unit).count % 4096 == 0)
                #expect(Int(bitPattern: store.bytes(of: unit).baseAddress) % 4096 == 0)
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: directory).count == 2)
        }
    }

    private func check(_ store: BaseStore, _ tensor: BaseTensor, _ record: TensorRecord) {
        let expected = content(of: record)
        let start = store.offsetInUnit(of: tensor)
        #expect(start % 64 == 0 && start == record.offset)
        #expect(Array(store.bytes(of: tensor.unit)[start..<start + record.byteCount]) == expected)
        #expect(store.format(of: tensor) == record.format)
        let view = store.weight(tensor)
        #expect(view.rows == tensor.rows && view.columns == tensor.columns && view.format == record.format)
        #expect(view.codes.load(as: UInt8.self) == expected[0])
        #expect((view.scales == nil) == !record.format.isQuantized)
    }

    @Test("the same content gives the same bytes and the same hash, another source another hash")
    func deterministic() throws {
        try withTemporaryDirectory { directory in
            let description = describe(tinyArchitecture(biased: true))
            let first = try writeStore(directory + "/a.base.h5", description)
            let second = try writeStore(directory + "/b.base.h5", description)
            #expect(first == second)
            let bytes = try ["/a.base.h5", "/b.base.h5"].map {
                try Data(contentsOf: URL(fileURLWithPath: directory + $0))
            }
            #expect(bytes[0] == bytes[1])
            let other = BaseStoreDescription(
                architecture: description.architecture,
                formats: chosenFormats(description.architecture, linear: .nf4()),
                sourceHash: "another", tokenizerHash: "tokenizer")
            #expect(try writeStore(directory + "/c.base.h5", other) != first)
        }
    }

    @Test("several writers of one store do not disturb one another, and the last one wins")
    func race() async throws {
        let directory = NSTemporaryDirectory() + "swiftlet-race-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let path = directory + "/x.base.h5"
        let hashes = try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<4 { group.addTask { try writeStore(path, describe(tinyArchitecture())) } }
            return try await group.reduce(into: Set<String>()) { $0.insert($1) }
        }
        let store = try BaseStore(path: path)
        #expect(hashes == [store.hash])
        try store.verify()
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory).count == 2)
    }

    @Test("a store stays usable while another takes its name")
    func replaced() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/x.base.h5"
            let architecture = tinyArchitecture()
            try writeStore(path, describe(architecture))
            let old = try BaseStore(path: path)
            try writeStore(path, describe(architecture, linear: .bf16))
            try old.verify()
            #expect(try BaseStore(path: path).hash != old.hash)
        }
    }

    @Test("a writer that goes without finishing leaves nothing")
    func abandoned() throws {
        try withTemporaryDirectory { directory in
            do { _ = try BaseStoreWriter(path: directory + "/x.base.h5", description: describe(tinyArchitecture())) }
            #expect(try FileManager.default.contentsOfDirectory(atPath: directory).isEmpty)
        }
    }

    @Test("h5dump reads the attributes and the bytes")
    func dump() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/x.base.h5"
            let architecture = tinyArchitecture(layers: 1)
            try writeStore(path, describe(architecture))
            let name = "/units/block.00000/model.layers.0.mlp.down_proj.weight"
            let header = try run(["h5dump", "-g", name, path])
            for part in ["\"weight.down\"", "\"nf4\"", "24, 40", "\"nestedScales\"", "double_quantized"] {
                #expect(header.contains(part), "\(part)")
            }
            let bytes = try run(["h5dump", "-d", "/units/embedding/bytes", "-c", "3", "-y", path])
            let expected = content(of: try #require(describe(architecture).tensors.first))
            #expect(bytes.contains(expected.prefix(3).map(String.init).joined(separator: ", ")))
            #expect(try run(["h5dump", "-a", "/description", path]).contains("model.embed_tokens.weight"))
        }
    }
}
