/// Where a client's connection comes from, as it is told in `your-address`.
package enum ClientAddress: Hashable, Sendable {
    /// Dotted quad, and a port from 0 to 65,535.
    case ipv4(String, port: Int)
    /// Colon-separated, without brackets or scope, and a port from 0 to 65,535.
    case ipv6(String, port: Int)
}
