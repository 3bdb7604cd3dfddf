package import Admission
package import LinuxIO
package import MailboxRules
package import WormholeWire

/// How the mailbox server is run.
package struct MailboxConfiguration: Sendable {
    /// The channel database, or `:memory:`.
    package var channelDatabasePath: String
    package var synchronization = ChannelDatabase.Synchronization.full
    package var welcome = Welcome()
    /// What a client must show before it may bind.
    package var permission = PermissionPolicy.open
    /// With `false`, `list` is always answered with nothing.
    package var allowsList = true
    package var limits = MailboxLimits()
    package var expiry = ExpiryPolicy()
    /// How often what has expired is removed.
    package var expiryInterval: Duration = .seconds(300)
    /// The application of the server's own test; `nil` when there is none.
    package var selfTestApp: AppID?
    /// One log line with the client's address for every connection. Off while usage is blurred.
    package var logsConnections = false

    /// From which addresses `X-Real-IP` and `X-Real-Port` are believed; from Unix sockets they always are.
    package var trustedProxies = AddressRange.loopback

    /// The longest message of a client in bytes; beyond it, Close 1009.
    package var maximumMessageSize = 1 << 20
    /// Bytes that may wait for one client that does not read; beyond it, the connection ends.
    package var maximumSendBuffer = 8 << 20
    /// Connections at the same time; beyond it, upgrades are answered with 503. 0 means unlimited.
    package var maximumConnections = 0
    /// Connections without a complete upgrade request; beyond it, they are closed at once.
    package var maximumUnfinishedUpgrades = 1024

    // A source is an IPv4 address or an IPv6 network of 64 bits. This machine and Unix sockets are no sources, because a proxy
    // there speaks for many; what a trusted one says of its client is.

    /// Connections of one source at the same time, and those without a complete upgrade request. 0 means unlimited.
    package var maximumConnectionsPerSource = 0
    package var maximumUnfinishedUpgradesPerSource = 0
    /// New connections a second, of everybody together and of one source. 0 means unlimited.
    package var connectionRate = 0
    package var connectionRatePerSource = 0
    /// Commands of one connection; who is faster is read more slowly.
    package var commands = Pace.unlimited
    /// Whether this machine counts as a source, too.
    package var countsLoopbackSources = false

    /// Bytes that may wait for the disk; beyond it, what would have to be stored is refused.
    package var maximumBacklog = 32 << 20

    /// The database of address ids, or `:memory:`; `nil`: there are none.
    package var addressDatabasePath: String?
    /// How long a generation of address ids lives.
    package var addressGenerationDuration: Duration = .seconds(86_400)
    package var pingInterval: Duration = .seconds(60)
    package var pingTimeout: Duration = .seconds(600)
    /// From accept to a complete upgrade request.
    package var upgradeTimeout: Duration = .seconds(10)
    /// How long a client has to answer our Close.
    package var closeTimeout: Duration = .seconds(1)
    /// The value of the `Server` header.
    package var serverName = "wormhole-server"

    package init(channelDatabasePath: String) {
        self.channelDatabasePath = channelDatabasePath
    }

    /// What the doorkeepers of the process count their connections in.
    package var census = SourceCensus()

    var admission: AdmissionLimits {
        var limits = AdmissionLimits()
        limits.connections = maximumConnections
        limits.connectionsPerSource = maximumConnectionsPerSource
        limits.handshakes = 0
        limits.handshakesPerSource = 0
        limits.connectionRate = connectionRate
        limits.connectionRatePerSource = connectionRatePerSource
        return limits
    }
}
