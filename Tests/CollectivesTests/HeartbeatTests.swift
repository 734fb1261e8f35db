import Foundation
import Collectives
import Testing

/// Real connections over loopback; the clock is the test's, so that nothing waits.
@Suite("Heartbeats")
struct HeartbeatTests {
    private let identities = (0..<3).map { RankIdentity(rank: $0, host: "a", process: 100 + $0) }
    private let timing = HeartbeatTiming()

    private func makeHub() throws -> HeartbeatHub {
        try #require(HeartbeatHub(identities: identities, addresses: [.loopback], timing: timing))
    }

    /// Connects a rank while the hub turns on this thread.
    private func connect(_ rank: Int, to hub: HeartbeatHub, candidates: [IPv4Address] = [.loopback]) throws
        -> HeartbeatLink
    {
        let (session, identity, timing) = (hub.session, identities[0], timing)
        let made = Attempt()
        Thread.detachNewThread {
            let link = HeartbeatLink(
                rank: rank, coordinator: identity, session: session, candidates: candidates, timing: timing)
            made.end(with: link)
        }
        while !made.isOver { _ = hub.turn(at: 0) }
        return try #require(made.link)
    }

    /// Turns until `condition` holds: what was sent over loopback is there soon, but not at once.
    private func eventually(_ condition: () -> Bool) -> Bool {
        for _ in 0..<10_000 {
            if condition() { return true }
            usleep(1_000)
        }
        return false
    }

    /// Whether something waits to be read by the hub.
    private func isReadable(_ hub: HeartbeatHub) -> Bool {
        var entries = hub.descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        return poll(&entries, nfds_t(entries.count), 0) > 0
    }

