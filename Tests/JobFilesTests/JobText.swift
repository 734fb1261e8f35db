import Foundation
import JobFiles

/// A job file in a directory of its own, removed with the value.
final class JobText {
    let directory: URL
    let path: String

    /// - Parameter body: the file after `base_model` and `datasets`, unless `whole` is given.
    init(_ body: String = "", whole: String? = nil, name: String = "job.yaml") throws {
        directory = FileManager.default.temporaryDirectory.appending(path: "job-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        path = directory.appending(path: name).path
        let head = "base_model: model\ndatasets: [{path: train.jsonl, type: text}]\n"
        try Data((whole ?? head + body).utf8).write(to: URL(fileURLWithPath: path))
    }

    deinit { try? FileManager.default.removeItem(at: directory) }

    func job(_ overrides: String...) throws -> Job { try Job(contentsOf: path, overrides: overrides) }

    /// The error of reading it, without the directory; "read" where there is none.
    func error(_ overrides: String...) -> String {
        do {
            _ = try Job(contentsOf: path, overrides: overrides)
            return "read"
        } catch {
            return "\(error)".replacing(directory.path + "/", with: "")
        }
    }
}
