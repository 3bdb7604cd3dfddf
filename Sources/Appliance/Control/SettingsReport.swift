internal import Admin
internal import Admission
internal import LinuxIO
internal import Logging
internal import MailboxService
internal import Telemetry
internal import TransitService
internal import WormholeWire

/// A configuration by the names of its options, each with where it comes from. Secrets are not in it: a file that holds one is
/// named by its path.
struct SettingsReport {
    private(set) var settings: [AdminSetting] = []
    private let origins: SettingOrigins
    private let changed: (String) -> AdminSetting.Origin?

    /// - Parameters:
    ///   - origins: Where the options of the start come from.
    ///   - changed: Where the value of an option comes from instead, if it was changed.
    init(
        _ configuration: ApplianceConfiguration,
        _ origins: SettingOrigins,
        changed: @escaping (String) -> AdminSetting.Origin? = { _ in nil }
    ) {
        self.origins = origins
        self.changed = changed
        addProcess(configuration)
        if let mailbox = configuration.mailbox {
            add(mailbox, connections: configuration.mailboxService(testedAs: nil)?.maximumConnections)
        }
        if let transit = configuration.transit {
            add(transit, connections: configuration.transitService(testedAs: nil)?.admission.connections)
        }
    }

    /// - Parameter names: How commands call it, the usual name first.
    private mutating func add(_ names: String..., value: JSONValue) {
        let name = origins.name(among: names)
        settings.append(AdminSetting(name, value, changed(names[0]) ?? origins.origin(of: name)))
    }

    private mutating func addProcess(_ configuration: ApplianceConfiguration) {
        add("admin", value: .string(configuration.admin?.description ?? "none"))
        add("admin-socket", value: .string(configuration.adminSocket?.description ?? "none"))
        add("admin-token-file", value: JSONValue(configuration.adminTokenFile))
        add("admin-network", value: .bool(configuration.allowsAdminNetwork))
        add("admin-host", value: .array(configuration.adminHosts.sorted().map { .string($0) }))
        add("allow-file", value: JSONValue(configuration.allowFile))
        add("deny-file", value: JSONValue(configuration.denyFile))
        add("state-dir", value: JSONValue(configuration.stateDirectory))
        let records = configuration.records
        add("usage-db", value: .string(records.databasePath ?? "none"))
        add("blur-usage", value: .integer(records.blurSeconds))
        add("usage-retention", value: JSONValue(records.retentionSeconds.map { $0 / 86400 }))
        add("privacy", value: records.hasStrictPrivacy ? "strict" : "standard")
        add("log-fd", value: JSONValue(records.logDescriptor.map { Int($0) }))
        add("log-kinds", value: .array(records.logKinds.map(\.rawValue).sorted().map { .string($0) }))
        add("metrics-version", value: .array(configuration.listedVersions.map { .string($0) }))
        add("drain-timeout", value: .number(configuration.drainTimeout.seconds))
        add("selftest-interval", value: .number(configuration.selfTestInterval.seconds))
        add("log-level", value: .string(configuration.logLevel.rawValue))
        add("log-file", value: JSONValue(configuration.logFile))
        add("log-format", value: .string(configuration.logFormat.rawValue))
    }

