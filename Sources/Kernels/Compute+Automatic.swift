extension Compute {
    /// What `compute: auto` means on a machine: int8 where its unit is clearly faster than fp32's, else fp32. The bits
    /// of both are the same on every instruction set, and a training in int8 ends where one in fp32 does
    /// (Tests/EndToEnd/soak/int8-accuracy.sh).
    ///
    /// - Parameters:
    ///   - frozenWeights: whether what the products multiply by is frozen; only that is multiplied in int8.
    ///   - probe: asked for only where there is a choice.
    package static func automatic(frozenWeights: Bool, probe: () throws -> MachineProbe) rethrows -> Compute {
        guard frozenWeights else { return .fp32 }
        let probe = try probe()
        let (exact, fast) = (probe.peak(Compute.fp32.peak) ?? 0, probe.peak(Compute.int8.peak) ?? 0)
        return fast >= clearlyFaster * exact ? .int8 : .fp32
    }

    /// The same on the machine of a context, whose probe is kept or measured now.
    /// - Throws: `InputError` where there is no memory to measure with.
    package static func automatic(frozenWeights: Bool, on context: KernelContext) throws -> Compute {
        try automatic(frozenWeights: frozenWeights) { try ProbeCache().probe(of: context.instructionSet).probe }
    }

    /// Quantising and scaling cost what the unit gains up to here: a step is 1.3 times as fast where the unit is twice
    /// as fast (AVX2), 2.2 times where it is four times as fast (VNNI).
    private static let clearlyFaster = 1.5

    /// The unit that its products use where the CPU has it.
    package var peak: PeakKind {
        switch self {
        case .fp32: .fp32FMA
        case .bf16: .bf16Dot
        case .int8: .int8
        }
    }
}
