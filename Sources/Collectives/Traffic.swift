/// How many operations of each kind a rank has issued in a group, and how many of its bytes others received.
///
/// Bytes are counted once per receiver, as if every rank sent directly to every other: the number follows from the
/// operations alone, not from the algorithm or the backend, so that a test can state it exactly.
package struct Traffic: Equatable, Sendable {
    package var operations = InlineArray<6, Int>(repeating: 0)
    package var bytesSent = InlineArray<6, Int>(repeating: 0)

    package init() {}

    package func operations(_ kind: CollectiveCall.Kind) -> Int { operations[kind.rawValue] }
    package func bytesSent(_ kind: CollectiveCall.Kind) -> Int { bytesSent[kind.rawValue] }

    package var totalOperations: Int {
        CollectiveCall.Kind.allCases.reduce(0) { $0 + operations($1) }
    }

    package var totalBytesSent: Int {
        CollectiveCall.Kind.allCases.reduce(0) { $0 + bytesSent($1) }
    }

    mutating func count(_ call: CollectiveCall, rank: Int, size: Int) {
        operations[call.kind.rawValue] += 1
        bytesSent[call.kind.rawValue] += call.bytesSent(rank: rank, size: size)
    }

    package static func == (a: Traffic, b: Traffic) -> Bool {
        CollectiveCall.Kind.allCases.allSatisfy {
            a.operations($0) == b.operations($0) && a.bytesSent($0) == b.bytesSent($0)
        }
    }
}
