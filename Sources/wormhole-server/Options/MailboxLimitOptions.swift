import Appliance
import ArgumentParser

/// What clients of the mailbox server may make it hold; 0 means unlimited.
struct MailboxLimitOptions: ParsableArguments {
    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("The longest message; beyond it, Close 1009.", valueName: "bytes")
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

    func validate() throws {
        let values = [
            ("--max-message-size", maxMessageSize), ("--max-mailbox-messages", maxMailboxMessages),
            ("--max-mailbox-bytes", maxMailboxBytes), ("--max-stored-bytes", maxStoredBytes),
            ("--max-send-buffer", maxSendBuffer), ("--bind-timeout", bindTimeout),
            ("--max-unfinished-upgrades", maxUnfinishedUpgrades),
        ]
        for (name, value) in values where !(0...1 << 40).contains(value) {
            throw ValidationError("\(name) takes 0 to \(1 << 40), not \(value)")
        }
    }

    var settings: MailboxLimitSettings {
        var settings = MailboxLimitSettings()
        settings.messageBytes = maxMessageSize
        settings.messagesPerMailbox = maxMailboxMessages
        settings.bytesPerMailbox = maxMailboxBytes
        settings.storedBytes = maxStoredBytes
        settings.sendBufferBytes = maxSendBuffer
        settings.bindSeconds = bindTimeout
        settings.unfinishedUpgrades = maxUnfinishedUpgrades
        return settings
    }
}
