/// What every client is told first. All parts are optional, for the client as for us.
package struct Welcome: Hashable, Sendable {
    /// A message of the day that clients print; may hold line breaks.
    package var motd: String?
    /// The client version the operator recommends; the Python client warns when it is another.
    package var currentClientVersion: String?
    /// Makes clients print it and quit. The server goes on serving.
    package var error: String?

    /// What a client must show before it may bind; `nil` when nothing.
    package var permission: Permission?

    /// A demand for proof of work, fresh for every connection.
    package struct Permission: Hashable, Sendable {
        /// Leading zero bits of the stamp's SHA-1.
        package var bits: Int
        /// What the stamp must be made out to. Without `:`.
        package var resource: String
        /// Whether a client without a stamp is turned away.
        package var isRequired: Bool

        package init(bits: Int, resource: String, isRequired: Bool) {
            self.bits = bits
            self.resource = resource
            self.isRequired = isRequired
        }
    }

    package init(
        motd: String? = nil,
        currentClientVersion: String? = nil,
        error: String? = nil,
        permission: Permission? = nil
    ) {
        self.motd = motd
        self.currentClientVersion = currentClientVersion
        self.error = error
        self.permission = permission
    }
}
