/// Who may import whom: the floors of the house, as data.
///
/// The table is the law; a line of Sources that disagrees with it is wrong, or both are changed together.
enum House {
    struct Room: Sendable {
        let name: String
        let floor: Int
        let mayImport: Set<String>
    }

    static let rooms: [Room] = [
        room("CMPI", 0),
        room("CHDF5", 0),
        room("CKernels", 0),

        room("Buffers", 1),
        room("Architectures", 1),
        room("Events", 1),

        room("Quantization", 2, floor1),
        room("Collectives", 2, ["Buffers", "CMPI"]),
        room("HDF5", 2, ["Buffers", "CHDF5"]),
        room("Tokenizers", 2),

        room("Kernels", 3, ["Buffers", "Quantization", "CKernels"]),
        room("ModelFiles", 3, floor1 + ["Quantization"]),
        room("Sharding", 3, floor1 + ["Quantization", "Collectives"]),

        room("Transformer", 4, floor1 + ["Quantization", "Kernels"]),
        room("Optimizers", 4, ["Buffers", "Kernels"]),
        room("Corpus", 4, ["Buffers", "Tokenizers"]),
        room("Checkpoints", 4, floor1 + ["Quantization", "HDF5", "Crypto"]),
        room("JobFiles", 4, ["Buffers", "Architectures", "Quantization", "Yams"]),

        room("Execution", 5, upTo4),
        room("Evaluation", 6, upTo5),
        room("Calibration", 6, upTo5),
        room("Training", 7, upTo6),
        room("Planning", 8, upTo7),
        room("Reporting", 8, upTo7),
        room("swiftlet", 9, upTo7 + ["Planning", "Reporting", "ArgumentParser"]),

        // What only tests use stands above the house and may look into every room.
        room("SwiftletTestSupport", 10, upTo7 + ["Planning", "Reporting"]),
        // Built for every MPI library, so it must be small.
        room("CollectivesTestSupport", 10, ["Collectives"]),
        room("rank-tests", 11, ["Collectives", "CollectivesTestSupport"]),
    ]

    /// Free to all: the standard library's modules, Foundation, swift-log, swift-collections and swift-numerics.
    static let free: Set<String> = [
        "Swift", "Synchronization", "RegexBuilder", "Observation", "Dispatch",
        "Foundation", "FoundationEssentials",
        "Logging",
        "Collections", "BasicContainers", "BitCollections", "DequeModule", "HeapModule", "OrderedCollections",
        "Numerics", "RealModule", "ComplexModule", "IntegerUtilities",
    ]

    /// What has one importer only, and that importer.
    static let soleImporters = ["CMPI": "Collectives", "CHDF5": "HDF5", "CKernels": "Kernels"]

    /// System headers with one home only, and that home.
    static let headerHomes = ["mpi.h": "CMPI", "hdf5.h": "CHDF5"]

    static let longestFile = 600
    static let widestLine = 120

    static func room(named name: String) -> Room? { rooms.first { $0.name == name } }

    private static let floor1 = ["Buffers", "Architectures", "Events"]
    private static let upTo4 =
        floor1 + [
            "Quantization", "Collectives", "HDF5", "Tokenizers", "Kernels", "ModelFiles", "Sharding", "Transformer",
            "Optimizers", "Corpus", "Checkpoints", "JobFiles",
        ]
    private static let upTo5 = upTo4 + ["Execution"]
    private static let upTo6 = upTo5 + ["Evaluation", "Calibration"]
    private static let upTo7 = upTo6 + ["Training"]

    private static func room(_ name: String, _ floor: Int, _ mayImport: [String] = []) -> Room {
        Room(name: name, floor: floor, mayImport: Set(mayImport))
    }
}
