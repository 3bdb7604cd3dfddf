import Admission
import DequeModule
import LinuxIO
import Logging
import MailboxRules
import NIOCore
import Observations
import Sockets
import WebSocketServer
import WormholeWire

/// The one owner of the mailbox server's state, on the one event loop it all happens on.
///
/// It carries the rules' effects out: says what may be said at once, keeps back what depends on a commit, and once per turn
/// hands the turn's changes to the journal, writes every client's output once, and flushes what was observed.
final class MailboxLoop {
    let eventLoop: SocketLoop
    /// Part of it may change while it runs.
    var configuration: MailboxConfiguration
    let logger: Logger
    /// Of the concern in the file beside this one.
    let doorkeeper: Doorkeeper
    var rendezvous: Rendezvous<MemoryStore<SystemRandomNumberGenerator>>
    let journal: Journal
    let source: ObservationSource
    let pulse: any LoopPulse
    /// Of the concern in the file beside this one.
    var pulseTimer: Scheduled<Void>?

    /// Nobody new is let in for now.
    var isDraining = false
    private(set) var clients: [ConnectionID: MailboxClient] = [:]
    /// Of the concerns in the files beside this one.
    let addressIDs: AddressIDs?
    var connectionJournal: ConnectionJournal?
    private var lastID: UInt64 = 0
    /// Reused for every event.
    var effects: [Effect] = []
    private var writer = JSONWriter()

    private var dirty: [MailboxClient] = []
    private var waiting: [MailboxClient] = []
    /// Clients that were far behind with taking what is said to them when they were last looked at.
    private var clogged: [MailboxClient] = []
    /// What is observed once the commit it waits for has come, in the order of the points.
    private var unfinished: Deque<(point: Journal.Point, what: Unfinished)> = []
    private var isTurnEndScheduled = false
    private var reportedLevels = MailboxLevels()
    /// Of the concern in the file beside this one.
    var reportedSources = (levels: SourceLevels(), tables: LimitTableLevels())
    /// Whether everybody has been told what there is; not so after a report for which there was no room.
    private(set) var areLevelsReported = true

    var expiryTimer: Scheduled<Void>?
    var bindTimer: Scheduled<Void>?
    /// Of the concern in the file beside this one, as the next three.
    var isStopping = false
    /// Nothing more is done or observed: requests that never became WebSockets may still end.
    var hasStopped = false
    var allClosed: EventLoopPromise<Void>?
    var goodbyeTimer: Scheduled<Void>?

    /// Something that is only so, or whose duration is only known, when it is committed.
    private enum Unfinished {
        case other(Observation)
        case command(MailboxCommand, CommandOutcome, of: ConnectionID, received: Timestamp)
        case delivery(bytes: Int, received: Timestamp, listeners: Int)
    }

    init(
        configuration: MailboxConfiguration,
        stored: StoredChannels,
        database: ChannelDatabase,
        addressIDs: AddressIDs?,
        eventLoop: SocketLoop,
        source: ObservationSource,
        pulse: any LoopPulse,
        logger: Logger
    ) {
        self.configuration = configuration
        self.eventLoop = eventLoop
        self.source = source
        self.pulse = pulse
        self.logger = logger
        self.addressIDs = addressIDs
        doorkeeper = Doorkeeper(
            limits: configuration.admission,
            countsLoopback: configuration.countsLoopbackSources,
            census: configuration.census
        )
        connectionJournal = database.hasConnectionTables ? ConnectionJournal() : nil
        journal = Journal(database: database, eventLoop: eventLoop, source: source)
        rendezvous = Rendezvous(
            store: MemoryStore(
                stored,
                expiry: configuration.expiry,
                limits: configuration.limits,
                random: SystemRandomNumberGenerator()
            ),
            welcome: configuration.welcome,
            limits: configuration.limits,
            allowsList: configuration.allowsList,
            permission: configuration.permission,
            selfTestApp: configuration.selfTestApp
        )
    }

    func start() {
        journal.start(
            Journal.Handler(
                committed: { [unowned self] in committed(upTo: $0) },
                failed: { [unowned self] in journalFailed($0) },
                recovered: { [unowned self] in journalRecovered($0) }
            )
        )
        source.append(.readinessChanged(.channelDatabase, isReady: true))
        source.append(.readinessChanged(.mailbox, isReady: true))
        reportCapacity()
        if case .hashcash(let bits, _) = configuration.permission {
            source.append(.permissionDifficultyChanged(bits: bits))
        }
        expire()
        startConnectionJournal()
        addressIDs?.generationBegan = { [unowned self] generation in
            // While the disk refuses, the file tells an older one, and the next start begins a newer one all the same.
            journal.writeAside { try $0.write(generation) }
        }
        schedulePulse()
    }

