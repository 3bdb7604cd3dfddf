internal import CBuildRevision

/// Which release this is.
package enum ApplianceVersion {
    /// As semantic versioning writes it.
    package static let current = "0.1.0"

    /// The commit it was built from, `unknown` when the build was not told.
    package static var revision: String { String(cString: build_revision()) }

    /// What the listeners call themselves in the `Server` header.
    static let serverName = "wormhole-server/\(current)"
}
