import Collectives

extension CommunicatorConformance {
    /// An all-gather whose parts are unequal and have gaps of `gap` bytes between them.
    private struct GatherCase {
        let counts: [Int]
        var displacements: [Int] = []
        var total = 0
        static let untouched: UInt8 = 0xA5

        init(counts: [Int], gap: Int) {
            self.counts = counts
            for count in counts {
                total += gap
                displacements.append(total)
                total += count
            }
            total += gap
        }

        func expected(salt: Int) -> [UInt8] {
            var bytes = [UInt8](repeating: Self.untouched, count: total)
            for (rank, start) in displacements.enumerated() {
                for index in 0..<counts[rank] { bytes[start + index] = byte(rank, index, salt) }
            }
            return bytes
        }
    }

    static func checkAllGather(_ world: any Communicator) throws {
        var expect = CommunicatorExpectations(rank: world.rank)
        for size in sizes {
            for gap in [0, 3] {
                let test = GatherCase(counts: unequalCounts(world.size, around: size), gap: gap)
                let own = blob(world.rank, count: test.counts[world.rank], salt: gap)
                var received = [UInt8](repeating: GatherCase.untouched, count: test.total)
                try own.withUnsafeBytes { own in
                    try received.withUnsafeMutableBytes { received in
                        try world.startAllGather(
                            send: own, receive: received, counts: test.counts, displacements: test.displacements
                        ).wait()
                    }
                }
                expect.isTrue(received == test.expected(salt: gap), "parts around \(size) bytes with gaps of \(gap)")
            }
        }
        try expect.finish()
    }

    static func checkAllGatherInPlace(_ world: any Communicator) throws {
        var expect = CommunicatorExpectations(rank: world.rank)
        for size in sizes {
            let test = GatherCase(counts: unequalCounts(world.size, around: size), gap: 1)
            var bytes = [UInt8](repeating: GatherCase.untouched, count: test.total)
            let own = test.displacements[world.rank]..<test.displacements[world.rank] + test.counts[world.rank]
            bytes.replaceSubrange(own, with: blob(world.rank, count: own.count, salt: size))
            try bytes.withUnsafeMutableBytes { bytes in
                try world.startAllGather(
                    send: UnsafeRawBufferPointer(rebasing: bytes[own]), receive: bytes, counts: test.counts,
                    displacements: test.displacements
                ).wait()
            }
            expect.isTrue(bytes == test.expected(salt: size), "parts around \(size) bytes")
        }
        try expect.finish()
    }

    static func checkReduceScatter(_ world: any Communicator) throws {
        var expect = CommunicatorExpectations(rank: world.rank)
        for size in elementCounts {
            let counts = unequalCounts(world.size, around: size)
            let own = (0..<counts.reduce(0, +)).map { value(world.rank, $0) }
            var sums = [Int64](repeating: -1, count: counts[world.rank])
            try own.withUnsafeBufferPointer { own in
                try sums.withUnsafeMutableBufferPointer { sums in
                    try world.startReduceScatter(send: own, receive: sums, counts: counts).wait()
                }
            }
            let first = counts[..<world.rank].reduce(0, +)
            let expected = sums.indices.map { index in
                (0..<world.size).reduce(Int64(0)) { $0 &+ value($1, first + index) }
            }
            expect.isTrue(sums == expected, "sums around \(size) elements")
        }
        try expect.finish()
    }

    /// Each rank waits in an order of its own.
    static func checkWaitOrder(_ world: any Communicator) throws {
        try checkRequests(world, count: 12) { count in
            (0..<count).sorted { value(world.rank, $0, 5) < value(world.rank, $1, 5) }
        }
    }

    static func checkManyInFlight(_ world: any Communicator) throws {
        try checkRequests(world, count: 150) { count in Array((0..<count).reversed()) }
    }

    /// Starts `count` operations of three kinds, waits for them in the given order, and looks at all results.
    private static func checkRequests(
        _ world: any Communicator, count: Int, order: (Int) -> [Int]
    ) throws {
        var expect = CommunicatorExpectations(rank: world.rank)
        let length = 64
        let values = UnsafeMutableBufferPointer<Int64>.allocate(capacity: count * length)
        defer { values.deallocate() }
        for index in values.indices { values[index] = value(world.rank, index) }
        var requests = RequestList(count: count)
        for number in 0..<count {
            let part = UnsafeMutableBufferPointer(rebasing: values[number * length..<(number + 1) * length])
            switch number % 3 {
            case 0: requests.put(world.startAllReduce(part, .sum), at: number)
            case 1: requests.put(world.startBroadcast(.init(part), root: number % world.size), at: number)
            default: requests.put(world.startAllReduce(part, .max), at: number)
            }
        }
        for number in order(count) { try requests.take(at: number)?.wait() }
        for index in values.indices {
            let number = index / length
            let all = (0..<world.size).map { value($0, index) }
            let expected =
                switch number % 3 {
                case 0: all.reduce(0, &+)
                case 1: all[number % world.size]
                default: all.max() ?? 0
                }
            expect.isTrue(values[index] == expected, "operation \(number), element \(index % length)")
        }
        try expect.finish()
    }

    /// Requests that can be taken out one by one: an array cannot hold what cannot be copied.
    private struct RequestList: ~Copyable {
        private let places: UnsafeMutableBufferPointer<PendingRequest?>

        init(count: Int) {
            places = .allocate(capacity: count)
            for index in 0..<count { places.initializeElement(at: index, to: nil) }
        }

        mutating func put(_ request: consuming PendingRequest, at index: Int) { places[index] = consume request }

        mutating func take(at index: Int) -> PendingRequest? { places[index].take() }

        deinit {
            for index in places.indices { places.deinitializeElement(at: index) }
            places.deallocate()
        }
    }
}
