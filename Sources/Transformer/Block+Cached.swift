import Buffers
import Kernels

extension Block {
    /// The keys and values that the queries of the batch see, in the rows that its segments name: the batch's own, or
    /// those of the cache once the batch's are among them.
    func visible(key: Matrix, value: Matrix, _ batch: TokenBatch) -> (keys: Matrix, values: Matrix) {
        guard let cache = batch.cache else { return (key, value) }
        let keys = cache.keys(layer: index)
        let values = cache.values(layer: index)
        for segment in batch.segments {
            let place = Int(segment.keyStart + segment.queryOffset)
            copy(key, segment, to: keys, place)
            copy(value, segment, to: values, place)
        }
        return (keys, values)
    }

    private func copy(_ new: Matrix, _ segment: AttentionSegment, to cached: Matrix, _ place: Int) {
        let count = Int(segment.queryCount)
        let source = new.rows(from: Int(segment.queryStart), count: count).elements
        _ = cached.rows(from: place, count: count).elements.update(from: source)
    }
}
