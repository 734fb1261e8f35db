package import Collectives

/// What every communicator must do, whatever carries it: the same checks run in process and under mpirun.
///
/// All ranks call each check; it throws where this rank saw something wrong, after its last operation.
package enum CommunicatorConformance {
    package typealias Check = @Sendable (any Communicator) throws -> Void

    package static let checks: [(name: String, check: Check)] = [
        ("ranks and nodes are numbered", checkNumbering),
        ("blobs of any size are broadcast from any root", checkBroadcast),
        ("blobs of unequal sizes are gathered", checkGather),
        ("numbers are reduced to sum, maximum and minimum", checkAllReduce),
        ("unequal parts are gathered into place, gaps untouched", checkAllGather),
        ("a part is gathered in place", checkAllGatherInPlace),
        ("unequal parts of an exact sum are scattered", checkReduceScatter),
        ("requests may be waited for in any order", checkWaitOrder),
        ("many requests may be in flight", checkManyInFlight),
        ("a barrier holds until every rank has come", checkBarrier),
        ("a group is divided, and divided again", checkSplit),
        ("nodes are made smaller", checkRegrouping),
        ("operations of a node and of the world interleave", checkInterleaving),
        ("ranks of a node share windows", checkSharedWindow),
        ("bytes sent are counted", checkTraffic),
    ]

    /// Element counts around the sizes where things change.
    static let sizes = [0, 1, 2, 7, 8, 9, 1_023, 4_096, 65_537]

    /// The same for operations on Int64, the last one large enough to be moved as bulk.
    static let elementCounts = [0, 1, 2, 7, 8, 9, 1_023, 9_001]

    /// A number that depends on all three, the same on every machine.
    static func value(_ rank: Int, _ index: Int, _ salt: Int = 0) -> Int64 {
        var z = UInt64(truncatingIfNeeded: rank &* 1_000_003 &+ index &* 31 &+ salt &* 7_919) &* 0x9E37_79B9_7F4A_7C15
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        return Int64(bitPattern: z ^ (z >> 27))
    }

    static func byte(_ rank: Int, _ index: Int, _ salt: Int = 0) -> UInt8 {
        UInt8(truncatingIfNeeded: value(rank, index, salt))
    }

    static func blob(_ rank: Int, count: Int, salt: Int = 0) -> [UInt8] { (0..<count).map { byte(rank, $0, salt) } }

    /// How many elements each rank has: unequal, some none.
    static func unequalCounts(_ size: Int, around count: Int) -> [Int] {
        (0..<size).map { rank in rank % 3 == 1 ? 0 : count + rank * 5 }
    }
}
