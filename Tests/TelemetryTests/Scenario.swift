import Observations
import WormholeWire

@testable import Telemetry

/// A day in the life of a server, short: it moves every metric that observations move.
enum Scenario {
    static let mailboxConnection = ConnectionKind(component: .mailbox, transport: .webSocket, family: .ipv6)
    static let transitConnection = ConnectionKind(component: .transit, transport: .tcp, family: .ipv4)

    static let observations: [Observation] = [
        .lifecycleChanged(.ready), .readinessChanged(.mailbox, isReady: true),
        .connectionAccepted(mailboxConnection), .connectionAccepted(mailboxConnection),
        .connectionAccepted(transitConnection),
        .connectionClosed(transitConnection, cause: .peerClose, lifetime: .seconds(7)),
        .connectionRejected(.mailbox, reason: .badUpgrade), .acceptFailed(.processDescriptors),
        .keepaliveAnswered(.mailbox, roundTrip: .milliseconds(30)), .limitHit(.transitIdle),
        .commandFinished(.bind, outcome: .ok, duration: .microseconds(80)), .clientBound(Sample.binding()),
        .commandFinished(.allocate, outcome: .ok, duration: .microseconds(900)), .nameplateAllocated(digits: 1),
        .permissionDifficultyChanged(bits: 20), .permissionChallenged(.hashcash, result: .issued),
        .commandFinished(.unknown, outcome: .clientError, duration: .microseconds(10)), .errorSent(.unknownType),
        .messageReceived(bytes: 100), .messageDelivered(bytes: 100, latency: .milliseconds(2)),
        .messagesReplayed(count: 3, bytes: 60), .sideReconnected, .pruned(nameplates: 1, mailboxes: 2, messages: 3),
        .mailboxCapacityChanged(connections: 1000, storedBytes: 1 << 20),
        .mailboxLevels(levels), .nameplateRetired(Sample.nameplate()), .mailboxRetired(Sample.mailbox()),
        .handshakeFinished(form: .sided, result: .ok),
        .transitPaired(
            .init(waitingTime: .seconds(3), setupTime: .microseconds(50), path: .tcpToTCP, isSameSource: true)
        ),
        .transitProgressed(path: .tcpToTCP, bytes: 50_000_000), .transitReadPaused(.milliseconds(250)),
        .transitThrottled(.transitGlobalRate, .seconds(2)), .transitRatesChanged(session: 1000, global: 2000),
        .transitCapacityChanged(connections: 5000, bufferedBytes: 1 << 29),
        .transitWaitingLevels(.init(connections: 3, tokens: 2, oldest: Sample.start)),
        .relayLevels(.init(owner: 0, sessions: 2, incompleteBytes: 1999, bufferedBytes: 4096)),
        .relayLevels(.init(owner: 1, sessions: 1, incompleteBytes: 2_000, bufferedBytes: 0)),
        .relayLevels(.init(owner: 0, sessions: 1, incompleteBytes: 999, bufferedBytes: 1024)),
        .transitEnded(Sample.transfer(bytes: 50_000_001, mood: .happy, waiting: .seconds(3))),
        .transitEnded(Sample.transfer(mood: .jilted)), .transitEnded(Sample.transfer(mood: .lonely)),
        .databaseUsed(.channel, .write, duration: .milliseconds(3)), .databaseFailed(.channel, kind: .busy),
        .maintenanceFinished(.prune, succeeded: true, duration: .milliseconds(4)),
        .sourceLevels(.init(connections: 8, sources: 3, ofBusiest: 2)),
        .deniedRangesChanged(12),
        .limitTableLevels(.transit, .init(entries: 7, capacity: 10, evictions: 1)),
        .limitTableLevels(.mailbox, .init(entries: 5, capacity: 10, evictions: 2)),
        .internalErrorCaught(.mailbox), .invariantViolated(.transitPairs),
        .selfTestFinished(.mailbox, succeeded: true, duration: .milliseconds(20)),
        .selfTestFinished(.transit, succeeded: false, duration: .seconds(10)), .lifecycleChanged(.draining),
        .configurationReloaded(succeeded: false), .configurationReloaded(succeeded: true),
    ]

    static var levels: MailboxLevels {
        var levels = MailboxLevels()
        levels.apps = 1
        levels.nameplates = .init(lonely: 2, paired: 1)
        levels.shortNameplates.ofOneDigit = 3
        levels.shortNameplates.ofThreeDigits = 9
        levels.mailboxes = .init(lonely: 1, paired: 4, crowded: 1)
        levels.storedMessages = 9
        levels.storedBytes = 900
        levels.subscriptions = 5
        levels.sendQueueBytes = 77
        return levels
    }

    static func configuration() -> TelemetryConfiguration {
        var configuration = TelemetryConfiguration()
        configuration.build = BuildInfo(version: "1.2.3", revision: "abc", swiftVersion: "6.3")
        configuration.readinessChecks = [.mailbox, .transit, .channelDatabase]
        configuration.maintenanceTasks = [.prune]
        configuration.listedVersions = ["0.24.0"]
        configuration.selfTestProbes = [.mailbox, .transit]
        configuration.commitInterval = .milliseconds(20)
        return configuration
    }
}
