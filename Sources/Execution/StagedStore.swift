import Buffers
package import Checkpoints
package import Collectives
import Foundation
import Sharding

/// A base store that is copied to a disk of each node, so that every rank maps a file of its own host.
package struct StagedStore {
    private let manifest: BaseStoreManifest
    /// Where each node's copy lies.
    package let path: String
    private let communicator: any Communicator
    private let fileSystem: any FileSystem

    /// - Parameters:
    ///   - manifest: of the store, as the coordinator has read it; the same on all ranks.
    ///   - directory: on every node. The name of a copy there says which base it is, so that others may lie beside it.
    package init(
        _ manifest: BaseStoreManifest, in directory: String, communicator: any Communicator,
        fileSystem: any FileSystem = LocalFileSystem()
    ) {
        self.manifest = manifest
        self.communicator = communicator
        self.fileSystem = fileSystem
        path = "\(directory)/\(manifest.hash.prefix(16)).base.h5"
    }

    /// Copies the store to every host that does not have it yet, byte by byte; all ranks call it.
    ///
    /// The coordinator alone reads `source`, and sends each piece to one rank of each host, which writes it.
    /// - Parameters:
    ///   - source: the store, on the coordinator.
    ///   - report: told on the coordinator what is done.
    /// - Throws: the same error on all ranks, of kind `.capacity` where a disk is too small, `.output` where one cannot
    ///   be written.
    package func copy(
        _ source: BaseStore?, pieceByteCount: Int = PieceBroadcast.pieceByteCount, report: (String) throws -> Void
    ) throws {
        precondition(source != nil || !communicator.isCoordinator)
        let writers = try writers()
        let isWriter = writers.contains(communicator.rank)
        let isMissing = isWriter && !BaseStoreCopy.isThere(manifest, at: path)
        let missing = try communicator.allGather(isMissing ? 1 : 0).reduce(0, +)
        try communicator.agree {
            guard communicator.isCoordinator else { return }
            let hosts =
                writers.count == 1 ? "this host" : missing == 0 ? "each host" : "\(missing) of \(writers.count) hosts"
            try report(
                missing == 0
                    ? "base \(path) from an earlier run, on \(hosts)"
                    : "copying the base (\(manifest.fileByteCount >> 20) MiB) to \(path) on \(hosts)")
        }
        guard missing > 0 else { return }
        let takesPart = communicator.isCoordinator || isMissing
        let group = try communicator.split(by: takesPart ? 0 : 1)
        try communicator.agree {
            guard takesPart else { return }
            try receive(from: source, isMissing: isMissing, in: group, pieceByteCount: pieceByteCount)
        }
    }

    /// One rank of each host: the first of those that mean the same place.
    private func writers() throws -> Set<Int> {
        let places = try communicator.allGather(Array("\(RankIdentity.ownHost):\(path)".utf8))
        return Set(places.indices.filter { places.firstIndex(of: places[$0]) == $0 })
    }

    /// After each piece the group agrees, so that a full disk stops all of them at once.
    private func receive(
        from source: BaseStore?, isMissing: Bool, in group: any Communicator, pieceByteCount: Int
    ) throws {
        let (copy, pieces, room) = try group.agree {
            (
                isMissing ? try BaseStoreCopy(of: manifest, at: path, fileSystem: fileSystem) : nil,
                try PieceBroadcast(group, pieceByteCount: pieceByteCount),
                try AlignedStorage(byteCount: group.isCoordinator ? 0 : pieceByteCount)
            )
        }
        for piece in pieces.pieces(manifest.fileByteCount) {
            func write(_ bytes: UnsafeRawBufferPointer) throws {
                try group.agree { try copy?.write(bytes, at: piece.lowerBound) }
            }
            if group.isCoordinator {
                try source?.withFileBytes(piece) { bytes in
                    try pieces.send(bytes)
                    try write(bytes)
                }
            } else {
                let bytes = room.bytes(count: piece.count)
                try pieces.receive(bytes)
                try write(UnsafeRawBufferPointer(bytes))
            }
        }
        try group.agree {
            // The coordinator is asked first: where the source is damaged, no disk is to blame.
            if group.isCoordinator { try source?.verify() }
            try copy?.finish()
        }
    }
}
