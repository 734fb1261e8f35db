/// What one core of this machine can do, as measured: what speeds are compared with, and what `compute: auto` goes by.
package struct MachineProbe: Codable, Equatable, Sendable {
    /// The measured speed of one unit.
    package struct Peak: Codable, Equatable, Sendable {
        package let kind: PeakKind
        package let instruction: String
        /// A multiply-add counts as two.
        package let operationsPerSecond: Double

        package init(kind: PeakKind, instruction: String, operationsPerSecond: Double) {
            self.kind = kind
            self.instruction = instruction
            self.operationsPerSecond = operationsPerSecond
        }
    }

    /// Those that the CPU and the instruction set have, in the order of `PeakKind`.
    package let peaks: [Peak]
    /// Bytes a second that one thread reads from memory; 0 where there was no memory to try it with.
    package let readBytesPerSecond: Double

    package init(peaks: [Peak], readBytesPerSecond: Double) {
        self.peaks = peaks
        self.readBytesPerSecond = readBytesPerSecond
    }

    /// How long one measurement goes on.
    package enum Effort: Sendable {
        /// About 20 ms in all: for the start of a run.
        case brief
        /// About 150 ms in all: for one who looks at the numbers.
        case thorough
    }

    /// Measures on one thread of an instruction set.
    /// - Throws: `InputError` where there is no memory for a thread.
    package init(measuring instructionSet: InstructionSet, effort: Effort) throws {
        let context = try KernelContext(threads: 1, instructionSet: instructionSet)
        let seconds = effort == .brief ? 0.002 : 0.02
        self.init(
            peaks: Self.instructions(of: context).map { kind, instruction in
                Peak(
                    kind: kind, instruction: instruction,
                    operationsPerSecond: context.measurePeak(kind, seconds: seconds))
            }, readBytesPerSecond: context.measureReadBandwidth(rounds: effort == .brief ? 1 : 6))
    }

    /// Operations a second; nil where there is no such unit.
    package func peak(_ kind: PeakKind) -> Double? { peaks.first { $0.kind == kind }?.operationsPerSecond }

    /// Whether this can have been measured on `context`: the same units, and speeds that exist.
    func fits(_ context: KernelContext) -> Bool {
        peaks.map(\.kind) == Self.instructions(of: context).map(\.kind)
            && peaks.map(\.instruction) == Self.instructions(of: context).map(\.instruction)
            && peaks.allSatisfy { $0.operationsPerSecond.isFinite && $0.operationsPerSecond > 0 }
            && readBytesPerSecond.isFinite && readBytesPerSecond >= 0
    }

    private static func instructions(of context: KernelContext) -> [(kind: PeakKind, instruction: String)] {
        PeakKind.allCases.compactMap { kind in context.instruction(for: kind).map { (kind, $0) } }
    }
}
