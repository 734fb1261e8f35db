import Foundation
import JobFiles
import Testing

@Suite("The README")
struct ReadmeTests {
    @Test("shows every key of a job file as the list of keys has it")
    func keys() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let text = try String(contentsOf: root.appending(path: "README.md"), encoding: .utf8)
        for line in Job.documentationTable.split(separator: "\n") {
            #expect(text.contains(line), "README.md lacks: \(line)")
        }
    }
}
