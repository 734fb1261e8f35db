import Kernels
import Testing

@Suite("The list of kernels")
struct KernelListTests {
    @Test("every kernel has a case")
    func complete() {
        #expect(Set(KernelContext.kernelNames) == Set(KernelCases.all.keys))
        #expect(KernelContext.kernelNames.count == KernelCases.all.count)
    }

    @Test(
        "a kernel gives the same bits on every instruction set and any number of threads", arguments: KernelCases.sizes)
    func sameBits(n: Int) throws {
        let contexts = try everyContext()
        for name in KernelContext.kernelNames {
            let operation = try #require(KernelCases.all[name])
            let expected = try operation(contexts[0], n)
            for context in contexts.dropFirst() {
                #expect(
                    try operation(context, n) == expected,
                    "\(name), n = \(n), \(context.instructionSet.rawValue), \(context.threads) threads")
            }
        }
    }

    @Test("an instruction set that does not exist is refused in one line")
    func contexts() throws {
        #expect(InstructionSet.supported.contains(.portable))
        let context = try KernelContext(threads: 8)
        #expect(InstructionSet.supported.contains(context.instructionSet))
        try context.reserveScratch(shared: 1 << 20, perThread: 1 << 16)
        #expect(context.scratchByteCount >= (1 << 20) + 8 * (1 << 16))
    }
}
