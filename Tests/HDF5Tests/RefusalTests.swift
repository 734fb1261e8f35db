import Foundation
import HDF5
import Testing

@Suite("What is not opened")
struct RefusalTests {
    @Test(
        "a file that points elsewhere, or wants foreign code, is refused",
        arguments: [
            ("external_link.h5", "is a link to elsewhere"), ("soft_link.h5", "is a link to elsewhere"),
            ("external_storage.h5", "lies in another file"), ("virtual.h5", "lies in another file"),
            ("foreign_filter.h5", "filter 32000 is refused"), ("circle.h5", "nested too deeply"),
        ])
    func refused(name: String, reason: String) throws {
        let path = try fixture(name)
        let error = #expect(throws: HDF5Error.self) { _ = try HDF5File.open(path: path) }
        let text = try #require(error).description
        #expect(text.contains(reason) && text.hasPrefix(path), "\(text)")
        let image = try [UInt8](Data(contentsOf: URL(fileURLWithPath: path)))
        #expect(throws: HDF5Error.self) { _ = try openImage(image) }
    }

    @Test("errors are one line with the library's own reason, and nothing else is printed")
    func oneLine() throws {
        let missing = try #require(throws: HDF5Error.self) { _ = try HDF5File.open(path: "/nowhere/x.h5") }
        #expect(missing.description.contains("/nowhere/x.h5: /: cannot open the file: "))
        #expect(missing.description.contains("No such file") && !missing.description.contains("\n"))
        let file = try HDF5File.open(path: try fixture("sample.h5"))
        let root = try file.root()
        let absent = try #require(throws: HDF5Error.self) { _ = try root.dataset("absent") }
        #expect(absent.place == "/absent")
        #expect(throws: HDF5Error.self) { _ = try root.attribute("absent") }
        #expect(throws: HDF5Error.self) { _ = try root.group("half") }
    }

    @Test("a file that was cut at any place is refused", arguments: 0..<28)
    func cut(kibibytes: Int) throws {
        let length = kibibytes * 1024 + 111
        let image = try [UInt8](Data(contentsOf: URL(fileURLWithPath: try fixture("sample.h5"))))
        #expect(throws: HDF5Error.self) {
            _ = try openImage(Array(image[..<length]))
        }
    }

    @Test("text is no HDF5 file")
    func text() throws {
        try withTemporaryDirectory { directory in
            try "hello".write(toFile: directory + "/x.h5", atomically: true, encoding: .utf8)
            #expect(throws: HDF5Error.self) { _ = try HDF5File.open(path: directory + "/x.h5") }
        }
    }
}
