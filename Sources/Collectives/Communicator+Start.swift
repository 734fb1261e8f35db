/// Nonblocking operations. The buffers belong to the operation until its request has been waited for; starting and
/// waiting allocate nothing once as many operations have been in flight as ever will be.
extension Communicator {
    /// Each rank gives `counts[rank]` bytes; every rank receives those of rank r at `displacements[r]`. All ranks pass
    /// the same counts and displacements.
    ///
    /// `send` may lie in `receive`, exactly where it would be received; otherwise the two must not overlap.
    package func startAllGather(
        send: UnsafeRawBufferPointer, receive: UnsafeMutableRawBufferPointer, counts: [Int], displacements: [Int]
    ) -> PendingRequest {
        var call = CollectiveCall(.allGather)
        call.send = send
        call.receive = receive
        call.counts = counts
        call.displacements = displacements
        return startChecked(call)
    }

    /// As `startAllGather`, but only `root` receives; other ranks may leave `receive` empty.
    package func startGather(
        send: UnsafeRawBufferPointer, receive: UnsafeMutableRawBufferPointer, counts: [Int], displacements: [Int],
        root: Int = 0
    ) -> PendingRequest {
        var call = CollectiveCall(.gather)
        call.send = send
        call.receive = receive
        call.counts = counts
        call.displacements = displacements
        call.root = root
        return startChecked(call)
    }

    /// Adds the `send` vectors of all ranks; rank r receives the next `counts[r]` sums in rank order. Sums wrap around.
    package func startReduceScatter(
        send: UnsafeBufferPointer<Int64>, receive: UnsafeMutableBufferPointer<Int64>, counts: [Int]
    ) -> PendingRequest {
        var call = CollectiveCall(.reduceScatter)
        call.send = UnsafeRawBufferPointer(send)
        call.receive = UnsafeMutableRawBufferPointer(receive)
        call.counts = counts
        return startChecked(call)
    }

    /// The bytes of `root` replace those of all other ranks.
    package func startBroadcast(_ bytes: UnsafeMutableRawBufferPointer, root: Int = 0) -> PendingRequest {
        var call = CollectiveCall(.broadcast)
        call.receive = bytes
        call.root = root
        return startChecked(call)
    }

    /// The values of all ranks, joined element by element, replace `values` on every rank. Sums wrap around.
    package func startAllReduce(
        _ values: UnsafeMutableBufferPointer<Int64>, _ reduction: CollectiveCall.Reduction
    ) -> PendingRequest {
        var call = CollectiveCall(.allReduce)
        call.receive = UnsafeMutableRawBufferPointer(values)
        call.reduction = reduction
        return startChecked(call)
    }

    /// Complete when every rank has started it.
    package func startBarrier() -> PendingRequest { startChecked(CollectiveCall(.barrier)) }

    private func startChecked(_ call: CollectiveCall) -> PendingRequest {
        call.checkConsistency(rank: rank, size: size)
        return start(call)
    }
}
