/// The ids of words that were seen before: a direct-mapped table of fixed size, one cache line a word.
///
/// A word of up to 31 bytes is its own key, so a hit needs no comparison beyond four machine words. A newer word simply
/// takes the place of an older one. Longer words, and words of more than 7 tokens, are not kept.
struct WordCache: Sendable {
    static let longestWord = 31
    static let mostTokens = 7
    /// How many bytes behind a word must be readable.
    static let padding = 32

    struct Slot: Sendable {
        /// The word, and its length in the last byte: no word has length 0, so a free slot matches nothing.
        var key = SIMD4<UInt64>.zero
        /// The ids, and their number in the last lane.
        var ids = SIMD8<Int32>.zero
    }

    private static let masks: [SIMD4<UInt64>] = (0...longestWord).map { length in
        var mask = SIMD4<UInt64>.zero
        for byte in 0..<length { mask[byte / 8] |= 0xFF << UInt64(8 * (byte % 8)) }
        return mask
    }

    private var slots: [Slot]

    /// A table of `2 ** bits` words, 64 bytes each.
    init(bits: Int) {
        slots = [Slot](repeating: Slot(), count: 1 << bits)
    }

    /// The key of a word of 1 to `longestWord` bytes; `padding` bytes of `text` from its start on must exist.
    @inline(__always)
    static func key(_ text: Span<UInt8>, _ word: Range<Int>) -> SIMD4<UInt64> {
        let raw = text.bytes.unsafeLoadUnaligned(fromByteOffset: word.lowerBound, as: SIMD4<UInt64>.self)
        var key = raw & masks[word.count]
        key[3] |= UInt64(word.count) << 56
        return key
    }

    @inline(__always)
    func slot(_ key: SIMD4<UInt64>) -> Int {
        let first = (key[0] ^ 0x9E37_79B9_7F4A_7C15).multipliedFullWidth(by: key[1] ^ 0xD6E8_FEB8_6659_FD93)
        let second = (key[2] ^ 0xA076_1D64_78BD_642F).multipliedFullWidth(by: key[3] ^ 0xE703_7ED1_A0B4_28DB)
        let mixed = (first.high ^ first.low ^ second.high) &+ second.low
        return Int(truncatingIfNeeded: mixed ^ mixed >> 32) & (slots.count - 1)
    }

    /// Appends the ids of the word and returns true, where the slot holds it.
    @inline(__always)
    func append(_ slot: Int, _ key: SIMD4<UInt64>, to output: inout [Int32]) -> Bool {
        let entry = slots[slot]
        guard entry.key == key else { return false }
        for lane in 0..<Int(entry.ids[7]) { output.append(entry.ids[lane]) }
        return true
    }

    mutating func store(_ slot: Int, _ key: SIMD4<UInt64>, _ ids: ArraySlice<Int32>) {
        guard ids.count <= Self.mostTokens else { return }
        var entry = Slot(key: key)
        for (lane, id) in ids.enumerated() { entry.ids[lane] = id }
        entry.ids[7] = Int32(ids.count)
        slots[slot] = entry
    }
}
