package import Architectures
import Buffers

extension Architecture {
    /// The A and B matrices of one block in a flat run of values, in the order of `adapterTensors`: by layer, A then B.
    package func adapterMatrices(
        in values: UnsafeMutableBufferPointer<Float>, settings: AdapterSettings
    ) -> PerLinear<AdapterParameters?> {
        var next = 0
        func take(_ rows: Int, _ columns: Int) -> Matrix {
            defer { next += rows * columns }
            return Matrix(
                UnsafeMutableBufferPointer(rebasing: values[next..<next + rows * columns]), rows: rows,
                columns: columns)
        }
        var matrices = PerLinear<AdapterParameters?> { _ in nil }
        for role in LinearRole.allCases where settings.targets.contains(role) {
            let a = take(settings.rank, inputSize(of: role))
            let b = take(outputSize(of: role), settings.rank)
            matrices[role] = AdapterParameters(a: a, b: b)
        }
        precondition(next == values.count)
        return matrices
    }
}
