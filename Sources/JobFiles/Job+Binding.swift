/// A key that has another value than in the job that a run began with.
package struct JobDifference: Equatable, Sendable, CustomStringConvertible {
    package let key: String
    /// The values as one would write them in a job file.
    package let old: String
    package let new: String

    package var description: String { "\(key) was \(old) and is \(new)" }
}

extension Job {
    /// The keys that change bits and differ from the job that a run began with: it cannot be resumed with them.
    ///
    /// The base and the data are not compared by path: their hashes decide. `compute: auto` agrees with anything, for
    /// a resumed run keeps what was resolved.
    package func bindingDifferences(from other: Job) -> [JobDifference] {
        JobKey.all.filter { $0.binds && !isIdle($0.name) }.compactMap { key in
            let old = key.write(other)
            let new = key.write(self)
            guard old != new, old != .auto, new != .auto else { return nil }
            return JobDifference(key: key.name, old: old.description, new: new.description)
        }
    }

    /// Whether another key of this job takes the place of this one.
    private func isIdle(_ name: String) -> Bool {
        switch name {
        case "num_epochs": maximumSteps != nil
        case "warmup_ratio": warmupSteps != nil
        case "outer_learning_rate", "outer_momentum": synchronizationInterval == 1
        case _ where name.hasPrefix("quantization."): adapter != .qlora
        case _ where name.hasPrefix("lora_"): adapter == .none
        default: false
        }
    }
}
