import Foundation

/// An address, and how many of its leading bits name the network that it lies in.
package struct IPv4Address: Equatable, Sendable {
    /// In the order of the host: 127.0.0.1 is 0x7F00_0001.
    package let bits: UInt32
    package let prefix: Int

    package static let any = IPv4Address(bits: 0, prefix: 0)
    package static let loopback = IPv4Address(bits: 0x7F00_0001, prefix: 8)

    package var isLoopback: Bool { bits >> 24 == 127 }

    package func isInSameNetwork(as other: IPv4Address) -> Bool {
        let common = min(prefix, other.prefix)
        return common == 0 || (bits ^ other.bits) >> UInt32(32 - common) == 0
    }

    /// Whether `other` lies in the network that this address and its prefix describe.
    package func contains(_ other: IPv4Address) -> Bool {
        isInSameNetwork(as: IPv4Address(bits: other.bits, prefix: 32))
    }

    func socketAddress(port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = bits.bigEndian
        return address
    }

    /// Reads `10.1.0.0/16`.
    package init?(_ text: some StringProtocol) {
        let halves = text.split(separator: "/", maxSplits: 1)
        let numbers = halves.first?.split(separator: ".", omittingEmptySubsequences: false).map { UInt8($0) } ?? []
        let parts = numbers.compactMap(\.self)
        guard numbers.count == 4, parts.count == 4, let prefix = halves.count == 2 ? Int(halves[1]) : 32,
            (0...32).contains(prefix)
        else { return nil }
        self.init(bits: parts.reduce(0) { $0 << 8 | UInt32($1) }, prefix: prefix)
    }

    package init(bits: UInt32, prefix: Int) {
        self.bits = bits
        self.prefix = prefix
    }
}
