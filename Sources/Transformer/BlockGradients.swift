import Architectures
import Buffers

/// Where the gradients of one block go; all are overwritten.
package enum BlockGradients: Sendable {
    /// dA and dB; nil for a layer without an adapter. The base is frozen.
    case adapters(PerLinear<AdapterParameters?>)
    /// Those of every tensor of the block.
    case everything(BlockTensors)

    /// What a linear layer's backward writes; nil: nothing.
    subscript(role: LinearRole) -> LinearGradients? {
        switch self {
        case .adapters(let adapters): adapters[role].map(LinearGradients.adapter)
        case .everything(let tensors): .layer(tensors.linears[role])
        }
    }

    /// The whole block, where it is trained.
    var tensors: BlockTensors? {
        if case .everything(let tensors) = self { tensors } else { nil }
    }
}

/// Where the gradients of one linear layer go.
enum LinearGradients {
    case adapter(AdapterParameters)
    case layer(LinearTensors)
}
