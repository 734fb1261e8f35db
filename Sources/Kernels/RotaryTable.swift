import Buffers
import CKernels

/// Cosines and sines of rotary position embeddings: fp32 [positions, headSize / 2], the same on every CPU.
package final class RotaryTable: Sendable {
    package let positions: Int
    package let halfSize: Int
    private let storage: AlignedStorage

    /// - Parameter frequencies: the inverse frequencies, headSize / 2 of them; the angle is fl32(position · frequency).
    /// - Throws: `InputError` of kind `.capacity` where there is no memory for the table.
    package init(frequencies: [Float], positions: Int) throws {
        precondition(positions >= 0)
        self.positions = positions
        halfSize = frequencies.count
        let count = positions * frequencies.count
        storage = try AlignedStorage(byteCount: Self.byteCount(halfSize: halfSize, positions: positions))
        let values = storage.elements(of: Float.self, count: 2 * count)
        for position in 0..<positions {
            for (index, frequency) in frequencies.enumerated() {
                let angle = Double(Float(position) * frequency)
                values[position * halfSize + index] = Float(sk_cos(angle))
                values[count + position * halfSize + index] = Float(sk_sin(angle))
            }
        }
    }

    package static func byteCount(halfSize: Int, positions: Int) -> Int {
        2 * halfSize * positions * MemoryLayout<Float>.stride
    }

    var cosines: UnsafePointer<Float> { UnsafePointer(storage.elements(count: positions * halfSize).baseAddress!) }
    var sines: UnsafePointer<Float> { cosines + positions * halfSize }
}
