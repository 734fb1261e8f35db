import Buffers
package import Collectives

/// Sends bytes of any number from the coordinator of a group to its other ranks, in pieces that bound its memory.
package struct PieceBroadcast {
    private let group: any Communicator
    /// Where the coordinator puts a piece before it goes out: what is sent may lie in a file that is mapped read-only.
    private let room: AlignedStorage?
    private let pieceByteCount: Int

    /// Bytes of a piece where nothing else is said.
    package static let pieceByteCount = 1 << 26

    package init(_ group: any Communicator, pieceByteCount: Int = Self.pieceByteCount) throws {
        precondition(pieceByteCount > 0)
        self.group = group
        self.pieceByteCount = pieceByteCount
        room = group.isCoordinator ? try AlignedStorage(byteCount: pieceByteCount) : nil
    }

    /// The pieces of so many bytes, in the order in which they go out.
    package func pieces(_ byteCount: Int) -> [Range<Int>] {
        stride(from: 0, to: byteCount, by: pieceByteCount).map { $0..<min($0 + pieceByteCount, byteCount) }
    }

    /// On the coordinator, while all others `receive` as many bytes.
    package func send(_ bytes: UnsafeRawBufferPointer) throws {
        guard let room else { preconditionFailure("only the coordinator sends") }
        for piece in pieces(bytes.count) {
            let copy = room.bytes(count: piece.count)
            copy.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[piece]))
            try group.startBroadcast(copy).wait()
        }
    }

    /// On all ranks but the coordinator.
    package func receive(_ bytes: UnsafeMutableRawBufferPointer) throws {
        precondition(!group.isCoordinator, "the coordinator sends")
        for piece in pieces(bytes.count) {
            try group.startBroadcast(UnsafeMutableRawBufferPointer(rebasing: bytes[piece])).wait()
        }
    }
}
