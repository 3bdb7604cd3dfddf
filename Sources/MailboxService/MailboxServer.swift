package import LinuxIO
package import Logging
import MailboxRules
import NIOCore
package import Observations
import Sockets
import Synchronization
import WebSocketServer

/// The mailbox server: one listening socket, one event loop, one channel database.
package final class MailboxServer: Sendable {
    private let configuration: MailboxConfiguration
    /// Where its state is owned.
    let eventLoop: SocketLoop
    let loop: NIOLoopBoundBox<MailboxLoop>
    private let state: Mutex<State>
    private let logger: Logger
    private let name: String
    private let expectsProxyHeader: Bool
    /// The version of the channel database's tables.
    package let channelSchemaVersion: Int

    private struct State: ~Copyable {
        /// Until the listener has it.
        var socket: Descriptor?
        var listener: WebSocketListener?
    }

    /// Opens the channel database, and makes the loop of what is stored; nothing is accepted before ``start()``.
    ///
    /// - Parameter channels: The database that ``MailboxConfiguration/channelDatabasePath`` names, where it was begun to be read.
    /// - Throws: ``ChannelDatabaseError``.
    package init(
        configuration: MailboxConfiguration,
        channels: ChannelReading? = nil,
        listener: consuming ListeningSocket,
        pipeline: ObservationPipeline,
        pulse: any LoopPulse = .unwatched,
        logger: Logger
    ) throws {
        self.configuration = configuration
        self.logger = logger
        let reading = channels ?? ChannelReading(of: configuration.channelDatabasePath)
        let (database, stored) = try reading.open(configuration.synchronization)
        channelSchemaVersion = try database.schemaVersion()
        name = listener.name
        expectsProxyHeader = listener.expectsProxyHeader
        state = Mutex(State(socket: Descriptor(owning: listener.release()), listener: nil))
        eventLoop = try SocketLoop.start(name: "mailbox", standIn: "mailbox-standin")
        let addressIDs = try Self.addressIDs(configuration, database, eventLoop, logger)
        let mailbox = MailboxLoop(
            configuration: configuration,
            stored: stored,
            database: database,
            addressIDs: addressIDs,
            eventLoop: eventLoop,
            source: pipeline.makeSource(),
            pulse: pulse,
            logger: logger
        )
        loop = .makeBoxSendingValue(mailbox, eventLoop: eventLoop)
    }

    /// The ids of addresses, where they are wanted; a new generation begins.
    private static func addressIDs(
        _ configuration: MailboxConfiguration,
        _ database: ChannelDatabase,
        _ eventLoop: SocketLoop,
        _ logger: Logger
    ) throws -> AddressIDs? {
        guard let path = configuration.addressDatabasePath else { return nil }
        let ids = try AddressIDs(
            path: path,
            lastGeneration: try database.lastAddressGeneration(),
            duration: configuration.addressGenerationDuration,
            at: .now,
            uptime: Uptime(.now()),
            eventLoop: eventLoop,
            logger: logger
        )
        try database.write(ids.generation)
        return ids
    }

    /// Every open connection, oldest first.
    package func connections() async throws -> [ConnectionSnapshot] {
        try await eventLoop.submit { self.loop.value.snapshots() }.get()
    }

    /// Begins to accept.
    package func start() async throws {
        let settings = webSocketConfiguration
        let listener = try await eventLoop.submit { [self] in
            let mailbox = loop.value
            mailbox.start()
            guard let socket = state.withLock({ $0.socket.take() }) else {
                preconditionFailure("a mailbox server is started once")
            }
            return try WebSocketListener.start(
                on: socket,
                eventLoop: mailbox.eventLoop,
                configuration: settings,
                delegate: MailboxRoutes(loop: mailbox)
            )
        }.get()
        state.withLock { $0.listener = listener }
        logger.info("Mailbox starting on \(name)")
    }

    private var webSocketConfiguration: WebSocketConfiguration {
        var settings = WebSocketConfiguration(
            serverName: configuration.serverName,
            delivery: .wholeMessages(upTo: configuration.maximumMessageSize)
        )
        settings.pingInterval = configuration.pingInterval
        settings.pingTimeout = configuration.pingTimeout
        settings.upgradeTimeout = configuration.upgradeTimeout
        settings.maximumUnfinishedUpgrades = configuration.maximumUnfinishedUpgrades
        settings.maximumUnfinishedUpgradesPerSource = configuration.maximumUnfinishedUpgradesPerSource
        settings.countsLoopbackSources = configuration.countsLoopbackSources
        settings.expectsProxyHeader = expectsProxyHeader
        settings.closeTimeout = configuration.closeTimeout
        return settings
    }

    /// Looks for state that should not exist, in pieces small enough not to keep anybody waiting.
    ///
    /// Not to be called while, or after, the server stops.
    package func audit() async -> [InvariantFinding] {
        // The loop runs as long as the server is not stopped, so that there is an answer.
        (try? await eventLoop.flatSubmit { self.loop.value.audit() }.get()) ?? []
    }

    /// Runs `body` on the loop.
    ///
    /// - Returns: `nil` when the loop runs no more.
    func onLoop<Result: Sendable>(_ body: @escaping @Sendable (MailboxLoop) -> Result) async -> Result? {
        try? await eventLoop.submit { body(self.loop.value) }.get()
    }

    /// Stops accepting, keeps what was promised, sends Close 1001 to every client, and closes the database.
    package func stop() async {
        do {
            try await state.withLock({ $0.listener })?.stopAccepting().get()
            let grace = TimeAmount(configuration.closeTimeout * 2)
            try await eventLoop.flatSubmit { self.loop.value.stop(closeTimeout: grace) }.get()
            try await eventLoop.shutdownGracefully()
        } catch {
            logger.error("the mailbox server did not stop cleanly: \(error)")
        }
    }
}
