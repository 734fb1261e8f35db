package import Buffers
package import Kernels

extension Compute {
    /// How a block keeps gate and up for its backward: rounding them to bf16 is far below the errors of products in 8
    /// bits, and halves the largest part of a step's memory.
    package var savedType: ScalarType { self == .fp32 ? .float32 : .bfloat16 }
}
