/// Everything either service can report, in the past tense, with complete payloads.
///
/// Metrics, the usage database and the JSON log are equal readers of these values; each switches over the enum without
/// `default`, so that a new event does not compile until every reader has decided what it means. Nothing here names an
/// address, a token or a nameplate. Facts that change with every byte are summed by their owner and reported once a tick.
package enum Observation: Equatable, Sendable {
    // MARK: Connections, of either service

    /// A connection was let in. Exactly one ``connectionClosed(_:cause:lifetime:)`` follows.
    case connectionAccepted(ConnectionKind)
    /// A connection that was let in has ended.
    case connectionClosed(ConnectionKind, cause: CloseCause, lifetime: Duration)
    /// A connection was refused before it became one.
    case connectionRejected(Component, reason: RejectionReason)
    /// `accept(2)` failed.
    case acceptFailed(AcceptFailure)
    /// A WebSocket Ping was answered, or the kernel has told, at the end of a relayed pair, what it measured for a socket.
    case keepaliveAnswered(Component, roundTrip: Duration)
    /// A limit changed an outcome.
    case limitHit(Limit)

    /// Where the connections of both services come from now; replaces what either has reported before.
    case sourceLevels(SourceLevels)
    /// How many ranges of addresses are not let in.
    case deniedRangesChanged(Int)
    /// How full a service's limit tables are now; replaces what the same service reported before.
    case limitTableLevels(Component, LimitTableLevels)

    // MARK: Mailbox

    /// A client command was carried out or refused. `duration` runs from receipt to its reply being queued.
    case commandFinished(MailboxCommand, outcome: CommandOutcome, duration: Duration)
    /// An `error` reply was sent.
    case errorSent(MailboxErrorKind)
    /// A client bound: a usage record of kind `client_version`.
    case clientBound(ClientBinding)
    /// A client was asked for permission, or answered.
    case permissionChallenged(PermissionMethod, result: PermissionResult)
    /// How many leading zero bits are demanded of a proof of work; 0 for none.
    case permissionDifficultyChanged(bits: Int)
    /// A nameplate was handed out by `allocate`.
    case nameplateAllocated(digits: Int)
    /// A nameplate is gone: a usage record of kind `nameplate`.
    case nameplateRetired(NameplateSummary)
    /// A mailbox is gone, with this many messages: a usage record of kind `mailbox`.
    case mailboxRetired(MailboxSummary)
    /// A client's `add` was accepted; `bytes` is the length of its body.
    case messageReceived(bytes: Int)
    /// A message was queued for one listener, `latency` after it was received.
    case messageDelivered(bytes: Int, latency: Duration)
    /// Stored messages were sent to a client that opened the mailbox after they had been added.
    case messagesReplayed(count: Int, bytes: Int)
    /// A side that was known already opened its mailbox again on a new connection.
    case sideReconnected
    /// Expiry removed state.
    case pruned(nameplates: Int, mailboxes: Int, messages: Int)
    /// What the mailbox server may hold: connections, and bytes of stored messages; 0 for no bound.
    case mailboxCapacityChanged(connections: Int, storedBytes: Int)
    /// How much the mailbox server holds now; replaces what was reported before.
    case mailboxLevels(MailboxLevels)

    // MARK: Transit

    /// The first line of a connection was judged, or did not come.
    case handshakeFinished(form: HandshakeForm, result: HandshakeResult)
    /// Two clients were joined.
    case transitPaired(TransitPairing)
    /// A connection or a pair has ended for good: a usage record of kind `transit`.
    case transitEnded(TransitSummary)
    /// Payload bytes accepted for forwarding since the last report.
    case transitProgressed(path: TransitPath, bytes: UInt64)
    /// Time for which sources were not read because their partner was slow, since the last report.
    case transitReadPaused(Duration)
    /// Time for which pairs waited for the sake of a rate, since the last report: the limit that kept them.
    case transitThrottled(Limit, Duration)
    /// The rates pairs are held to, in bytes a second; 0 for none.
    case transitRatesChanged(session: Int, global: Int)
    /// What the relay may hold: open connections, and bytes in its buffers and pipes; 0 for no bound.
    case transitCapacityChanged(connections: Int, bufferedBytes: Int)
    /// The waiting side of the relay now; replaces what was reported before.
    case transitWaitingLevels(TransitWaitingLevels)
    /// What one owner of pairs holds now; replaces what the same owner reported before.
    case relayLevels(RelayLevels)

    // MARK: The process

    /// A database call was made.
    case databaseUsed(Database, DatabaseOperation, duration: Duration)
    /// A database call failed.
    case databaseFailed(Database, kind: DatabaseFailure)
    /// A task that runs by the clock was run.
    case maintenanceFinished(MaintenanceTask, succeeded: Bool, duration: Duration)
    /// One of the checks behind `/readyz` changed.
    case readinessChanged(ReadinessCheck, isReady: Bool)
    /// The life of the process moved on.
    case lifecycleChanged(LifecycleState)
    /// The files that options name were read again, or could not be.
    case configurationReloaded(succeeded: Bool)
    /// An error that is our bug was caught.
    case internalErrorCaught(InternalErrorSource)
    /// State was found that should not exist.
    case invariantViolated(InvariantCheck)
    /// The server has tried itself as a client would.
    case selfTestFinished(SelfTestProbe, succeeded: Bool, duration: Duration)
}
