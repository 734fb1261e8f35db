import Buffers
import Foundation
import Testing

@Suite("Errors of the world outside")
struct InputErrorTests {
    @Test("a description is one line: file, place, message, remedy")
    func oneLine() {
        let error = InputError(.data, file: "a.json", place: "line 3", "is\nbroken\r\n", remedy: "mend it")
        #expect(error.description == "a.json: line 3: is broken ; mend it")
        #expect(InputError(.usage, "no such key").description == "no such key")
        #expect(
            InputError(.data, "the role \u{1B}[31mé\t is none").description == "the role \\u{1b}[31mé\\u{9} is none")
        #expect(InputError.Kind.usage.rawValue == 64 && InputError.Kind.output.rawValue == 74)
    }

    @Test("a file that is not there, or is none, comes with what to do")
    func files() {
        #expect("\(InputError.notOpened(.data, "a.jsonl", ENOENT))".hasSuffix("such file or directory; check the path"))
        #expect("\(InputError.notOpened(.usage, "a.yaml", EACCES))".hasSuffix("; give this user the right to read it"))
        #expect {
            try MemoryMap(path: "/")
        } throws: {
            "\($0)" == "/: is not a regular file; name a file, not a directory, a device or a pipe"
        }
    }
}
