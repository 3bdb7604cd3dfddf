/// Which release this is.
package enum ApplianceVersion {
    /// As semantic versioning writes it.
    package static let current = "0.1.0"

    /// What the listeners call themselves in the `Server` header.
    static let serverName = "wormhole-server/\(current)"
}
