/// What the admin endpoint allows.
///
/// The limits are small, since a handful of monitors and people are all that ever connects.
package struct AdminConfiguration: Sendable {
    /// Names besides the loopback ones by which the endpoint may be addressed.
    package var allowedHosts: Set<String> = []
    /// Connections at a time. Room for some of every operator's tools.
    package var connectionLimit = 32
    /// Connections at a time from one address; those beyond are closed at once. All local tools share one address, so it
    /// leaves room for a browser's six beside monitors; a local program that takes all of them shuts the others of its
    /// address out for ``idleTimeout`` at most.
    package var connectionLimitPerAddress = 16
    /// Seconds without a byte after which a connection is closed.
    package var idleTimeout = 10
    /// Bytes for a request's line and headers, and for the headers of its answer.
    package var memoryPerConnection = 16 * 1024

    package init() {}

    /// The same with every limit in force: libmicrohttpd reads zero as no limit at all.
    var bounded: Self {
        var bounded = self
        bounded.connectionLimit = max(1, connectionLimit)
        bounded.connectionLimitPerAddress = max(1, connectionLimitPerAddress)
        bounded.idleTimeout = max(1, idleTimeout)
        bounded.memoryPerConnection = max(1024, memoryPerConnection)
        return bounded
    }
}
