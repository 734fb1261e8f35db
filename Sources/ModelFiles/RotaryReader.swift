import Architectures
import Buffers

/// Reads the rotary embedding: newer files nest it under `rope_parameters`, older ones have `rope_theta` and
/// `rope_scaling` (with `type` or `rope_type`).
struct RotaryReader {
    let configuration: ConfigurationReader

    func rotary() throws -> RotaryEmbedding {
        let key = try presentKey()
        var parameters = ConfigurationReader(path: configuration.path, members: JSONObject())
        if let key {
            guard let object = configuration.members[key]?.object else {
                throw configuration.wrong(key, "must be an object")
            }
            parameters = ConfigurationReader(path: configuration.path, members: object)
        }
        let outerTheta = try configuration.double("rope_theta", 1...1e12, default: 10000)
        let theta = try parameters.double("rope_theta", 1...1e12, default: outerTheta)
        for holder in [configuration, parameters] {
            guard try holder.double("partial_rotary_factor", 0...1, default: 1) == 1 else {
                throw configuration.unsupported("partial_rotary_factor", "partly rotated heads are not supported")
            }
        }
        return RotaryEmbedding(theta: theta, scaling: try scaling(parameters, key: key ?? "rope_scaling"))
    }

    /// The key under which the parameters lie; nil where there are none.
    private func presentKey() throws -> String? {
        ["rope_parameters", "rope_scaling"].first { key in
            guard let value = configuration.members[key] else { return false }
            return !value.isNull
        }
    }

    private func scaling(_ parameters: ConfigurationReader, key: String) throws -> RotaryEmbedding.Scaling {
        let value = parameters.members["rope_type"] ?? parameters.members["type"]
        let type = value?.string ?? "default"
        switch type {
        case "default":
            // A value that is an object means one set of parameters for each kind of layer.
            guard !parameters.members.members.contains(where: { $0.value.object != nil }) else {
                throw configuration.unsupported(key, "rotary parameters that differ by layer are not supported")
            }
            return .none
        case "linear":
            return .linear(factor: try required("factor", parameters, key, 1...1e6))
        case "llama3":
            let low = try required("low_freq_factor", parameters, key, 1e-6...1e6)
            let high = try required("high_freq_factor", parameters, key, 1e-6...1e6)
            guard high > low else { throw configuration.wrong(key, "high_freq_factor is not above low_freq_factor") }
            return .llama3(
                factor: try required("factor", parameters, key, 1...1e6),
                lowFrequencyFactor: low, highFrequencyFactor: high,
                originalMaximumPositions: try parameters.integer("original_max_position_embeddings", 1...1 << 30))
        default:
            throw configuration.unsupported(key, "the rotary type \"\(type.prefix(80))\" is not supported")
        }
    }

    private func required(
        _ name: String, _ parameters: ConfigurationReader, _ key: String, _ range: ClosedRange<Double>
    ) throws -> Double {
        guard parameters.members[name] != nil else { throw configuration.wrong(key, "\(name) is missing") }
        return try parameters.double(name, range, default: range.lowerBound)
    }
}
