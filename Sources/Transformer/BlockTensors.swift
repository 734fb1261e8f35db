package import Architectures
package import Buffers
import Quantization

/// All tensors of one block where they lie in a flat run of values: parameters that are trained themselves, or their
/// gradients.
package struct BlockTensors: Sendable {
    /// Weights of the norms [1, H].
    package let inputNorm: Matrix
    package let postAttentionNorm: Matrix
    package let linears: PerLinear<LinearTensors>
}

/// The tensors of one linear layer: weight [N, K] and bias [1, N].
package struct LinearTensors: Sendable {
    package let weight: Matrix
    package let bias: Matrix?
}

/// The tensors of the end of the model: the final norm [1, H] and the head [V, H], which may be the embedding.
package struct HeadTensors: Sendable {
    package let norm: Matrix
    package let weight: Matrix

    package init(norm: Matrix, weight: Matrix) {
        self.norm = norm
        self.weight = weight
    }
}

extension Architecture {
    /// The tensors of one block in a flat run of values, in the order of `tensors(of:)`.
    package func blockTensors(in values: UnsafeMutableBufferPointer<Float>) -> BlockTensors {
        var cursor = MatrixCursor(values)
        let inputNorm = cursor.take(1, hiddenSize)
        let postAttentionNorm = cursor.take(1, hiddenSize)
        let linears = PerLinear { role in
            LinearTensors(
                weight: cursor.take(outputSize(of: role), inputSize(of: role)),
                bias: biasedLinears.contains(role) ? cursor.take(1, outputSize(of: role)) : nil)
        }
        cursor.finish()
        return BlockTensors(inputNorm: inputNorm, postAttentionNorm: postAttentionNorm, linears: linears)
    }

    /// The embedding [V, H] in the values of its unit.
    package func embeddingTensor(in values: UnsafeMutableBufferPointer<Float>) -> Matrix {
        Matrix(values, rows: vocabularySize, columns: hiddenSize)
    }

    /// The end of the model in the values of its unit.
    /// - Parameter embedding: the head where it is tied to it.
    package func headTensors(in values: UnsafeMutableBufferPointer<Float>, embedding: Matrix?) -> HeadTensors {
        var cursor = MatrixCursor(values)
        let norm = cursor.take(1, hiddenSize)
        let weight = embedding ?? cursor.take(vocabularySize, hiddenSize)
        cursor.finish()
        return HeadTensors(norm: norm, weight: weight)
    }
}

extension BlockParameters {
    /// Parameters in fp32 that are trained themselves: nothing is frozen, and no adapter lies on them.
    package init(_ tensors: BlockTensors) {
        self.init(
            inputNorm: WeightView(tensors.inputNorm), postAttentionNorm: WeightView(tensors.postAttentionNorm),
            linears: PerLinear { role in
                let linear = tensors.linears[role]
                return LinearParameters(weight: WeightView(linear.weight), bias: linear.bias.map { WeightView($0) })
            })
    }
}
