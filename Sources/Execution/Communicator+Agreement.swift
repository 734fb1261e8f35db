package import Collectives
import Foundation

/// What went wrong on some rank, as every rank of the group knows it afterwards.
package struct RankFailure: Error, CustomStringConvertible, Codable, Equatable {
    package let exitCode: Int32
    package let description: String

    package init(exitCode: Int32, description: String) {
        self.exitCode = exitCode
        self.description = description
    }

    /// What a rank tells the others; away from the coordinator's node it names its host, which may see other files.
    init(_ error: any Error, of communicator: any Communicator) {
        let isAway = communicator.nodeIndex > 0 && !(error is RankFailure)
        self.init(
            exitCode: ExitCode.of(error), description: isAway ? "\(RankIdentity.ownHost): \(error)" : "\(error)")
    }
}

extension Communicator {
    /// Runs `body` on every rank and goes on only if it went well on all of them.
    ///
    /// Otherwise every rank throws the failure of the lowest rank that failed, so that one line can be printed once and
    /// all ranks leave in order. All ranks call it; `body` must not join operations of the group.
    package func agree<Result>(_ body: () throws -> Result) throws -> Result {
        let outcome = Swift.Result { try body() }
        if size == 1 { return try outcome.get() }
        var message: [UInt8] = []
        if case .failure(let error) = outcome {
            message = Array(try JSONEncoder().encode(RankFailure(error, of: self)))
        }
        for report in try allGather(message) where !report.isEmpty {
            throw try JSONDecoder().decode(RankFailure.self, from: Data(report))
        }
        return try outcome.get()
    }

    /// Runs `body` on the coordinator and gives its result to every rank; a failure there is a failure everywhere.
    package func fromCoordinator<Value: Codable>(_ body: () throws -> Value) throws -> Value {
        if size == 1 { return try body() }
        let value = try agree { isCoordinator ? try body() : nil }
        let encoded = try value.map { Array(try JSONEncoder().encode([$0])) } ?? []
        let received = try broadcast(encoded)
        return try JSONDecoder().decode([Value].self, from: Data(received))[0]
    }

    /// The values of all ranks in rank order, on the coordinator; nil elsewhere.
    package func gatherValues<Value: Codable>(_ value: Value) throws -> [Value]? {
        if size == 1 { return [value] }
        return try gather(Array(try JSONEncoder().encode([value])))?.map {
            try JSONDecoder().decode([Value].self, from: Data($0))[0]
        }
    }
}
