import Events

/// One step as a line.
struct StepLine {
    let record: StepRecord
    /// Seconds that the rest of the run is likely to take.
    let remaining: Double

    private var figures: [String] {
        [
            "loss \(Wording.figure(record.loss))", "lr \(Wording.rate(record.learningRate))",
            "grad \(Wording.figure(record.gradientNorm))", "\(Wording.speed(record.tokensPerSecond)) tok/s",
        ]
    }

    private var share: Double {
        record.totalSteps > 0 ? min(1, Double(record.step) / Double(record.totalSteps)) : 0
    }

    private var position: String {
        let total = Wording.count(record.totalSteps)
        let step = Wording.count(record.step)
        return String(repeating: " ", count: max(0, total.count - step.count)) + step + "/" + total
    }

    var plain: String {
        let end = record.step < record.totalSteps ? ["\(Wording.duration(remaining)) left"] : []
        return (["step \(Wording.count(record.step))/\(Wording.count(record.totalSteps))"] + figures + end)
            .joined(separator: "  ")
    }

    /// As much of it as fits into `width` columns.
    func terminal(width: Int) -> String {
        let filled = Int(share * 20)
        let bar = String(repeating: "━", count: filled) + String(repeating: "─", count: 20 - filled)
        let end = record.step < record.totalSteps ? "\(Wording.duration(remaining)) left" : "done"
        // What matters least goes first where the terminal is narrow: the bar, then the figures from the right.
        let full = [position, bar] + figures + [end]
        let choices = [full, [position] + figures + [end]] + (1...3).map { [position] + figures.dropLast($0) + [end] }
        let lines = choices.map { $0.joined(separator: "  ") }
        // A line that fills the last column would wrap, and could not be written over.
        return lines.first { $0.count < width } ?? String(lines[lines.count - 1].prefix(max(0, width - 1)))
    }
}
