import Architectures
import Buffers

/// The keys, after the rotary embedding, and the values of all tokens so far: what a generation reads instead of making
/// them again.
///
/// Every sequence has a place of `positions` rows of its own; a place is used again once its sequence is done. Under an
/// attention window, too, a place holds the whole sequence: the window decides what is read of it.
package final class KeyValueCache: Sendable {
    package let layout: GenerationLayout
    private let storage: AlignedStorage

    /// - Throws: `InputError` of kind `.capacity`.
    package init(_ layout: GenerationLayout) throws {
        self.layout = layout
        let place = GenerationLayout.cacheByteCount(layout.step.architecture, positions: layout.positions)
        let bytes = place.flatMap { Checked.product([layout.sequences, $0]) }
        let rows = Checked.product([layout.sequences, layout.positions])
        guard let bytes, let rows, rows <= GenerationLayout.rowLimit else {
            throw InputError(
                .capacity,
                "\(layout.sequences) sequences of \(layout.positions) tokens are more than can be generated at once",
                remedy: "lower the batch size or the context")
        }
        storage = try AlignedStorage(byteCount: bytes)
    }

    package var byteCount: Int { storage.byteCount }

    /// The keys of a layer: [sequences · positions, KV], place after place.
    func keys(layer: Int) -> Matrix { matrix(2 * layer) }

    /// The values of a layer, alike.
    func values(layer: Int) -> Matrix { matrix(2 * layer + 1) }

    private func matrix(_ number: Int) -> Matrix {
        let rows = layout.sequences * layout.positions
        let columns = layout.step.architecture.keyValueSize
        let stride = rows * columns * MemoryLayout<Float>.stride
        return Matrix(
            storage.elements(of: Float.self, at: number * stride, count: rows * columns), rows: rows, columns: columns)
    }
}
