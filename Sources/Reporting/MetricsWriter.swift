import Buffers
package import Events
import Foundation
import Synchronization

/// Writes `metrics.jsonl`: a line a step, and a line an evaluation.
///
/// Only step lines have the key `loss`; they are numbered without gaps or repetitions: what lies beyond the step of a
/// resumed checkpoint is cut off before a line is added, and a run that starts afresh drops the lines of an earlier
/// one.
package final class MetricsWriter: EventConsumer {
    package let path: String
    private let state = Mutex(State())

    private struct State {
        /// Steps whose lines are kept from an earlier run.
        var stepsKept = 0
        var file: FileHandle?
    }

    package init(path: String) {
        self.path = path
    }

    /// - Throws: `InputError` of kind `.output` where the file cannot be written.
    package func receive(_ event: Event) throws {
        try state.withLock { state in
            switch event {
            case .resumed(let step, _):
                state.stepsKept = step
                state.file = try open(keeping: step)
            case .step(let record): try append(MetricsLine.step(record), &state)
            case .evaluation(let record): try append(MetricsLine.evaluation(record), &state)
            case .started, .save, .notice, .warning, .straggler, .finished: break
            }
        }
    }

    private func append(_ line: String, _ state: inout State) throws {
        let file = try state.file ?? open(keeping: state.stepsKept)
        state.file = file
        // One write a line: a reader, or a crash, never sees two halves of different lines.
        do { try file.write(contentsOf: Data((line + "\n").utf8)) } catch { throw failure("cannot be written", error) }
    }

    /// Cuts the file back to the lines of the first `steps` steps and opens it to add more.
    private func open(keeping steps: Int) throws -> FileHandle {
        do {
            let old = FileManager.default.contents(atPath: path) ?? Data()
            let kept = MetricsLine.kept(of: String(decoding: old, as: UTF8.self), steps: steps)
            let directory = URL(fileURLWithPath: path).deletingLastPathComponent()
            try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
            if Data(kept.utf8) != old || old.isEmpty {
                try Data(kept.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
            }
            let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
            try file.seekToEnd()
            return file
        } catch {
            throw failure("cannot be written", error)
        }
    }

    private func failure(_ message: String, _ error: any Error) -> InputError {
        InputError(
            .output, file: path, "\(message) (\(error.localizedDescription))",
            remedy: "free space there, or give another output_dir")
    }
}
