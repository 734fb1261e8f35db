import Collectives

extension CommunicatorConformance {
    static func checkSplit(_ world: any Communicator) throws {
        var expect = CommunicatorExpectations(rank: world.rank)
        let halves = try world.split(by: world.rank % 2 - 7)
        let members = (0..<world.size).filter { $0 % 2 == world.rank % 2 }
        expect.equal(halves.size, members.count, "size of a half")
        expect.equal(halves.rank, world.rank / 2, "rank in a half")
        let found = try halves.allGather(Int64(world.rank))
        expect.equal(found, members.map { Int64($0) }, "members of a half")
        let alone = try halves.split(by: halves.rank)
        expect.equal(alone.size, 1, "size of a group of one")
        expect.equal(try alone.allReduce(Int64(world.rank), .sum), Int64(world.rank), "sum of one")
        let whole = try world.split(by: 3)
        expect.equal(whole.size, world.size, "size of the same group again")
        expect.equal(whole.nodeIndex, world.nodeIndex, "node in the same group again")
        expect.equal(whole.node.size, world.node.size, "size of the node in the same group again")
        let sum = try whole.allReduce(Int64(1), .sum)
        expect.equal(sum, Int64(world.size), "sum over the same group again")
        try expect.finish()
    }

    static func checkRegrouping(_ world: any Communicator) throws {
        var expect = CommunicatorExpectations(rank: world.rank)
        for most in 1...3 {
            let group = try world.regrouped(ranksPerNode: most)
            expect.equal(group.rank, world.rank, "rank with nodes of \(most)")
            expect.equal(group.size, world.size, "size with nodes of \(most)")
            expect.equal(group.ranksOnHost, world.ranksOnHost, "ranks on the host with nodes of \(most)")
            expect.isTrue(group.node.size <= most, "nodes have at most \(most) ranks, not \(group.node.size)")
            let firsts = try group.allGather(group.node.rank == 0 ? 1 : 0)
            expect.equal(firsts.reduce(0, +), Int64(group.nodeCount), "first ranks of nodes of \(most)")
            let members = try group.node.allGather(Int64(world.nodeIndex))
            expect.equal(Set(members).count, 1, "hosts in a node of \(most)")
            try checkNumbering(group)
            try checkSharedWindow(group)
        }
        try expect.finish()
    }

    static func checkInterleaving(_ world: any Communicator) throws {
        var expect = CommunicatorExpectations(rank: world.rank)
        let node = world.node
        let nodes = try world.allGather(Int64(world.nodeIndex))
        for turn in 0..<20 {
            let own = value(world.rank, turn)
            var values = [own, own]
            try values.withUnsafeMutableBufferPointer { values in
                let ofWorld = world.startAllReduce(UnsafeMutableBufferPointer(rebasing: values[..<1]), .sum)
                let ofNode = node.startAllReduce(UnsafeMutableBufferPointer(rebasing: values[1...]), .sum)
                let barrier = world.startBarrier()
                try ofNode.wait()
                try barrier.wait()
                try ofWorld.wait()
            }
            var (all, near) = (Int64(0), Int64(0))
            for rank in 0..<world.size {
                all &+= value(rank, turn)
                if nodes[rank] == Int64(world.nodeIndex) { near &+= value(rank, turn) }
            }
            expect.equal(values, [all, near], "sums over world and node, turn \(turn)")
        }
        try expect.finish()
    }

    static func checkSharedWindow(_ world: any Communicator) throws {
        var expect = CommunicatorExpectations(rank: world.rank)
        let node = world.node
        for byteCount in [0, 1, 4_096, 100_003] {
            let window = try node.makeSharedWindow(byteCount: byteCount)
            expect.equal(window.bytes.count, byteCount, "bytes of the window")
            expect.isTrue(window.bytes.allSatisfy { $0 == 0 }, "a window of \(byteCount) bytes is zero at first")
            try node.barrier()
            for index in stride(from: node.rank, to: byteCount, by: node.size) { window.bytes[index] = byte(7, index) }
            try node.barrier()
            let isRight = window.bytes.indices.allSatisfy { window.bytes[$0] == byte(7, $0) }
            expect.isTrue(isRight, "every rank of the node sees all \(byteCount) bytes")
            try node.barrier()
        }
        try expect.finish()
    }
}