    // MARK: Clients

    func makeID() -> ConnectionID {
        lastID += 1
        return ConnectionID(lastID)
    }

    func opened(_ client: MailboxClient, from address: ClientAddress?) {
        clients[client.id] = client
        connectionJournal?.opened(client.id)
        observe(.connectionAccepted(client.kind))
        rendezvous.connected(
            client.id,
            from: address,
            source: client.source,
            resource: HashcashResource.random(),
            at: readClocks(),
            into: &effects
        )
        carryOutEffects()
        scheduleBindTimer()
    }

    func received(_ payload: ByteBuffer, from client: MailboxClient) {
        guard !isStopping else { return }
        let now = readClocks()
        let frame = ClientFrame(payload.readableBytesView)
        note(frame, from: client, at: now)
        rendezvous.received(frame, from: client.id, at: now, into: &effects)
        carryOutEffects(causedBy: client.id)
    }

    func closed(_ client: MailboxClient) {
        clients[client.id] = nil
        connectionJournal?.closed(client.id)
        rendezvous.disconnected(client.id)
        scheduleTurnEnd()
        if clients.isEmpty { clientsAreGone() }
    }

    func observe(_ observation: Observation) {
        source.append(observation)
        scheduleTurnEnd()
    }

    // MARK: Effects

    func carryOutEffects(causedBy speaker: ConnectionID? = nil) {
        let now = Timestamp.now
        var effects: [Effect] = []
        swap(&effects, &self.effects)
        for effect in effects {
            switch effect {
            case .send(let message, let id, let durability):
                guard let client = clients[id] else { continue }
                encode(message, at: now)
                say(to: client, after: durability)
            case .deliver(let message, let listeners):
                encode(.message(message), at: now)
                // The last one it is said to hears it first; who said it can wait for the echo.
                for id in listeners where id == speaker {
                    if let client = clients[id] { say(to: client, after: .journaled) }
                }
                for id in listeners where id != speaker {
                    if let client = clients[id] { say(to: client, after: .journaled) }
                }
                let bytes = message.body.text.utf8.count
                source.append(.messageReceived(bytes: bytes))
                finish(
                    .delivery(bytes: bytes, received: message.received, listeners: listeners.count),
                    after: .journaled
                )
            case .replay(let messages, let id):
                guard let client = clients[id] else { continue }
                client.replay(messages, after: point(of: .journaled))
                expectMore(of: client)
            case .close(let id, let reason):
                clients[id]?.close(reason)
            case .journal(let change):
                journal.append(change)
            case .observe(let observation, let durability):
                finish(.other(observation), after: durability)
            case .finish(let command, let outcome, let id, let received, let durability):
                finish(.command(command, outcome, of: id, received: received), after: durability)
            case .pause(let id):
                clients[id]?.hold(.outstanding)
            case .resume(let id):
                clients[id]?.letGo(.outstanding)
            }
        }
        effects.removeAll(keepingCapacity: true)
        swap(&effects, &self.effects)
        scheduleTurnEnd()
    }

    private func encode(_ message: ServerMessage, at now: Timestamp) {
        writer.removeAll()
        message.write(at: now, to: &writer)
    }

    /// Says what was encoded last.
    private func say(to client: MailboxClient, after durability: Durability) {
        client.say(writer.bytes, after: point(of: durability))
        expectMore(of: client)
    }

    /// A message as it is said now.
    func encoded(_ message: ServerMessage) -> [UInt8] {
        encode(message, at: .now)
        return writer.bytes
    }

    /// Has a client, to which something was said, looked at after the next commit, if it waits for one, and at the end of the turn.
    private func expectMore(of client: MailboxClient) {
        if !client.isWaiting, client.isWaiting(beyond: journal.committed) {
            client.isWaiting = true
            waiting.append(client)
        }
        addToDirty(client)
    }

    private func addToDirty(_ client: MailboxClient) {
        guard !client.isDirty else { return }
        client.isDirty = true
        dirty.append(client)
    }

    /// A client has taken what was queued for it.
    func canTakeMore(_ client: MailboxClient) {
        addToDirty(client)
        scheduleTurnEnd()
    }

