/// What one operation took for one message size, through the communicator and as a blocking call of MPI.
///
/// Its names are those of the JSON that `swiftlet bench collectives` prints. Bandwidth is `bytes` over the time, absent
/// where nothing is moved.
package struct CollectiveBenchmarkResult: Encodable, Sendable {
    package let name: String
    /// Of the whole vector: what a rank has after a gather or a broadcast, and before a reduction.
    package let bytes: Int
    package let ranks: Int
    package let microseconds: Double
    package let raw_microseconds: Double
    package let gigabytes_per_second: Double?
    package let raw_gigabytes_per_second: Double?
    /// The speed as a share of raw MPI's.
    package let fraction_of_raw: Double

    init(_ kind: CollectiveCall.Kind, bytes: Int, ranks: Int, nanoseconds: Double, rawNanoseconds: Double) {
        name =
            switch kind {
            case .barrier: "barrier"
            case .broadcast: "broadcast"
            case .gather: "gather"
            case .allGather: "all-gather"
            case .reduceScatter: "reduce-scatter int64"
            case .allReduce: "all-reduce int64"
            }
        self.bytes = bytes
        self.ranks = ranks
        microseconds = nanoseconds / 1_000
        raw_microseconds = rawNanoseconds / 1_000
        gigabytes_per_second = bytes > 0 ? Double(bytes) / nanoseconds : nil
        raw_gigabytes_per_second = bytes > 0 ? Double(bytes) / rawNanoseconds : nil
        fraction_of_raw = rawNanoseconds / nanoseconds
    }
}
