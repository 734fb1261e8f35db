/// When a rank is taken for lost; seconds of the watcher's own clock (`AwakeClock`).
///
/// mpirun must not end the run before the rank has been named, and must not be asked to end it while it still believes
/// in a link that is down: it would wait for an answer for a quarter of an hour. With `oob_tcp_keepalive_time 10`,
/// `_intvl 5` and `_probes 4`, as Launch/mpirun sets them, it gives a link up 20 to 30 s after its last word, and then
/// ends everything on either side: later than `unreachable`, earlier than `patience`.
package struct HeartbeatTiming: Sendable {
    package init() {}

    /// Between two beats.
    package var interval = 1.0
    /// Without a beat, while the host still acknowledges ours: the process is stopped.
    package var silence = 20.0
    /// Without a sign of life of the host: TCP has repeated itself for as long.
    package var unreachable = 15.0
    /// From the last word of a host that cannot be reached, until this process ends the run itself.
    package var patience = 32.0
    /// Between the ranks that would name a lost coordinator, so that only one does.
    package var turn = 3.0
    /// From the word of the coordinator that a rank is lost, until this process ends itself.
    package var farewell = 5.0
}
