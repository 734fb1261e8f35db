/// A group of ranks that work together, as one of them sees it.
///
/// Every rank of the group issues the same operations in the same order; that order comes from the plan, never from
/// timing. Operations may be started from any thread, but from one at a time. Rank 0 is the coordinator.
/// An operation that fails leaves the group unusable: the process says why and ends all ranks by `abort(exitCode:)`.
package protocol Communicator: AnyObject, Sendable {
    /// This rank's number in the group, from 0.
    var rank: Int { get }
    /// How many ranks the group has.
    var size: Int { get }
    /// The ranks of this group that share memory with this one, in rank order; `self` where that is the whole group.
    var node: any Communicator { get }
    /// The number of this rank's node; nodes are numbered from 0 by their lowest rank.
    var nodeIndex: Int { get }
    var nodeCount: Int { get }
    /// The ranks of this group that share this rank's host with it, itself included: more than `node` has where one
    /// host plays several nodes.
    var ranksOnHost: Int { get }
    /// What this rank has sent in this group so far (subgroups count for themselves).
    var traffic: Traffic { get }
    /// Whether a rank is known to have aborted: a signal handler asks this to tell an abort from a preemption.
    var isAborting: Bool { get }

    /// What watches the ranks of the world, and hears how long their steps take; nil where nothing does.
    var watch: RankWatch? { get }

    /// Starts an operation; the named `start…` methods are what callers use.
    func start(_ call: CollectiveCall) -> PendingRequest

    /// Divides the group: ranks that give the same number form a group, ordered by their rank here. All ranks call it.
    func split(by number: Int) throws(CollectiveError) -> any Communicator

    /// The same ranks with nodes of at most `ranksPerNode` ranks, so that one host plays several. All ranks call it.
    func regrouped(ranksPerNode: Int) throws(CollectiveError) -> any Communicator

    /// Zeroed memory that all ranks of the group share; only on a `node` group. All ranks call it with the same size.
    ///
    /// What one rank wrote, another sees after both joined an operation of the group, such as `barrier()`.
    func makeSharedWindow(byteCount: Int) throws(CollectiveError) -> SharedWindow

    /// Ends all ranks now, those of other groups included; over MPI the process ends with `exitCode` and this does not
    /// return; in process the pending and future operations of all ranks throw `CollectiveError.aborted`.
    func abort(exitCode: Int32)
}

extension Communicator {
    /// Whether this is rank 0, which reads the job, commits checkpoints and prints.
    package var isCoordinator: Bool { rank == 0 }

    /// Ranks of one process live and die together.
    package var watch: RankWatch? { nil }
}