    /// - Parameter connections: As many as there may be, where nothing else is said.
    private mutating func add(_ mailbox: MailboxSettings, connections: Int?) {
        add("mailbox", "port", value: .string(mailbox.endpoint.description))
        add("channel-db", value: .string(mailbox.channelDatabasePath))
        add("disallow-list", value: .bool(!mailbox.allowsList))
        add("advertise-version", value: JSONValue(mailbox.advertisedVersion))
        add("signal-error", value: JSONValue(mailbox.errorSignal))
        add("motd", value: JSONValue(mailbox.messageOfTheDay))
        add("channel-sync", value: mailbox.survivesPowerCut ? "full" : "normal")
        let perApp = mailbox.expirySecondsPerApp.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        add("expire-after", value: .array(([String(mailbox.expirySeconds)] + perApp).map { .string($0) }))
        add("websocket-protocol-option", value: mailbox.webSocket.json)
        add("addrid-db", value: JSONValue(mailbox.addressDatabasePath))
        add("generation-duration", value: .integer(mailbox.addressGenerationSeconds))
        add("trust-proxy", value: .array(mailbox.trustedProxies.map { .string("\($0)") }))
        add("require-hashcash", value: JSONValue(mailbox.requiresHashcash ? mailbox.hashcashBits : nil))
        add("offer-hashcash", value: JSONValue(mailbox.requiresHashcash ? nil : mailbox.hashcashBits))
        let limits = mailbox.limits
        add("max-message-size", value: .integer(limits.messageBytes))
        add("max-mailbox-messages", value: .integer(limits.messagesPerMailbox))
        add("max-mailbox-bytes", value: .integer(limits.bytesPerMailbox))
        add("max-stored-bytes", value: .integer(limits.storedBytes))
        add("max-send-buffer", value: .integer(limits.sendBufferBytes))
        add("bind-timeout", value: .integer(limits.bindSeconds))
        add("max-unfinished-upgrades", value: .integer(limits.unfinishedUpgrades))
        add("max-unfinished-upgrades-per-source", value: .integer(limits.unfinishedUpgradesPerSource))
        add("max-connections", value: JSONValue(connections))
        add("max-connections-per-source", value: .integer(limits.connectionsPerSource))
        add("connection-rate", value: .integer(limits.connectionRate))
        add("connection-rate-per-source", value: .integer(limits.connectionRatePerSource))
        add("command-rate", value: .integer(limits.commandRate))
        add("allocate-rate", value: .integer(limits.allocateRate))
        add("claim-rate", value: .integer(limits.claimRate))
        add("list-rate", value: .integer(limits.listRate))
        add("max-nameplates-per-source", value: .integer(limits.nameplatesPerSource))
    }

    private mutating func add(_ transit: TransitSettings, connections: Int?) {
        add("transit", "port", value: .array(transit.tcp.map { .string($0.description) }))
        add("transit-websocket", "websocket", value: .array(transit.webSocket.map { .string($0.description) }))
        add("websocket-url", value: JSONValue(transit.webSocketURL))
        let limits = transit.limits
        add("handshake-timeout", value: .number(limits.handshakeSeconds))
        add("wait-timeout", value: .number(limits.waitSeconds))
        add("idle-timeout", value: .number(limits.idleSeconds))
        add("stalled-drain-timeout", value: .number(limits.stalledDrainSeconds))
        add("max-session-duration", value: .number(limits.sessionSeconds))
        add("max-session-bytes", value: .integer(limits.sessionBytes))
        add("max-relay-connections", value: JSONValue(connections))
        add("max-relay-connections-per-source", value: .integer(limits.connectionsPerSource))
        add("max-relay-handshakes", value: .integer(limits.handshakes))
        add("max-relay-handshakes-per-source", value: .integer(limits.handshakesPerSource))
        add("max-relay-waiting-per-source", value: .integer(limits.waitingPerSourceAndToken))
        add("max-relay-connection-rate", value: .integer(limits.connectionRate))
        add("max-relay-connection-rate-per-source", value: .integer(limits.connectionRatePerSource))
        add("session-rate", value: .integer(limits.sessionRate))
        add("global-rate", value: .integer(limits.globalRate))
        add("max-relay-pipes", value: .integer(limits.pipes))
        add("relay-workers", value: .integer(limits.workers))
    }
}

extension WebSocketOptions {
    /// The settings that have an effect, by the original's names for them.
    fileprivate var json: JSONValue {
        [
            "autoPingInterval": .number(pingInterval.seconds), "autoPingTimeout": .number(pingTimeout.seconds),
            "openHandshakeTimeout": .number(openingTimeout.seconds),
            "closeHandshakeTimeout": .number(closingTimeout.seconds),
            "maxMessagePayloadSize": .integer(maximumMessageBytes), "maxFramePayloadSize": .integer(maximumFrameBytes),
            "maxConnections": .integer(maximumConnections),
        ]
    }
}
