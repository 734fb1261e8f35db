import Architectures
import Foundation
import Testing

@Suite("Architectures")
struct ArchitectureTests {
    /// Heads wider than hidden / heads, so that no two widths are alike.
    static func architecture(tied: Bool = false, biased: Set<LinearRole> = []) -> Architecture {
        Architecture(
            family: "llama", vocabularySize: 100, hiddenSize: 32, intermediateSize: 88, layerCount: 3, headCount: 6,
            keyValueHeadCount: 2, headSize: 10, normEpsilon: 1e-5, rotary: RotaryEmbedding(theta: 10000),
            maximumPositions: 128, tiesEmbeddings: tied, biasedLinears: biased)
    }

    @Test("units are embedding, blocks and head, and each tensor belongs to one")
    func units() {
        let architecture = Self.architecture()
        #expect(architecture.units == [.embedding, .block(0), .block(1), .block(2), .head])
        #expect(architecture.units.map(\.description).prefix(2) == ["embedding", "block.00000"])
        #expect(architecture.tensors.map(\.unit) == architecture.tensors.map(\.unit).sorted(by: order))
        #expect(Set(architecture.tensors.map(\.name)).count == architecture.tensors.count)
    }

    private func order(_ first: UnitID, _ second: UnitID) -> Bool {
        let units = Self.architecture().units
        return units.firstIndex(of: first) ?? 0 < units.firstIndex(of: second) ?? 0
    }

    @Test("shapes follow from the dimensions")
    func shapes() {
        let tensors = Dictionary(uniqueKeysWithValues: Self.architecture().tensors.map { ($0.name, $0.shape) })
        #expect(tensors["model.embed_tokens.weight"] == [100, 32])
        #expect(tensors["model.layers.2.self_attn.q_proj.weight"] == [60, 32])
        #expect(tensors["model.layers.0.self_attn.v_proj.weight"] == [20, 32])
        #expect(tensors["model.layers.0.self_attn.o_proj.weight"] == [32, 60])
        #expect(tensors["model.layers.0.mlp.down_proj.weight"] == [32, 88])
        #expect(tensors["model.layers.0.mlp.up_proj.weight"] == [88, 32])
        #expect(tensors["model.norm.weight"] == [32])
        #expect(tensors["lm_head.weight"] == [100, 32])
    }

    @Test("a tied head is not listed, and biases follow their weight")
    func tiedAndBiased() {
        let tied = Self.architecture(tied: true)
        #expect(!tied.tensors.contains { $0.role == .head })
        #expect(Self.architecture().parameterCount - tied.parameterCount == 3200)
        let names = Self.architecture(biased: [.query]).tensors(of: .block(1)).map(\.name)
        #expect(names.contains("model.layers.1.self_attn.q_proj.bias"))
        #expect(names.count == 10)
    }

    @Test("adapter tensors come block by block, in the order of the layers, A before B")
    func adapterTensors() {
        let architecture = Self.architecture()
        let description = AdapterDescription(rank: 4, alpha: 8, targets: [.down, .query], baseModelPath: "")
        let tensors = architecture.adapterTensors(description)
        #expect(
            tensors.prefix(4).map(\.name) == [
                "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight",
                "base_model.model.model.layers.0.self_attn.q_proj.lora_B.weight",
                "base_model.model.model.layers.0.mlp.down_proj.lora_A.weight",
                "base_model.model.model.layers.0.mlp.down_proj.lora_B.weight",
            ])
        #expect(tensors.prefix(4).map(\.shape) == [[4, 32], [60, 4], [4, 88], [32, 4]])
        #expect(tensors.count == 12)
        #expect(LogicalSpace(tensors).range(of: .block(1)) == 848..<1696)
        #expect(description.scale == 2)
    }

    @Test("a description survives being written and read")
    func coding() throws {
        var architecture = Self.architecture(biased: [.key, .gate])
        architecture.rotary.scaling = .llama3(
            factor: 8, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalMaximumPositions: 8192)
        architecture.attentionWindow = 16
        let data = try JSONEncoder().encode(architecture)
        #expect(try JSONDecoder().decode(Architecture.self, from: data) == architecture)
    }
}
