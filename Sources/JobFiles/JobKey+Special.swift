import Architectures
import Foundation

// Keys whose values are not a plain number, truth value or name.
extension JobKey {
    static let baseModel = JobKey(
        "base_model", allowed: "a path", help: "Hugging Face model directory, or a base store (*.base.h5)", binds: false
    ) { value, job in
        job.baseModel = value.isNull ? "" : try value.path("base_model", allowed: "a path")
    } write: {
        .text($0.baseModel)
    }

    static let outputDirectory = JobKey(
        "output_dir", allowed: "a path", help: "where metrics, checkpoints and the adapter go", binds: false
    ) { value, job in
        var value = value
        // What a run writes goes to where it was started, not beside a job file that many may share.
        value.place.directory = ""
        job.outputDirectory = value.isNull ? "" : try value.path("output_dir", allowed: "a path")
    } write: {
        .text($0.outputDirectory)
    }

    static let blockSize = JobKey(
        "quantization.block_size", allowed: "a power of two from 64 to 4096", help: "weights that share a scale",
        binds: true
    ) { value, job in
        let allowed = "a power of two from 64 to 4096"
        guard !value.isNull else {
            job.quantization.blockSize = Job().quantization.blockSize
            return
        }
        let size = try value.integer("quantization.block_size", in: 64...4096, allowed: allowed)
        guard size.nonzeroBitCount == 1 else { throw value.mismatch("quantization.block_size", allowed: allowed) }
        job.quantization.blockSize = size
    } write: {
        .integer($0.quantization.blockSize)
    }

    static let loraTargets = JobKey(
        "lora_target_modules", allowed: "all-linear or a list of \(moduleNames)", help: "layers that carry an adapter",
        binds: true
    ) { value, job in
        job.loraTargets = value.isNull ? LinearRole.allCases : try loraTargets(value)
    } write: { job in
        job.loraTargets == LinearRole.allCases
            ? .text("all-linear") : .list(job.loraTargets.map { .text($0.moduleName) })
    }

    private static var moduleNames: String { LinearRole.allCases.map(\.moduleName).joined(separator: ", ") }

    private static func loraTargets(_ value: Located) throws -> [LinearRole] {
        let name = "lora_target_modules"
        let items: [Located]
        switch value.value {
        case .list(let list): items = list
        case .scalar(let text, _) where text == "all-linear" || text == "all": return LinearRole.allCases
        case .scalar: items = [value]
        case .table: throw value.mismatch(name, allowed: "all-linear or a list of \(moduleNames)")
        }
        let roles = try items.map { item in
            guard let role = LinearRole.allCases.first(where: { [$0.moduleName, $0.modulePath].contains(item.text) })
            else {
                throw item.place.error(
                    "\(name) names \(item.found), which is no linear layer of a block",
                    remedy: NearestName.remedy(for: item.text ?? "", among: LinearRole.allCases.map(\.moduleName))
                        ?? "use all-linear, or any of \(moduleNames)")
            }
            return role
        }
        guard !roles.isEmpty else { throw value.place.error("\(name) is an empty list", remedy: "use all-linear") }
        return LinearRole.allCases.filter(roles.contains)
    }

    static let gradientCheckpointing = JobKey(
        "gradient_checkpointing", allowed: "auto, true or false",
        help: "compute activations again instead of keeping them", binds: false
    ) { value, job in
        let isAuto = value.isNull || value.text == "auto"
        job.gradientCheckpointing =
            isAuto ? nil : try value.bool("gradient_checkpointing", allowed: "auto, true or false")
    } write: {
        $0.gradientCheckpointing.map(JobValue.bool) ?? .auto
    }

    static let seed = JobKey(
        "seed", allowed: "a whole number from 0", help: "all random numbers of a run follow from it", binds: true
    ) { value, job in
        guard !value.isNull else {
            job.seed = Job().seed
            return
        }
        job.seed = UInt64(try value.integer("seed", in: 0...Int.max, allowed: "a whole number from 0"))
    } write: {
        .integer(Int($0.seed))
    }

    static let saveTotalLimit = JobKey(
        "save_total_limit", allowed: "null or a whole number from 1",
        help: "newest checkpoints that are kept, at least 2; null: all", binds: false
    ) { value, job in
        guard !value.isNull else {
            job.saveTotalLimit = nil
            return
        }
        let limit = try value.integer("save_total_limit", in: 1...unbounded, allowed: "null or a whole number from 1")
        if limit == 1 {
            job.notices.append("save_total_limit: 2 checkpoints are kept, so that one is whole at any time")
        }
        job.saveTotalLimit = max(2, limit)
    } write: {
        JobValue($0.saveTotalLimit)
    }

