/// How many connections are let in. Zero stands for any number.
///
/// A source is an IPv4 address or an IPv6 network of 64 bits; schools and providers hide many people behind one.
package struct AdmissionLimits: Equatable, Sendable {
    /// Open connections, all together.
    package var connections = 0
    /// Open connections of one source.
    package var connectionsPerSource = 128
    /// Connections that have not said their handshake yet, all together.
    package var handshakes = 1024
    /// The same of one source.
    package var handshakesPerSource = 32
    /// New connections a second, all together; twice as many after a rest.
    package var connectionRate = 0
    /// The same of one source; six times as many after a rest.
    package var connectionRatePerSource = 0

    package init() {}
}
