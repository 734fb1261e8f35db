/// What a watch is to do after a turn.
struct WatchVerdict: Equatable {
    /// Who is to be named.
    var loss: RankLoss?
    /// How the run is to end, if it is.
    var exitCode: Int32?
    /// Whether this host is cut off from the rest of the run.
    var isCutOff = false
}
