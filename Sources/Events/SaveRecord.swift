/// A checkpoint that is committed.
package struct SaveRecord: Sendable, Equatable {
    /// Steps done when it was taken.
    package var step: Int
    package var path: String
    package var byteCount: Int
    /// How long the step loop waited for it.
    package var seconds: Double

    package init(step: Int, path: String, byteCount: Int, seconds: Double) {
        self.step = step
        self.path = path
        self.byteCount = byteCount
        self.seconds = seconds
    }
}
