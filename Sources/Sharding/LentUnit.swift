package import Architectures
package import Quantization

/// The bytes of a unit while they are lent.
package struct LentUnit {
    package let layout: UnitLayout
    package let bytes: UnsafeRawBufferPointer

    /// The weight with this role; it must exist.
    package func weight(_ role: TensorRole) -> WeightView {
        guard let weight = layout.weight(role, in: bytes) else { preconditionFailure("\(layout.unit) has no \(role)") }
        return weight
    }

    package func optionalWeight(_ role: TensorRole) -> WeightView? { layout.weight(role, in: bytes) }
}