    /// What output of this durability has to wait for now; `nil` when for nothing.
    private func point(of durability: Durability) -> Journal.Point? {
        switch durability {
        case .immediate: nil
        case .journaled: journal.appended > journal.committed ? journal.appended : nil
        }
    }

    private func finish(_ what: Unfinished, after durability: Durability) {
        if let point = point(of: durability) { unfinished.append((point, what)) } else { observe(finished: what) }
    }

    private func observe(finished what: Unfinished) {
        let now = Timestamp.now
        switch what {
        case .other(let observation):
            source.append(observation)
        case .command(let command, let outcome, _, let received):
            source.append(.commandFinished(command, outcome: outcome, duration: max(.zero, now - received)))
        case .delivery(let bytes, let received, let listeners):
            for _ in 0..<listeners {
                source.append(.messageDelivered(bytes: bytes, latency: max(.zero, now - received)))
            }
        }
    }

    // MARK: The end of a turn

    /// Runs ``endTurn()`` once, after everything that is ready on the loop now.
    func scheduleTurnEnd() {
        guard !isTurnEndScheduled, !hasStopped else { return }
        isTurnEndScheduled = true
        eventLoop.assumeIsolated().execute { [unowned self] in endTurn() }
    }

    private func endTurn() {
        isTurnEndScheduled = false
        journal.flush()
        // What waits grows only while the disk stands still.
        rendezvous.store.isOverdue = journal.backlogBytes > configuration.maximumBacklog
        flushClients()
        var levels = rendezvous.store.levels
        clogged.removeAll { client in
            client.isClogged = !client.isWritable
            return !client.isClogged
        }
        levels.sendQueueBytes = clogged.reduce(0) { $0 + $1.queuedBytes }
        // Reported again with the next pulse, if not before, when there is no room.
        if levels != reportedLevels {
            areLevelsReported = source.append(.mailboxLevels(levels))
            if areLevelsReported { reportedLevels = levels }
        }
        source.flush()
    }

    private func flushClients() {
        var goingOn: [MailboxClient] = []
        // A client that is cut off here closes, and its end may say something to others.
        while let client = dirty.popLast() {
            client.isDirty = false
            client.release(upTo: journal.committed)
            // What waits for a commit takes along what is said before it: one write, and one wake-up of the client.
            guard !client.isWaiting || !client.isWritable else { continue }
            client.flush(atMost: configuration.maximumSendBuffer)
            if !client.isWritable, !client.isClogged {
                client.isClogged = true
                clogged.append(client)
            }
            if client.hasMore(upTo: journal.committed) { goingOn.append(client) }
        }
        // Others have their turn before the next piece.
        for client in goingOn { canTakeMore(client) }
    }

    // MARK: The journal

    private func committed(upTo point: Journal.Point) {
        while let (waitsFor, what) = unfinished.first, waitsFor <= point {
            unfinished.removeFirst()
            observe(finished: what)
        }
        var stillWaiting: [MailboxClient] = []
        for client in waiting {
            client.release(upTo: point)
            if client.isWaiting(beyond: point) { stillWaiting.append(client) } else { client.isWaiting = false }
            addToDirty(client)
        }
        waiting = stillWaiting
        flushClients()
        scheduleTurnEnd()
    }

    private func journalFailed(_ error: ChannelDatabaseError) {
        logger.error("\(error); clients are refused until it can be written again")
        source.append(.readinessChanged(.channelDatabase, isReady: false))
        rendezvous.store.suspend()
        var betrayed = Set(waiting.map(\.id))
        for (_, what) in unfinished {
            // Of some commands nothing is said, but that they were received.
            if case .command(let command, _, let id, let received) = what {
                betrayed.insert(id)
                observe(finished: .command(command, .serverError, of: id, received: received))
            }
        }
        unfinished.removeAll()
        for client in waiting {
            client.isWaiting = false
            client.discardKeptBack()
        }
        waiting.removeAll()
        rendezvous.storageFailed(for: betrayed.sorted { $0.number < $1.number }, into: &effects)
        carryOutEffects()
    }

    private func journalRecovered(_ stored: StoredChannels) {
        logger.notice("the channel database can be written again")
        rendezvous.reload(stored, into: &effects)
        carryOutEffects()
        source.append(.readinessChanged(.channelDatabase, isReady: true))
        scheduleTurnEnd()
    }
}

@available(*, unavailable)
extension MailboxLoop: Sendable {}

extension Timestamp {
    /// The server's clock.
    static var now: Timestamp { Timestamp(microseconds: SystemClock.wallMicroseconds) }
}
