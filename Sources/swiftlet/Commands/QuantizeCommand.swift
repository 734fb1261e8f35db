import Architectures
import ArgumentParser
import Buffers
import Execution
import Foundation
import Kernels
import ModelFiles
import Quantization
import Reporting

struct QuantizeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "quantize", abstract: "Write the base store of a Hugging Face model directory.",
        discussion: """
            The linear layers are quantised (NF4 or FP4 in blocks over the row-major tensor, bit for bit as bitsandbytes
            does); embedding, norms, biases and head stay as they are stored. Memory is bounded by the largest tensor.
            """)

    enum Format: String, CaseIterable, ExpressibleByArgument { case nf4, fp4, bf16, fp32 }
    enum Kept: String, CaseIterable, ExpressibleByArgument { case stored, bf16, fp32 }

    @Argument(help: "A Hugging Face model directory.")
    var model: String

    @Option(name: [.short, .long], help: "The store to write, by convention NAME.base.h5.")
    var output: String

    @Option(help: "The format of the linear layers.")
    var format: Format = .nf4

    @Option(help: "Elements that share a scale.")
    var blockSize = 64

    @Flag(inversion: .prefixedNo, help: "Store the scales in 8 bits too.")
    var doubleQuant = true

    @Option(help: "The format of everything that is no linear layer of a block.")
    var keep: Kept = .stored

    @Option(help: "Threads; default: all cores.")
    var threads: Int?

    @Flag(help: "Print the result as JSON.")
    var json = false

    func validate() throws {
        guard blockSize >= 32, blockSize <= 4096, blockSize & (blockSize - 1) == 0 else {
            throw ValidationError("--block-size must be a power of two from 32 to 4096")
        }
        if let threads, threads < 1 || threads > 4096 { throw ValidationError("--threads must be from 1 to 4096") }
    }

    func run() throws {
        let clock = ContinuousClock()
        let start = clock.now
        let context = try KernelContext(threads: threads ?? HostThreads.usable)
        let encoding = BaseEncoding(
            try ModelDirectory(path: model), linearFormat: linearFormat, otherFormat: otherFormat)
        let output = output
        let showsProgress = isatty(2) == 1
        let hash = try BaseStoreBuilder.build(encoding, to: output, context: context) { tensor, number, count in
            guard showsProgress else { return }
            Console.write("\r\u{1B}[2K\(number)/\(count) \(tensor.name)", to: .standardError)
        }
        if showsProgress { Console.write("\r\u{1B}[2K", to: .standardError) }
        let elapsed = start.duration(to: clock.now)
        let size = (try? FileManager.default.attributesOfItem(atPath: output)[.size] as? Int) ?? 0
        let report = Report(
            output: output, hash: hash, parameters: encoding.architecture.parameterCount, bytes: size,
            seconds: elapsed.seconds,
            peak_rss_bytes: ProcessMemory().peakResidentBytes)
        if json {
            try Console.print(json: report)
        } else {
            Console.print(
                """
                \(output): \(Wording.size(report.parameters)) parameters in \(Wording.bytes(size)), \
                \(Wording.duration(report.seconds)), peak memory \(Wording.bytes(report.peak_rss_bytes))
                """)
        }
    }

    private var linearFormat: WeightFormat {
        switch format {
        case .nf4: .nf4(blockSize: blockSize, doubleQuantized: doubleQuant)
        case .fp4: .fp4(blockSize: blockSize, doubleQuantized: doubleQuant)
        case .bf16: .bf16
        case .fp32: .fp32
        }
    }

    private var otherFormat: WeightFormat? {
        switch keep {
        case .stored: nil
        case .bf16: .bf16
        case .fp32: .fp32
        }
    }

    private struct Report: Encodable {
        let output: String
        let hash: String
        let parameters: Int
        let bytes: Int
        let seconds: Double
        let peak_rss_bytes: Int
    }
}
