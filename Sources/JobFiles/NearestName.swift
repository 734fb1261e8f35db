/// Suggestions for names that are not known.
enum NearestName {
    /// `did you mean …?` for the known name that is nearest; nil where none is near.
    static func remedy(for name: String, among known: [String]) -> String? {
        guard name.utf8.count <= 100 else { return nil }
        let ranked = known.map { (name: $0, distance: distance(name.lowercased(), $0)) }
        guard let best = ranked.min(by: { $0.distance < $1.distance }) else { return nil }
        // A name that shares less than half of its letters with what was written would only confuse.
        guard best.distance * 2 <= max(name.count, best.name.count) else { return nil }
        return "did you mean \(best.name)?"
    }

    /// Insertions, deletions, replacements and swaps of neighbours that turn one word into the other
    /// (optimal string alignment).
    static func distance(_ one: String, _ other: String) -> Int {
        let a = Array(one.utf8)
        let b = Array(other.utf8)
        var beforeLast = [Int](repeating: 0, count: b.count + 1)
        var last = Array(0...b.count)
        for i in a.indices {
            var row = [i + 1]
            for j in b.indices {
                var best = min(last[j + 1] + 1, row[j] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { best = min(best, beforeLast[j - 1] + 1) }
                row.append(best)
            }
            beforeLast = last
            last = row
        }
        return last[b.count]
    }
}
