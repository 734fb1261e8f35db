/// What the coordinator and a rank say to each other, in blocks of one size; numbers are little-endian.
package enum HeartbeatFrame: Equatable {
    case beat(StepTotals)
    /// The process leaves in order: what ends it, where that is not 0, has been said already.
    case goodbye(exitCode: Int32)
    /// The coordinator has lost this rank and is about to end the run.
    case lost(rank: Int)
    /// The first block in either direction: who speaks, and that it knows the secret of this run.
    case hello(rank: Int, secret: HeartbeatSecret)

    package static let byteCount = 40

    private enum Kind { static let beat: Int64 = 1, goodbye: Int64 = 2, lost: Int64 = 3, hello: Int64 = 4 }

    package var bytes: [UInt8] {
        switch self {
        case .beat(let totals): Self.encode(Kind.beat, totals.steps, totals.tokens, totals.busy, totals.whole)
        case .goodbye(let exitCode): Self.encode(Kind.goodbye, Int64(exitCode), 0, 0, 0)
        case .lost(let rank): Self.encode(Kind.lost, Int64(rank), 0, 0, 0)
        case .hello(let rank, let secret): Self.encode(Kind.hello, Int64(rank), secret.high, secret.low, 0)
        }
    }

    /// Nil where the bytes are no block that a rank would send: anybody may connect to the port.
    package init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count == Self.byteCount else { return nil }
        let fields = Int64.numbers(littleEndian: bytes)
        switch fields[0] {
        case Kind.beat where fields[1...].allSatisfy { $0 >= 0 }:
            self = .beat(StepTotals(steps: fields[1], tokens: fields[2], busy: fields[3], whole: fields[4]))
        case Kind.goodbye where (0...255).contains(fields[1]):
            self = .goodbye(exitCode: Int32(fields[1]))
        case Kind.lost where (0...Int64(Int32.max)).contains(fields[1]):
            self = .lost(rank: Int(fields[1]))
        case Kind.hello where (0...Int64(Int32.max)).contains(fields[1]):
            self = .hello(rank: Int(fields[1]), secret: HeartbeatSecret(high: fields[2], low: fields[3]))
        default: return nil
        }
    }

    private static func encode(_ fields: Int64...) -> [UInt8] { fields.flatMap(\.littleEndianBytes) }
}
