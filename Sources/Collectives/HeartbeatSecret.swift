/// 128 random bits that only the ranks of one run know: they were sent over MPI.
package struct HeartbeatSecret: Equatable, Sendable {
    package var high: Int64
    package var low: Int64

    package init(high: Int64, low: Int64) {
        self.high = high
        self.low = low
    }

    package static func random() -> HeartbeatSecret {
        HeartbeatSecret(high: .random(in: .min ... .max), low: .random(in: .min ... .max))
    }
}
