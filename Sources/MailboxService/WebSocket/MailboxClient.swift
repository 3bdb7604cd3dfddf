import Admission
import DequeModule
import MailboxRules
import NIOCore
import NIOWebSocket
import Observations
import WebSocketServer
import WormholeWire

/// One client's connection: hands its messages to the loop, and keeps back what must not leave before a commit, and what a
/// mailbox holds until the client takes it.
///
///     said ──nothing kept back, and promises nothing──▶ connection's output ──flush──▶ socket
///       └──else──▶ [kept back up to a point of the journal] ──committed──▶ connection's output
final class MailboxClient: WebSocketClient {
    let id: ConnectionID
    let kind: ConnectionKind
    private unowned let loop: MailboxLoop
    /// Until the client has been told.
    private var address: ClientAddress?
    private let opened: NIODeadline
    private let pass: DoorPass
    /// What it has done so far.
    var record: ConnectionRecord
    /// How many of its commands are paid for; see `Pace`.
    var commandsPaidUntil: Int64 = 0
    private var holds: Holds = []
    private var connection: WebSocketConnection?

    /// More than this kept back is worth counting.
    private static let largeOutput = 64 << 10

    /// What waits, oldest first, and for which commit; points never go down.
    private var marks: Deque<(point: Journal.Point, what: KeptBack)> = []
    /// The bytes of messages that wait, behind one another.
    private var keptBack = ByteBuffer()
    /// Set while the loop has this client on its list of those to flush.
    var isDirty = false
    /// Set while the loop has this client on its list of those that wait for a commit.
    var isWaiting = false
    /// Set while the loop has this client on its list of those that are far behind.
    var isClogged = false
    /// Why the rules ended the connection, if they did.
    private var cause: CloseCause?

    private enum KeptBack {
        /// A message of so many of the bytes kept back.
        case message(length: Int)
        /// What is left to be said of what a mailbox holds. It is encoded as the client takes it: many who open a large mailbox
        /// at once would have it in memory as often.
        case replay(ArraySlice<StoredMessage>)
    }

    /// Why the client is not read now.
    struct Holds: OptionSet {
        let rawValue: UInt8
        /// Earlier commands are not answered.
        static let outstanding = Holds(rawValue: 1)
        /// It said too much in too short a time.
        static let pace = Holds(rawValue: 2)
    }

    init(
        id: ConnectionID,
        kind: ConnectionKind,
        address: ClientAddress?,
        record: ConnectionRecord,
        accepted: NIODeadline,
        pass: consuming DoorPass,
        loop: MailboxLoop
    ) {
        self.id = id
        self.kind = kind
        self.address = address
        self.record = record
        self.opened = accepted
        self.pass = pass
        self.loop = loop
    }

    /// Whose share of the limits it counts to; `nil` for nobody's.
    var source: SourceID? { pass.source }

    // MARK: What the client does

    func webSocketOpened(_ connection: WebSocketConnection) {
        self.connection = connection
        loop.opened(self, from: address)
        address = nil
    }

    func webSocket(
        _ connection: WebSocketConnection,
        received payload: ByteBuffer,
        opcode: WebSocketOpcode,
        isFinal: Bool
    ) {
        record.bytesReceived &+= UInt64(payload.readableBytes)
        loop.received(payload, from: self)
    }

    func webSocketReadCompleted(_ connection: WebSocketConnection) {}

    func webSocketWritabilityChanged(_ connection: WebSocketConnection) {
        loop.canTakeMore(self)
    }

    func webSocketPonged(_ connection: WebSocketConnection, roundTrip: Duration) {
        loop.observe(.keepaliveAnswered(.mailbox, roundTrip: roundTrip))
    }

    func webSocketClosed(_ connection: WebSocketConnection, cause: WebSocketCloseCause) {
        self.connection = nil
        // What is not told to anybody must not have the loop wait with it for a commit.
        discardKeptBack()
        if cause == .messageTooBig { loop.observe(.limitHit(.mailboxMessageSize)) }
        let lifetime = Duration.nanoseconds((NIODeadline.now() - opened).nanoseconds)
        loop.observe(.connectionClosed(kind, cause: self.cause ?? CloseCause(cause), lifetime: lifetime))
        loop.closed(self)
    }

    // MARK: What is said to it

