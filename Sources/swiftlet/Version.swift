/// What `swiftlet --version` says; the CHANGELOG tells what is in it.
enum Version {
    static let text = "0.1.0"
}
