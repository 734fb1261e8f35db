internal import Architectures
internal import Buffers
internal import HDF5
internal import Quantization

/// The HDF5 side of a base store: which groups, datasets and attributes there are.
///
///     /                               description (JSON), format_version
///     /files/config.json              uint8 [n], as it lay beside the model; likewise tokenizer.json …
///     /units/block.00003              byte_count
///     /units/block.00003/bytes        uint8 [n], on a page boundary
///     /units/block.00003/NAME         a group per tensor: its attributes say how to decode its bytes
enum BaseStoreSchema {
    static let descriptionName = "description"

    /// Where things came to lie in the file.
    struct Layout {
        /// By the name of the unit.
        var units: [String: Range<Int>] = [:]
        var files: [String: Range<Int>] = [:]
    }

    /// Makes a store whose bytes are allotted but not written.
    static func create(
        path: String, description: BaseStoreDescription, text: String, files: [(name: String, byteCount: Int)]
    ) throws(HDF5Error) -> Layout {
        let file = try HDF5File.create(path: path, alignment: BaseStore.pageSize)
        var layout = Layout()
        let root = try file.root()
        try root.setAttribute("format_version", .integer(BaseStoreDescription.version))
        try root.setAttribute(descriptionName, .text(text))
        let filesGroup = try root.createGroup("files")
        let unitsGroup = try root.createGroup("units")
        // Names first and bytes last, so that what HDF5 interprets lies together at the head of the file.
        let units = description.architecture.units
        for unit in units { try describe(unit, in: unitsGroup, description) }
        for (name, byteCount) in files {
            let dataset = try filesGroup.createDataset(name, type: .uint8, shape: [byteCount])
            layout.files[name] = try range(of: dataset, byteCount: byteCount)
        }
        for unit in units {
            let byteCount = description.byteCount(of: unit)
            let group = try unitsGroup.group(unit.description)
            let dataset = try group.createDataset("bytes", type: .uint8, shape: [byteCount])
            layout.units[unit.description] = try range(of: dataset, byteCount: byteCount)
        }
        try file.close()
        return layout
    }

    private static func describe(
        _ unit: UnitID, in group: borrowing HDF5Group, _ description: BaseStoreDescription
    ) throws(HDF5Error) {
        let group = try group.createGroup(unit.description)
        try group.setAttribute("byte_count", .integer(description.byteCount(of: unit)))
        for tensor in description.tensors where tensor.unit == unit.description {
            let entry = try group.createGroup(tensor.name)
            try entry.setAttribute("role", .text(tensor.role))
            try entry.setAttribute("shape", .integers(tensor.shape))
            try entry.setAttribute("format", .text(tensor.format.kind.rawValue))
            try entry.setAttribute("block_size", .integer(tensor.format.blockSize))
            try entry.setAttribute("double_quantized", .integer(tensor.format.doubleQuantized ? 1 : 0))
            try entry.setAttribute("offset", .integer(tensor.offset))
            try entry.setAttribute("byte_count", .integer(tensor.byteCount))
            try entry.setAttribute("part_names", .texts(tensor.parts.map(\.part.rawValue)))
            try entry.setAttribute("part_types", .texts(tensor.parts.map(\.type.rawValue)))
            try entry.setAttribute("part_counts", .integers(tensor.parts.map(\.count)))
            try entry.setAttribute("part_offsets", .integers(tensor.parts.map(\.offset)))
        }
    }

    /// Reads where things lie, and the description's text.
    static func read(path: String) throws(HDF5Error) -> (text: String, layout: Layout) {
        let file = try HDF5File.open(path: path)
        let root = try file.root()
        guard case .text(let text) = try root.attribute(descriptionName) else {
            throw HDF5Error(file: path, place: "/@\(descriptionName)", "is not a text")
        }
        var layout = Layout()
        let filesGroup = try root.group("files")
        for name in try filesGroup.memberNames() {
            layout.files[name] = try byteRange(of: try filesGroup.dataset(name))
        }
        let unitsGroup = try root.group("units")
        for name in try unitsGroup.memberNames() {
            layout.units[name] = try byteRange(of: try unitsGroup.group(name).dataset("bytes"))
        }
        return (text, layout)
    }

    private static func byteRange(of dataset: borrowing HDF5Dataset) throws(HDF5Error) -> Range<Int> {
        let shape = try dataset.shape()
        guard shape.count == 1, try dataset.scalarType() == .uint8 else {
            throw HDF5Error(file: dataset.file, place: dataset.path, "is not a list of bytes")
        }
        return try range(of: dataset, byteCount: shape[0])
    }

    private static func range(
        of dataset: borrowing HDF5Dataset, byteCount: Int
    ) throws(HDF5Error) -> Range<Int> {
        if byteCount == 0 { return 0..<0 }
        guard let offset = try dataset.fileOffset(), Checked.sum(offset, byteCount) != nil else {
            throw HDF5Error(file: dataset.file, place: dataset.path, "is not one run of bytes")
        }
        return offset..<offset + byteCount
    }
}
