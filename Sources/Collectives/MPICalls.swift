internal import CMPI
import Foundation

/// The MPI calls that set up and end; those of a step are in `MPIOperation`. All run on the comm thread.
enum MPICalls {
    /// Throws what MPI says about a return code.
    static func check(_ code: Int32, _ operation: @autoclosure () -> String) throws(CollectiveError) {
        guard code != cmpi_success() else { return }
        throw .peerLost(operation: operation(), reason: text(of: code))
    }

    /// The corresponding MPI function is `MPI_Error_string`.
    static func text(of code: Int32) -> String {
        var length: Int32 = 0
        let characters = [CChar](unsafeUninitializedCapacity: Int(cmpi_max_error_string()) + 1) { buffer, count in
            guard MPI_Error_string(code, buffer.baseAddress, &length) == cmpi_success() else { return }
            count = Int(length)
        }
        guard !characters.isEmpty else { return "MPI error \(code)" }
        return String(decoding: characters.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// Starts MPI in this process. The corresponding MPI function is `MPI_Init_thread`.
    static func initialize() throws(CollectiveError) {
        // While a setup call blocks, an idle rank must leave its core to others: hosts are often oversubscribed.
        setenv("OMPI_MCA_mpi_yield_when_idle", "1", 0)
        // Open MPI announces a message and sends it when its receiver has answered. On the only connection between two
        // ranks an answer waits behind all that is sent the other way, so that one direction idles while the other
        // sends; on two, a step bound by a link of 1 Gbit/s takes 0.37 s instead of 0.57.
        setenv("OMPI_MCA_btl_tcp_links", "2", 0)
        OpenFileLimit.raise()
        var provided: Int32 = 0
        try check(MPI_Init_thread(nil, nil, cmpi_thread_funneled(), &provided), "MPI_Init_thread")
        guard provided >= cmpi_thread_funneled() else {
            throw .launch("this MPI library does not allow threads (MPI_THREAD_FUNNELED); use one that does")
        }
        try check(MPI_Comm_set_errhandler(cmpi_comm_world().handle, cmpi_errors_return()), "MPI_Comm_set_errhandler")
        try check(MPI_Comm_set_errhandler(cmpi_comm_self().handle, cmpi_errors_return()), "MPI_Comm_set_errhandler")
    }

    /// The corresponding MPI function is `MPI_Finalize`.
    static func finalize() throws(CollectiveError) { try check(MPI_Finalize(), "MPI_Finalize") }

    /// Ends all ranks, this one included. The corresponding MPI function is `MPI_Abort`.
    static func abort(exitCode: Int32) { _ = MPI_Abort(cmpi_comm_world().handle, exitCode) }

    /// The corresponding MPI functions are `MPI_Comm_rank` and `MPI_Comm_size`.
    static func rankAndSize(_ group: cmpi_comm) throws(CollectiveError) -> (rank: Int, size: Int) {
        var rank: Int32 = 0
        var size: Int32 = 0
        try check(MPI_Comm_rank(group.handle, &rank), "MPI_Comm_rank")
        try check(MPI_Comm_size(group.handle, &size), "MPI_Comm_size")
        return (Int(rank), Int(size))
    }

    /// Ranks with the same colour, ordered by `key`. The corresponding MPI function is `MPI_Comm_split`.
    static func split(_ group: cmpi_comm, color: Int, key: Int) throws(CollectiveError) -> cmpi_comm {
        var result = cmpi_comm_null()
        try check(MPI_Comm_split(group.handle, Int32(color), Int32(key), &result.handle), "MPI_Comm_split")
        return result
    }

    /// The lowest rank of `group` on this rank's host, for every rank. The corresponding MPI function is
    /// `MPI_Comm_split_type`: `OMPI_COMM_TYPE_NODE` fails across hosts in Open MPI 4.
    static func hosts(_ group: cmpi_comm) throws(CollectiveError) -> [Int] {
        let (rank, size) = try rankAndSize(group)
        var host = cmpi_comm_null()
        try check(
            MPI_Comm_split_type(group.handle, cmpi_comm_type_shared(), Int32(rank), cmpi_info_null(), &host.handle),
            "MPI_Comm_split_type")
        var lowest = Int64(rank)
        try check(MPI_Bcast(&lowest, 1, cmpi_int64(), 0, host.handle), "MPI_Bcast")
        try check(MPI_Comm_free(&host.handle), "MPI_Comm_free")
        return try allGather(lowest, group, size: size).map(Int.init)
    }

    /// The corresponding MPI function is `MPI_Allgather`.
    static func allGather(_ value: Int64, _ group: cmpi_comm, size: Int) throws(CollectiveError) -> [Int64] {
        var value = value
        var values = [Int64](repeating: 0, count: size)
        try check(MPI_Allgather(&value, 1, cmpi_int64(), &values, 1, cmpi_int64(), group.handle), "MPI_Allgather")
        return values
    }

    /// Lets MPI move what its last calls left behind. The corresponding MPI function is `MPI_Iprobe`.
    static func progress() {
        var found: Int32 = 0
        MPI_Iprobe(cmpi_any_source(), cmpi_any_tag(), cmpi_comm_world().handle, &found, cmpi_status_ignore())
    }
}
