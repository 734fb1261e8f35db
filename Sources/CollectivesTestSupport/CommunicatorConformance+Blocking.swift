import Collectives

extension CommunicatorConformance {
    static func checkNumbering(_ world: any Communicator) throws {
        var expect = CommunicatorExpectations(rank: world.rank)
        let ranks = try world.allGather(Int64(world.rank))
        expect.equal(ranks, (0..<world.size).map { Int64($0) }, "ranks")
        let nodes = try world.allGather(Int64(world.nodeIndex))
        let places = try world.allGather(Int64(world.node.rank))
        let sizes = try world.allGather(Int64(world.node.size))
        expect.equal(Set(nodes).count, world.nodeCount, "number of nodes")
        var highest: Int64 = -1
        for rank in 0..<world.size {
            expect.isTrue(nodes[rank] <= highest + 1, "nodes are numbered by their lowest rank: \(nodes)")
            highest = max(highest, nodes[rank])
            expect.equal(places[rank], Int64(nodes[..<rank].count { $0 == nodes[rank] }), "place in the node")
            expect.equal(sizes[rank], Int64(nodes.count { $0 == nodes[rank] }), "size of the node")
        }
        expect.equal(world.node.nodeCount, 1, "nodes of a node")
        expect.isTrue(world.node.node === world.node, "the node of a node is itself")
        expect.isTrue(!world.isAborting, "nobody aborts")
        try expect.finish()
    }

    static func checkBroadcast(_ world: any Communicator) throws {
        var expect = CommunicatorExpectations(rank: world.rank)
        for root in 0..<world.size {
            for size in sizes {
                let own = blob(world.rank, count: world.rank == root ? size : 3)
                let received = try world.broadcast(own, root: root)
                expect.equal(received, blob(root, count: size), "\(size) bytes of rank \(root)")
            }
        }
        try expect.finish()
    }

    static func checkGather(_ world: any Communicator) throws {
        var expect = CommunicatorExpectations(rank: world.rank)
        for size in sizes {
            let counts = unequalCounts(world.size, around: size)
            let own = blob(world.rank, count: counts[world.rank], salt: size)
            let expected = (0..<world.size).map { blob($0, count: counts[$0], salt: size) }
            expect.equal(try world.allGather(own), expected, "all-gather around \(size) bytes")
            for root in 0..<world.size {
                let found = try world.gather(own, root: root)
                expect.equal(found, world.rank == root ? expected : nil, "gather around \(size) bytes to \(root)")
            }
        }
        try expect.finish()
    }

    static func checkAllReduce(_ world: any Communicator) throws {
        var expect = CommunicatorExpectations(rank: world.rank)
        let everyone = 0..<world.size
        for size in elementCounts {
            let own = (0..<size).map { value(world.rank, $0) }
            let sums = (0..<size).map { index in everyone.reduce(Int64(0)) { $0 &+ value($1, index) } }
            expect.equal(try world.allReduce(own, .sum), sums, "sums of \(size) that wrap around")
            let largest = (0..<size).map { index in everyone.map { value($0, index) }.max() ?? 0 }
            expect.equal(try world.allReduce(own, .max), largest, "maxima of \(size)")
            let smallest = (0..<size).map { index in everyone.map { value($0, index) }.min() ?? 0 }
            expect.equal(try world.allReduce(own, .min), smallest, "minima of \(size)")
        }
        expect.equal(try world.allReduce(Int64(world.rank), .max), Int64(world.size - 1), "highest rank")
        try expect.finish()
    }

    /// Every rank counts itself in before the barrier; after it, all must be seen. Memory shows what messages would
    /// hide.
    static func checkBarrier(_ world: any Communicator) throws {
        var expect = CommunicatorExpectations(rank: world.rank)
        let node = world.node
        let window = try node.makeSharedWindow(byteCount: node.size * 8)
        let seen = window.bytes.bindMemory(to: Int64.self)
        for turn in 1...20 {
            seen[node.rank] = Int64(turn)
            try world.barrier()
            for other in 0..<node.size { expect.equal(seen[other], Int64(turn), "turn of rank \(other) of the node") }
            try world.barrier()
        }
        try expect.finish()
    }

    static func checkTraffic(_ world: any Communicator) throws {
        var expect = CommunicatorExpectations(rank: world.rank)
        let group = try world.regrouped(ranksPerNode: world.size)
        let others = group.size - 1
        _ = try group.allReduce([1, 2, 3], .sum)
        expect.equal(group.traffic.bytesSent(.allReduce), 24 * others, "bytes of an all-reduce")
        _ = try group.broadcast([1, 2, 3, 4, 5], root: 0)
        let sent = group.isCoordinator ? (8 + 5) * others : 0
        expect.equal(group.traffic.bytesSent(.broadcast), sent, "bytes of a broadcast and its size")
        expect.equal(group.traffic.operations(.broadcast), 2, "number of broadcasts")
        _ = try group.allGather(Int64(1))
        expect.equal(group.traffic.bytesSent(.allGather), 8 * others, "bytes of an all-gather")
        expect.equal(group.traffic.totalBytesSent, 32 * others + sent, "bytes in all")
        try expect.finish()
    }
}
