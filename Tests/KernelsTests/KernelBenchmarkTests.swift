import Kernels
import Testing

@Suite("The benchmark of the kernels")
struct KernelBenchmarkTests {
    @Test("measures every kernel of the list")
    func complete() {
        #expect(KernelBenchmark.coveredKernels == Set(KernelContext.kernelNames))
    }
}
