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

    @Test("a context takes the best instruction set, and what it reserved is enough")
    func contexts() throws {
        #expect(InstructionSet.supported.contains(.portable))
        for context in try everyContext() {
            try context.reserveScratch(longestSegment: 140, headSize: 40)
            let reserved = context.scratchByteCount
            #expect(reserved == context.scratchByteCount(longestSegment: 140, headSize: 40))
            let problem = try AttentionCase(
                headSize: 40, heads: 2, kvHeads: 1, lengths: [140, 30], window: nil, seed: 1)
            problem.run(on: context)
            let (x, w, y) = (try Values(70, 700, seed: 1), try Values(90, 700, seed: 2), try Values(70, 90, seed: 3))
            context.multiplyGradient(y.matrix, x.matrix, into: w.matrix, accumulate: false)
            #expect(context.scratchByteCount == reserved)
        }
    }
}
