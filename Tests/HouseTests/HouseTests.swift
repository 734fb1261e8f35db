import Testing

@Suite("The house")
struct HouseTests {
    @Test("Every import stands in the row of its target")
    func imports() throws {
        let files = try SourceFile.all()
        #expect(files.count > 50, "Sources was not found")
        expectNone(files.flatMap(\.importOffences))
    }

    @Test("MPI's and HDF5's headers are included in their homes only")
    func headers() throws {
        let files = try SourceFile.all()
        for (header, home) in House.headerHomes {
            #expect(files.contains { $0.target == home && $0.includes.contains { $0.name == header } })
        }
        expectNone(files.flatMap(\.includeOffences))
    }

    @Test("No file is longer, and no line wider, than the limits")
    func sizes() throws {
        expectNone(try SourceFile.all().flatMap(\.sizeOffences))
    }

    @Test("The table points downwards, and to rooms that exist")
    func table() {
        let libraries: Set<String> = ["Crypto", "Yams", "ArgumentParser"]
        #expect(Set(House.rooms.map(\.name)).count == House.rooms.count)
        for room in House.rooms {
            for name in room.mayImport.subtracting(libraries) {
                let imported = House.room(named: name)
                #expect(imported.map { $0.floor < room.floor } == true, "\(room.name) may import \(name)")
            }
        }
        for (name, importer) in House.soleImporters {
            #expect(House.rooms.filter { $0.mayImport.contains(name) }.map(\.name) == [importer])
        }
    }

    private func expectNone(_ offences: [String], sourceLocation: SourceLocation = #_sourceLocation) {
        guard !offences.isEmpty else { return }
        Issue.record("\(offences.joined(separator: "\n"))", sourceLocation: sourceLocation)
    }
}
