/// What becomes of rows with more than `sequence_len` ids.
package enum ExcessLength: String, Sendable, CaseIterable {
    /// They are cut behind it.
    case truncate
    /// They are left out.
    case drop
}
