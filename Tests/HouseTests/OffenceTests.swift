import Testing

@Suite("Offences against the house are found")
struct OffenceTests {
    @Test(
        "An import is read whatever stands before it",
        arguments: [
            ("import CMPI", "CMPI"),
            ("  import CMPI  // why", "CMPI"),
            ("package import Events", "Events"),
            ("internal import Events", "Events"),
            ("@preconcurrency import Glibc", "Glibc"),
            ("@_spi(Testing) @preconcurrency public import Yams", "Yams"),
            ("import struct Foundation.URL", "Foundation"),
            ("private import func CKernels.sk_probe", "CKernels"),
        ])
    func read(line: String, name: String) {
        #expect(file("// first\n\(line)\n").imports == [SourceFile.Mention(line: 2, name: name)])
    }

    @Test(
        "What only looks like an import is none",
        arguments: [
            "// import CMPI", "let important = 1", "importer.import(x)", "let text = \"import CMPI\"",
            "let script = \"\"\"\n    import numpy\n    \"\"\"",
        ])
    func ignored(text: String) {
        #expect(file(text).imports.isEmpty)
    }

    @Test(
        "An import outside the row is named with file, line and reason",
        arguments: [
            ("Kernels", "CMPI", "whose one importer is Collectives"),
            ("Sharding", "CMPI", "whose one importer is Collectives"),
            ("Checkpoints", "CHDF5", "whose one importer is HDF5"),
            ("Transformer", "CKernels", "whose one importer is Kernels"),
            ("Transformer", "Collectives", "which its row does not name"),
            ("Sharding", "Transformer", "imports run downwards only"),
            ("Buffers", "Events", "imports run downwards only"),
            ("Corpus", "Crypto", "a library that its row does not name"),
            ("Attic", "Buffers", "has no row in the table"),
        ])
    func offence(target: String, module: String, reason: String) throws {
        let offences = file("\nimport \(module)\n", target: target).importOffences
        try #require(offences.count == 1)
        #expect(offences[0].hasPrefix("Sources/\(target)/File.swift:\(target == "Attic" ? 1 : 2): "))
        #expect(offences[0].contains(reason))
    }

    @Test(
        "An import inside the row is none",
        arguments: [("Collectives", "CMPI"), ("HDF5", "CHDF5"), ("Checkpoints", "Crypto"), ("Buffers", "Foundation")])
    func allowed(target: String, module: String) {
        #expect(file("import \(module)", target: target).importOffences.isEmpty)
    }

    @Test("A system header outside its home is named")
    func header() {
        #expect(file("#include <mpi.h>\n", target: "CKernels").includeOffences.count == 1)
        #expect(file("#  include \"hdf5.h\"\n", target: "CHDF5").includeOffences.isEmpty)
    }

    @Test("Sizes are exact at the limit", arguments: [-1, 0, 1])
    func size(over: Int) {
        let long = String(repeating: "a\n", count: House.longestFile + over)
        let wide = String(repeating: "é", count: House.widestLine + over) + "\n"
        #expect(file(long).sizeOffences.isEmpty == (over <= 0))
        #expect(file(wide).sizeOffences.isEmpty == (over <= 0))
    }

    private func file(_ text: String, target: String = "Kernels") -> SourceFile {
        SourceFile(path: "Sources/\(target)/File.swift", target: target, text: text)
    }
}
