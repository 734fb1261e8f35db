/// How a rank finds the coordinator, and how the two know each other; it travels over MPI.
package struct HeartbeatSession: Equatable, Sendable {
    /// What a rank shows the coordinator.
    package let question: HeartbeatSecret
    /// What the coordinator shows a rank.
    package let answer: HeartbeatSecret
    package let port: UInt16
    package let addresses: [IPv4Address]

    /// Numbers, in this order: secrets, port, addresses.
    package var bytes: [UInt8] {
        let numbers =
            [question.high, question.low, answer.high, answer.low, Int64(port)]
            + addresses.map { Int64($0.bits) << 8 | Int64($0.prefix) }
        return numbers.flatMap(\.littleEndianBytes)
    }

    package init(question: HeartbeatSecret, answer: HeartbeatSecret, port: UInt16, addresses: [IPv4Address]) {
        self.question = question
        self.answer = answer
        self.port = port
        self.addresses = addresses
    }

    /// Nil where there are none: the coordinator could not listen.
    package init?(_ bytes: [UInt8]) {
        let numbers = Int64.numbers(littleEndian: bytes)
        guard numbers.count >= 5, let port = UInt16(exactly: numbers[4]) else { return nil }
        self.init(
            question: HeartbeatSecret(high: numbers[0], low: numbers[1]),
            answer: HeartbeatSecret(high: numbers[2], low: numbers[3]), port: port,
            addresses: numbers[5...].map {
                IPv4Address(bits: UInt32(truncatingIfNeeded: $0 >> 8), prefix: min(Int($0 & 0xFF), 32))
            })
    }

    /// The addresses in the order in which a host should try them: its own, those in a network of its own, the rest.
    package func candidates(isSameHost: Bool, own: [IPv4Address]) -> [IPv4Address] {
        let near = addresses.filter { address in own.contains { $0.isInSameNetwork(as: address) } }
        return (isSameHost ? [.loopback] : []) + near + addresses.filter { !near.contains($0) }
    }
}
