import Buffers
import Foundation

/// A file of rows: JSON lines, or one JSON list; a byte-order mark and CRLF are put up with.
struct RowFile {
    let path: String

    /// Pages that were read are given back in steps of this many bytes.
    private static let releaseStep = 1 << 24

    /// Calls `body` with every row, and with a reader that knows the row's line.
    func forEach(_ body: ([String: RowValue], inout RowReader) throws -> Void) throws {
        let map = try MemoryMap(path: path)
        let hasMark = map.bytes.starts(with: [0xEF, 0xBB, 0xBF])
        var reader = RowReader(map.bytes, range: (hasMark ? 3 : 0)..<map.bytes.count, file: path)
        guard !reader.isAtEnd() else {
            throw InputError(.data, file: path, "is empty", remedy: "a row is one JSON object on one line")
        }
        var released = 0
        func release(upTo position: Int) {
            guard position - released >= Self.releaseStep else { return }
            map.dontNeed(released..<position)
            released = position
        }
        if reader.take("[") {
            try elements(&reader, release, body)
        } else {
            try lines(map.bytes, from: hasMark ? 3 : 0, release, body)
        }
    }

    private func elements(
        _ reader: inout RowReader, _ release: (Int) -> Void,
        _ body: ([String: RowValue], inout RowReader) throws -> Void
    ) throws {
        if reader.take("]") { return }
        repeat {
            _ = reader.isAtEnd()
            let start = reader.position
            try body(reader.row(), &reader)
            guard reader.position - start <= CorpusLoader.maximumRowByteCount else { throw tooLong(&reader) }
            release(reader.position)
        } while reader.take(",")
        guard reader.take("]"), reader.isAtEnd() else { throw reader.malformed() }
    }

    private func lines(
        _ bytes: UnsafeRawBufferPointer, from first: Int, _ release: (Int) -> Void,
        _ body: ([String: RowValue], inout RowReader) throws -> Void
    ) throws {
        var start = first
        var line = 1
        while start < bytes.count {
            let end = newline(in: bytes, from: start)
            var reader = RowReader(bytes, range: start..<end, line: line, file: path)
            guard end - start <= CorpusLoader.maximumRowByteCount else { throw tooLong(&reader) }
            if !reader.isAtEnd() {
                let row = try reader.row()
                guard reader.isAtEnd() else { throw reader.malformed() }
                try body(row, &reader)
            }
            release(end)
            start = end + 1
            line += 1
        }
    }

    /// Where the line that begins at `start` ends.
    private func newline(in bytes: UnsafeRawBufferPointer, from start: Int) -> Int {
        guard let base = bytes.baseAddress, let found = memchr(base + start, 0x0A, bytes.count - start) else {
            return bytes.count
        }
        return UnsafeRawPointer(found) - base
    }

    private func tooLong(_ reader: inout RowReader) -> InputError {
        reader.failure(
            "is longer than \(CorpusLoader.maximumRowByteCount) bytes", remedy: "one row is one object on one line")
    }
}
