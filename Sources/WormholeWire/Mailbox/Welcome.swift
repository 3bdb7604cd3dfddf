/// What every client is told first. All parts are optional, for the client as for us.
package struct Welcome: Hashable, Sendable {
    /// A message of the day that clients print; may hold line breaks.
    package var motd: String?
    /// The client version the operator recommends; the Python client warns when it is another.
    package var currentClientVersion: String?
    /// Makes clients print it and quit. The server goes on serving.
    package var error: String?

    package init(motd: String? = nil, currentClientVersion: String? = nil, error: String? = nil) {
        self.motd = motd
        self.currentClientVersion = currentClientVersion
        self.error = error
    }
}
