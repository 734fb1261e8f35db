import ArgumentParser
import Buffers
import Collectives
import Execution
import Foundation
import Kernels
import Reporting

struct InfoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "info", abstract: "Show this machine as Swiftlet sees it, with its measured peaks.")

    @Flag(help: "Print the list as JSON.")
    var json = false

    func run() throws {
        let context = try KernelContext(threads: 1)
        let cores = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
        let report = Report(
            version: Version.text, cpu: Self.cpuName, cores: cores,
            usable_cores: ProcessInfo.processInfo.activeProcessorCount,
            memory_bytes: Int(ProcessInfo.processInfo.physicalMemory), available_bytes: ProcessMemory.availableBytes,
            instruction_set: context.instructionSet.rawValue,
            supported_instruction_sets: InstructionSet.supported.map(\.rawValue),
            fp32_fma_peak_gflops: context.measurePeak(.fp32FMA) / 1e9,
            read_bandwidth_gbps: context.measureReadBandwidth() / 1e9, launcher: "\(Launcher.detect())")
        if json { return try Console.print(json: report) }
        Console.print(
            """
            swiftlet \(report.version)
              CPU               \(report.cpu), \(Wording.plural(report.cores, "core")) (\(report.usable_cores) usable)
              memory            \(Wording.bytes(report.memory_bytes)), \
            \(Wording.bytes(report.available_bytes)) available
              instruction set   \(report.instruction_set) \
            (of \(report.supported_instruction_sets.joined(separator: ", ")); \
            mask with \(KernelContext.environmentVariable))
              fp32 FMA peak     \(Self.rounded(report.fp32_fma_peak_gflops)) GFLOP/s a core
              read bandwidth    \(Self.rounded(report.read_bandwidth_gbps)) GB/s, one core
              launcher          \(report.launcher)
            """)
    }

    private static var cpuName: String {
        let text = SystemFile.text("/proc/cpuinfo") ?? ""
        let line = text.split(separator: "\n").first { $0.hasPrefix("model name") }
        return line?.split(separator: ":").last.map { $0.trimmingCharacters(in: .whitespaces) } ?? "unknown"
    }

    private static func rounded(_ value: Double) -> String { String(format: "%.1f", value) }

    private struct Report: Encodable {
        let version: String
        let cpu: String
        let cores: Int
        let usable_cores: Int
        let memory_bytes: Int
        let available_bytes: Int
        let instruction_set: String
        let supported_instruction_sets: [String]
        let fp32_fma_peak_gflops: Double
        let read_bandwidth_gbps: Double
        let launcher: String
    }
}
