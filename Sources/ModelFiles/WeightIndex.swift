import Buffers
import Foundation

/// Which files hold a model's weights: `model.safetensors`, or those that `model.safetensors.index.json` lists.
struct WeightIndex {
    let directory: String
    let fileNames: [String]
    /// Tensor → file, as the index says; empty where there is one file and no index.
    private var assignments: [(tensor: String, file: String)] = []

    private static let maximumFileCount = 10_000

    init(directory: String) throws {
        self.directory = directory
        if FileManager.default.fileExists(atPath: "\(directory)/model.safetensors") {
            fileNames = ["model.safetensors"]
            return
        }
        let path = "\(directory)/model.safetensors.index.json"
        guard FileManager.default.fileExists(atPath: path) else {
            throw InputError(
                .data, file: directory, "holds neither model.safetensors nor model.safetensors.index.json",
                remedy: "convert the weights to safetensors (save_pretrained does) or name another directory")
        }
        let members = try JSONParser.parse(path)
        guard let weightMap = members.object?["weight_map"]?.object else {
            throw InputError(.data, file: path, place: "weight_map", "is missing", remedy: "fetch the file again")
        }
        for (tensor, value) in weightMap.members {
            guard let file = value.string, Self.isPlainName(file) else {
                throw InputError(
                    .data, file: path, place: "weight_map, \(tensor.prefix(200))",
                    "must name a safetensors file of the same directory", remedy: "fetch the file again")
            }
            assignments.append((tensor, file))
        }
        fileNames = Set(assignments.map(\.file)).sorted()
        guard (1...Self.maximumFileCount).contains(fileNames.count) else {
            throw InputError(
                .data, file: path, place: "weight_map", "names \(fileNames.count) files", remedy: "fetch the file again"
            )
        }
    }

    /// Every tensor must lie in the file that the index names.
    func check(_ files: [SafetensorsFile]) throws {
        let byName = Dictionary(uniqueKeysWithValues: zip(fileNames, files))
        for (tensor, file) in assignments where byName[file]?.tensor(named: tensor) == nil {
            throw InputError(
                .data, file: "\(directory)/\(file)", place: "tensor \(tensor.prefix(200))",
                "is not in the file in which model.safetensors.index.json puts it", remedy: "fetch the model again")
        }
    }

    /// No path: an index must not reach outside its directory.
    private static func isPlainName(_ name: String) -> Bool {
        name.utf8.allSatisfy { $0 != UInt8(ascii: "/") && $0 > 0x20 && $0 < 0x7F } && name.hasSuffix(".safetensors")
    }
}
