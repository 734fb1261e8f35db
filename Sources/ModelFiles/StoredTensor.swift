package import Buffers
import Quantization

/// A tensor as it lies in a mapped file: row-major, little-endian, at any alignment.
package struct StoredTensor: Sendable {
    package let name: String
    package let type: ScalarType
    package let shape: [Int]
    /// Its bytes in the file, counted from the file's first.
    package let byteRange: Range<Int>
    /// The file, kept mapped as long as this value lives.
    package let map: MemoryMap

    /// Valid as long as the file lives; where nothing else holds it, use `withBytes`.
    package var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: map.bytes[byteRange]) }

    /// Lends the bytes to `body` and keeps the file mapped until it returns.
    package func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try map.withBytes { try body(UnsafeRawBufferPointer(rebasing: $0[byteRange])) }
    }

    /// Tells the kernel that the tensor's pages are not used again soon, so that they do not count as memory of ours.
    package func dontNeed() { map.dontNeed(byteRange) }

    /// The elements of a floating-point tensor as fp32.
    package var floats: [Float] { withBytes { type.floats(in: $0) } }

    package var elementCount: Int { shape.reduce(1, *) }
}
