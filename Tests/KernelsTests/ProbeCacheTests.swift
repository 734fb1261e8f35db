import Foundation
import Kernels
import Testing

@Suite("The cache of the probe")
struct ProbeCacheTests {
    /// A directory that goes at the end.
    private final class Place {
        let path = FileManager.default.temporaryDirectory.path + "/probe-\(UUID().uuidString)"
        var cache: ProbeCache { ProbeCache(directory: path + "/swiftlet") }
        var files: [String] { (try? FileManager.default.contentsOfDirectory(atPath: path + "/swiftlet")) ?? [] }

        deinit { try? FileManager.default.removeItem(atPath: path) }
    }

    @Test("what was measured is found again, one file an instruction set")
    func roundTrip() throws {
        let place = Place()
        for set in InstructionSet.supported {
            let first = try place.cache.probe(of: set)
            #expect(first.file == nil)
            let second = try place.cache.probe(of: set)
            #expect(second.probe == first.probe)
            #expect(second.file.map { FileManager.default.fileExists(atPath: $0) } == true)
        }
        #expect(place.files.count == InstructionSet.supported.count)
        #expect(!place.files.contains { $0.contains("tmp") })
    }

    @Test("measuring anew replaces what is kept")
    func anew() throws {
        let place = Place()
        let first = try place.cache.probe(of: .portable)
        let second = try place.cache.probe(of: .portable, anew: true)
        #expect(second.file == nil)
        #expect(second.probe != first.probe)
        #expect(try place.cache.probe(of: .portable).probe == second.probe)
    }

    @Test(
        "a damaged file is measured anew and replaced",
        arguments: ["", "{", "null", "[1, 2]", "{\"key\": 3}", "\u{0}\u{1}", String(repeating: "[", count: 200_000)])
    func damaged(text: String) throws {
        let place = Place()
        let first = try place.cache.probe(of: .portable)
        let file = try #require(try place.cache.probe(of: .portable).file)
        try Data(text.utf8).write(to: URL(fileURLWithPath: file))
        let second = try place.cache.probe(of: .portable)
        #expect(second.file == nil && second.probe != first.probe)
        #expect(try place.cache.probe(of: .portable).probe == second.probe)
    }

    @Test(
        "a file of another machine, version or speed is not believed",
        arguments: [
            ("\"host\" : \"", "\"host\" : \"x"), ("\"cpu\" : \"", "\"cpu\" : \"x"),
            ("\"version\" : \"", "\"version\" : \"x"),
            ("\"instructionSet\" : \"portable", "\"instructionSet\" : \"avx2"),
            ("\"instruction\" : \"", "\"instruction\" : \"x"), ("\"kind\" : \"fp32_fma", "\"kind\" : \"int8_amx"),
            ("\"operationsPerSecond\" : ", "\"operationsPerSecond\" : -"),
            ("\"readBytesPerSecond\" : ", "\"readBytesPerSecond\" : -"),
        ])
    func foreign(old: String, new: String) throws {
        let place = Place()
        _ = try place.cache.probe(of: .portable)
        let file = try #require(try place.cache.probe(of: .portable).file)
        let text = try String(contentsOfFile: file, encoding: .utf8)
        #expect(text.contains(old))
        try text.replacingOccurrences(of: old, with: new).write(toFile: file, atomically: true, encoding: .utf8)
        #expect(try place.cache.probe(of: .portable).file == nil)
    }

    @Test("where nothing can be written, every start measures, and none fails")
    func unwritable() throws {
        let place = Place()
        try Data().write(to: URL(fileURLWithPath: place.path))  // a file where the directory would be
        for directory in [place.path + "/swiftlet", "/proc/swiftlet", "/dev/null/swiftlet", nil] {
            let cache = ProbeCache(directory: directory)
            for _ in 0..<2 {
                let finding = try cache.probe(of: .portable)
                #expect(finding.file == nil)
                #expect(finding.probe.peak(.fp32FMA) != nil)
            }
        }
    }

    @Test("a pipe or a directory in its place holds nothing up", arguments: [true, false])
    func pipe(isPipe: Bool) throws {
        let place = Place()
        _ = try place.cache.probe(of: .portable)
        let file = try #require(try place.cache.probe(of: .portable).file)
        try FileManager.default.removeItem(atPath: file)
        if isPipe {
            #expect(mkfifo(file, 0o600) == 0)
        } else {
            try FileManager.default.createDirectory(atPath: file, withIntermediateDirectories: true)
        }
        #expect(try place.cache.probe(of: .portable).file == nil)
        #expect(place.files.count == 1)
    }

    @Test("its place follows XDG_CACHE_HOME, then HOME; a relative one is no place")
    func places() {
        #expect(ProbeCache(environment: ["XDG_CACHE_HOME": "/x", "HOME": "/h"]).directory == "/x/swiftlet")
        #expect(ProbeCache(environment: ["HOME": "/h"]).directory == "/h/.cache/swiftlet")
        #expect(ProbeCache(environment: ["XDG_CACHE_HOME": "x", "HOME": "/h"]).directory == "/h/.cache/swiftlet")
        #expect(ProbeCache(environment: [:]).directory == nil)
    }

    @Test("compute: auto is int8 where its unit is clearly faster, and what is trained is multiplied in fp32")
    func automatic() throws {
        func choice(_ speeds: [PeakKind: Double], frozenWeights: Bool = true) -> Compute {
            .automatic(frozenWeights: frozenWeights) {
                if !frozenWeights { Issue.record("measured for nothing") }
                return MachineProbe(
                    peaks: speeds.map { .init(kind: $0.key, instruction: "", operationsPerSecond: $0.value) },
                    readBytesPerSecond: 1)
            }
        }
        #expect(choice([.fp32FMA: 1, .int8: 4]) == .int8)
        #expect(choice([.fp32FMA: 1, .bf16Dot: 8, .int8: 2]) == .int8)
        #expect(choice([.fp32FMA: 1, .int8: 1.2]) == .fp32)
        #expect(choice([.fp32FMA: 2, .int8: 1]) == .fp32)
        #expect(choice([.fp32FMA: 1]) == .fp32)
        #expect(choice([.fp32FMA: 1, .int8: 4], frozenWeights: false) == .fp32)
    }
}
