import Foundation

/// A file below Sources, as lines.
struct SourceFile {
    /// Relative to the package, for messages.
    let path: String
    /// The folder right below Sources.
    let target: String
    let lines: [Substring]

    /// A statement that brings in a module or a system header, and the line (from 1) on which it stands.
    struct Mention: Equatable {
        let line: Int
        let name: String
    }

    init(path: String, target: String, text: String) {
        self.path = path
        self.target = target
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        if lines.last?.isEmpty == true { lines.removeLast() }
        self.lines = lines
    }

    /// The modules that the file imports, whatever attributes, access level or kind the line names.
    var imports: [Mention] {
        let pattern =
            #/
                ^\s*
                (?: @\w+ (?: \([^)]*\) )? \s+ )*
                (?: (?: public | package | internal | fileprivate | private ) \s+ )?
                import \s+
                (?: (?: typealias | struct | class | enum | actor | protocol | let | var | func ) \s+ )?
                (?<name> \w+ )
            /#
        var mentions: [Mention] = []
        var isInText = false
        for (index, line) in lines.enumerated() {
            let quotes = line.ranges(of: "\"\"\"").count
            if !isInText, line.contains("import"), let match = line.firstMatch(of: pattern) {
                mentions.append(Mention(line: index + 1, name: String(match.output.name)))
            }
            if !quotes.isMultiple(of: 2) { isInText.toggle() }
        }
        return mentions
    }

    /// The headers that a C file includes.
    var includes: [Mention] {
        let pattern = #/^\s*#\s*include\s*[<"](?<name>[^>"]+)[>"]/#
        return lines.enumerated().compactMap { index, line in
            guard line.contains("include"), let match = line.firstMatch(of: pattern) else { return nil }
            return Mention(line: index + 1, name: String(match.output.name))
        }
    }

    /// Every Swift and C file below Sources.
    static func all() throws -> [SourceFile] {
        let package = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let sources = package.appending(path: "Sources")
        let manager = FileManager.default
        return try manager.contentsOfDirectory(atPath: sources.path).sorted().flatMap { target in
            try manager.subpathsOfDirectory(atPath: sources.appending(path: target).path).sorted()
                .filter { ["swift", "c", "h", "inc"].contains(($0 as NSString).pathExtension) }
                .map { file in
                    let text = try String(contentsOf: sources.appending(path: "\(target)/\(file)"), encoding: .utf8)
                    return SourceFile(path: "Sources/\(target)/\(file)", target: target, text: text)
                }
        }
    }
}
