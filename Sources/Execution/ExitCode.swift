import Buffers
import Collectives
import Tokenizers

/// The exit code of the process for an error, as design and README list them.
package enum ExitCode {
    package static let bug: Int32 = 70
    package static let checkpointed: Int32 = 75

    package static func of(_ error: any Error) -> Int32 {
        switch error {
        case let error as InputError: error.kind.rawValue
        case let error as CollectiveError: error.exitCode
        case let error as RankFailure: error.exitCode
        case is Divergence: 76
        case is TokenizerError: InputError.Kind.data.rawValue
        default: bug
        }
    }
}

/// Training left the range of numbers: a gradient or a loss was not finite, or too large for the exact sum.
package struct Divergence: Error, CustomStringConvertible {
    package let step: Int
    package let reason: String

    package init(step: Int, reason: String) {
        self.step = step
        self.reason = reason
    }

    package var description: String {
        "step \(step): training diverged: \(reason); lower learning_rate or set max_grad_norm, and begin anew in "
            + "another output_dir"
    }
}
