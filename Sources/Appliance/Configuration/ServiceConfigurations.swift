internal import Admission
internal import LinuxIO
internal import MailboxService
internal import MailboxRules
internal import Observations
internal import Telemetry
internal import TransitService
internal import WormholeWire

// How the operator's settings become the services' own.

extension ApplianceConfiguration {
    var telemetry: TelemetryConfiguration {
        var result = TelemetryConfiguration()
        result.build = BuildInfo(version: ApplianceVersion.current, revision: ApplianceVersion.revision)
        result.configurationDigest = ConfigurationDigest(of: self).text
        result.usageDatabasePath = records.databasePath
        result.usageSchema = records.schema
        result.logDescriptor = records.logDescriptor
        result.logKinds = records.logKinds
        result.blurSeconds = records.blurSeconds
        result.hasStrictPrivacy = records.hasStrictPrivacy
        result.usageRetention = records.retentionSeconds.map { .seconds($0) }
        result.stateDirectory = stateDirectory
        result.listedVersions = listedVersions
        if let mailbox {
            result.readinessChecks.formUnion([.mailbox, .channelDatabase])
            result.maintenanceTasks.insert(.prune)
            if mailbox.channelDatabasePath != ":memory:" { result.maintenanceTasks.insert(.checkpoint) }
            result.channelDatabasePath = mailbox.channelDatabasePath
        }
        if transit != nil { result.readinessChecks.insert(.transit) }
        result.maintenanceTasks.formUnion([.consistency, .addressRotation])
        if records.databasePath != nil || mailbox != nil { result.maintenanceTasks.insert(.backup) }
        if selfTestInterval > .zero {
            if mailbox != nil { result.selfTestProbes.insert(.mailbox) }
            if transit != nil { result.selfTestProbes.insert(.transit) }
        }
        return result
    }

    var accessFiles: AccessFiles { AccessFiles(allow: allowFile, deny: denyFile) }

    /// How the mailbox server is run; `nil` when it is not.
    ///
    /// - Parameters:
    ///   - identity: Who the server is as its own client, if it is one.
    ///   - census: What the doorkeepers of the process count their connections in.
    func mailboxService(
        testedAs identity: SelfTestIdentity?,
        census: SourceCensus = SourceCensus()
    ) -> MailboxConfiguration? {
        guard let mailbox else { return nil }
        var result = MailboxConfiguration(channelDatabasePath: mailbox.channelDatabasePath)
        result.census = census
        result.welcome.motd = mailbox.messageOfTheDay
        // Clients take the mere presence of these for one.
        result.welcome.currentClientVersion = mailbox.advertisedVersion.flatMap { $0.isEmpty ? nil : $0 }
        result.welcome.error = mailbox.errorSignal.flatMap { $0.isEmpty ? nil : $0 }
        result.allowsList = mailbox.allowsList
        // Addresses are for operators who keep everything; whoever blurs does not want them.
        result.logsConnections = records.blurSeconds == 0
        result.serverName = ApplianceVersion.serverName
        result.synchronization = mailbox.survivesPowerCut ? .full : .normal
        result.expiry = mailbox.expiry
        result.trustedProxies = mailbox.trustedProxies
        if let bits = mailbox.hashcashBits {
            result.permission = .hashcash(bits: bits, isRequired: mailbox.requiresHashcash)
        }
        result.addressDatabasePath = mailbox.addressDatabasePath
        result.addressGenerationDuration = .seconds(mailbox.addressGenerationSeconds)
        result.selfTestApp = identity?.appID
        mailbox.limits.apply(to: &result)
        mailbox.webSocket.apply(to: &result)
        return result
    }

    /// How the relay is run; `nil` when it is not.
    ///
    /// - Parameter identity: Who the server is as its own client, if it is one.
    func transitService(testedAs identity: SelfTestIdentity?) -> TransitConfiguration? {
        guard let transit else { return nil }
        var result = TransitConfiguration()
        result.serverName = ApplianceVersion.serverName
        result.selfTestToken = identity?.token
        transit.limits.apply(to: &result)
        return result
    }
}

