import Appliance
import ArgumentParser

/// What clients of the mailbox server may make it hold and do; 0 means unlimited.
///
/// A source is an IPv4 address or an IPv6 network of 64 bits. Rates and limits per source leave out this machine and Unix sockets,
/// unless a proxy that is believed tells the client's address.
struct MailboxLimitOptions: ParsableArguments {
    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "The longest message; beyond it, Close 1009. Never more than 512 MiB.",
            valueName: "bytes"
        )
    )
    var maxMessageSize = MailboxLimitSettings().messageBytes

    @Option(parsing: .unconditional, help: ArgumentHelp("Messages in one mailbox.", valueName: "number"))
    var maxMailboxMessages = MailboxLimitSettings().messagesPerMailbox

    @Option(parsing: .unconditional, help: ArgumentHelp("Bytes of the messages in one mailbox.", valueName: "bytes"))
    var maxMailboxBytes = MailboxLimitSettings().bytesPerMailbox

    @Option(parsing: .unconditional, help: ArgumentHelp("Bytes of all stored messages.", valueName: "bytes"))
    var maxStoredBytes = MailboxLimitSettings().storedBytes

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Bytes that may wait for a client that does not read.", valueName: "bytes")
    )
    var maxSendBuffer = MailboxLimitSettings().sendBufferBytes

    @Option(parsing: .unconditional, help: ArgumentHelp("From connecting to 'bind'.", valueName: "seconds"))
    var bindTimeout = MailboxLimitSettings().bindSeconds

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Connections whose upgrade request is not complete.", valueName: "number")
    )
    var maxUnfinishedUpgrades = MailboxLimitSettings().unfinishedUpgrades

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "The same of one IPv4 address or IPv6 /64 (default: 32; 'mailbox': 0).",
            valueName: "number"
        )
    )
    var maxUnfinishedUpgradesPerSource: Int?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Open connections (default: four fifths of the descriptors, at most 20000).",
            valueName: "number"
        )
    )
    var maxConnections: Int?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "The same of one source; like all limits per source not for this host and Unix sockets, unless a proxy that is believed tells the client's address (default: 128; 'mailbox': 0).",
            valueName: "number"
        )
    )
    var maxConnectionsPerSource: Int?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "New connections a second, this host included; twice as many after a rest (default: 500; 'mailbox': 0).",
            valueName: "number"
        )
    )
    var connectionRate: Int?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "The same of one source; six times as many after a rest (default: 10; 'mailbox': 0).",
            valueName: "number"
        )
    )
    var connectionRatePerSource: Int?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Commands of a connection a second, beyond which it is read more slowly; five times as many after a rest (default: 20; 'mailbox': 0).",
            valueName: "number"
        )
    )
    var commandRate: Int?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("'allocate' of one source a minute (default: 20; 'mailbox': 0).", valueName: "number")
    )
    var allocateRate: Int?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("'claim' of one source a minute (default: 30; 'mailbox': 0).", valueName: "number")
    )
    var claimRate: Int?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("'list' of one source a minute (default: 6; 'mailbox': 0).", valueName: "number")
    )
    var listRate: Int?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Nameplates of one source at a time; who comes to one that exists is always let in (default: 50; 'mailbox': 0).",
            valueName: "number"
        )
    )
    var maxNameplatesPerSource: Int?

    func validate() throws {
        let optional = [
            ("--max-unfinished-upgrades-per-source", maxUnfinishedUpgradesPerSource),
            ("--max-connections", maxConnections), ("--max-connections-per-source", maxConnectionsPerSource),
            ("--connection-rate", connectionRate), ("--connection-rate-per-source", connectionRatePerSource),
            ("--command-rate", commandRate), ("--allocate-rate", allocateRate), ("--claim-rate", claimRate),
            ("--list-rate", listRate), ("--max-nameplates-per-source", maxNameplatesPerSource),
        ]
        for case (let name, let value?) in optional where !(0...1_000_000).contains(value) {
            throw ValidationError("\(name) takes 0 to 1000000, not \(value)")
        }
        let values = [
            ("--max-mailbox-messages", maxMailboxMessages),
            ("--max-mailbox-bytes", maxMailboxBytes), ("--max-stored-bytes", maxStoredBytes),
            ("--max-send-buffer", maxSendBuffer), ("--bind-timeout", bindTimeout),
            ("--max-unfinished-upgrades", maxUnfinishedUpgrades),
        ]
        let largest = MailboxLimitSettings.largestMessage
        guard (0...largest).contains(maxMessageSize) else {
            throw ValidationError("--max-message-size takes 0 to \(largest), not \(maxMessageSize)")
        }
        for (name, value) in values where !(0...1 << 40).contains(value) {
            throw ValidationError("\(name) takes 0 to \(1 << 40), not \(value)")
        }
    }

    func settings(_ profile: MailboxProfile) -> MailboxLimitSettings {
        var settings = MailboxLimitSettings()
        settings.messageBytes = maxMessageSize
        settings.messagesPerMailbox = maxMailboxMessages
        settings.bytesPerMailbox = maxMailboxBytes
        settings.storedBytes = maxStoredBytes
        settings.sendBufferBytes = maxSendBuffer
        settings.bindSeconds = bindTimeout
        settings.unfinishedUpgrades = maxUnfinishedUpgrades
        settings.unfinishedUpgradesPerSource = profile.value(maxUnfinishedUpgradesPerSource, or: 32)
        settings.connections = maxConnections
        settings.connectionsPerSource = profile.value(maxConnectionsPerSource, or: 128)
        settings.connectionRate = profile.value(connectionRate, or: 500)
        settings.connectionRatePerSource = profile.value(connectionRatePerSource, or: 10)
        settings.commandRate = profile.value(commandRate, or: 20)
        settings.allocateRate = profile.value(allocateRate, or: 20)
        settings.claimRate = profile.value(claimRate, or: 30)
        settings.listRate = profile.value(listRate, or: 6)
        settings.nameplatesPerSource = profile.value(maxNameplatesPerSource, or: 50)
        return settings
    }
}
