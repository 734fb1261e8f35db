internal import Buffers
internal import Foundation

/// The names in a directory of checkpoints, and what they say.
///
///     step-00000120/             committed: manifest.json, SHA256SUMS, part-00000-of-00002.h5 …
///     latest                     the name of the newest one, for people and scripts
///     .step-00000130.tmp-…/      being written, or left by a run that died
///     .step-00000120.old-…/      what step-00000120 held before it was written again
///     .step-00000090.gone-…/     being removed
enum CheckpointDirectory {
    static let latestName = "latest"

    static func name(step: Int) -> String {
        precondition(step >= 0)
        return "step-" + String(repeating: "0", count: max(0, 8 - "\(step)".count)) + "\(step)"
    }

    /// The step of `step-NNNNNNNN`; nil for any other name.
    static func step(of name: some StringProtocol) -> Int? {
        guard name.hasPrefix("step-"), let step = Int(name.dropFirst(5)), step >= 0, self.name(step: step) == name
        else { return nil }
        return step
    }

    /// What a hidden entry is for.
    enum Leftover: String, CaseIterable {
        case temporary = "tmp"
        case replaced = "old"
        case removed = "gone"

        func name(step: Int) -> String {
            ".\(CheckpointDirectory.name(step: step)).\(rawValue)-\(TemporaryName.unique())"
        }

        /// The step and the purpose of a hidden entry; nil for any other name.
        static func parse(_ name: String) -> (step: Int, kind: Leftover)? {
            guard name.hasPrefix(".step-"), let dot = name.dropFirst().firstIndex(of: "."),
                let step = CheckpointDirectory.step(of: name[name.index(after: name.startIndex)..<dot])
            else { return nil }
            let rest = name[name.index(after: dot)...]
            return allCases.first { rest.hasPrefix($0.rawValue + "-") }.map { (step, $0) }
        }
    }

    /// The directories that may be checkpoints: committed ones, and replaced ones whose successor never came to be.
    static func candidates(in directory: String) throws -> [String] {
        let names = try Paths.names(in: directory)
        let committed = Set(names.filter { step(of: $0) != nil })
        let orphans = names.filter { name in
            guard let (step, kind) = Leftover.parse(name), kind == .replaced else { return false }
            return !committed.contains(self.name(step: step))
        }
        return (committed.sorted() + orphans).map { directory + "/" + $0 }
    }

    /// Paths and manifests of the committed checkpoints, newest first, and a warning for each that is none.
    static func committed(in directory: String) throws -> (
        found: [(path: String, manifest: CheckpointManifest)], warnings: [String]
    ) {
        var found: [(path: String, manifest: CheckpointManifest)] = []
        var warnings: [String] = []
        for path in try candidates(in: directory) {
            do {
                found.append((path, try CheckpointManifest.read(in: path)))
            } catch let error as InputError {
                warnings.append("\(error)")
            }
        }
        found.sort { ($0.manifest.generation, $0.manifest.step) > ($1.manifest.generation, $1.manifest.step) }
        return (found, warnings)
    }

    /// Removes what dead runs left, and puts back what was replaced where the replacement never came to be.
    static func clean(_ directory: String, _ fileSystem: any FileSystem) throws {
        for name in try Paths.names(in: directory) {
            guard let (step, kind) = Leftover.parse(name) else { continue }
            let path = directory + "/" + name
            let target = directory + "/" + self.name(step: step)
            if kind == .replaced, !Paths.exists(target) {
                try fileSystem.rename(path, to: target)
                try fileSystem.synchronizeDirectory(directory)
            } else {
                try fileSystem.removeTree(path)
            }
        }
    }

    /// Removes all but the newest `limit` checkpoints, never leaving fewer than two.
    static func prune(_ directory: String, keeping limit: Int, _ fileSystem: any FileSystem) throws {
        for (path, manifest) in try committed(in: directory).found.dropFirst(max(2, limit)) {
            // Renamed first: a half-removed directory must not look like a damaged checkpoint.
            let doomed = directory + "/" + Leftover.removed.name(step: manifest.step)
            try fileSystem.rename(path, to: doomed)
            try fileSystem.removeTree(doomed)
        }
    }
}
