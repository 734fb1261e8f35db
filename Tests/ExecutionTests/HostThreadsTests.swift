import Execution
import Testing

@Suite("Threads of a rank")
struct HostThreadsTests {
    @Test(
        "They follow what the rank is bound to, the ranks of its node, and the time that it is given",
        arguments: [
            (ranks: 1, bound: 64, all: 64, granted: nil, threads: 64),
            (ranks: 4, bound: 64, all: 64, granted: nil, threads: 16),
            // Bound by the launcher.
            (ranks: 4, bound: 8, all: 64, granted: nil, threads: 8),
            // A container with the time of four cores.
            (ranks: 1, bound: 64, all: 64, granted: 4.0, threads: 4),
            (ranks: 2, bound: 64, all: 64, granted: 4.0, threads: 2),
            (ranks: 4, bound: 2, all: 64, granted: 4.5, threads: 1),
            (ranks: 1, bound: 64, all: 64, granted: 0.5, threads: 1),
            (ranks: 1, bound: 2, all: 2, granted: 8.0, threads: 2),
            (ranks: 0, bound: 1, all: 1, granted: nil, threads: 1),
        ] as [(ranks: Int, bound: Int, all: Int, granted: Double?, threads: Int)])
    func share(_ host: (ranks: Int, bound: Int, all: Int, granted: Double?, threads: Int)) {
        #expect(
            HostThreads.share(ranksOnHost: host.ranks, bound: host.bound, all: host.all, granted: host.granted)
                == host.threads)
    }
}
