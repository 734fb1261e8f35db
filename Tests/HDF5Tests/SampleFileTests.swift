import Foundation
import HDF5
import Testing

@Suite("A file that h5py made")
struct SampleFileTests {
    /// The header of a safetensors file: eight bytes of length, then JSON.
    private struct Entry: Decodable {
        let dtype: String
        let shape: [Int]
        let data_offsets: [Int]
    }

    private func expected() throws -> (entries: [String: Entry], data: Data) {
        let file = try Data(contentsOf: URL(fileURLWithPath: try fixture("expected.safetensors")))
        let length = file.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
        let header = try JSONDecoder().decode([String: Entry].self, from: file[8..<8 + length])
        return (header, file[(8 + length)...])
    }

    private static let types = [
        "F64": "float64", "F32": "float32", "F16": "float16", "I64": "int64", "I32": "int32", "U16": "uint16",
        "U8": "uint8",
    ]

    @Test("reads exactly, whatever its layout, filter and byte order", arguments: [true, false])
    func readsExactly(fromDisk: Bool) throws {
        let path = try fixture("sample.h5")
        let image = try [UInt8](Data(contentsOf: URL(fileURLWithPath: path)))
        let (entries, data) = try expected()
        #expect(entries.count == 9)
        let file =
            fromDisk
            ? try HDF5File.open(path: path)
            : try openImage(image)
        for (name, entry) in entries {
            let found = try bytes(in: file, at: name.split(separator: ".").joined(separator: "/"))
            #expect(found.type == Self.types[entry.dtype], "\(name)")
            #expect(found.shape == entry.shape, "\(name)")
            let wanted = data.dropFirst(entry.data_offsets[0]).prefix(entry.data_offsets[1] - entry.data_offsets[0])
            #expect(found.bytes == [UInt8](wanted), "\(name)")
        }
        try file.close()
    }

    @Test("gives its attributes")
    func attributes() throws {
        let file = try HDF5File.open(path: try fixture("sample.h5"))
        let root = try file.root()
        #expect(try root.attribute("format") == .text("sample"))
        #expect(try root.attribute("step") == .integer(1234))
        let model = try root.group("model")
        #expect(try model.attribute("lr") == .real(0.00025))
        #expect(try model.attribute("names") == .texts(["alpha", "beta"]))
        #expect(try model.group("layer0").attribute("shape") == .integers([17, 33]))
        #expect(try !root.hasAttribute("absent"))
    }

    @Test("lists its members and knows what they are")
    func members() throws {
        let file = try HDF5File.open(path: try fixture("sample.h5"))
        let root = try file.root()
        #expect(try root.memberNames() == ["bf16_as_u16", "big_endian", "empty", "half", "model", "opt", "rng"])
        #expect(try root.kind(of: "model") == .group)
        #expect(try root.kind(of: "half") == .dataset)
        #expect(try root.contains("rng"))
        #expect(try !root.contains("ring"))
    }

    @Test("other types of h5py: booleans, fixed texts, checked and swapped chunks")
    func oddTypes() throws {
        let file = try HDF5File.open(path: try fixture("odd_types.h5"))
        let flags = try bytes(in: file, at: "flags")
        #expect(flags.type == "bool" && flags.bytes == [1, 0, 1])
        let checked = try bytes(in: file, at: "checked")
        #expect(checked.type == "uint16" && checked.bytes == (0..<50).flatMap { [UInt8($0), 0] })
        let root = try file.root()
        #expect(try root.attribute("fixed") == .text("short"))
        #expect(try root.attribute("fixed_list") == .texts(["a", "bcd"]))
        #expect(try root.attribute("empty") == .text(""))
        #expect(try root.attribute("reals") == .reals([0.5, -1.25]))
        for name in ["text", "complex"] {
            #expect(throws: HDF5Error.self) { try root.dataset(name).scalarType() }
        }
    }
}
