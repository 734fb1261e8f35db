package import Events
import Foundation
import Synchronization

/// Shows a run to a person: a head, one line that follows the steps, lines for evaluations and checkpoints, an end.
///
/// On a terminal the step line is written over in place; elsewhere steps are plain lines, the first, the last and one
/// every few seconds between them, so that a log stays readable whatever the steps take.
package final class ProgressReporter: EventConsumer {
    private let output: any TextOutput
    private let plainInterval: Double
    private let now: @Sendable () -> Double
    private let state = Mutex(State())

    private struct State {
        var summary: RunSummary?
        /// The step line that stands on the terminal, to be drawn again below a line that is kept.
        var lineIsOpen = false
        var lastPlainLine = -Double.infinity
        var pace = Pace()
    }

    /// - Parameters:
    ///   - plainInterval: least seconds between two step lines where the output is no terminal.
    ///   - now: seconds on a clock that never goes back.
    package init(
        output: any TextOutput = StandardError(), plainInterval: Double = 10,
        now: @escaping @Sendable () -> Double = { ProcessInfo.processInfo.systemUptime }
    ) {
        self.output = output
        self.plainInterval = plainInterval
        self.now = now
    }

    package func receive(_ event: Event) {
        state.withLock { state in
            switch event {
            case .started(let summary):
                state.summary = summary
                keep(Headline.opening(summary), &state)
            case .resumed(let step, let path):
                keep(["resumed from step \(Wording.count(step)): \(path)"], &state)
            case .step(let record): show(record, &state)
            case .evaluation(let record): keep([Headline.evaluation(record)], &state)
            case .save(let record): keep([Headline.save(record)], &state)
            case .notice(let text): keep(["notice: \(text)"], &state)
            case .warning(let text): keep(["warning: \(text)"], &state)
            case .straggler(let record): keep(["warning: \(Headline.straggler(record))"], &state)
            case .finished(let summary): keep(Headline.closing(summary, of: state.summary), &state)
            }
        }
    }

    private func show(_ record: StepRecord, _ state: inout State) {
        state.pace.add(record.seconds)
        let remaining = state.pace.seconds * Double(record.totalSteps - record.step)
        if let width = output.terminalWidth {
            output.write("\r\u{1B}[2K" + StepLine(record: record, remaining: remaining).terminal(width: width))
            state.lineIsOpen = true
            return
        }
        let time = now()
        guard record.step == 1 || record.step == record.totalSteps || time - state.lastPlainLine >= plainInterval else {
            return
        }
        state.lastPlainLine = time
        output.write(StepLine(record: record, remaining: remaining).plain + "\n")
    }

    private func keep(_ lines: [String], _ state: inout State) {
        // The step line stays as the last word before what is kept.
        let start = state.lineIsOpen ? "\n" : ""
        state.lineIsOpen = false
        output.write(start + lines.map { $0 + "\n" }.joined())
    }
}

/// Seconds a step takes at present: a mean that forgets slowly, so that one slow step does not move the end by hours.
struct Pace {
    private(set) var seconds = 0.0
    private var count = 0

    mutating func add(_ sample: Double) {
        count += 1
        seconds += (sample - seconds) / Double(min(count, 20))
    }
}
