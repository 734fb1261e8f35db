/// What moves bytes between the ranks of a run: the same on every node.
package struct Machine: Codable, Equatable, Sendable {
    /// Cores that a rank computes on; its comm thread takes its time from them.
    package var threads: Int
    /// Of a node's link, in each direction.
    package var linkBytesPerSecond: Double
    /// Until something that was sent over the link arrives, the comm threads' sleep included.
    package var linkLatency = 100e-6
    /// Seconds of a core for a byte that crosses the link: the system's copies and checks.
    package var linkSecondsPerByte = 0.4e-9
    /// Of one rank that receives through shared memory, while all ranks of its node do.
    package var copyBytesPerSecond: Double
    /// The same where what is received is added as well.
    package var addBytesPerSecond: Double
    package var copyLatency = 40e-6

    package init(
        threads: Int, linkBytesPerSecond: Double, copyBytesPerSecond: Double, addBytesPerSecond: Double? = nil
    ) {
        precondition(threads > 0 && linkBytesPerSecond > 0 && copyBytesPerSecond > 0)
        self.threads = threads
        self.linkBytesPerSecond = linkBytesPerSecond
        self.copyBytesPerSecond = copyBytesPerSecond
        self.addBytesPerSecond = addBytesPerSecond ?? copyBytesPerSecond / 2
    }
}
