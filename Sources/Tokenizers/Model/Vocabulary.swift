/// Tokens and their ids, both ways, keyed by the tokens' UTF-8 bytes.
///
/// One arena holds all bytes; a hash table of entries (open addressing, seeded per process) finds a token's id.
struct Vocabulary: Sendable {
    /// Ids may have gaps, but the table by id must stay in proportion to the file that asks for it.
    static func idLimit(entries: Int) -> Int { 65_536 + 16 * entries }

    private var arena: [UInt8] = []
    /// The end of every entry in the arena; an entry begins where the one before it ends.
    private var ends: [Int] = []
    private var ids: [Int32] = []
    /// Entry + 1, or 0 for a free slot; the count is a power of two.
    private var slots: [Int32]
    private var entryOfID: [Int32] = []

    /// The number of tokens.
    var count: Int { ids.count }
    /// One more than the greatest id.
    var idEnd: Int { entryOfID.count }

    init(capacity: Int) {
        var size = 16
        while size < 2 * capacity { size *= 2 }
        slots = [Int32](repeating: 0, count: size)
        ids.reserveCapacity(capacity)
        ends.reserveCapacity(capacity)
        arena.reserveCapacity(8 * capacity)
    }

    enum Insertion {
        case added, duplicateToken, duplicateID
    }

    mutating func insert(_ token: Span<UInt8>, id: Int) -> Insertion {
        if 2 * (count + 1) > slots.count { grow() }
        let slot = findSlot(token)
        guard slots[slot] == 0 else { return .duplicateToken }
        guard entry(of: id) == nil else { return .duplicateID }
        for index in token.indices { arena.append(token[index]) }
        ends.append(arena.count)
        ids.append(Int32(id))
        slots[slot] = Int32(ids.count)
        if id >= entryOfID.count {
            entryOfID.append(contentsOf: repeatElement(0, count: id + 1 - entryOfID.count))
        }
        entryOfID[id] = Int32(ids.count)
        return .added
    }

    func id(of token: Span<UInt8>) -> Int32? {
        let entry = Int(slots[findSlot(token)]) - 1
        return entry < 0 ? nil : ids[entry]
    }

    func id(of token: [UInt8]) -> Int32? { id(of: token.span) }

    /// Appends the token's bytes; false where no token has the id.
    func appendToken(_ id: Int, to output: inout [UInt8]) -> Bool {
        guard let entry = entry(of: id) else { return false }
        output.append(contentsOf: arena[range(of: entry)])
        return true
    }

    func token(_ id: Int) -> [UInt8]? {
        var bytes: [UInt8] = []
        return appendToken(id, to: &bytes) ? bytes : nil
    }

    func contains(id: Int) -> Bool { entry(of: id) != nil }

    /// Calls `body` with the token of an id without copying it; nil where no token has the id.
    func withToken<Result>(_ id: Int, _ body: (Span<UInt8>) -> Result) -> Result? {
        entry(of: id).map { body(arena.span.extracting(range(of: $0))) }
    }

    private func entry(of id: Int) -> Int? {
        guard id >= 0, id < entryOfID.count, entryOfID[id] > 0 else { return nil }
        return Int(entryOfID[id]) - 1
    }

    private func range(of entry: Int) -> Range<Int> {
        (entry == 0 ? 0 : ends[entry - 1])..<ends[entry]
    }

    /// The slot that holds the token, or the free one where it would go.
    private func findSlot(_ token: Span<UInt8>) -> Int {
        let mask = slots.count - 1
        var slot = Self.hash(token) & mask
        while slots[slot] != 0, !equals(Int(slots[slot]) - 1, token) { slot = (slot + 1) & mask }
        return slot
    }

    private func equals(_ entry: Int, _ token: Span<UInt8>) -> Bool {
        let range = range(of: entry)
        guard range.count == token.count else { return false }
        let bytes = arena.span
        for index in token.indices where bytes[range.lowerBound + index] != token[index] { return false }
        return true
    }

    /// Swift's seeded hash: a file cannot be made so that all its tokens collide.
    private static func hash(_ token: Span<UInt8>) -> Int {
        var hasher = Hasher()
        token.withUnsafeBytes { hasher.combine(bytes: $0) }
        return hasher.finalize()
    }

    private mutating func grow() {
        slots = [Int32](repeating: 0, count: 2 * slots.count)
        let mask = slots.count - 1
        for entry in ids.indices {
            var slot = Self.hash(arena.span.extracting(range(of: entry))) & mask
            while slots[slot] != 0 { slot = (slot + 1) & mask }
            slots[slot] = Int32(entry + 1)
        }
    }
}
