package import Architectures
import Buffers

extension Architecture {
    /// The A and B matrices of one block in a flat run of values, in the order of `adapterTensors`: by layer, A then B.
    package func adapterMatrices(
        in values: UnsafeMutableBufferPointer<Float>, settings: AdapterSettings
    ) -> PerLinear<AdapterParameters?> {
        var cursor = MatrixCursor(values)
        var matrices = PerLinear<AdapterParameters?> { _ in nil }
        for role in LinearRole.allCases where settings.targets.contains(role) {
            let a = cursor.take(settings.rank, inputSize(of: role))
            let b = cursor.take(outputSize(of: role), settings.rank)
            matrices[role] = AdapterParameters(a: a, b: b)
        }
        cursor.finish()
        return matrices
    }
}
