import Collectives
import Execution
import Kernels
import Sharding
import Training
import Transformer

extension JobPlan {
    /// The plan for machines.
    package var report: Report { Report(self) }

    package struct Report: Encodable, Sendable {
        package let nodes: Int
        package let ranks_per_node: Int
        package let ranks: Int
        package let threads: Int
        package let compute: String
        /// nothing, attention or everything: what the backward computes again.
        package let recomputation: String
        package let nodes_per_copy: Int
        package let zero_stage: Int
        package let base_bytes: Int
        /// Bytes of a rank, by part; `base` is shared by the ranks of a node.
        package let memory: [String: Int]
        package let bytes_per_rank: Int
        package let bytes_per_node: Int
        package let available_bytes: Int
        package let traffic: [Line]
        package let operations_per_step: Int
        package let bytes_per_step: Int
        /// Over the link of a node, in the direction that has more, headers of TCP and Ethernet included.
        package let link_bytes_per_step: Int
        /// Steps from one outer step to the next; 1: ranks share the gradients of every step.
        package let sync_every: Int
        /// Of a step that ends with an outer one, in place of those above.
        package let outer_step_operations: Int?
        package let outer_step_bytes: Int?
        package let outer_step_seconds: Double?
        package let checkpoint_bytes: Int
        package let steps: Int
        package let tokens_per_step: Double
        package let step_seconds: Double
        package let compute_seconds: Double
        package let waited_seconds: [String: Double]
        package let tokens_per_second: Double
        /// Checkpoints that the run writes, and what one takes.
        package let saves: Int
        package let save_seconds: Double
        package let run_seconds: Double
        package let assumed: [String]

        /// The collective operations of a step that serve one purpose in one group.
        package struct Line: Encodable, Sendable {
            /// What they are for, and among which ranks.
            package let purpose: String
            package let group: String
            package let operation: String
            /// In a step, over all groups of that kind.
            package let operations: Int
            /// That all ranks send together, once for each that receives them.
            package let bytes: Int
        }

        init(_ plan: JobPlan) {
            let memory = plan.sizes.memory
            nodes = plan.shape.nodes
            ranks_per_node = plan.shape.ranksPerNode
            ranks = plan.shape.ranks
            threads = plan.threads
            compute = plan.sizes.subject.compute.rawValue
            recomputation = memory.recomputation.rawValue
            nodes_per_copy = plan.sizes.nodesPerCopy
            zero_stage = plan.sizes.subject.stage.rawValue
            base_bytes = plan.sizes.subject.baseByteCount
            self.memory = memory.parts.merging(["program": plan.programByteCount]) { $1 }
            bytes_per_rank = memory.bytesPerRank + plan.programByteCount
            bytes_per_node = plan.bytesPerNode
            available_bytes = plan.available
            traffic = plan.traffic.summary
            operations_per_step = plan.traffic.operationCount()
            bytes_per_step = plan.traffic.totalBytes()
            link_bytes_per_step = plan.traffic.linkBytesPerNode
            sync_every = plan.synchronizationInterval
            outer_step_operations = plan.outerTraffic?.operationCount()
            outer_step_bytes = plan.outerTraffic?.totalBytes()
            outer_step_seconds = plan.outerStep?.seconds
            checkpoint_bytes = plan.checkpointByteCount
            steps = plan.steps
            tokens_per_step = plan.tokensPerStep
            step_seconds = plan.step.seconds
            compute_seconds = plan.step.computeSeconds
            waited_seconds = Dictionary(
                uniqueKeysWithValues: plan.step.waited.map { ($0.key.rawValue, $0.value) })
            tokens_per_second = plan.tokensPerSecond
            saves = plan.saveCount
            save_seconds = plan.saveSeconds
            run_seconds = plan.runSeconds
            assumed = plan.speed.assumptions
        }
    }
}

extension StepTraffic {
    /// Lines of the same purpose, group and kind together.
    fileprivate var summary: [JobPlan.Report.Line] {
        var order: [[String]] = []
        var sums: [[String]: (operations: Int, bytes: Int)] = [:]
        for line in lines {
            let key = [
                line.collective.purpose.rawValue, line.collective.group.rawValue, "\(line.collective.kind)",
            ]
            if sums[key] == nil { order.append(key) }
            sums[key, default: (0, 0)].operations += operations(of: line)
            sums[key, default: (0, 0)].bytes += bytes(of: line)
        }
        return order.map { key in
            let sum = sums[key] ?? (0, 0)
            return JobPlan.Report.Line(
                purpose: key[0], group: key[1], operation: key[2], operations: sum.operations, bytes: sum.bytes)
        }
    }
}
