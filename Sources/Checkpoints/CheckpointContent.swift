/// What a checkpoint holds beside the parts of the ranks; the coordinator knows all of it.
package struct CheckpointContent: Sendable {
    /// The resolved job.
    package var job: JSONValue
    /// `BaseStore.hash` of the base that was trained on; empty where there is none.
    package var baseHash: String
    /// Anything else that a run needs to go on: the data position, the tokens seen …
    package var state: [String: JSONValue]
    package var tensors: [CheckpointTensor]

    package init(job: JSONValue, baseHash: String, state: [String: JSONValue], tensors: [CheckpointTensor]) {
        self.job = job
        self.baseHash = baseHash
        self.state = state
        self.tensors = tensors
    }
}
