import Buffers

/// A linear layer and where its output [M, N] goes.
struct LayerOutput {
    let layer: LinearLayer
    let y: Matrix

    init(_ layer: LinearLayer, _ y: Matrix) {
        self.layer = layer
        self.y = y
    }
}
