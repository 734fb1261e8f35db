extension Compute {
    /// Those that `compute: auto` may choose from: their bits are the same on every instruction set, and the result of
    /// a training is that of fp32. A job names the others itself.
    package static let automaticChoices: [Compute] = [.fp32]

    /// What `compute: auto` means on a machine: of the choices of this build the one whose unit is the fastest.
    ///
    /// - Parameter probe: asked for only where there is a choice.
    package static func automatic(probe: () throws -> MachineProbe) rethrows -> Compute {
        let choices = automaticChoices.filter(\.isAvailable)
        guard choices.count > 1 else { return choices.first ?? .fp32 }
        return fastest(of: choices, on: try probe())
    }

    /// The compute whose unit does the most operations a second; fp32, which every CPU has, where none is there.
    package static func fastest(of choices: [Compute], on probe: MachineProbe) -> Compute {
        choices.max { (probe.peak($0.peak) ?? 0) < (probe.peak($1.peak) ?? 0) } ?? .fp32
    }

    /// The unit that its products use where the CPU has it.
    package var peak: PeakKind {
        switch self {
        case .fp32: .fp32FMA
        case .bf16: .bf16Dot
        case .int8: .int8
        }
    }
}
