import Buffers
import Foundation

/// A file of rows: JSON lines, or one JSON list; a byte-order mark and CRLF are put up with.
package struct RowFile {
    package let path: String

    /// Pages that were read are given back in steps of this many bytes.
    private static let releaseStep = 1 << 24

    package init(path: String) { self.path = path }

    /// Calls `body` with every row.
    ///
    /// - Parameter fault: takes what is wrong with a row, whether it is no row or `body` refused it; where it returns,
    ///   the rows behind are read on. A list that is no JSON ends there, for its next row cannot be found.
    func forEach(fault: (InputError) throws -> Void = { throw $0 }, _ body: (Row) throws -> Void) throws {
        let map = try MemoryMap(path: path)
        try map.withBytes { bytes in
            let first = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
            var reader = RowReader(bytes, range: first..<bytes.count, file: path)
            guard !reader.isAtEnd() else {
                throw InputError(.data, file: path, "is empty", remedy: "a row is one JSON object on one line")
            }
            var released = 0
            func release(upTo position: Int) {
                guard position - released >= Self.releaseStep else { return }
                map.dontNeed(released..<position)
                released = position
            }
            func take(_ row: () throws -> Row) throws {
                do { try body(try row()) } catch let error as InputError { try fault(error) }
            }
            if reader.take("[") {
                do { try elements(&reader, release, take) } catch let error as InputError { try fault(error) }
            } else {
                try lines(bytes, from: first, release, take)
            }
        }
    }

    private func elements(
        _ reader: inout RowReader, _ release: (Int) -> Void, _ take: (() throws -> Row) throws -> Void
    ) throws {
        if reader.take("]") { return }
        repeat {
            guard reader.isNext("{") else {
                let error = reader.failure("is no JSON object", remedy: "every row is one object in braces")
                try reader.skipValue(depth: 1)
                try take { throw error }
                continue
            }
            let start = reader.position
            let row = try reader.row()
            guard reader.position - start <= CorpusLoader.maximumRowByteCount else { throw tooLong(&reader) }
            try take { row }
            release(reader.position)
        } while reader.take(",")
        guard reader.take("]"), reader.isAtEnd() else { throw reader.malformed() }
    }

    private func lines(
        _ bytes: UnsafeRawBufferPointer, from first: Int, _ release: (Int) -> Void,
        _ take: (() throws -> Row) throws -> Void
    ) throws {
        var start = first
        var line = 1
        while start < bytes.count {
            let end = newline(in: bytes, from: start)
            var reader = RowReader(bytes, range: start..<end, line: line, file: path)
            if !reader.isAtEnd() {
                try take {
                    guard end - start <= CorpusLoader.maximumRowByteCount else { throw tooLong(&reader) }
                    let row = try reader.row()
                    guard reader.isAtEnd() else { throw reader.malformed() }
                    return row
                }
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
