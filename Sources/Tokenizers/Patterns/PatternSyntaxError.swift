/// What a pattern says that Swiftlet cannot match as Oniguruma does.
struct PatternSyntaxError: Error {
    let message: String

    init(_ message: String) {
        self.message = message
    }
}
