/// What `swiftlet --version` says; the CHANGELOG tells what is in it.
package enum Version {
    package static let text = "0.1.0"
}
