import Foundation

/// Reading a tokenizer's files.
enum TokenizerFile {
    /// No published tokenizer.json comes near; a file beyond is not one.
    static let sizeLimit = 256 << 20

    static func read(_ file: URL) throws(TokenizerError) -> [UInt8] {
        do {
            let size = try FileManager.default.attributesOfItem(atPath: file.path)[.size] as? Int
            guard let size, size <= sizeLimit else { throw CocoaError(.fileReadTooLarge) }
            return [UInt8](try Data(contentsOf: file))
        } catch {
            throw TokenizerError(
                file: file.path, place: "", message: "cannot be read (\(reason(error)))",
                remedy: "name a Hugging Face directory that holds a tokenizer.json")
        }
    }

    private static func reason(_ error: any Error) -> String {
        switch (error as? CocoaError)?.code {
        case .fileReadNoSuchFile, .fileNoSuchFile: "no such file"
        case .fileReadNoPermission: "no permission"
        case .fileReadTooLarge: "larger than \(sizeLimit >> 20) MiB"
        default: "not a readable file"
        }
    }
}
