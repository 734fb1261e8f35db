/// The file `manifest.json` of a checkpoint.
package struct CheckpointManifest: Codable, Equatable, Sendable {
    package static let version = 1
    static let fileName = "manifest.json"
    /// Hashes of the manifest and the parts in the form that `sha256sum -c` checks.
    static let sumsName = "SHA256SUMS"

    package let version: Int
    package let step: Int
    /// Counts the commits in a directory: a run that went back to an earlier step is newer than what it leaves behind.
    package let generation: Int
    package let baseHash: String
    package let job: JSONValue
    package let state: [String: JSONValue]
    package let tensors: [CheckpointTensor]
    package let parts: [PartRecord]

    init(step: Int, generation: Int, content: CheckpointContent, parts: [PartRecord]) {
        version = Self.version
        self.step = step
        self.generation = generation
        baseHash = content.baseHash
        job = content.job
        state = content.state
        tensors = content.tensors
        self.parts = parts
    }
}
