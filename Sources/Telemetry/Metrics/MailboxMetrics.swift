import Observations
import WormholeWire

/// The mailbox server: commands, nameplates, mailboxes, messages, clients.
struct MailboxMetrics: Sendable {
    let commands: Counter<MailboxCommand, CommandOutcome>
    let commandDuration: Histogram<CommandClass>
    let errors: Counter<MailboxErrorKind>
    let binds: Counter<ApplicationLabel>
    let clientBinds: ClientBindCounter
    let apps: Gauge<>
    let nameplates: Gauge<SideCount>
    let allocated: Counter<DigitCount>
    let spaceUsed: Gauge<ShortLength>
    let nameplatesClosed: Counter<NameplateResult>
    let nameplateWait: Histogram<>
    let mailboxes: Gauge<SideCount>
    let mailboxesClosed: Counter<MailboxResult, ForNameplate>
    let lifetime: Histogram<>
    let storedMessages: Gauge<>
    let storedBytes: Gauge<>
    let storedLimitBytes: Gauge<>
    let messages: Counter<MessageDirection>
    let messageBytes: Counter<MessageDirection>
    let messageSize: Histogram<>
    let delivery: Histogram<>
    let replayed: Counter<>
    let reconnects: Counter<>
    let sendQueueBytes: Gauge<>
    let pruned: Counter<PrunedKind>
    let permissionChallenges: Counter<PermissionMethod, PermissionResult>
    let permissionDifficulty: Gauge<>

    init(_ table: inout MetricLayout, listedVersions: [String]) {
        commands = table.counter(
            "wormhole_mailbox_commands_total",
            "Client commands, counted when they finish.",
            unit: .commands,
            .stable,
            labels: MailboxCommand.self,
            CommandOutcome.self
        )
        commandDuration = table.histogram(
            "wormhole_mailbox_command_duration_seconds",
            "From receipt of a command to its reply being queued.",
            unit: .seconds,
            bounds: HistogramBounds.fast,
            .stable,
            labels: CommandClass.self
        )
        errors = table.counter(
            "wormhole_mailbox_errors_total",
            "Error replies by kind.",
            unit: .errors,
            .stable,
            labels: MailboxErrorKind.self
        )
        binds = table.counter(
            "wormhole_mailbox_binds_total",
            "Binds by application; those not listed are other.",
            unit: .binds,
            .stable,
            labels: ApplicationLabel.self
        )
        clientBinds = ClientBindCounter(&table, listedVersions: listedVersions)
        apps = table.gauge(
            "wormhole_mailbox_apps",
            "Applications that have something stored.",
            unit: .applications,
            .detail
        )
        nameplates = table.gauge(
            "wormhole_nameplates",
            "Claimed nameplates by number of sides.",
            unit: .nameplates,
            .stable,
            labels: SideCount.self
        )
        allocated = table.counter(
            "wormhole_nameplates_allocated_total",
            "Nameplates handed out, by length.",
            unit: .nameplates,
            .stable,
            labels: DigitCount.self
        )
        spaceUsed = table.gauge(
            "wormhole_nameplate_space_used_ratio",
            "Share of the 9, 90 and 900 short numbers that is taken in the fullest application, from 0 to 1.",
            unit: .ratio,
            .stable,
            labels: ShortLength.self
        )
        nameplatesClosed = table.counter(
            "wormhole_nameplates_closed_total",
            "Nameplates that are gone, by result.",
            unit: .nameplates,
            .stable,
            labels: NameplateResult.self
        )
        nameplateWait = table.histogram(
            "wormhole_nameplate_wait_seconds",
            "From the first side of a nameplate to the second.",
            unit: .seconds,
            bounds: HistogramBounds.human,
            .stable
        )
        mailboxes = table.gauge(
            "wormhole_mailboxes",
            "Open mailboxes by number of sides.",
            unit: .mailboxes,
            .stable,
            labels: SideCount.self
        )
        mailboxesClosed = table.counter(
            "wormhole_mailboxes_closed_total",
            "Mailboxes that are gone, by result.",
            unit: .mailboxes,
            .stable,
            labels: MailboxResult.self,
            ForNameplate.self
        )
        lifetime = table.histogram(
            "wormhole_mailbox_lifetime_seconds",
            "From the opening of a mailbox to its end.",
            unit: .seconds,
            bounds: HistogramBounds.human,
            .detail
        )
        storedMessages = table.gauge(
            "wormhole_mailbox_stored_messages",
            "Messages that are held.",
            unit: .messages,
            .stable
        )
        storedBytes = table.gauge(
            "wormhole_mailbox_stored_bytes",
            "Bytes of the messages that are held.",
            unit: .bytes,
            .stable
        )
        storedLimitBytes = table.gauge(
            "wormhole_mailbox_stored_limit_bytes",
            "Bytes of messages that may be held, 0 for any number.",
            unit: .bytes,
            .stable
        )
        messages = table.counter(
            "wormhole_mailbox_messages_total",
            "Messages in and out, replayed ones included.",
            unit: .messages,
            .stable,
            labels: MessageDirection.self
        )
        messageBytes = table.counter(
            "wormhole_mailbox_message_bytes_total",
            "Message bytes in and out, replayed ones included.",
            unit: .bytes,
            .stable,
            labels: MessageDirection.self
        )
        messageSize = table.histogram(
            "wormhole_mailbox_message_size_bytes",
            "Size of a message that was added.",
            unit: .bytes,
            bounds: HistogramBounds.message,
            .stable
        )
        delivery = table.histogram(
            "wormhole_mailbox_delivery_seconds",
            "From receipt of a message to its being queued for a listener.",
            unit: .seconds,
            bounds: HistogramBounds.fast,
            .stable
        )
        replayed = table.counter(
            "wormhole_mailbox_replayed_messages_total",
            "Messages sent from store to a client that opened a mailbox.",
            unit: .messages,
            .stable
        )
        reconnects = table.counter(
            "wormhole_mailbox_side_reconnects_total",
            "Sides that came back on a new connection.",
            unit: .reconnects,
            .stable
        )
        sendQueueBytes = table.gauge(
            "wormhole_mailbox_send_queue_bytes",
            "Bytes waiting for slow clients.",
            unit: .bytes,
            .stable
        )
        pruned = table.counter(
            "wormhole_mailbox_pruned_total",
            "What expiry removed.",
            unit: .objects,
            .stable,
            labels: PrunedKind.self
        )
        permissionChallenges = table.counter(
            "wormhole_mailbox_permission_challenges_total",
            "Demands for permission to bind, and what clients answered.",
            unit: .challenges,
            .stable,
            labels: PermissionMethod.self,
            PermissionResult.self
        )
        permissionDifficulty = table.gauge(
            "wormhole_mailbox_permission_hashcash_difficulty",
            "Leading zero bits demanded of a proof of work; 0 when none is.",
            unit: .leadingZeroBits,
            .stable
        )
    }
}
