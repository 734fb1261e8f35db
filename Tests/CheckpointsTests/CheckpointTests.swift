import Architectures
import Buffers
import Checkpoints
import Foundation
import Testing

@Suite("Checkpoints")
struct CheckpointTests {
    @Test("what R ranks save, R' ranks read", arguments: 1...5, 1...5)
    func reslice(writers: Int, readers: Int) throws {
        try withTemporaryDirectory { directory in
            let path = try save(directory, step: 120, ranks: writers)
            #expect(path == directory + "/step-00000120" && latestName(in: directory) == "step-00000120")
            let reader = try CheckpointReader(directory: path, verification: readers % 2 == 0 ? .now : .onUse)
            try expectContent(of: reader, step: 120, ranks: readers)
            #expect(reader.manifest.job == content(step: 120).job && reader.manifest.state == content(step: 120).state)
            #expect(reader.manifest.baseHash == "base" && reader.manifest.tensors == content(step: 120).tensors)
            #expect(reader.manifest.parts.count == writers)
            let names = try FileManager.default.contentsOfDirectory(atPath: directory).sorted()
            #expect(names == ["latest", "step-00000120"])
        }
    }

    @Test("ranks whose shard is large write several parts, and pieces are cut", arguments: [8, 1000, 4096, 65_536])
    func manyParts(byteLimit: Int) throws {
        let space = LogicalSpace([
            LogicalTensor(name: "a", shape: [301], unit: .head, decays: true),
            LogicalTensor(name: "b", shape: [7, 11], unit: .head, decays: true),
        ])
        try withTemporaryDirectory { directory in
            let path = try save(directory, step: 1, ranks: 2, space: space, byteLimit: byteLimit)
            let reader = try CheckpointReader(directory: path)
            let byteCount = space.elementCount * 12
            #expect(reader.manifest.parts.count == byteCount.dividedRoundingUp(by: byteLimit) + 1)
            #expect(Set(reader.manifest.parts.map(\.file)).isSuperset(of: ["part-00000-of-00002.h5"]))
            try expectContent(of: reader, step: 1, ranks: 3, space: space)
        }
    }

