import Architectures
import ArgumentParser
import Buffers
import Checkpoints
import Foundation
import ModelFiles
import Reporting

struct InspectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "List what a base store, a checkpoint, a model directory or a safetensors file holds.")

    @Argument(help: "A *.base.h5 file, a checkpoint or a directory of them, a model directory, or a safetensors file.")
    var path: String

    @Flag(help: "Also compare all bytes of a base store with their hashes; checkpoints are always compared.")
    var verify = false

    @Flag(help: "Print the list as JSON.")
    var json = false

    func run() throws {
        if path.hasSuffix(".safetensors") {
            try show(tensors: SafetensorsFile(path: path).tensors)
        } else if FileManager.default.fileExists(atPath: path + "/config.json") {
            try show(tensors: ModelDirectory(path: path).files.flatMap(\.tensors))
        } else {
            let contents = try Inspection(path: path)
            if verify, case .baseStore = contents { try BaseStore(path: path).verify() }
            if json { return try Console.print(json: contents) }
            show(contents)
        }
    }

    private struct Tensor: Encodable {
        let name: String
        let type: String
        let shape: [Int]
        let bytes: Int
    }

    private func show(tensors: [StoredTensor]) throws {
        let list = tensors.map {
            Tensor(name: $0.name, type: $0.type.rawValue, shape: $0.shape, bytes: $0.bytes.count)
        }
        if json { return try Console.print(json: list) }
        for tensor in list { Console.print(Self.row(tensor.name, tensor.type, "\(tensor.shape)", tensor.bytes)) }
        let bytes = list.reduce(0) { $0 + $1.bytes }
        Console.print("\(Wording.plural(list.count, "tensor")), \(Wording.bytes(bytes))")
    }

    private func show(_ contents: Inspection) {
        switch contents {
        case .baseStore(let store):
            for tensor in store.tensors {
                Console.print(Self.row(tensor.name, "\(tensor.format)", "\(tensor.shape)", tensor.byteCount))
            }
            Console.print(
                """
                base store \(store.path)
                  \(store.architecture.family), \(Wording.size(store.parameterCount)) parameters, \
                \(Wording.plural(store.units.count, "unit")), \(Wording.bytes(store.fileByteCount))
                  files \(store.files.joined(separator: ", "))
                  hash \(store.hash)\(verify ? ", all bytes agree" : "")
                """)
        case .checkpoint(let checkpoint):
            for tensor in checkpoint.tensors where tensor.quantity == .value {
                Console.print(Self.row(tensor.tensor, tensor.type.rawValue, "\(tensor.shape)", nil))
            }
            Console.print(
                """
                checkpoint \(checkpoint.path)
                  step \(checkpoint.step), \(Wording.size(checkpoint.elementCount)) stored values in \
                \(Wording.plural(checkpoint.parts.count, "part")), \(Wording.bytes(checkpoint.byteCount)), \
                all bytes agree
                  base \(checkpoint.baseHash)
                """)
        }
    }

    private static func row(_ name: String, _ type: String, _ shape: String, _ bytes: Int?) -> String {
        let columns = [(name, 64), (type, 32), (shape, 16)].map { text, width in
            text + String(repeating: " ", count: max(1, width - text.count))
        }
        return columns.joined() + (bytes.map(Wording.bytes) ?? "")
    }
}
