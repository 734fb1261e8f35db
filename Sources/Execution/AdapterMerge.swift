package import Architectures
package import Buffers
package import Kernels
package import ModelFiles
import Quantization

/// An adapter merged into the base that it was trained on: W + scale · B · A in fp32, W being what the base decodes to
/// and not what it was encoded from.
package struct AdapterMerge {
    private let base: DecodedBase
    private let adapter: AdapterDescription
    private let context: KernelContext
    /// A and B of each weight that carries the adapter, by the weight's name.
    private let pairs: [String: (a: LogicalTensor, b: LogicalTensor)]
    private let adapterValues: (LogicalTensor) throws -> [Float]

    /// - Parameter adapterValues: the values of one of `architecture.adapterTensors(adapter)`, row-major.
    package init(
        _ base: DecodedBase, adapter: AdapterDescription, context: KernelContext,
        adapterValues: @escaping (LogicalTensor) throws -> [Float]
    ) {
        self.base = base
        self.adapter = adapter
        self.context = context
        self.adapterValues = adapterValues
        let tensors = Dictionary(
            uniqueKeysWithValues: base.architecture.adapterTensors(adapter).map { ($0.name, $0) })
        pairs = base.architecture.tensors.reduce(into: [:]) { pairs, tensor in
            guard let role = tensor.role.linear, case .block(let layer) = tensor.unit else { return }
            let module = "base_model.model.\(base.architecture.moduleName(of: role, inLayer: layer))"
            guard let a = tensors["\(module).lora_A.weight"], let b = tensors["\(module).lora_B.weight"] else { return }
            pairs[tensor.name] = (a, b)
        }
    }

    /// The merged values of a tensor; what carries no adapter is as the base has it.
    package func values(of tensor: BaseTensor, into values: UnsafeMutableBufferPointer<Float>) throws {
        try base.decode(tensor, into: values)
        guard let pair = pairs[tensor.name] else { return }
        var a = try adapterValues(pair.a)
        var b = try adapterValues(pair.b).map { $0 * adapter.scale }
        let merged = Matrix(values, rows: tensor.rows, columns: tensor.columns)
        a.withUnsafeMutableBufferPointer { a in
            b.withUnsafeMutableBufferPointer { b in
                context.multiplyTransposed(
                    Matrix(b, rows: tensor.rows, columns: adapter.rank),
                    by: WeightView(Matrix(a, rows: adapter.rank, columns: tensor.columns)), into: merged,
                    accumulate: true)
            }
        }
    }

    /// Writes the merged model as a Hugging Face directory; see `ModelExport`.
    package func write(to directory: String, type: ScalarType, record: ExportRecord) throws {
        try ModelExport(configuration: base.configuration, architecture: base.architecture, type: type).write(
            to: directory, files: base.companions, record: record, values: values)
    }
}
