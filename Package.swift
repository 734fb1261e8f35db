// swift-tools-version: 6.2
import PackageDescription

// The targets below are the rooms of the house; `floor` and `imports` say who may import whom, and
// Tests/HouseTests compares every `import` line in Sources/ with this table.

/// Every Swift target is compiled in Swift 6 mode, warnings are errors, and imports stay internal unless said otherwise.
let swiftSettings: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

/// The MPI library is the one that pkg-config knows by this name; `SWIFTLET_MPI=mpich swift build` takes MPICH.
let mpi = Context.environment["SWIFTLET_MPI"] ?? "ompi-c"

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")

func library(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: swiftSettings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], resources: [Resource] = []) -> Target {
    .testTarget(name: name, dependencies: dependencies, resources: resources, swiftSettings: swiftSettings)
}

/// What a test reads lies beside it, so that a clone passes its tests alone.
let fixtures = [Resource.copy("Fixtures")]

let package = Package(
    name: "swiftlet",
    products: [.executable(name: "swiftlet", targets: ["swiftlet"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    ],
    targets: [
        // Floor 0: system libraries and C kernels
        .systemLibrary(name: "CMPI", pkgConfig: mpi, providers: [.apt(["libopenmpi-dev"])]),
        .systemLibrary(name: "CHDF5", pkgConfig: "hdf5", providers: [.apt(["libhdf5-dev"])]),
        .target(name: "CKernels", cSettings: [.treatAllWarnings(as: .error)]),
        // Floor 1
        library("Buffers"),
        library("Architectures"),
        library("Events"),
        // Floor 2
        library("Quantization", ["Buffers", "Architectures", "Events"]),
        library("Collectives", ["Buffers", "CMPI"]),
        library("HDF5", ["Buffers", "CHDF5"]),
        library("Tokenizers"),
        // Floor 3
        library("Kernels", ["Buffers", "Quantization", "CKernels"]),
        library("ModelFiles", ["Buffers", "Architectures", "Events", "Quantization"]),
        library("Sharding", ["Buffers", "Architectures", "Events", "Quantization", "Collectives"]),
        // Floor 4
        library("Transformer", ["Buffers", "Architectures", "Events", "Quantization", "Kernels"]),
        library("Optimizers", ["Buffers", "Kernels"]),
        library("Corpus", ["Buffers", "Tokenizers"]),
        library("Checkpoints", ["Buffers", "Architectures", "Events", "Quantization", "HDF5", crypto]),
        library("JobFiles", ["Buffers", "Architectures", "Quantization", yams]),
        // Floor 5
        library(
            "Execution",
            [
                "Buffers", "Architectures", "Events", "Quantization", "Collectives", "Tokenizers", "Kernels",
                "ModelFiles",
                "Sharding", "Transformer", "Optimizers", "Corpus", "Checkpoints",
            ]),
        // Floor 6
        library(
            "Evaluation",
            [
                "Buffers", "Architectures", "Collectives", "Tokenizers", "Kernels", "Transformer", "Corpus",
                "Checkpoints", "Execution",
            ]),
        // Floor 7
        library(
            "Training",
            [
                "Buffers", "Architectures", "Events", "Quantization", "Collectives", "Tokenizers", "Kernels",
                "ModelFiles",
                "Sharding", "Transformer", "Optimizers", "Corpus", "Checkpoints", "JobFiles", "Execution", "Evaluation",
            ]),
        // Floor 8
        library("Reporting", ["Buffers", "Events"]),
        library(
            "Planning",
            [
                "Buffers", "Architectures", "Collectives", "Quantization", "Kernels", "Sharding", "Transformer",
                "Corpus", "JobFiles", "Execution", "Training",
            ]),
        // Floor 9
        .executableTarget(
            name: "swiftlet",
            dependencies: [
                "Buffers", "Architectures", "Events", "Quantization", "Collectives", "Tokenizers", "Kernels",
                "ModelFiles",
                "Sharding", "Transformer", "Optimizers", "Corpus", "Checkpoints", "JobFiles", "Execution", "Evaluation",
                "Training", "Planning", "Reporting", argumentParser,
            ],
            swiftSettings: swiftSettings),
        // Tests: one target a room; what uses ranks also runs under mpirun, in `rank-tests`
        library("CollectivesTestSupport", ["Collectives"]),
        library("SwiftletTestSupport", ["Buffers", "Checkpoints"]),
        .executableTarget(
            name: "rank-tests", dependencies: ["Collectives", "CollectivesTestSupport"], swiftSettings: swiftSettings),
        tests("HouseTests", []),
        tests("BuffersTests", ["Buffers"]),
        tests("ArchitecturesTests", ["Architectures"]),
        tests("QuantizationTests", ["Quantization", "Buffers"], resources: fixtures),
        tests("CollectivesTests", ["Collectives", "CollectivesTestSupport"]),
        tests("HDF5Tests", ["HDF5", "Buffers"], resources: fixtures),
        tests("TokenizersTests", ["Tokenizers"], resources: fixtures),
        tests("KernelsTests", ["Kernels", "Buffers", "Quantization"], resources: fixtures),
        tests("ModelFilesTests", ["ModelFiles", "Buffers", "Architectures", "Quantization"], resources: fixtures),
        tests("CorpusTests", ["Corpus", "Buffers", "Tokenizers"], resources: fixtures),
        tests(
            "CheckpointsTests",
            ["Checkpoints", "SwiftletTestSupport", "HDF5", "Buffers", "Architectures", "Quantization"]),
        tests(
            "TransformerTests", ["Transformer", "Architectures", "Buffers", "Kernels", "Quantization"]),
        tests("OptimizersTests", ["Optimizers", "Buffers", "Kernels"]),
        tests("ShardingTests", ["Sharding", "Architectures", "Buffers", "Collectives", "Quantization"]),
        tests(
            "ExecutionTests",
            [
                "Execution", "Architectures", "Buffers", "Checkpoints", "Collectives", "Corpus", "Evaluation",
                "Kernels",
                "ModelFiles", "Optimizers", "Quantization", "Sharding", "Tokenizers", "Transformer",
            ], resources: fixtures),
        tests(
            "EvaluationTests",
            [
                "Evaluation", "Architectures", "Buffers", "Collectives", "Corpus", "Execution", "Kernels", "Tokenizers",
            ]),
        tests(
            "TrainingTests",
            [
                "Training", "Architectures", "Buffers", "Checkpoints", "Collectives", "Corpus", "Events", "Execution",
                "JobFiles", "Kernels", "ModelFiles", "Quantization", "Sharding", "SwiftletTestSupport", "Transformer",
            ]),
        tests(
            "PlanningTests",
            [
                "Planning", "Architectures", "Buffers", "Collectives", "Events", "Execution", "JobFiles", "Kernels",
                "Quantization", "Sharding", "Training", "Transformer",
            ]),
        tests("JobFilesTests", ["JobFiles", "Architectures", "Buffers", "Quantization"]),
        tests("ReportingTests", ["Reporting", "Events", "Buffers"]),
    ]
)
