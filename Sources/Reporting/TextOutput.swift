import Foundation

/// Where lines for people go.
package protocol TextOutput: Sendable {
    func write(_ text: String)
    /// Columns of the terminal; nil where it is none, and a line cannot be written over.
    var terminalWidth: Int? { get }
}

/// The standard error stream. Standard output is left to what machines read.
package struct StandardError: TextOutput {
    package init() {}

    /// What cannot be written is lost: a closed terminal must not end a run.
    package func write(_ text: String) {
        try? FileHandle.standardError.write(contentsOf: Data(text.utf8))
    }

    package var terminalWidth: Int? {
        let environment = ProcessInfo.processInfo.environment
        guard isatty(STDERR_FILENO) == 1, environment["TERM"] != "dumb" else { return nil }
        var size = winsize()
        guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }
}
