internal import CHDF5
internal import Synchronization

/// The one way into the C library: one call at a time, its own error printing silenced, failures turned into errors.
enum Library {
    // Not every build of HDF5 is thread-safe, and the error stack must be read before another call clears it.
    private static let lock = Mutex<Void>(())

    /// Runs a call that reports failure by a negative result.
    static func call<Result: BinaryInteger & Sendable>(
        _ object: borrowing some HDF5Object & ~Copyable, _ purpose: String, _ body: () -> Result
    ) throws(HDF5Error) -> Result {
        try call(object.file, object.path, purpose, body)
    }

    /// Runs a call that reports failure by a negative result; `purpose` completes "cannot …".
    static func call<Result: BinaryInteger & Sendable>(
        _ file: String, _ place: String, _ purpose: String, _ body: () -> Result
    ) throws(HDF5Error) -> Result {
        let outcome = lock.withLock { _ in
            prepareThread()
            let result = body()
            return (result, result < 0 ? deepestMessage() : "")
        }
        if outcome.0 < 0 { throw HDF5Error(file: file, place: place, "cannot \(purpose): \(outcome.1)") }
        return outcome.0
    }

    /// Runs calls that cannot fail, or whose failure the caller sees in another way.
    static func unchecked<Result: Sendable>(_ body: () -> Result) -> Result {
        lock.withLock { _ in
            prepareThread()
            return body()
        }
    }

    /// A name that no other image has: the library takes two open images of one name for one file.
    static func uniqueName(_ name: String) -> String {
        "\(name)#\(imageCount.wrappingAdd(1, ordering: .relaxed).newValue)"
    }

    private static let imageCount = Atomic<Int>(0)

    /// The error printer is a property of the calling thread where the library is thread-safe, so it is set each time.
    /// Filters and drivers from shared objects are never loaded: a file must not choose what code runs.
    private static func prepareThread() {
        H5Eset_auto2(chdf5_default_errors(), nil, nil)
        H5PLset_loading_state(0)
    }

    /// The innermost message of the error stack, which says most about the cause.
    private static func deepestMessage() -> String {
        var message = "unknown HDF5 error"
        withUnsafeMutablePointer(to: &message) { pointer in
            _ = H5Ewalk2(
                chdf5_default_errors(), H5E_WALK_UPWARD,
                { depth, entry, context in
                    if depth == 0, let text = entry?.pointee.desc {
                        context?.assumingMemoryBound(to: String.self).pointee = String(cString: text)
                    }
                    return 0
                }, pointer)
        }
        return message
    }
}
