import Architectures
import Buffers
package import Kernels

/// One transformer block: RMSNorm, attention, RMSNorm, SwiGLU, with LoRA on any of its linear layers.
///
/// Explicit forward and backward over the slots of a `StepLayout`. Shape suffixes: M tokens, H hidden, Q and KV the
/// widths of queries and of keys/values, I intermediate.
package struct Block {
    let context: KernelContext
    let compute: Compute
    let activations: Activations
    let rotary: RotaryTable
    let index: Int
    let parameters: BlockParameters
    /// Nil in evaluation.
    let dropout: DropoutKey?
    /// Nil outside benchmarks.
    let timer: (any ProductTimer)?

    package init(
        index: Int, parameters: BlockParameters, activations: Activations, rotary: RotaryTable, context: KernelContext,
        compute: Compute, dropout: DropoutKey?, timer: (any ProductTimer)? = nil
    ) {
        self.index = index
        self.parameters = parameters
        self.activations = activations
        self.rotary = rotary
        self.context = context
        self.compute = compute
        self.dropout = dropout
        self.timer = timer
    }

    var architecture: Architecture { activations.layout.architecture }
    var slots: StepLayout.BlockSlots { activations.layout.block(index) }
    var scratch: StepLayout.ScratchSlots { activations.layout.scratch }

    func matrix(_ slot: ActivationSlot, _ batch: TokenBatch) -> Matrix {
        activations.matrix(slot, rows: batch.count)
    }

    func linear(_ role: LinearRole, _ batch: TokenBatch) -> LinearLayer {
        let layout = activations.layout
        let settings = layout.adapter
        let drops = (settings?.dropout ?? 0) > 0 && !layout.extent.inferenceOnly
        let slot = slots.adapters[role]
        return LinearLayer(
            context: context, compute: compute, parameters: parameters.linears[role], settings: settings,
            dropout: drops && slot != nil ? dropout?.numbers(layer: index, role: role) : nil,
            projected: slot.map { matrix($0, batch) },
            dropped: drops ? droppedInput(role, batch) : nil, timer: timer)
    }

    private func droppedInput(_ role: LinearRole, _ batch: TokenBatch) -> Matrix {
        let room = matrix(scratch.dropped, batch)
        return Matrix(room.base, rows: batch.count, columns: architecture.inputSize(of: role))
    }

    /// Softmax scale of the attention: 1/√headSize.
    var attentionScale: Float { 1 / Float(architecture.headSize).squareRoot() }
}
