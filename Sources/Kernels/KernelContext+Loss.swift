package import Buffers
import CKernels

extension KernelContext {
    /// The target that is left out of the loss.
    package static let leftOutTarget: Int32 = -100

    /// nll[i] = −log softmax(logits[i])[targets[i]] in nats; 0 where the target is left out.
    ///
    /// - Parameters:
    ///   - logits: [m, V]; overwritten by (softmax − one-hot) · gradientScale where that is given, rows of zeros where
    ///     left out.
    ///   - targets: m ids in 0..<V, or −100.
    package func crossEntropy(
        logits: Matrix, targets: UnsafeBufferPointer<Int32>, gradientScale: Float?,
        nll: UnsafeMutableBufferPointer<Float>
    ) {
        precondition(targets.count == logits.rows && nll.count == logits.rows)
        precondition(
            targets.allSatisfy { $0 == Self.leftOutTarget || ($0 >= 0 && $0 < logits.columns) },
            "a target lies outside the vocabulary")
        run {
            sk_cross_entropy(
                $0, logits.native, targets.baseAddress, gradientScale != nil, gradientScale ?? 0, nll.baseAddress)
        }
    }
}
