package import Admission
import DequeModule
package import Observations
package import WormholeWire

/// The mailbox server as a pure machine: what clients say goes in, effects come out.
///
///     frame ─▶ ClientConnection ─▶ StoreOperation ─▶ ChannelStore ─▶ StoreEvent ─▶ Effect
///
/// One owner calls it from one thread and carries the effects out in order after each call. Times are passed in: the wall
/// clock's with the call, and ``uptime`` before it.
package struct Rendezvous<Store: ChannelStore> {
    package var store: Store
    /// What clients are told that connect from now on.
    package var welcome: Welcome
    package var limits: MailboxLimits { didSet { sourceLimits.change(limits) } }
    /// With `false`, `list` is answered with nothing, so that nobody can enumerate waiting transfers.
    private let allowsList: Bool
    private let permission: PermissionPolicy
    /// The application of the server's own test, which needs no permission; `nil` when there is none.
    private let selfTestApp: AppID?
    var connections: [ConnectionID: ClientConnection] = [:]
    /// Those that must bind in time, if there is a limit now.
    private(set) var unbound = UnboundLine()
    private var sourceLimits: SourceLimits
    /// Reused for every command.
    private var events: [StoreEvent] = []

    package init(
        store: Store,
        welcome: Welcome,
        limits: MailboxLimits,
        allowsList: Bool,
        permission: PermissionPolicy,
        selfTestApp: AppID? = nil
    ) {
        self.store = store
        self.welcome = welcome
        self.limits = limits
        self.allowsList = allowsList
        self.permission = permission
        sourceLimits = SourceLimits(limits)
        self.selfTestApp = selfTestApp
    }

    /// The tables that commands are counted in by source.
    package var sourceTableLevels: LimitTableLevels { sourceLimits.levels }

    // MARK: The life of a connection

    /// - Parameters:
    ///   - source: Whose share of the limits its commands count to; `nil` for nobody's.
    ///   - resource: What a proof of work is to be made out to: random, without `:`, never used before.
    package mutating func connected(
        _ id: ConnectionID,
        from address: ClientAddress?,
        source: SourceID? = nil,
        resource: @autoclosure () -> String,
        at now: Timestamp,
        into effects: inout [Effect]
    ) {
        var welcome = self.welcome
        var state = PermissionState.open
        if case .hashcash(let bits, let isRequired) = permission {
            let resource = resource()
            welcome.permission = .init(bits: bits, resource: resource, isRequired: isRequired)
            state = .challenged(bits: bits, resource: resource, isRequired: isRequired)
            effects.append(.observe(.permissionChallenged(.hashcash, result: .issued)))
        }
        connections[id] = ClientConnection(connected: now, source: source, permission: state)
        unbound.append(id, at: uptime)
        effects.append(.send(.welcome(welcome, address: address), to: id, after: .immediate))
    }

    package mutating func received(
        _ frame: ClientFrame,
        from id: ConnectionID,
        at now: Timestamp,
        into effects: inout [Effect]
    ) {
        guard let connection = connections[id] else { return }  // Race: its close was already under way.
        guard connection.request == nil else {
            connection.backlog.append((frame, now))
            if connection.backlog.count == limits.outstandingCommands {
                effects.append(.observe(.limitHit(.mailboxOutstanding)))
                effects.append(.pause(id))
            }
            return
        }
        handle(frame, from: id, connection, received: now, at: now, into: &effects)
    }

    package mutating func disconnected(_ id: ConnectionID) {
        guard let connection = connections.removeValue(forKey: id) else { return }
        unbound.remove(id)
        if let mailbox = connection.binding?.openMailbox ?? connection.mailboxBeingOpened {
            store.unsubscribe(id, from: mailbox)
        }
    }

    // MARK: The clock

    /// Removes what has expired. To be called every five minutes, and once at the start.
    package mutating func expire(at now: Timestamp, into effects: inout [Effect]) {
        let claims = connections.values.compactMap(\.binding?.successfulClaim)
        withEvents { rendezvous, events in
            rendezvous.store.expire(keeping: claims, at: now, into: &events)
            rendezvous.carryOut(&events, at: now, into: &effects)
        }
    }

    /// The machine's clock that only goes forward. To be set before every call for which time may have passed.
    package var uptime: Uptime {
        get { store.uptime }
        set { store.uptime = newValue }
    }

    /// How long a client may take to bind; `nil` for as long as it likes.
    private var bindPatience: Duration? {
        guard limits.bindTimeout > .zero else { return nil }
        switch permission {
        case .open: return limits.bindTimeout
        case .hashcash: return limits.bindTimeout * MailboxLimits.hashcashPatience
        }
    }

    /// When ``endUnbound(into:)`` has something to do next, as far as is known now.
    package var nextBindDeadline: Uptime? {
        guard let patience = bindPatience, let first = unbound.first else { return nil }
        return first + patience
    }

    /// Ends connections that have not bound in time.
    package mutating func endUnbound(into effects: inout [Effect]) {
        guard let patience = bindPatience else { return }
        while let id = unbound.popFirst(since: uptime - patience) {
            effects.append(.observe(.limitHit(.mailboxBindTimeout)))
            effects.append(.close(id, .bindTimeout))
        }
    }

    /// What is known of a connection; `nil` once it has ended.
    package func status(of id: ConnectionID) -> ConnectionStatus? {
        connections[id].map(ConnectionStatus.init)
    }

    // MARK: What there is

    /// The mailbox a connection has open, or is opening.
    func opened(by id: ConnectionID) -> MailboxID? {
        guard let connection = connections[id] else { return nil }
        return connection.binding?.openMailbox ?? connection.mailboxBeingOpened
    }

    // MARK: The store's answers

    /// Tells clients whose commands could not be written down, and ends their connections: what they were not told did not
    /// happen, and a new connection finds what is stored.
    package mutating func storageFailed(for clients: [ConnectionID], into effects: inout [Effect]) {
        for id in clients where connections[id] != nil {
            let refusal = Refusal.storageFailure
            effects.append(.send(.error(refusal.text, original: .null), to: id, after: .immediate))
            effects.append(.observe(.errorSent(refusal.kind)))
            effects.append(.close(id, .storageFailure))
            disconnected(id)
        }
    }

    /// Takes what is stored after a failure in place of what was held, and ends connections that have a mailbox open in another way.
    package mutating func reload<Random>(
        _ stored: StoredChannels,
        into effects: inout [Effect]
    ) where Store == MemoryStore<Random> {
        store.reload(stored)
        let betrayed = connections.filter { id, connection in
            guard let binding = connection.binding, let mailbox = binding.openMailbox else { return false }
            return !store.isHeard(mailbox, by: id, of: binding.side)
        }
        storageFailed(for: betrayed.keys.sorted { $0.number < $1.number }, into: &effects)
    }

    /// Carries out what a store says later than it was asked.
    package mutating func storeAnswered(
        _ answers: [StoreEvent],
        at now: Timestamp,
        into effects: inout [Effect]
    ) {
        var answers = answers
        carryOut(&answers, at: now, into: &effects)
    }

    private mutating func carryOut(_ events: inout [StoreEvent], at now: Timestamp, into effects: inout [Effect]) {
        // Carrying one out can ask the store again, for a client whose next command was waiting.
        var next = 0
        while next < events.count {
            switch events[next] {
            case .completed(let id, let outcome): completed(id, outcome, at: now, into: &effects)
            case .message(let message, let listeners): effects.append(.deliver(message, to: listeners))
            case .changed(let change): effects.append(.journal(change))
            case .observed(let observation): effects.append(.observe(observation, after: .journaled))
            }
            next += 1
        }
    }

    private mutating func completed(
        _ id: ConnectionID,
        _ outcome: StoreOutcome,
        at now: Timestamp,
        into effects: inout [Effect]
    ) {
        // Race: the client left while the store was busy for it, and its subscription ended with it.
        guard let connection = connections[id], let request = connection.request else { return }
        connection.request = nil
        let verdict = connection.completed(request.message.command, outcome)
        // That nothing can be stored must not wait for the store.
        let durability = outcome == .failed(.unavailable) ? Durability.immediate : .journaled
        answer(request.message, verdict, received: request.received, to: id, after: durability, into: &effects)
        if case .opened(let replay) = outcome, !replay.isEmpty {
            effects.append(.replay(replay, to: id))
            let bytes = replay.reduce(0) { $0 + $1.body.text.utf8.count }
            effects.append(.observe(.messagesReplayed(count: replay.count, bytes: bytes)))
        }
        takeBacklog(of: id, connection, at: now, into: &effects)
    }

    // MARK: Commands

    private mutating func handle(
        _ frame: ClientFrame,
        from id: ConnectionID,
        _ connection: ClientConnection,
        received: Timestamp,
        at now: Timestamp,
        into effects: inout [Effect]
    ) {
        switch frame {
        case .invalidJSON:
            refuse(.invalidJSON, original: .null, received: received, to: id, into: &effects)
        case .notAnObject(let original):
            refuse(.notAnObject, original: original, received: received, to: id, into: &effects)
        case .missingType(let original):
            refuse(.missingType, original: original, received: received, to: id, into: &effects)
        case .message(let message):
            effects.append(.send(.ack(id: message.id), to: id, after: .immediate))
            if case .submitPermissions(let method, let stamp) = message.command, connection.binding == nil {
                let verdict = connection.permission.submit(method: method, stamp: stamp)
                return judged(verdict, message, received: received, of: id, into: &effects)
            }
            if let source = connection.source, connection.binding != nil,
                let limit = sourceLimits.refuse(message.command, of: source, at: received)
            {
                effects.append(.observe(.limitHit(limit)))
                let verdict = ClientConnection.Verdict.refuse(.tooOften(MailboxCommand(message.command)))
                return answer(message, verdict, received: received, to: id, after: .immediate, into: &effects)
            }
            if let selfTestApp, case .bind(.present(selfTestApp), _, _) = message.command {
                connection.permission = .open
            }
            let verdict = connection.judge(message, received: received)
            guard case .ask(let operation) = verdict else {
                if case .done = verdict { noteBinding(message, received: received, of: id, into: &effects) }
                if case .expel = verdict {
                    effects.append(.observe(.permissionChallenged(.hashcash, result: .absent)))
                }
                return answer(message, verdict, received: received, to: id, after: .immediate, into: &effects)
            }
            connection.request = .init(message: message, received: received)
            if case .list = operation, !allowsList {
                return completed(id, .nameplates([]), at: now, into: &effects)
            }
            withEvents { rendezvous, events in
                rendezvous.store.perform(operation, for: id, at: received, into: &events)
                rendezvous.carryOut(&events, at: now, into: &effects)
            }
        }
    }

    /// Takes the commands that waited for one that is answered now, until one of them is with the store again.
    private mutating func takeBacklog(
        of id: ConnectionID,
        _ connection: ClientConnection,
        at now: Timestamp,
        into effects: inout [Effect]
    ) {
        while connection.request == nil, let (frame, received) = connection.backlog.popFirst() {
            if connection.backlog.count + 1 == limits.outstandingCommands { effects.append(.resume(id)) }
            handle(frame, from: id, connection, received: received, at: now, into: &effects)
        }
    }

    /// Says what became of a command whose `ack` is said already.
    private func answer(
        _ message: ClientMessage,
        _ verdict: ClientConnection.Verdict,
        received: Timestamp,
        to id: ConnectionID,
        after durability: Durability,
        into effects: inout [Effect]
    ) {
        let command = MailboxCommand(message.command)
        switch verdict {
        case .reply(let reply):
            effects.append(.send(reply, to: id, after: durability))
            effects.append(.finish(command, .ok, of: id, received: received, after: durability))
        case .done:
            effects.append(.finish(command, .ok, of: id, received: received, after: durability))
        case .refuse(let refusal):
            effects.append(.send(.error(refusal.text, original: message.original), to: id, after: durability))
            effects.append(.observe(.errorSent(refusal.kind)))
            effects.append(.finish(command, refusal.outcome, of: id, received: received, after: durability))
        case .expel(let refusal):
            answer(message, .refuse(refusal), received: received, to: id, after: durability, into: &effects)
            effects.append(.close(id, .permissionDenied))
        case .ask:
            preconditionFailure("a command that is with the store has no answer yet")
        }
    }

    /// Says what became of a `submit-permissions`.
    private func judged(
        _ verdict: PermissionState.Verdict,
        _ message: ClientMessage,
        received: Timestamp,
        of id: ConnectionID,
        into effects: inout [Effect]
    ) {
        let answer: ClientConnection.Verdict
        switch verdict {
        case .granted(let method):
            effects.append(.observe(.permissionChallenged(method, result: .passed)))
            answer = .done
        case .refused(let refusal, let method):
            effects.append(.observe(.permissionChallenged(method, result: .failed)))
            answer = .expel(refusal)
        case .unknownCommand:
            answer = .refuse(.mustBindFirst)
        }
        self.answer(message, answer, received: received, to: id, after: .immediate, into: &effects)
    }

    /// Says what is wrong with a frame that is no command.
    private func refuse(
        _ refusal: Refusal,
        original: JSONText,
        received: Timestamp,
        to id: ConnectionID,
        into effects: inout [Effect]
    ) {
        effects.append(.send(.error(refusal.text, original: original), to: id, after: .immediate))
        effects.append(.observe(.errorSent(refusal.kind)))
        effects.append(.finish(.unknown, refusal.outcome, of: id, received: received, after: .immediate))
    }

    private mutating func noteBinding(
        _ message: ClientMessage,
        received: Timestamp,
        of id: ConnectionID,
        into effects: inout [Effect]
    ) {
        guard case .bind(_, _, let client) = message.command, let binding = connections[id]?.binding else { return }
        unbound.remove(id)
        let bound = ClientBinding(
            appID: binding.appID,
            side: binding.side,
            connected: received,
            implementation: client?.implementation,
            version: client?.version
        )
        effects.append(.observe(.clientBound(bound)))
    }

    /// Lends the reused buffer of events; a call inside a call gets one of its own.
    private mutating func withEvents(_ body: (inout Self, inout [StoreEvent]) -> Void) {
        var events: [StoreEvent] = []
        swap(&events, &self.events)
        events.removeAll(keepingCapacity: true)
        body(&self, &events)
        swap(&events, &self.events)
    }
}

extension MailboxCommand {
    package init(_ command: ClientCommand) {
        switch command {
        case .ping: self = .ping
        case .bind: self = .bind
        case .list: self = .list
        case .allocate: self = .allocate
        case .claim: self = .claim
        case .release: self = .release
        case .open: self = .open
        case .add: self = .add
        case .close: self = .close
        case .submitPermissions: self = .submitPermissions
        case .unknown: self = .unknown
        }
    }
}
