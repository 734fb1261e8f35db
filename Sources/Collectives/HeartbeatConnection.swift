import Foundation

/// A connection that carries blocks of one size both ways.
struct HeartbeatConnection {
    enum State: Equatable { case open, closed, unreachable }

    let socket: StreamSocket
    private(set) var state = State.open
    private var received: [UInt8] = []
    private var unsent: [UInt8] = []

    init(_ socket: StreamSocket) { self.socket = socket }

    /// Takes what has arrived: whole blocks only. What is no block of ours ends the connection.
    mutating func receive() -> [HeartbeatFrame] {
        var frames: [HeartbeatFrame] = []
        while state == .open {
            let outcome = withUnsafeTemporaryAllocation(byteCount: 64 * HeartbeatFrame.byteCount, alignment: 1) {
                let outcome = socket.read(into: $0)
                if case .moved(let count) = outcome { received.append(contentsOf: $0[..<count]) }
                return outcome
            }
            guard case .moved = outcome else {
                note(outcome)
                break
            }
            while received.count >= HeartbeatFrame.byteCount {
                guard let frame = HeartbeatFrame(received.prefix(HeartbeatFrame.byteCount)) else {
                    state = .closed
                    return frames
                }
                frames.append(frame)
                received.removeFirst(HeartbeatFrame.byteCount)
            }
        }
        return frames
    }

    /// Sends a block, or as much as goes without waiting; the rest goes with the next.
    mutating func send(_ frame: HeartbeatFrame) {
        // A peer that takes nothing for so long is stopped: more beats would tell it nothing.
        if unsent.count < 100 * HeartbeatFrame.byteCount { unsent += frame.bytes }
        flush()
    }

    mutating func flush() {
        while state == .open, !unsent.isEmpty {
            let outcome = unsent.withUnsafeBytes { socket.write($0) }
            guard case .moved(let count) = outcome else { return note(outcome) }
            unsent.removeFirst(count)
        }
    }

    private mutating func note(_ outcome: StreamSocket.Outcome) {
        switch outcome {
        case .moved, .wouldBlock: break
        case .closed: state = .closed
        case .unreachable: state = .unreachable
        }
    }
}
