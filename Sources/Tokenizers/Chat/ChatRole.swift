/// Who speaks in a turn of a conversation.
package enum ChatRole: String, Sendable, CaseIterable {
    case system, user, assistant
    /// What a called function gave back.
    case observation
}
