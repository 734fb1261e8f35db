internal import Crypto

/// SHA-256 as the manifests hold it: 64 small hexadecimal digits.
package enum Digest {
    package static func hex(of bytes: UnsafeRawBufferPointer) -> String { hex(of: [bytes]) }

    /// The hash of several runs of bytes as if they were one.
    package static func hex(of runs: some Sequence<UnsafeRawBufferPointer>) -> String {
        var hash = SHA256()
        for run in runs { hash.update(bufferPointer: run) }
        return text(hash.finalize())
    }

    package static func hex(of text: String) -> String {
        var text = text
        return text.withUTF8 { hex(of: UnsafeRawBufferPointer($0)) }
    }

    static func isWellFormed(_ text: String) -> Bool {
        text.utf8.count == 64 && text.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
    }

    private static func text(_ digest: SHA256Digest) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}
