import Checkpoints
import Foundation

/// A line of the file that a generation over many prompts writes.
package struct GenerationLine: Sendable, Equatable, Codable {
    /// The prompt's number in its file, from 0.
    package var row: Int
    /// What the line was made from; see `key(settings:prompt:)`.
    package var key: String
    /// Nil where the model has no tokenizer, and the rows hold ids.
    package var prompt: String?
    package var text: String?
    package var ids: [Int32]
    package var stop: Generation.StopReason

    package init(
        row: Int, key: String, prompt: String?, text: String?, ids: [Int32], stop: Generation.StopReason
    ) {
        self.row = row
        self.key = key
        self.prompt = prompt
        self.text = text
        self.ids = ids
        self.stop = stop
    }

    /// 16 hexadecimal digits that change with the settings and with the prompt.
    /// - Parameter settings: everything but the prompt that a text depends on, in words.
    package static func key(settings: String, prompt: [Int32]) -> String {
        let ids = prompt.map(String.init).joined(separator: " ")
        return String(Digest.hex(of: settings + "\n" + ids).prefix(16))
    }
}
