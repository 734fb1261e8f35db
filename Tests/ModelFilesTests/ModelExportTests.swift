import Architectures
import Buffers
import Foundation
import ModelFiles
import Testing

@Suite("Writing a model directory")
struct ModelExportTests {
    private func export(
        _ source: ModelDirectory, to path: String, type: ScalarType = .bfloat16, limit: Int = 1 << 30,
        files: [(name: String, bytes: [UInt8])] = [], record: ExportRecord = ExportRecord(),
        failingAt name: String? = nil
    ) throws {
        struct Stop: Error {}
        try ModelExport(configuration: source.configuration, architecture: source.architecture, type: type).write(
            to: path, files: files, record: record, maximumFileByteCount: limit
        ) { tensor, values in
            if tensor.name == name { throw Stop() }
            _ = values.update(fromContentsOf: TinyModel.values(tensor))
        }
    }

    /// A source whose config.json speaks of another type and of a quantisation.
    private func withSource(tied: Bool = false, _ body: (ModelDirectory, _ room: String) throws -> Void) throws {
        try withTemporaryDirectory { path in
            try FileManager.default.createDirectory(atPath: "\(path)/source", withIntermediateDirectories: false)
            try TinyModel.write(to: "\(path)/source") { tensors in
                if tied { tensors.removeAll { $0.name == "lm_head.weight" } }
            }
            try body(try ModelDirectory(path: "\(path)/source"), path)
        }
    }

    @Test(
        "what is written is read back, rounded once to nearest", arguments: [ScalarType.bfloat16, .float16, .float32])
    func roundTrip(type: ScalarType) throws {
        try withSource { source, path in
            let out = "\(path)/out"
            try export(source, to: out, type: type, files: [("tokenizer.json", Array("{}".utf8)), ("config.json", [])])
            let copy = try ModelDirectory(path: out)
            #expect(copy.architecture == source.architecture)
            #expect(copy.config["dtype"]?.string == "\(type)")
            #expect(copy.config["bos_token_id"]?.integer == 1)
            for tensor in copy.architecture.tensors {
                let stored = try copy.tensor(named: tensor.name)
                #expect(stored.type == type)
                let expected = TinyModel.values(tensor).map { value in
                    switch type {
                    case .bfloat16: BFloat16(value).float
                    case .float16: Float(Float16(value))
                    default: value
                    }
                }
                #expect(stored.floats == expected, "\(tensor.name)")
            }
            #expect(try String(contentsOfFile: "\(out)/tokenizer.json", encoding: .utf8) == "{}")
            #expect(try FileManager.default.contentsOfDirectory(atPath: path).sorted() == ["out", "source"])
        }
    }

    @Test("a tied head is not written, and large models go into several files")
    func tiedAndSharded() throws {
        try withSource(tied: true) { source, path in
            let out = "\(path)/out"
            try export(source, to: out, limit: 5000)
            let copy = try ModelDirectory(path: out)
            #expect(copy.architecture.tiesEmbeddings)
            #expect(copy.config["tie_word_embeddings"]?.bool == true)
            #expect(copy.files.count > 2)
            #expect(copy.storedTensor(named: "lm_head.weight") == nil)
        }
    }

    @Test("the record tells what the directory was made from")
    func record() throws {
        try withSource { source, path in
            let record = ExportRecord(baseHash: "abc", sourceHash: "def", step: 7)
            try export(source, to: "\(path)/out", record: record)
            let read = try #require(try ExportRecord(directory: "\(path)/out"))
            #expect(read.baseHash == "abc" && read.sourceHash == "def" && read.step == 7)
            #expect(read.files == ["config.json", "model.safetensors"])
            #expect(try ExportRecord(directory: "\(path)/source") == nil)
        }
    }

    @Test("an export is replaced by the next one, what else is there is refused and stays")
    func replacing() throws {
        try withSource { source, path in
            let out = "\(path)/out"
            try FileManager.default.createDirectory(atPath: out, withIntermediateDirectories: false)
            try export(source, to: out, limit: 5000)
            try export(source, to: out + "/")
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: out).sorted() == [
                    "config.json", "model.safetensors", "swiftlet.json",
                ])
            try Data("mine".utf8).write(to: URL(fileURLWithPath: "\(out)/notes.txt"))
            for refused in [out, "\(path)/source", "\(out)/notes.txt", "\(out)/notes.txt/below"] {
                let error = try #require(throws: InputError.self) { try export(source, to: refused) }
                #expect(error.kind == .output, "\(refused)")
            }
            #expect(try ModelDirectory(path: out).files.count == 1)
            #expect(try String(contentsOfFile: "\(out)/notes.txt", encoding: .utf8) == "mine")
        }
    }

    @Test("an export that fails leaves what was there and nothing else")
    func failing() throws {
        try withSource { source, path in
            let out = "\(path)/out"
            let last = "model.norm.weight"
            #expect(throws: (any Error).self) { try export(source, to: out, failingAt: last) }
            #expect(try FileManager.default.contentsOfDirectory(atPath: path) == ["source"])
            try export(source, to: out)
            #expect(throws: (any Error).self) { try export(source, to: out, type: .float32, failingAt: last) }
            #expect(try ModelDirectory(path: out).config["dtype"]?.string == "bfloat16")
            #expect(try FileManager.default.contentsOfDirectory(atPath: path).sorted() == ["out", "source"])
        }
    }

    @Test("what an export that was killed left behind goes with the next one")
    func killed() throws {
        try withSource { source, path in
            // No process has the greatest number that the type can hold.
            let host = ProcessInfo.processInfo.hostName.filter {
                $0.isASCII && ($0.isLetter || $0.isNumber || $0 == ".")
            }
            let stale = "\(path)/.out.tmp-\(host)-\(Int32.max)-1"
            try FileManager.default.createDirectory(atPath: stale, withIntermediateDirectories: false)
            try export(source, to: "\(path)/out")
            #expect(!FileManager.default.fileExists(atPath: stale))
        }
    }
}
