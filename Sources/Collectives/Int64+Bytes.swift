extension Int64 {
    /// Eight bytes, the lowest first.
    var littleEndianBytes: [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: self >> ($0 * 8)) } }

    /// The numbers that `bytes` hold, eight bytes each; what is left over is ignored.
    static func numbers(littleEndian bytes: some Collection<UInt8>) -> [Int64] {
        let bytes = Array(bytes)
        return (0..<bytes.count / 8).map { index in
            bytes[index * 8..<index * 8 + 8].reversed().reduce(0) { $0 << 8 | Int64($1) }
        }
    }
}