extension MailboxSettings {
    fileprivate var expiry: ExpiryPolicy {
        var expiry = ExpiryPolicy(standard: .seconds(expirySeconds))
        for (app, seconds) in expirySecondsPerApp {
            // A name that no client can have needs no policy.
            if let app = AppID(app) { expiry.perApp[app] = .seconds(seconds) }
        }
        return expiry
    }
}

extension MailboxLimitSettings {
    fileprivate func apply(to configuration: inout MailboxConfiguration) {
        configuration.maximumMessageSize = Self.messageSize(allowing: messageBytes)
        configuration.limits.messagesPerMailbox = messagesPerMailbox
        configuration.limits.bytesPerMailbox = bytesPerMailbox
        configuration.limits.storedBytes = storedBytes
        configuration.limits.bindTimeout = .seconds(bindSeconds)
        configuration.maximumSendBuffer = sendBufferBytes
        configuration.maximumUnfinishedUpgrades = unfinishedUpgrades == 0 ? .max : unfinishedUpgrades
        configuration.maximumUnfinishedUpgradesPerSource = unfinishedUpgradesPerSource
        configuration.maximumConnections = connections ?? Self.standardConnections
        configuration.maximumConnectionsPerSource = connectionsPerSource
        configuration.connectionRate = connectionRate
        configuration.connectionRatePerSource = connectionRatePerSource
        configuration.commands = Pace(commandRate, per: .seconds(1), burst: 5 * commandRate)
        configuration.limits.allocations = Pace(allocateRate, per: .seconds(60), burst: allocateRate)
        configuration.limits.claims = Pace(claimRate, per: .seconds(60), burst: claimRate)
        configuration.limits.lists = Pace(listRate, per: .seconds(60), burst: listRate)
        configuration.limits.nameplatesPerSource = nameplatesPerSource
    }

    /// - Parameter bytes: 0 for as much as can be.
    fileprivate static func messageSize(allowing bytes: Int) -> Int {
        bytes == 0 ? largestMessage : min(bytes, largestMessage)
    }

    /// Leaves descriptors for files, the relay and the admin endpoint.
    private static var standardConnections: Int {
        DescriptorLimit.current.map { min(20_000, max(1, $0 / 5 * 4)) } ?? 20_000
    }
}

extension TransitLimitSettings {
    fileprivate func apply(to configuration: inout TransitConfiguration) {
        configuration.handshakeTimeout = .seconds(handshakeSeconds)
        configuration.waitTimeout = .seconds(waitSeconds)
        configuration.idleTimeout = .seconds(idleSeconds)
        configuration.stalledDrainTimeout = .seconds(stalledDrainSeconds)
        configuration.maximumSessionDuration = .seconds(sessionSeconds)
        configuration.maximumSessionBytes = sessionBytes
        configuration.connections = connections
        configuration.connectionsPerSource = connectionsPerSource
        configuration.handshakes = handshakes
        configuration.handshakesPerSource = handshakesPerSource
        configuration.connectionRate = connectionRate
        configuration.connectionRatePerSource = connectionRatePerSource
        configuration.waitingPerSourceAndToken = waitingPerSourceAndToken
        configuration.sessionRate = sessionRate
        configuration.globalRate = globalRate
        configuration.pipes = pipes
        configuration.workers = workers
    }
}

extension WebSocketOptions {
    /// The original's word for no limit, 0, leaves the server's own limit of a message in place.
    fileprivate func apply(to configuration: inout MailboxConfiguration) {
        configuration.pingInterval = pingInterval
        configuration.pingTimeout = pingTimeout
        configuration.upgradeTimeout = openingTimeout
        configuration.closeTimeout = closingTimeout
        if maximumConnections > 0 { configuration.maximumConnections = maximumConnections }
        // Clients send a message in one frame: the smaller of the two limits is the one that counts.
        let limits = [maximumMessageBytes, maximumFrameBytes].filter { $0 > 0 }
        if let limit = limits.min() {
            configuration.maximumMessageSize = MailboxLimitSettings.messageSize(allowing: limit)
        }
    }
}
