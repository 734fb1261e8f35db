package import Buffers
import CKernels
package import Quantization

extension KernelContext {
    /// y [M, N] += bias [1, N], in every row.
    package func addBias(_ bias: WeightView, to y: Matrix) {
        precondition(bias.rows == 1 && bias.columns == y.columns)
        run { sk_add_bias($0, bias.native, y.native) }
    }

    /// c = a + b; c may be a or b.
    package func add(_ a: Matrix, _ b: Matrix, into c: Matrix) {
        precondition(a.hasShape(of: b) && a.hasShape(of: c))
        run { sk_add($0, a.native, b.native, c.native) }
    }

    /// b += a.
    package func accumulate(_ a: Matrix, into b: Matrix) { add(b, a, into: b) }

    /// b = s · a; b may be a.
    package func scale(_ a: Matrix, by s: Float, into b: Matrix) {
        precondition(a.hasShape(of: b))
        run { sk_scale($0, a.native, s, b.native) }
    }

    /// a = silu(gate) · up, silu(x) = x / (1 + e⁻ˣ); a may be one of them.
    package func siluMultiply(gate: Matrix, up: Matrix, into a: Matrix) {
        precondition(gate.hasShape(of: up) && gate.hasShape(of: a))
        run { sk_silu_multiply($0, gate.native, up.native, a.native) }
    }

    /// The gradients of `siluMultiply`; outputs may be any of the inputs.
    package func siluMultiplyBackward(da: Matrix, gate: Matrix, up: Matrix, dGate: Matrix, dUp: Matrix) {
        precondition(da.hasShape(of: gate) && da.hasShape(of: up) && da.hasShape(of: dGate) && da.hasShape(of: dUp))
        run { sk_silu_multiply_backward($0, da.native, gate.native, up.native, dGate.native, dUp.native) }
    }

    /// The same as `siluMultiply`, and gate and up rounded to bf16 for a backward.
    package func siluMultiply(
        gate: Matrix, up: Matrix, into a: Matrix, savingGate: BFloat16Matrix, savingUp: BFloat16Matrix
    ) {
        precondition(gate.hasShape(of: up) && gate.hasShape(of: a))
        precondition(savingGate.hasShape(of: gate) && savingUp.hasShape(of: gate))
        run {
            sk_silu_multiply_saving($0, gate.native, up.native, a.native, savingGate.native, savingUp.native)
        }
    }

    /// From what that saved: a = silu(gate) · up and the gradients of both; `a` may be `da`.
    package func siluMultiplyBackward(
        da: Matrix, savedGate: BFloat16Matrix, savedUp: BFloat16Matrix, a: Matrix, dGate: Matrix, dUp: Matrix
    ) {
        precondition(savedGate.hasShape(of: da) && savedUp.hasShape(of: da) && a.hasShape(of: da))
        precondition(dGate.hasShape(of: da) && dUp.hasShape(of: da))
        run {
            sk_silu_multiply_backward_saved(
                $0, da.native, savedGate.native, savedUp.native, a.native, dGate.native, dUp.native)
        }
    }

    /// y = kept ? x · (1 / (1 − p)) : 0; y may be x.
    ///
    /// Element (row, column) has the number `firstElement + row · columns + column` and is kept where the upper 24 bits
    /// of its draw reach ⌊p · 2²⁴⌋: backward calls the same with the gradient.
    package func dropout(_ x: Matrix, into y: Matrix, probability: Float, rng: CounterRNG, firstElement: Int) {
        precondition(x.hasShape(of: y) && probability >= 0 && probability < 1 && firstElement >= 0)
        let threshold = UInt32(probability * 0x1p24)
        let numbers = sk_rng(key: rng.key, stream: rng.stream)
        run { sk_dropout($0, x.native, y.native, threshold, 1 / (1 - probability), numbers, UInt64(firstElement)) }
    }

    /// h [count, H] = the rows `ids` of table [V, H].
    package func embed(_ ids: UnsafeBufferPointer<Int32>, from table: WeightView, into h: Matrix) {
        precondition(ids.count == h.rows && table.columns == h.columns)
        precondition(ids.allSatisfy { $0 >= 0 && $0 < table.rows }, "a token id lies outside the vocabulary")
        run { sk_embed($0, ids.baseAddress, table.native, h.native) }
    }

    /// sums [1, N] (+)= the sum of the rows of a [M, N], in order: the gradient of `addBias`.
    package func sumRows(_ a: Matrix, into sums: Matrix, accumulate: Bool) {
        precondition(sums.rows == 1 && sums.columns == a.columns)
        run { sk_sum_rows($0, a.native, sums.native, accumulate) }
    }

    /// table [V, H] at row ids[i] += row i of dh [count, H], in order: the gradient of `embed`.
    package func embedGradient(_ ids: UnsafeBufferPointer<Int32>, _ dh: Matrix, into table: Matrix) {
        precondition(ids.count == dh.rows && table.columns == dh.columns)
        precondition(ids.allSatisfy { $0 >= 0 && $0 < table.rows }, "a token id lies outside the vocabulary")
        run { sk_embed_gradient($0, ids.baseAddress, dh.native, table.native) }
    }
}