    @Test("a block is read as it was written, and nothing else is a block")
    func frames() {
        let frames: [HeartbeatFrame] = [
            .beat(StepTotals(steps: 1, tokens: 2, busy: .max, whole: 1 << 40)), .goodbye(exitCode: 75),
            .lost(rank: 70_000), .hello(rank: 3, secret: HeartbeatSecret(high: -1, low: .min)),
        ]
        for frame in frames {
            #expect(frame.bytes.count == HeartbeatFrame.byteCount && HeartbeatFrame(frame.bytes) == frame)
            #expect(HeartbeatFrame(frame.bytes.dropLast()) == nil)
        }
        #expect(HeartbeatFrame([UInt8](repeating: 0, count: 40)) == nil)
        #expect(HeartbeatFrame([UInt8](repeating: 0xFF, count: 40)) == nil)
        #expect(HeartbeatFrame(Array("GET / HTTP/1.1\r\nHost: a.example.org\r\n\r\n..".utf8.prefix(40))) == nil)
        #expect(
            HeartbeatFrame(HeartbeatFrame.goodbye(exitCode: 75).bytes[..<9] + [1] + [UInt8](repeating: 0, count: 30))
                == nil)
    }

    @Test("a session is read as it was written")
    func sessions() {
        let session = HeartbeatSession(
            question: .random(), answer: .random(), port: 65_535,
            addresses: [IPv4Address(bits: 0xC0A8_0001, prefix: 24), .loopback])
        #expect(HeartbeatSession(session.bytes) == session)
        #expect(HeartbeatSession([]) == nil)
    }

    @Test("ranks that beat are never lost; one that falls silent is")
    func silence() throws {
        let hub = try makeHub()
        let first = try connect(1, to: hub)
        let second = try connect(2, to: hub)
        // A beat is in flight for a while, which is no time of the test's clock.
        for second in 1...19 {
            #expect(first.turn(at: Double(second), totals: StepTotals()) == nil)
            #expect(eventually { isReadable(hub) })
            #expect(hub.turn(at: Double(second)) == nil)
        }
        #expect(hub.turn(at: 20) == RankLoss(ranks: [identities[2]], cause: .stopped(seconds: 20)))
        withExtendedLifetime(second) {}
    }

    @Test("a connection that closes is a loss, unless a goodbye came first", arguments: [nil, 0, 65] as [Int32?])
    func closing(goodbye: Int32?) throws {
        let hub = try makeHub()
        let other = try connect(1, to: hub)
        var link: HeartbeatLink? = try connect(2, to: hub)
        if let goodbye { link?.tell(.goodbye(exitCode: goodbye)) }
        link = nil
        var loss: RankLoss?
        let isLost = goodbye == nil
        let expected = RankLoss(ranks: [identities[2]], cause: .ended)
        let found = eventually {
            loss = loss ?? hub.turn(at: 1)
            return isLost ? loss == expected : hub.rankCount == 1
        }
        #expect(found && (loss != nil) == isLost)
        withExtendedLifetime(other) {}
    }

    @Test("a rank learns that the coordinator ends the run, and why")
    func ending() throws {
        let hub = try makeHub()
        let links = [try connect(1, to: hub), try connect(2, to: hub)]
        hub.tellAll(.lost(rank: 2))
        var news: HeartbeatLink.News?
        #expect(
            eventually {
                news = news ?? links[0].turn(at: 1, totals: StepTotals()); return news != nil
            })
        #expect(news == .endingAfterLoss(rank: 2))
    }

    @Test("a rank learns that the coordinator's process has ended")
    func coordinatorEnds() throws {
        var hub: HeartbeatHub? = try makeHub()
        let link = try connect(1, to: try #require(hub))
        hub = nil
        var news: HeartbeatLink.News?
        #expect(
            eventually {
                news = news ?? link.turn(at: 1, totals: StepTotals()); return news != nil
            })
        #expect(news == .coordinatorLost(RankLoss(ranks: [identities[0]], cause: .ended)))
    }

    @Test("who does not know the secret is no rank, whatever it sends")
    func strangers() throws {
        let hub = try makeHub()
        let link = try connect(1, to: hub)
        let blocks = [
            HeartbeatFrame.hello(rank: 1, secret: .random()).bytes, HeartbeatFrame.goodbye(exitCode: 1).bytes,
            [UInt8](repeating: 0x41, count: 5_000), HeartbeatFrame.hello(rank: 99, secret: hub.session.question).bytes,
        ]
        for block in blocks {
            let socket = try #require(StreamSocket.connecting(to: .loopback, port: hub.session.port))
            socket.wait(for: POLLOUT, seconds: 10)
            _ = block.withUnsafeBytes { socket.write($0) }
            // Turned away: the hub closes the connection.
            #expect(
                eventually {
                    _ = hub.turn(at: 1)
                    return withUnsafeTemporaryAllocation(byteCount: 64, alignment: 1) { socket.read(into: $0) }
                        == .closed
                })
        }
        #expect(hub.rankCount == 1)
        withExtendedLifetime(link) {}
    }

    @Test("addresses that lead nowhere are passed over")
    func candidates() throws {
        let hub = try makeHub()
        // Reserved for documentation and for this network: refused or unreachable at once, or given up.
        let nowhere = IPv4Address(bits: 0xFFFF_FFFF, prefix: 32)
        _ = try connect(1, to: hub, candidates: [nowhere, .loopback])
        #expect(hub.rankCount == 1)
    }

    @Test("a host tries its own addresses first, then those in a network of its own")
    func order() {
        let (far, near) = (IPv4Address(bits: 0x0A00_0001, prefix: 24), IPv4Address(bits: 0xC0A8_0101, prefix: 24))
        let session = HeartbeatSession(question: .random(), answer: .random(), port: 1, addresses: [far, near])
        let own = [IPv4Address.loopback, IPv4Address(bits: 0xC0A8_0102, prefix: 24)]
        #expect(session.candidates(isSameHost: false, own: own) == [near, far])
        #expect(session.candidates(isSameHost: true, own: own) == [.loopback, near, far])
    }

    @Test(
        "the interfaces that MPI is told to use are used",
        arguments: [
            ([:], ["eth0", "ib0"]), (["OMPI_MCA_btl_tcp_if_include": "ib0"], ["ib0"]),
            (["OMPI_MCA_oob_tcp_if_include": "10.0.0.0/8"], ["eth0"]),
            (["OMPI_MCA_btl_tcp_if_include": "absent"], ["eth0", "ib0"]),
        ] as [([String: String], [String])])
    func interfaces(environment: [String: String], expected: [String]) {
        let all = [
            NetworkInterface(name: "lo", address: .loopback),
            NetworkInterface(name: "eth0", address: IPv4Address(bits: 0x0A01_0203, prefix: 16)),
            NetworkInterface(name: "ib0", address: IPv4Address(bits: 0xC0A8_0101, prefix: 24)),
        ]
        let reachable = NetworkInterface.reachable(all, environment: environment)
        #expect(reachable == all.filter { expected.contains($0.name) }.map(\.address))
    }
}

/// An attempt to connect on another thread.
private final class Attempt: @unchecked Sendable {
    // Sendable: the link is handed over once, with the lock held.
    private let lock = NSLock()
    private var over = false
    private(set) var link: HeartbeatLink?

    var isOver: Bool { lock.withLock { over } }

    func end(with link: HeartbeatLink?) {
        lock.withLock {
            self.link = link
            over = true
        }
    }
}