    /// Queues one message. `point` is what it must wait for, or `nil`.
    func say(_ message: [UInt8], after point: Journal.Point?) {
        guard let connection else { return }
        record.bytesSent &+= UInt64(message.count)
        if point == nil, marks.isEmpty {
            connection.sendText(message)
        } else {
            keptBack.writeBytes(message)
            keepBack(.message(length: message.count), after: point)
        }
    }

    /// Queues what a mailbox holds, before anything that is said later.
    func replay(_ messages: [StoredMessage], after point: Journal.Point?) {
        guard connection != nil, !messages.isEmpty else { return }
        keepBack(.replay(messages[...]), after: point)
    }

    private func keepBack(_ what: KeptBack, after point: Journal.Point?) {
        marks.append((max(point ?? 0, marks.last?.point ?? 0), what))
    }

    /// Whether something waits for a commit beyond `point`.
    func isWaiting(beyond point: Journal.Point) -> Bool { marks.last.map { $0.point > point } ?? false }

    /// Whether something waits for nothing but the client, which could take more.
    func hasMore(upTo point: Journal.Point) -> Bool {
        connection?.isWritable == true && marks.first.map { $0.point <= point } ?? false
    }

    /// Queues for the socket what waited for nothing beyond `point`, of a replay as much as there is room for.
    func release(upTo point: Journal.Point) {
        guard let connection, !marks.isEmpty else { return }
        while let mark = marks.first, mark.point <= point {
            switch mark.what {
            case .message(let length):
                marks.removeFirst()
                connection.send(keptBack.readSlice(length: length) ?? ByteBuffer(), as: .text)
            case .replay(var rest):
                guard connection.isWritable else { return }
                if let message = rest.popFirst() {
                    let bytes = loop.encoded(.message(message))
                    record.bytesSent &+= UInt64(bytes.count)
                    connection.sendText(bytes)
                }
                if rest.isEmpty { marks.removeFirst() } else { marks[0].what = .replay(rest) }
            }
        }
        if marks.isEmpty { keptBack.clear(minimumCapacity: 0) } else { keptBack.discardReadBytes() }
    }

    /// Forgets what waits, for a commit that will not come or for a client that is gone.
    func discardKeptBack() {
        marks.removeAll()
        keptBack.clear()
    }

    /// Writes what is queued. A client for which too much is queued is one that does not read.
    func flush(atMost limit: Int) {
        guard let connection else { return }
        connection.flush()
        guard limit > 0, !isWritable, queuedBytes > limit else { return }
        cause = .slowConsumer
        loop.observe(.limitHit(.mailboxOutstanding))
        connection.abort()
    }

    /// Whether so little is queued that nobody needs to count it.
    var isWritable: Bool { connection?.isWritable ?? true && keptBack.readableBytes < Self.largeOutput }

    /// Bytes that wait for the client or for a commit.
    var queuedBytes: Int { (connection?.bufferedBytes ?? 0) + keptBack.readableBytes }

    func close(_ reason: CloseReason) {
        switch reason {
        case .bindTimeout:
            cause = .bindTimeout
            connection?.close(code: .policyViolation, reason: "no bind in time")
        case .permissionDenied:
            cause = .protocolError
            connection?.close(code: .policyViolation, reason: "permission denied")
        case .storageFailure:
            cause = .serverError
            connection?.close(code: .unexpectedServerError, reason: "server storage failure")
        }
    }

    /// Tells the client that the server goes away.
    func goAway() {
        cause = .drain
        connection?.close(code: .goingAway)
    }

    func abort() { connection?.abort() }

    /// Takes nothing more from the client until every reason is gone.
    func hold(_ reason: Holds) {
        holds.insert(reason)
        connection?.pauseReading()
    }

    func letGo(_ reason: Holds) {
        holds.remove(reason)
        if holds.isEmpty { connection?.resumeReading() }
    }
}

@available(*, unavailable)
extension MailboxClient: Sendable {}

extension CloseCause {
    fileprivate init(_ cause: WebSocketCloseCause) {
        switch cause {
        case .clientClose, .disconnected: self = .clientClose
        case .protocolError: self = .protocolError
        case .messageTooBig: self = .limit
        case .pingTimeout: self = .pingTimeout
        case .serverClose, .aborted: self = .serverError
        case .ioError: self = .ioError
        }
    }
}
