import Buffers
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
}
