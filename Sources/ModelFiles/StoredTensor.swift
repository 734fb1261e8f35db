package import Buffers

/// A tensor as it lies in a mapped file: row-major, little-endian, at any alignment.
package struct StoredTensor: Sendable {
    package let name: String
    package let type: ScalarType
    package let shape: [Int]
    /// Its bytes in the file, counted from the file's first.
    package let byteRange: Range<Int>
    /// The file, kept mapped as long as this value lives.
    package let map: MemoryMap

    package var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: map.bytes[byteRange]) }
    package var elementCount: Int { shape.reduce(1, *) }
}
