internal import Buffers
internal import Foundation

extension CheckpointManifest {
    static let remedy = "restore the checkpoint, or resume from another one"

    /// Reads the manifest of a checkpoint and checks it against its recorded hash.
    static func read(in directory: String) throws -> CheckpointManifest {
        let path = directory + "/" + fileName
        let data = try Paths.read(path, atMost: 1 << 28, remedy: remedy)
        let sums = try Paths.read(directory + "/" + sumsName, atMost: 1 << 24, remedy: remedy)
        let hash = data.withUnsafeBytes { Digest.hex(of: $0) }
        let lines = String(decoding: sums, as: UTF8.self)
        guard lines.hasPrefix(sumsLine(hash, fileName) + "\n") else {
            throw InputError(.data, file: path, "is damaged: its hash is not that of \(sumsName)", remedy: remedy)
        }
        let manifest = try JSONText.decode(Self.self, data, file: path, remedy: remedy)
        guard manifest.version == version else {
            throw InputError(.data, file: path, "has version \(manifest.version), not \(version)", remedy: remedy)
        }
        guard lines == manifest.sums(manifestHash: hash) else {
            throw InputError(.data, file: directory + "/" + sumsName, "is damaged", remedy: remedy)
        }
        if let problem = manifest.problem { throw InputError(.data, file: path, problem, remedy: remedy) }
        return manifest
    }

    /// The text of `SHA256SUMS`.
    func sums(manifestHash: String) -> String {
        let lines = [Self.sumsLine(manifestHash, Self.fileName)] + parts.map { Self.sumsLine($0.sha256, $0.file) }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func sumsLine(_ hash: String, _ file: String) -> String { "\(hash)  \(file)" }

    /// Why this cannot be a whole checkpoint; nil where every element of every tensor is there exactly once.
    var problem: String? {
        guard step >= 0, generation >= 0 else { return "the step makes no sense" }
        guard Set(parts.map(\.file)).count == parts.count, parts.allSatisfy({ $0.hasUsableName && $0.byteCount >= 0 })
        else { return "the names of the parts make no sense" }
        return coverageProblem
    }

    private var coverageProblem: String? {
        let pieces = Dictionary(grouping: parts.flatMap(\.pieces), by: \.key)
        guard Set(tensors.map(\.key)).count == tensors.count else { return "a tensor is listed twice" }
        guard pieces.count <= tensors.count else { return "it holds pieces of tensors that it does not list" }
        for tensor in tensors {
            guard tensor.key.hasUsableName, let count = Checked.product(tensor.shape),
                Checked.product([count, 8]) != nil
            else { return "\(tensor.key) has a shape or name that makes no sense" }
            var next = 0
            for piece in (pieces[tensor.key] ?? []).sorted(by: { $0.start < $1.start }) {
                guard piece.type == tensor.type, piece.count > 0, let end = Checked.sum(piece.start, piece.count) else {
                    return "\(tensor.key) has a piece that makes no sense"
                }
                guard piece.start == next else {
                    return piece.start > next
                        ? "\(tensor.key) lacks the elements from \(next) on"
                        : "\(tensor.key) has element \(piece.start) twice"
                }
                next = end
            }
            guard next == count else { return "\(tensor.key) has \(next) elements instead of \(count)" }
        }
        let listed = Set(tensors.map(\.key))
        return pieces.keys.allSatisfy(listed.contains) ? nil : "it holds pieces of tensors that it does not list"
    }
}
