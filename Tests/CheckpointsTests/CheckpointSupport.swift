import Architectures
import Buffers
import Checkpoints
import Foundation
import Testing

/// A logical space of tensors of odd sizes; some are smaller than a shard's block, one spans several.
let smallSpace = LogicalSpace([
    LogicalTensor(name: "layers.0.q_proj.lora_A.weight", shape: [4, 33], unit: .block(0), decays: true),
    LogicalTensor(name: "layers.0.q_proj.lora_B.weight", shape: [1], unit: .block(0), decays: true),
    LogicalTensor(name: "layers.1.q_proj.lora_A.weight", shape: [130, 67], unit: .block(1), decays: true),
    LogicalTensor(name: "layers.1.q_proj.lora_B.weight", shape: [4095], unit: .block(1), decays: false),
    LogicalTensor(name: "layers.2.q_proj.lora_A.weight", shape: [4097], unit: .block(2), decays: false),
])

/// The value of one element in a test's checkpoint of a step.
func element(_ quantity: Quantity, _ index: Int, step: Int) -> Float {
    let part: Float =
        switch quantity {
        case .value: 0
        case .firstMoment: 0.25
        case .secondMoment: 0.5
        }
    return Float(index) + part + Float(step) * 100_000
}

func content(step: Int, space: LogicalSpace = smallSpace) -> CheckpointContent {
    CheckpointContent(
        job: .object(["learning_rate": .real(2e-4), "seed": .integer(42)]), baseHash: "base",
        state: ["position": .object(["epoch": .integer(1), "row": .integer(step * 64)]), "step": .integer(step)],
        tensors: CheckpointTensor.all(of: space))
}

/// Saves a checkpoint as `ranks` ranks do, one after the other.
@discardableResult
func save(
    _ directory: String, step: Int, ranks: Int, space: LogicalSpace = smallSpace,
    byteLimit: Int = CheckpointPart.byteLimit, fileSystem: any FileSystem = LocalFileSystem()
) throws -> String {
    let transaction = try CheckpointTransaction.begin(in: directory, step: step, fileSystem: fileSystem)
    // What the coordinator sends to the other ranks.
    let sent = try JSONDecoder().decode(CheckpointTransaction.self, from: JSONEncoder().encode(transaction))
    var records: [PartRecord] = []
    for rank in 0..<ranks {
        let shard = space.shard(rank, of: ranks)
        let values = Quantity.allCases.map { quantity in
            shard.runs.flatMap { $0.elements.map { element(quantity, $0, step: step) } }
        }
        records += try values[0].withUnsafeBufferPointer { first in
            try values[1].withUnsafeBufferPointer { second in
                try values[2].withUnsafeBufferPointer { third in
                    let pieces = zip(Quantity.allCases, [first, second, third]).flatMap { quantity, values in
                        shard.runs.flatMap {
                            Piece.pieces(
                                quantity, of: space, run: $0.elements,
                                values: UnsafeBufferPointer(rebasing: values[$0.places]))
                        }
                    }
                    return try sent.writeParts(
                        pieces, part: rank, of: ranks, byteLimit: byteLimit, fileSystem: fileSystem)
                }
            }
        }
    }
    return try transaction.commit(content(step: step, space: space), parts: records, fileSystem: fileSystem)
}

/// Whether a checkpoint gives all elements of all quantities when `ranks` ranks read it.
func expectContent(of reader: CheckpointReader, step: Int, ranks: Int, space: LogicalSpace = smallSpace) throws {
    #expect(reader.step == step)
    for quantity in Quantity.allCases {
        for rank in 0..<ranks {
            for run in space.shard(rank, of: ranks).runs.map(\.elements) {
                var values = [Float](repeating: -1, count: run.count)
                try values.withUnsafeMutableBufferPointer { try reader.read(quantity, of: space, run: run, into: $0) }
                #expect(values == run.map { element(quantity, $0, step: step) })
            }
        }
    }
}

/// The steps of the committed directories, by name alone.
func steps(in directory: String) throws -> [Int] {
    try FileManager.default.contentsOfDirectory(atPath: directory).filter { $0.hasPrefix("step-") }
        .compactMap { Int($0.dropFirst(5)) }.sorted()
}

func latestName(in directory: String) -> String? {
    (try? String(contentsOfFile: directory + "/latest", encoding: .utf8))?.trimmingCharacters(in: .newlines)
}
