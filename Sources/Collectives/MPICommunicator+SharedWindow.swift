internal import CMPI
import Foundation

/// Memory that processes share. It is a file without a name, opened through /proc, so that nothing can be left behind
/// however the ranks end; where /proc does not lead to it (ranks of a host in different containers), a POSIX
/// shared-memory object that loses its name as soon as all ranks have opened it.
extension MPICommunicator {
    func makeSharedWindow(byteCount: Int) throws(CollectiveError) -> SharedWindow {
        precondition(nodeCount == 1, "a window is shared by the ranks of one node: ask `node` for it")
        let counts = try allGather(Int64(byteCount))
        precondition(counts.allSatisfy { $0 == Int64(byteCount) }, "the ranks ask for windows of different sizes")
        guard size > 1 else { return try SharedWindow(byteCount: byteCount, descriptor: nil) }
        let mapped = SharedWindow.mappedByteCount(for: byteCount)
        if let window = try shareUnnamed(byteCount, mapped) { return window }
        if let window = try shareNamed(byteCount, mapped) { return window }
        throw .sharedMemory(byteCount: byteCount, reason: "the ranks of this host cannot open each other's memory")
    }

    /// nil, on all ranks, where one of them cannot open it. The corresponding C function is `memfd_create`.
    private func shareUnnamed(_ byteCount: Int, _ mapped: Int) throws(CollectiveError) -> SharedWindow? {
        var created: Int32 = -1
        if isCoordinator {
            created = cmpi_unnamed_file("swiftlet")
            if created >= 0, ftruncate(created, mapped) != 0 {
                close(created)
                created = -1
            }
        }
        let identity = try broadcastIdentity(FileIdentity(descriptor: created))
        var opened = created
        if !isCoordinator, identity.descriptor >= 0 {
            opened = open("/proc/\(identity.process)/fd/\(identity.descriptor)", O_RDWR | O_CLOEXEC)
        }
        return try map(opened, identity, byteCount)
    }

    /// nil, on all ranks, where one of them cannot open it. The corresponding C function is `shm_open`.
    private func shareNamed(_ byteCount: Int, _ mapped: Int) throws(CollectiveError) -> SharedWindow? {
        var opened: Int32 = -1
        let suffix = isCoordinator ? UInt64.random(in: .min ... .max) : 0
        let name = "/swiftlet-" + String(decoding: try broadcast(Array(String(suffix, radix: 36).utf8)), as: UTF8.self)
        if isCoordinator {
            opened = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0o600)
            // Such objects lie in a file system that may be small: without its pages in hand a write could be a SIGBUS.
            if opened >= 0, posix_fallocate(opened, 0, mapped) != 0 {
                close(opened)
                opened = -1
            }
        }
        let identity = try broadcastIdentity(FileIdentity(descriptor: opened))
        if !isCoordinator, identity.descriptor >= 0 { opened = shm_open(name, O_RDWR, 0) }
        defer { if isCoordinator { shm_unlink(name) } }
        return try map(opened, identity, byteCount)
    }

    /// Maps the file where every rank has opened the same one; closes it in any case.
    private func map(_ opened: Int32, _ identity: FileIdentity, _ byteCount: Int) throws(CollectiveError)
        -> SharedWindow?
    {
        defer { if opened >= 0 { close(opened) } }
        let isSame = opened >= 0 && FileIdentity(descriptor: opened).isSameFile(as: identity)
        guard try allReduce(isSame ? 1 : 0, .min) == 1 else { return nil }
        return try SharedWindow(byteCount: byteCount, descriptor: opened)
    }

    private func broadcastIdentity(_ own: FileIdentity) throws(CollectiveError) -> FileIdentity {
        var (process, descriptor) = (own.process, own.descriptor)
        var (device, inode) = (own.device, own.inode)
        try broadcast(&process)
        try broadcast(&descriptor)
        try broadcast(&device)
        try broadcast(&inode)
        return FileIdentity(process: process, descriptor: descriptor, device: device, inode: inode)
    }
}

/// An open file as other processes can find it, and know it again; `descriptor` is negative where there is none.
private struct FileIdentity {
    var process: Int64
    var descriptor: Int64
    var device: Int64
    var inode: Int64

    init(process: Int64, descriptor: Int64, device: Int64, inode: Int64) {
        self.process = process
        self.descriptor = descriptor
        self.device = device
        self.inode = inode
    }

    init(descriptor: Int32) {
        var status = stat()
        let isOpen = descriptor >= 0 && fstat(descriptor, &status) == 0
        self.init(
            process: Int64(getpid()), descriptor: isOpen ? Int64(descriptor) : -1,
            device: Int64(bitPattern: UInt64(status.st_dev)), inode: Int64(bitPattern: UInt64(status.st_ino)))
    }

    func isSameFile(as other: FileIdentity) -> Bool {
        descriptor >= 0 && other.descriptor >= 0 && device == other.device && inode == other.inode
    }
}
