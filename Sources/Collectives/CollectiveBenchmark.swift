internal import Buffers
internal import CMPI

/// Times the operations of a communicator beside the blocking calls of MPI that do the same, in turn.
///
/// Ours are timed by the thread that waits for them, the comm thread's part included; those of MPI on the comm thread,
/// around the call alone. Each round begins with a barrier and lasts as long as its slowest rank; medians over rounds.
package struct CollectiveBenchmark {
    private let ranks: MPICommunicator
    private let largest: Int
    private let send: AlignedStorage
    private let received: AlignedStorage
    private let receivedRaw: AlignedStorage

    /// - Parameter largest: bytes of the longest vector; the others are shorter by powers of 4, down to 1 KiB.
    /// - Throws: `CollectiveError.launch` without a launcher, or where it started one rank only.
    package init(_ communicator: any Communicator, largest: Int) throws {
        guard let ranks = communicator as? MPICommunicator, ranks.size > 1 else {
            throw CollectiveError.launch(
                "bench collectives needs at least two ranks; run: mpirun -n 2 swiftlet bench collectives")
        }
        precondition(largest >= 1_024 && largest <= 1 << 30)
        self.ranks = ranks
        self.largest = largest
        let byteCount = max(largest, 8 * ranks.size)
        send = try AlignedStorage(byteCount: byteCount)
        received = try AlignedStorage(byteCount: byteCount)
        receivedRaw = try AlignedStorage(byteCount: byteCount)
        let values = send.bytes().bindMemory(to: Int64.self)
        for index in values.indices { values[index] = Int64(index) &* 7_919 &+ Int64(ranks.rank) &* 1_000_003 }
    }

    /// All ranks call it; traps where a result differs from MPI's.
    /// - Parameter progress: is told the name and the bytes of what comes next.
    package func run(progress: (String, Int) -> Void) throws -> [CollectiveBenchmarkResult] {
        progress("barrier", 0)
        var results = [try measure(.barrier, elements: 0, rounds: 301)]
        for kind in [CollectiveCall.Kind.allGather, .reduceScatter, .allReduce, .broadcast] {
            for bytes in sequence(first: 1_024, next: { $0 * 4 }).prefix(while: { $0 <= largest }) {
                progress("\(kind)", bytes)
                let elements = max(1, bytes / 8 / ranks.size)
                results.append(try measure(kind, elements: elements, rounds: bytes < 1 << 20 ? 101 : 21))
            }
        }
        return results
    }

    /// - Parameter elements: Int64 values of each rank's part of the vector.
    private func measure(
        _ kind: CollectiveCall.Kind, elements: Int, rounds: Int
    ) throws -> CollectiveBenchmarkResult {
        let bytes = elements * 8 * ranks.size
        let own = received.bytes(count: bytes)
        let raw = receivedRaw.bytes(count: bytes)
        if kind == .allReduce || kind == .broadcast {
            own.copyMemory(from: UnsafeRawBufferPointer(send.bytes(count: bytes)))
            raw.copyMemory(from: UnsafeRawBufferPointer(send.bytes(count: bytes)))
        } else {
            own.initializeMemory(as: UInt8.self, repeating: 0)
            raw.initializeMemory(as: UInt8.self, repeating: 255)
        }
        let call = call(kind, elements: elements, receive: own)
        var times: [Int64] = []
        var rawTimes: [Int64] = []
        for _ in 0..<rounds + 2 {
            times.append(try time(call))
            rawTimes.append(try timeRaw(kind, elements: elements, receive: raw))
        }
        let length = kind == .reduceScatter ? elements * 8 : bytes
        let isSame = own[..<length].elementsEqual(raw[..<length])
        let areAllSame = try ranks.allReduce(isSame ? 1 : 0, .min) == 1
        precondition(areAllSame, "\(kind) of \(bytes) bytes is not what MPI gives")
        return CollectiveBenchmarkResult(
            kind, bytes: bytes, ranks: ranks.size, nanoseconds: try median(times), rawNanoseconds: try median(rawTimes))
    }

    private func call(
        _ kind: CollectiveCall.Kind, elements: Int, receive: UnsafeMutableRawBufferPointer
    ) -> CollectiveCall {
        let part = elements * 8
        var call = CollectiveCall(kind)
        call.receive = receive
        switch kind {
        case .allGather:
            call.send = UnsafeRawBufferPointer(send.bytes(count: part))
            call.counts = [Int](repeating: part, count: ranks.size)
            call.displacements = (0..<ranks.size).map { $0 * part }
        case .reduceScatter:
            call.send = UnsafeRawBufferPointer(send.bytes(count: part * ranks.size))
            call.receive = UnsafeMutableRawBufferPointer(rebasing: receive[..<part])
            call.counts = [Int](repeating: elements, count: ranks.size)
        case .barrier, .broadcast, .gather, .allReduce: break
        }
        call.checkConsistency(rank: ranks.rank, size: ranks.size)
        return call
    }

    private func time(_ call: CollectiveCall) throws(CollectiveError) -> Int64 {
        try ranks.barrier()
        let start = ContinuousClock.now
        try ranks.start(call).wait()
        return Self.nanoseconds(since: start)
    }

    /// The corresponding MPI functions are `MPI_Barrier`, `MPI_Allgather`, `MPI_Reduce_scatter_block`, `MPI_Allreduce`
    /// and `MPI_Bcast`.
    private func timeRaw(
        _ kind: CollectiveCall.Kind, elements: Int, receive: UnsafeMutableRawBufferPointer
    ) throws(CollectiveError) -> Int64 {
        let send = UnsafeRawPointer(send.base)
        let target = receive.baseAddress
        let (part, total) = (Int32(elements), Int32(elements * ranks.size))
        return try ranks.perform { group throws(CollectiveError) in
            try MPICalls.check(MPI_Barrier(group.handle), "MPI_Barrier")
            let start = ContinuousClock.now
            let code =
                switch kind {
                case .barrier: MPI_Barrier(group.handle)
                case .allGather: MPI_Allgather(send, part, cmpi_int64(), target, part, cmpi_int64(), group.handle)
                case .reduceScatter:
                    MPI_Reduce_scatter_block(send, target, part, cmpi_int64(), cmpi_sum(), group.handle)
                case .allReduce:
                    MPI_Allreduce(cmpi_in_place(), target, total, cmpi_int64(), cmpi_sum(), group.handle)
                case .broadcast: MPI_Bcast(target, total, cmpi_int64(), 0, group.handle)
                case .gather: MPI_Gather(send, part, cmpi_int64(), target, part, cmpi_int64(), 0, group.handle)
                }
            let nanoseconds = Self.nanoseconds(since: start)
            try MPICalls.check(code, "\(kind)")
            return nanoseconds
        }
    }

    private static func nanoseconds(since start: ContinuousClock.Instant) -> Int64 {
        Int64((ContinuousClock.now - start) / .nanoseconds(1))
    }

    /// Of the slowest ranks' times, without the first two rounds.
    private func median(_ times: [Int64]) throws(CollectiveError) -> Double {
        let slowest = try ranks.allReduce(times, .max).dropFirst(2).sorted()
        return Double(max(1, slowest[slowest.count / 2]))
    }
}
