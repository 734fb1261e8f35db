/// What ranks have sent one another.
package struct RunTraffic: Sendable, Equatable {
    /// Collective operations, each counted once.
    package var operations: Int
    /// Bytes, counted once per receiver.
    package var bytes: Int

    package init(operations: Int, bytes: Int) {
        self.operations = operations
        self.bytes = bytes
    }

    package static func - (left: RunTraffic, right: RunTraffic) -> RunTraffic {
        RunTraffic(operations: left.operations - right.operations, bytes: left.bytes - right.bytes)
    }

    package static func += (left: inout RunTraffic, right: RunTraffic) {
        left.operations += right.operations
        left.bytes += right.bytes
    }
}
