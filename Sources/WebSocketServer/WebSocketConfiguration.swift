/// How a WebSocket listener treats its clients: names, sizes and times.
package struct WebSocketConfiguration: Sendable {
    /// How the payload of data messages reaches the client object.
    package enum Delivery: Sendable, Equatable {
        /// Every message once it is complete. One that is announced or has grown larger is answered with Close 1009.
        case wholeMessages(upTo: Int)
        /// Every message as its bytes arrive, in pieces of at most this many bytes; the connection itself keeps none of
        /// them back, so message boundaries show only in `isFinal`. No limit on the size of a message.
        case pieces(upTo: Int)
    }

    /// The value of the `Server` header in every answer.
    package var serverName: String
    package var delivery: Delivery
    /// A client that has sent nothing for this long gets a Ping. Zero: no Pings.
    package var pingInterval = Duration.seconds(60)
    /// A client that sends neither the Pong nor any data for this long after a Ping is gone. Zero: never.
    package var pingTimeout = Duration.seconds(600)
    /// A client for which output is queued is not given up for a missing Pong: it may be unable to send one.
    package var sparesClientsUnderBackpressure = true
    /// A connection whose request is not complete this long after it was accepted is closed.
    package var upgradeTimeout = Duration.seconds(10)
    /// How long a closing connection may stand still: no byte taken by the client, and no Close from it.
    package var closeTimeout = Duration.seconds(5)
    /// How long, and for how many bytes, input is still taken and thrown away once everything has been sent, so that
    /// the kernel has no reason to reset the connection.
    package var drainTimeout = Duration.seconds(2)
    package var maximumDrainedBytes = 1 << 20
    /// Longer requests are answered with 431.
    package var maximumHeaderBytes = 16 << 10
    /// Connections beyond this number without a complete request are closed at once.
    package var maximumUnfinishedUpgrades = 1024
    /// The same of one source: an IPv4 address or an IPv6 network of 64 bits. 0: any number.
    package var maximumUnfinishedUpgradesPerSource = 0
    /// Whether this machine counts as a source, too.
    package var countsLoopbackSources = false
    /// Whether a proxy in front begins every connection with a header of the PROXY protocol. One without it is closed.
    package var expectsProxyHeader = false
    /// A connection with more bytes than this queued for its client is no longer writable, until there are fewer than
    /// half of them.
    package var outputHighWaterMark = 64 << 10
    /// How many connections are accepted before others have their turn.
    package var acceptsPerTurn = 64
    /// How long accepting rests after it has failed.
    package var acceptPause = Duration.milliseconds(100)

    package init(serverName: String, delivery: Delivery) {
        self.serverName = serverName
        self.delivery = delivery
    }
}
