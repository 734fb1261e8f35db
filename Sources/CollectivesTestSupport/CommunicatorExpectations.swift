/// What a check found wrong. It is thrown at the end only, so that all ranks still issue the same operations.
package struct CommunicatorExpectations {
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    private let rank: Int
    private var failures: [String] = []

    package init(rank: Int) { self.rank = rank }

    package mutating func equal<Value: Equatable>(_ found: Value, _ expected: Value, _ what: @autoclosure () -> String)
    {
        guard found != expected else { return }
        failures.append("\(what()): \(found) instead of \(expected)")
    }

    package mutating func isTrue(_ condition: Bool, _ what: @autoclosure () -> String) {
        if !condition { failures.append(what()) }
    }

    package consuming func finish() throws {
        guard let first = failures.first else { return }
        throw Failure(description: "rank \(rank): \(first.prefix(300)) (\(failures.count) in all)")
    }
}
