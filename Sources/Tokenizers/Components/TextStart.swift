/// What stands before a stretch of text.
enum TextStart: Sendable {
    /// Nothing.
    case ofInput
    case behindToken
    /// Text that was encoded before it, and from which it goes on.
    case behindText
}
