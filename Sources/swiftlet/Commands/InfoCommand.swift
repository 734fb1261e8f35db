import ArgumentParser
import Buffers
import Collectives
import Execution
import Foundation
import Kernels
import Reporting

struct InfoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "info", abstract: "Show this machine as Swiftlet sees it, with its measured peaks.",
        discussion: """
            The peaks are measured once a host and kept in $XDG_CACHE_HOME/swiftlet, or ~/.cache/swiftlet, where that
            can be written.
            """)

    @Flag(help: "Measure the peaks anew, and longer.")
    var measure = false

    @Flag(help: "Print the list as JSON.")
    var json = false

    func run() throws {
        let context = try KernelContext(threads: 1)
        let finding = try ProbeCache().probe(of: context.instructionSet, anew: measure)
        let cores = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
        let report = Report(
            version: Version.text, cpu: CPUName.text, cores: cores,
            usable_cores: HostThreads.usable,
            memory_bytes: Int(ProcessInfo.processInfo.physicalMemory), available_bytes: ProcessMemory.availableBytes,
            instruction_set: context.instructionSet.rawValue,
            supported_instruction_sets: InstructionSet.supported.map(\.rawValue),
            fp32_fma_peak_gflops: (finding.probe.peak(.fp32FMA) ?? 0) / 1e9,
            read_bandwidth_gbps: finding.probe.readBytesPerSecond / 1e9,
            peaks: PeakKind.allCases.map { PeakLine($0, finding.probe) }, peaks_file: finding.file,
            launcher: "\(Launcher.detect())")
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
              launcher          \(report.launcher)
              peaks of a core   \(finding.file.map { "kept in \($0); --measure measures anew" } ?? "measured now")
            \(report.peaks.map(\.text).joined(separator: "\n"))
                read bandwidth  \(PeakLine.number(report.read_bandwidth_gbps)) GB/s
            """)
    }

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
        let peaks: [PeakLine]
        let peaks_file: String?
        let launcher: String
    }
}

/// One unit of the CPU: how fast, or that it is not there.
private struct PeakLine: Encodable {
    let name: String
    let supported: Bool
    let instruction: String?
    let gops: Double?
    let times_fp32: Double?

    init(_ kind: PeakKind, _ probe: MachineProbe) {
        let found = probe.peaks.first { $0.kind == kind }
        name = kind.rawValue
        supported = found != nil
        instruction = found?.instruction
        gops = found.map { $0.operationsPerSecond / 1e9 }
        times_fp32 = found.flatMap { found in probe.peak(.fp32FMA).map { found.operationsPerSecond / $0 } }
    }

    var text: String {
        let title = "    " + name.padding(toLength: 16, withPad: " ", startingAt: 0)
        guard let gops, let instruction, let times_fp32 else { return title + "     –" }
        return title + "\(Self.number(gops)) GOP/s  \(instruction), \(String(format: "%.2f", times_fp32)) × fp32"
    }

    static func number(_ value: Double) -> String { String(format: "%6.1f", value) }
}
