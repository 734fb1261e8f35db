import Foundation

/// An interface of this host that is up, under one of its addresses.
package struct NetworkInterface: Equatable, Sendable {
    package let name: String
    package let address: IPv4Address

    package init(name: String, address: IPv4Address) {
        self.name = name
        self.address = address
    }

    /// The corresponding C function is `getifaddrs`.
    package static func all() -> [NetworkInterface] {
        var first: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&first) == 0 else { return [] }
        defer { freeifaddrs(first) }
        var found: [NetworkInterface] = []
        var next = first
        while let entry = next?.pointee {
            next = entry.ifa_next
            guard entry.ifa_flags & UInt32(IFF_UP) != 0, let bits = bits(entry.ifa_addr) else { continue }
            let prefix = (Self.bits(entry.ifa_netmask) ?? .max).nonzeroBitCount
            found.append(
                NetworkInterface(
                    name: String(cString: entry.ifa_name), address: IPv4Address(bits: bits, prefix: prefix)))
        }
        return found
    }

    private static func bits(_ address: UnsafeMutablePointer<sockaddr>?) -> UInt32? {
        guard let address, Int32(address.pointee.sa_family) == AF_INET else { return nil }
        return address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
            UInt32(bigEndian: $0.pointee.sin_addr.s_addr)
        }
    }

    /// The addresses under which other hosts may find this one: those that MPI is told to use, or all.
    package static func reachable(
        _ interfaces: [NetworkInterface], environment: [String: String]
    ) -> [IPv4Address] {
        let outward = interfaces.filter { !$0.address.isLoopback }
        let wanted = ["OMPI_MCA_btl_tcp_if_include", "OMPI_MCA_oob_tcp_if_include"].lazy
            .compactMap { environment[$0] }.first
        guard let wanted else { return outward.map(\.address) }
        let names = wanted.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
        let networks = names.compactMap { IPv4Address($0) }
        let chosen = outward.filter { interface in
            names.contains(interface.name) || networks.contains { $0.contains(interface.address) }
        }
        return (chosen.isEmpty ? outward : chosen).map(\.address)
    }
}
