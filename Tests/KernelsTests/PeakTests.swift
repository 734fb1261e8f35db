import Kernels
import Testing

@Suite("Measured peaks")
struct PeakTests {
    @Test("a unit of the instruction set is measured, any other is absent", arguments: PeakKind.allCases)
    func peaks(kind: PeakKind) throws {
        for set in InstructionSet.supported {
            let context = try KernelContext(threads: 1, instructionSet: set)
            let peak = context.measurePeak(kind, seconds: 0.001)
            if context.instruction(for: kind) == nil {
                #expect(peak == 0)
            } else {
                // More than any core can do would be a loop that the compiler has taken away.
                #expect(peak > 1e6 && peak < 1e14, "\(kind), \(set): \(peak)")
            }
        }
    }

    @Test("plain C has no unit but those of its kernels, and AMX is on no list")
    func masked() throws {
        for set in InstructionSet.supported {
            let context = try KernelContext(threads: 1, instructionSet: set)
            let found = PeakKind.allCases.filter { context.instruction(for: $0) != nil }
            #expect(found.contains(.fp32FMA) && found.contains(.int8))
            #expect(!found.contains(.int8Tile))
            if set == .portable { #expect(found == [.fp32FMA, .int8]) }
            if [.avx2, .avxvnni].contains(set) {
                #expect(!found.contains(.bf16Dot) && !found.contains(.fp16FMA))
                let wide = PeakKind.allCases.compactMap(context.instruction(for:)).filter { $0.contains("zmm") }
                #expect(wide.isEmpty)
            }
        }
    }

    @Test("memory is read, by one thread and by three")
    func bandwidth() throws {
        for threads in [1, 3] {
            let speed = try KernelContext(threads: threads).measureReadBandwidth(rounds: 1)
            #expect(speed.isFinite && speed > 1e7)
        }
    }

    @Test("a probe has what its instruction set has, in order")
    func probe() throws {
        for set in InstructionSet.supported {
            let context = try KernelContext(threads: 1, instructionSet: set)
            let probe = try MachineProbe(measuring: set, effort: .brief)
            #expect(probe.peaks.map(\.kind) == PeakKind.allCases.filter { context.instruction(for: $0) != nil })
            #expect(probe.peaks.allSatisfy { $0.operationsPerSecond > 0 && $0.operationsPerSecond.isFinite })
            #expect(probe.peak(.int8Tile) == nil)
        }
    }
}
