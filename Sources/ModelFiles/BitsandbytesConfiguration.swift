package import Architectures
import Buffers

/// The `quantization_config` of a model whose linear layers bitsandbytes has already quantised to NF4 or FP4.
package struct BitsandbytesConfiguration: Sendable {
    /// nil where the configuration speaks of no quantisation.
    /// - Throws: `InputError` where it speaks of another scheme than bitsandbytes' 4-bit formats.
    init?(_ configuration: ModelConfiguration) throws {
        guard let value = configuration.members["quantization_config"], !value.isNull else { return nil }
        let members = value.object
        let method = members?["quant_method"]?.string ?? "unknown"
        // `_load_in_4bit` is what some versions write beside it.
        let isFourBit = members?["load_in_4bit"]?.bool ?? members?["_load_in_4bit"]?.bool ?? false
        let kind = members?["bnb_4bit_quant_type"]?.string ?? "fp4"
        let storage = members?["bnb_4bit_quant_storage"]?.string ?? "uint8"
        guard method == "bitsandbytes", isFourBit, kind == "nf4" || kind == "fp4", storage == "uint8" else {
            let name =
                method == "bitsandbytes"
                ? (isFourBit ? "bitsandbytes \(kind), \(storage)" : "bitsandbytes 8-bit") : method
            throw InputError(
                .data, file: configuration.path, place: "quantization_config",
                "the quantisation \"\(name.prefix(80))\" is not supported",
                remedy: "use the model before it was quantised, or one in bitsandbytes nf4 or fp4")
        }
    }

    /// The quantised weight under a tensor's name; nil where this tensor was left as it is.
    /// - Throws: `InputError` where the weight's parts do not fit it.
    package func weight(_ tensor: BaseTensor, in directory: ModelDirectory) throws -> BitsandbytesWeight? {
        let stored = try directory.tensor(named: tensor.name)
        guard stored.type == .uint8 else { return nil }
        return try BitsandbytesWeight(name: tensor.name, shape: tensor.shape) { directory.storedTensor(named: $0) }
    }
}
