import ArgumentParser
import Buffers
import Collectives
import Execution
import Foundation

/// The process: parses the command line, runs the command, and turns errors into one line and an exit code.
@main
enum Main {
    static func main() {
        MappedFiles.installSignalHandler()
        // A reader that goes away (`swiftlet … | head`) is no fault of ours.
        signal(SIGPIPE, SIG_IGN)
        do {
            var command = try SwiftletCommand.parseAsRoot()
            try command.run()
        } catch let error as InputError {
            fail(error)
        } catch let error where ExitCode.of(error) != ExitCode.bug {
            fail(error)
        } catch {
            // Help, version, and what is wrong with the command line; one rank says it.
            let code = SwiftletCommand.exitCode(for: error)
            guard Launcher.detect().rank == 0 else { exit(code.rawValue) }
            guard code == .validationFailure else { SwiftletCommand.exit(withError: error) }
            Console.error("\(SwiftletCommand.message(for: error)); see swiftlet --help")
            exit(code.rawValue)
        }
    }

    /// Ends the process with the error's one line, said by one rank, and its exit code.
    static func fail(_ error: any Error) -> Never {
        if Launcher.detect().rank == 0 { Console.error("\(error)") }
        exit(ExitCode.of(error))
    }
}

struct SwiftletCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "swiftlet",
        abstract: "Fine-tunes language models on CPU clusters: 4-bit base, LoRA adapters, any number of MPI ranks.",
        discussion: """
            A typical run: validate the job, train it under mpirun, evaluate the adapter.

              swiftlet validate Jobs/tiny.yaml
              mpirun -n 2 swiftlet train Jobs/tiny.yaml
              swiftlet eval Jobs/tiny --adapter out/tiny/adapter --data Jobs/tiny/validation.jsonl

            Exit codes: 64 wrong job or command line, 65 wrong data, model or checkpoint, 69 does not fit, 70 a bug,
            71 a rank or link was lost, 74 an output cannot be written, 75 checkpointed on request, 76 diverged.
            """,
        version: Version.text,
        subcommands: [
            ValidateCommand.self, PlanCommand.self, QuantizeCommand.self, TrainCommand.self, EvalCommand.self,
            GenerateCommand.self,
            TokenizeCommand.self, ParityCommand.self, InspectCommand.self, DataCommand.self, InfoCommand.self,
            BenchCommand.self, ExportCommand.self,
        ])
}
