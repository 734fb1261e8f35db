package import Collectives
package import Corpus

extension Communicator {
    /// The examples of the coordinator on every rank; what other ranks pass is ignored. All ranks call it.
    package func broadcast(_ examples: ExampleSet) throws(CollectiveError) -> ExampleSet {
        if size == 1 { return examples }
        let ids = try broadcast(examples.ids, absent: 0)
        let labels = try broadcast(examples.labels, absent: 0)
        let starts = try broadcast(examples.starts, absent: 0)
        return isCoordinator ? examples : ExampleSet(ids: ids, labels: labels, starts: starts)
    }

    private func broadcast<Number: BitwiseCopyable>(
        _ numbers: [Number], absent: Number
    ) throws(CollectiveError) -> [Number] {
        var count = Int64(numbers.count)
        try broadcast(&count)
        var result = isCoordinator ? numbers : [Number](repeating: absent, count: Int(count))
        try result.withUnsafeMutableBufferPointer { numbers throws(CollectiveError) in
            try startBroadcast(UnsafeMutableRawBufferPointer(numbers)).wait()
        }
        return result
    }
}
