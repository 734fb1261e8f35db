import Foundation

/// A TCP socket over IPv4 that never blocks; closed when its owner lets go of it.
package final class StreamSocket {
    package let descriptor: Int32

    private init(owning descriptor: Int32) { self.descriptor = descriptor }

    deinit { close(descriptor) }

    /// A socket that others can connect to, on all interfaces, and its port; nil where the system has none to give.
    package static func listening(backlog: Int32) -> (socket: StreamSocket, port: UInt16)? {
        guard let created = make() else { return nil }
        var address = IPv4Address.any.socketAddress(port: 0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(created.descriptor, address, length) == 0 && listen(created.descriptor, backlog) == 0
                    && getsockname(created.descriptor, address, &length) == 0
            }
        }
        return isBound ? (created, UInt16(bigEndian: address.sin_port)) : nil
    }

    /// Begins to connect; the socket is writable once that is done.
    package static func connecting(to address: IPv4Address, port: UInt16) -> StreamSocket? {
        guard let created = make() else { return nil }
        var target = address.socketAddress(port: port)
        let code = withUnsafePointer(to: &target) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(created.descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        return code == 0 || errno == EINPROGRESS ? created : nil
    }

    /// The next connection that somebody has made.
    package func accept() -> StreamSocket? {
        let accepted = Foundation.accept(descriptor, nil, nil)
        guard accepted >= 0 else { return nil }
        let socket = StreamSocket(owning: accepted)
        socket.prepare()
        return socket
    }

    private static func make() -> StreamSocket? {
        let created = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard created >= 0 else { return nil }
        let result = StreamSocket(owning: created)
        result.prepare()
        return result
    }

    private func prepare() {
        _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        setOption(TCP_NODELAY, 1)
    }

    /// Gives the connection up, with an error of its own, when nothing that was sent is acknowledged for as long.
    package func setAcknowledgementLimit(seconds: Double) { setOption(TCP_USER_TIMEOUT, Int32(seconds * 1_000)) }

    private func setOption(_ name: Int32, _ value: Int32) {
        var value = value
        setsockopt(descriptor, Int32(IPPROTO_TCP), name, &value, socklen_t(MemoryLayout<Int32>.size))
    }

    /// What an attempt to read or write came to.
    package enum Outcome: Equatable {
        case moved(Int)
        case wouldBlock
        /// The other process closed it, or ended.
        case closed
        /// This host has given the other one up.
        case unreachable
    }

    package func read(into bytes: UnsafeMutableRawBufferPointer) -> Outcome {
        outcome(recv(descriptor, bytes.baseAddress, bytes.count, 0))
    }

    package func write(_ bytes: UnsafeRawBufferPointer) -> Outcome {
        outcome(send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL)))
    }

    private func outcome(_ count: Int) -> Outcome {
        if count > 0 { return .moved(count) }
        if count == 0 { return .closed }
        switch errno {
        case EAGAIN, EINTR: return .wouldBlock
        case ETIMEDOUT, EHOSTUNREACH, ENETUNREACH, EHOSTDOWN, ENETDOWN: return .unreachable
        default: return .closed
        }
    }

    /// Waits until the socket is ready for one of `events`, or for as long as `seconds` say.
    package func wait(for events: Int32, seconds: Double) {
        var entry = pollfd(fd: descriptor, events: Int16(events), revents: 0)
        poll(&entry, 1, Int32(max(seconds, 0) * 1_000))
    }
}
