package import MailboxRules
package import Observations
package import WormholeWire

/// One open connection at one moment, for operators. Nothing in it tells where the client is or what it exchanges.
package struct ConnectionSnapshot: Equatable, Sendable {
    /// Never used twice while the process runs.
    package let id: UInt64
    package let connected: Timestamp
    package let addressID: AddressID?
    package let state: ConnectionStatus.State
    /// What the client said of its program; `nil` before it has bound, and when it said nothing.
    package let client: ClientVersion?
    /// When its last command came.
    package let active: Timestamp
    package let commands: [MailboxCommand: Int]
    /// Payload so far: from the client, and to it.
    package let bytesReceived: UInt64
    package let bytesSent: UInt64
}