    @Test("elements of any type come back as they were, any range of them", arguments: ScalarType.allCases)
    func types(type: ScalarType) throws {
        let count = 1000
        let bytes = pattern(count * type.byteCount, seed: 5)
        let cuts = [0, 1, 63, 64, 65, 500, 999, 1000]
        let key = PieceKey("x", .value)
        try withTemporaryDirectory { directory in
            let transaction = try CheckpointTransaction.begin(in: directory, step: 0)
            let parts = try bytes.withUnsafeBytes { buffer in
                let pieces = zip(cuts, cuts.dropFirst()).map { start, end in
                    let slice = buffer[start * type.byteCount..<end * type.byteCount]
                    return Piece(
                        key: key, range: start..<end, type: type, bytes: UnsafeRawBufferPointer(rebasing: slice))
                }
                return try transaction.writeParts(pieces.reversed(), part: 0, of: 1)
            }
            let content = CheckpointContent(
                job: .null, baseHash: "", state: [:],
                tensors: [CheckpointTensor(key, shape: [10, 100], type: type)])
            let reader = try CheckpointReader(directory: try transaction.commit(content, parts: parts))
            for range in [0..<1000, 0..<0, 62..<66, 999..<1000, 1..<999, 64..<65] {
                var found = [UInt8](repeating: 0, count: range.count * type.byteCount)
                try found.withUnsafeMutableBytes { try reader.read(key, range: range, into: $0) }
                #expect(found == Array(bytes[range.lowerBound * type.byteCount..<range.upperBound * type.byteCount]))
            }
            var one: [UInt8] = [0]
            #expect(throws: InputError.self) {
                try one.withUnsafeMutableBytes { try reader.read(key, range: 999..<1001, into: $0) }
            }
            #expect(throws: InputError.self) {
                try one.withUnsafeMutableBytes { try reader.read(PieceKey("y", .value), range: 0..<1, into: $0) }
            }
        }
    }

    @Test("a job with other tensors is told so")
    func otherJob() throws {
        try withTemporaryDirectory { directory in
            let reader = try CheckpointReader(directory: try save(directory, step: 3, ranks: 2))
            let tensors = smallSpace.tensors.map {
                LogicalTensor(name: $0.name, shape: $0.shape + [1], unit: $0.unit, decays: $0.decays)
            }
            let other = LogicalSpace(tensors)
            var values = [Float](repeating: 0, count: other.elementCount)
            let error = try #require(throws: InputError.self) {
                try values.withUnsafeMutableBufferPointer {
                    try reader.read(.value, of: other, run: 0..<other.elementCount, into: $0)
                }
            }
            #expect(error.kind == .data && error.description.contains("resume with the job"))
        }
    }

    @Test("the newest ones are kept, never fewer than two", arguments: [0, 1, 2, 3, 10])
    func pruned(limit: Int) throws {
        try withTemporaryDirectory { directory in
            for step in 1...5 { try save(directory, step: step, ranks: 1) }
            try CheckpointTransaction.prune(directory, keeping: limit)
            #expect(try steps(in: directory) == Array((1...5).suffix(max(2, limit))))
            #expect(latestName(in: directory) == "step-00000005")
        }
    }

    @Test("a run that went back to an earlier step is newer than what it left behind")
    func generations() throws {
        try withTemporaryDirectory { directory in
            for step in [100, 200, 220] { try save(directory, step: step, ranks: 1) }
            try save(directory, step: 120, ranks: 1)
            let found = try CheckpointReader.latest(in: directory)
            #expect(found.checkpoint?.step == 120 && found.warnings.isEmpty)
            try CheckpointTransaction.prune(directory, keeping: 2)
            #expect(try steps(in: directory) == [120, 220])
        }
    }

    @Test("a step that is there already is replaced")
    func replaced() throws {
        try withTemporaryDirectory { directory in
            try save(directory, step: 7, ranks: 3)
            let other = LogicalSpace([LogicalTensor(name: "z", shape: [5], unit: .head, decays: true)])
            try save(directory, step: 7, ranks: 1, space: other)
            let reader = try #require(try CheckpointReader.latest(in: directory).checkpoint)
            try expectContent(of: reader, step: 7, ranks: 2, space: other)
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: directory).sorted() == ["latest", "step-00000007"])
        }
    }

    @Test("h5dump reads a part, and sha256sum agrees with the sums")
    func dump() throws {
        try withTemporaryDirectory { directory in
            let path = try save(directory, step: 2, ranks: 2)
            let text = try run([
                "h5dump", "-d", "/firstMoment/layers.0.q_proj.lora_A.weight/0", "-c", "3", "-y",
                path + "/part-00001-of-00002.h5",
            ])
            #expect(text.contains("200000, 200001, 200002"), "\(text)")
            #expect(try run(["sh", "-c", "cd \(path) && sha256sum -c SHA256SUMS"]).contains("manifest.json: OK"))
        }
    }

    @Test("inspection lists stores and checkpoints as plain values")
    func inspection() throws {
        try withTemporaryDirectory { directory in
            try save(directory + "/checkpoints", step: 9, ranks: 2)
            try writeStore(directory + "/x.base.h5", describe(tinyArchitecture()))
            guard case .checkpoint(let newest) = try Inspection(path: directory + "/checkpoints"),
                case .checkpoint(let named) = try Inspection(path: directory + "/checkpoints/step-00000009"),
                case .baseStore(let store) = try Inspection(path: directory + "/x.base.h5")
            else {
                Issue.record("a file is taken for something else")
                return
            }
            #expect(newest.step == 9 && named.parts.count == 2)
            #expect(named.elementCount == smallSpace.elementCount * 3)
            #expect(store.tensors.count == tinyArchitecture().tensors.count && store.units.count == 4)
            let json = try JSONEncoder().encode(try Inspection(path: directory + "/x.base.h5"))
            #expect(String(decoding: json, as: UTF8.self).contains("\"kind\":\"base store\""))
            #expect(throws: InputError.self) { try Inspection(path: directory) }
            #expect(throws: InputError.self) { try Inspection(path: directory + "/absent") }
        }
    }

    @Test(
        "JSON values keep numbers, texts and order",
        arguments: [
            "null", "true", "[1,-2.5,1e+300,9223372036854775807]", "{\"a\":{\"b\":[]},\"c\":\"ä\\n\"}", "\"x\"",
        ])
    func json(text: String) throws {
        let value = try JSONValue(text: text)
        #expect(try JSONValue(encoding: value) == value)
        #expect(try value.decoded(as: JSONValue.self) == value)
    }
}