    static let resume = JobKey(
        "resume_from_checkpoint", allowed: "auto, false or a path",
        help: "auto: from the newest checkpoint of output_dir, if there is one", binds: false
    ) { value, job in
        switch value.plainText?.lowercased() {
        case "false", "no", "off", "null", "~", "": job.resume = .never
        case "true", "yes", "on": job.resume = .automatic
        case _ where value.text == "auto": job.resume = .automatic
        default: job.resume = .path(try value.path("resume_from_checkpoint", allowed: "auto, false or a path"))
        }
    } write: { job in
        switch job.resume {
        case .automatic: .auto
        case .never: .bool(false)
        case .path(let path): .text(path)
        }
    }

    static let nodesPerCopy = JobKey(
        "distributed.nodes_per_copy", allowed: "auto, all or a divisor of the number of nodes",
        help: "nodes that together hold one copy of the base; auto: the fewest whose memory it fits", binds: false
    ) { value, job in
        let name = "distributed.nodes_per_copy"
        guard !value.isNull, value.text != "auto" else {
            job.distributed.nodesPerCopy = .automatic
            return
        }
        guard value.text != "all" else {
            job.distributed.nodesPerCopy = .all
            return
        }
        let allowed = "auto, all or a whole number from 1"
        job.distributed.nodesPerCopy = .count(try value.integer(name, in: 1...65536, allowed: allowed))
    } write: { job in
        switch job.distributed.nodesPerCopy {
        case .automatic: .auto
        case .all: .text("all")
        case .count(let count): .integer(count)
        }
    }

    static let zeroStage = JobKey(
        "distributed.zero_stage", allowed: "a whole number from 0 to 3",
        help: "what of the trainable state is sharded over ranks: 0 nothing, 1 moments, 2 + gradients, 3 + parameters",
        binds: false
    ) { value, job in
        guard !value.isNull else { return }
        job.distributed.zeroStage = try value.integer(
            "distributed.zero_stage", in: 0...3, allowed: "a whole number from 0 to 3")
    } write: {
        .integer($0.distributed.zeroStage)
    }

    static let signals = JobKey(
        "checkpoint.signals", allowed: "a list of \(signalNames)",
        help: "signals that ask for a checkpoint and the end",
        binds: false
    ) { value, job in
        guard !value.isNull else {
            job.checkpoint.signals = []
            return
        }
        guard case .list(let items) = value.value else {
            throw value.mismatch("checkpoint.signals", allowed: "a list of \(signalNames)")
        }
        job.checkpoint.signals = try items.map { item in
            let name = (item.text ?? "").uppercased()
            let bare = name.hasPrefix("SIG") ? String(name.dropFirst(3)) : name
            guard let signal = CheckpointSettings.SignalName(rawValue: bare) else {
                throw item.mismatch("checkpoint.signals", allowed: "a list of \(signalNames)")
            }
            return signal
        }
    } write: {
        .list($0.checkpoint.signals.map { .text($0.rawValue) })
    }

    private static var signalNames: String {
        CheckpointSettings.SignalName.allCases.map(\.rawValue).joined(separator: ", ")
    }

    static let triggerFile = JobKey(
        "checkpoint.trigger_file", allowed: "a file name", help: "this file in output_dir asks for a checkpoint",
        binds: false
    ) { value, job in
        var value = value
        value.place.directory = ""
        let standard = Job().checkpoint.triggerFile
        job.checkpoint.triggerFile =
            value.isNull ? standard : try value.path("checkpoint.trigger_file", allowed: "a file name")
    } write: {
        .text($0.checkpoint.triggerFile)
    }

    static let walltime = JobKey(
        "scheduler.walltime", allowed: "null or a time such as \"12:00:00\"", help: "the time to ask for", binds: false
    ) { value, job in
        guard !value.isNull else {
            job.schedulerRequest.walltimeSeconds = nil
            return
        }
        guard let text = value.text, let seconds = Walltime.seconds(text) else {
            throw value.mismatch("scheduler.walltime", allowed: "null or a time such as \"12:00:00\"")
        }
        job.schedulerRequest.walltimeSeconds = seconds
    } write: { job in
        JobValue(job.schedulerRequest.walltimeSeconds.map(Walltime.text))
    }

    static let schedulerMemory = JobKey(
        "scheduler.memory", allowed: "null or a number of bytes such as 64G", help: "memory of a node to ask for",
        binds: false
    ) { value, job in
        guard !value.isNull else {
            job.schedulerRequest.memoryBytes = nil
            return
        }
        guard let text = value.plainText, let bytes = Magnitude.value(of: text, kilo: 1024) else {
            throw value.mismatch("scheduler.memory", allowed: "null or a number of bytes such as 64G")
        }
        job.schedulerRequest.memoryBytes = Int(bytes)
    } write: { job in
        JobValue(job.schedulerRequest.memoryBytes)
    }
}
