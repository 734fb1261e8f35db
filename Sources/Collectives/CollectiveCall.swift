/// One collective operation as one rank issues it; what `Communicator.start(_:)` takes.
///
/// Use the named methods (`startAllGather`, `barrier` …): they fill in the fields that an operation needs.
package struct CollectiveCall: @unchecked Sendable {
    // Sendable: the buffers belong to the operation from start to wait, and the caller leaves them alone meanwhile.

    package enum Kind: Int, CaseIterable, Sendable {
        case barrier, broadcast, gather, allGather, reduceScatter, allReduce
    }

    package let kind: Kind
    /// What this rank gives; empty where `receive` is both (broadcast, all-reduce).
    package var send = UnsafeRawBufferPointer(start: nil, count: 0)
    package var receive = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    /// Per rank: bytes for the gathers, Int64 elements for the reduce-scatter.
    package var counts: [Int] = []
    /// Per rank: where its bytes begin in `receive` (gathers).
    package var displacements: [Int] = []
    package var root = 0
    package var reduction = Reduction.sum

    init(_ kind: Kind) { self.kind = kind }

    /// How all-reduce joins the values of the ranks; sums wrap around.
    package enum Reduction: Int, Sendable { case sum, max, min }
}

extension CollectiveCall {
    /// Whether this rank's part lies already where a gather would put it.
    func isInPlace(rank: Int) -> Bool {
        guard kind == .allGather || kind == .gather, let start = send.baseAddress, let end = receive.baseAddress
        else { return false }
        return start == UnsafeRawPointer(end) + displacements[rank]
    }

    /// Traps where the call is wrong in itself: a bug of the caller, not of the world.
    func checkConsistency(rank: Int, size: Int) {
        precondition(root >= 0 && root < size, "\(kind): there is no rank \(root) among \(size)")
        switch kind {
        case .barrier, .broadcast:
            break
        case .allReduce:
            precondition(receive.count % 8 == 0)
        case .gather, .allGather:
            precondition(counts.count == size && displacements.count == size, "\(kind): one count per rank")
            precondition(send.count == counts[rank], "\(kind): \(send.count) bytes sent, \(counts[rank]) announced")
            for other in 0..<size {
                precondition(counts[other] >= 0 && displacements[other] >= 0)
                guard kind == .allGather || rank == root else { continue }
                precondition(
                    displacements[other] <= receive.count - counts[other],
                    "\(kind): the part of rank \(other) does not fit into the \(receive.count) bytes to receive")
            }
            precondition(isInPlace(rank: rank) || !overlaps, "\(kind): the buffers overlap")
        case .reduceScatter:
            precondition(counts.count == size && counts.allSatisfy { $0 >= 0 }, "\(kind): one count per rank")
            precondition(send.count == counts.reduce(0, +) * 8, "\(kind): the counts do not add up to what is sent")
            precondition(receive.count == counts[rank] * 8, "\(kind): \(receive.count) bytes to receive")
            precondition(!overlaps, "\(kind): the buffers overlap")
        }
    }

    /// Traps where two ranks issued different operations at the same place in the order.
    func checkAgreement(with other: CollectiveCall) {
        precondition(kind == other.kind, "one rank issued \(kind) where another issued \(other.kind)")
        precondition(root == other.root, "\(kind): the ranks name different roots")
        precondition(reduction == other.reduction, "\(kind): the ranks name different reductions")
        precondition(counts == other.counts, "\(kind): the ranks give different counts")
        precondition(displacements == other.displacements, "\(kind): the ranks give different displacements")
        if kind == .broadcast || kind == .allReduce {
            precondition(receive.count == other.receive.count, "\(kind): the ranks give different sizes")
        }
    }

    /// The bytes of this rank that others receive, counted once per receiver: the same for every backend.
    func bytesSent(rank: Int, size: Int) -> Int {
        switch kind {
        case .barrier: 0
        case .broadcast: rank == root ? receive.count * (size - 1) : 0
        case .gather: rank == root ? 0 : send.count
        case .allGather: send.count * (size - 1)
        case .reduceScatter: send.count - receive.count
        case .allReduce: receive.count * (size - 1)
        }
    }

    private var overlaps: Bool {
        guard let a = send.baseAddress, let b = receive.baseAddress, !send.isEmpty, !receive.isEmpty else {
            return false
        }
        return a < UnsafeRawPointer(b) + receive.count && UnsafeRawPointer(b) < a + send.count
    }
}
