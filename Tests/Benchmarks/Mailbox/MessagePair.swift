import LinuxIO

/// Two clients that stay connected and send each other messages through a mailbox.
///
/// A mailbox takes only so many messages, so after ``messagesPerMailbox`` both close it, leave, and come back with the next.
final class MessagePair {
    /// Who sends when.
    enum Manner {
        /// Each sends its next message when it has the other's: two messages are on their way at any time.
        case together
        /// Each answers the other's message: one message is on its way at any time.
        case inTurn
    }

    /// Below the limit of 1,000 that `wormhole-server` has; the same for every server.
    static let messagesPerMailbox = 800

    let manner: Manner
    fileprivate let port: UInt16
    fileprivate let loop: LoadLoop
    private let number: Int
    private var mailboxCount = 0
    private var members: [MessageClient] = []
    private var openMembers = 0
    private var endedMembers = 0
    /// Nobody begins anything new.
    fileprivate var isWindingDown = false

    /// Messages that have reached the other client.
    private(set) var delivered = 0
    /// From the write of an `add` to the read of the `message` at the other client.
    private(set) var latencies = Distribution()
    /// Whether both clients have their mailbox open.
    var isOpen: Bool { openMembers == 2 }
    private(set) var hasEnded = false
    /// Set to have both leave after the message that is under way.
    var isStopping = false

    /// - Parameter number: Different for each pair of a server.
    init(number: Int, manner: Manner, port: UInt16, loop: LoadLoop) throws(BenchmarkError) {
        self.number = number
        self.manner = manner
        self.port = port
        self.loop = loop
        try meet()
    }

    /// Forgets what has been counted, after a warm-up.
    func startCounting() {
        delivered = 0
        latencies.removeAll()
    }

    private func meet() throws(BenchmarkError) {
        // The numbers of a server's clients must not meet: room for a million pairs.
        let first = (mailboxCount * 1_000_000 + number) * 2
        let mailbox = "pair-\(number)-\(mailboxCount)"
        mailboxCount += 1
        openMembers = 0
        endedMembers = 0
        isWindingDown = false
        let one = try MessageClient(self, number: first, mailbox: mailbox, speaksFirst: true)
        let other = try MessageClient(self, number: first + 1, mailbox: mailbox, speaksFirst: manner == .together)
        one.partner = other
        other.partner = one
        members = [one, other]
    }

    fileprivate func memberOpened() throws(BenchmarkError) {
        openMembers += 1
        guard openMembers == 2 else { return }
        for member in members { try member.begin() }
    }

    fileprivate func memberReceived(after nanoseconds: Int64) {
        delivered += 1
        latencies.add(nanoseconds: nanoseconds)
    }

    /// Has both leave once nothing is under way between them.
    fileprivate func partIfComplete() throws(BenchmarkError) {
        guard isWindingDown, members.allSatisfy({ $0.hasEverything }) else { return }
        for member in members { try member.part() }
    }

    fileprivate func memberEnded() throws(BenchmarkError) {
        endedMembers += 1
        guard endedMembers == 2 else { return }
        members = []
        if isStopping { hasEnded = true } else { try meet() }
    }
}

/// One of the two.
private final class MessageClient: MailboxUser {
    private enum Step {
        case opening, talking, closing, leaving
    }

    weak var partner: MessageClient?
    private unowned let pair: MessagePair
    private let mailbox: String
    private let speaksFirst: Bool
    private var client: MailboxClient?
    private var step = Step.opening
    private var sent = 0
    private var echoed = 0
    private var received = 0
    private var sentAt: Int64 = 0

    private static let filler = String(repeating: "5eed", count: 45)

    init(_ pair: MessagePair, number: Int, mailbox: String, speaksFirst: Bool) throws(BenchmarkError) {
        self.pair = pair
        self.mailbox = mailbox
        self.speaksFirst = speaksFirst
        client = try MailboxClient(number: number, port: pair.port, loop: pair.loop, user: self)
    }

    func begin() throws(BenchmarkError) {
        step = .talking
        if speaksFirst { try add() }
    }

    func mailboxOpened(_ client: MailboxClient) throws(BenchmarkError) {
        client.bind()
        client.open(mailbox)
        // Has no effect but an answer, which tells that the mailbox is open.
        client.list()
        try client.flush()
    }

    func mailbox(_ client: MailboxClient, received reply: MailboxReply) throws(BenchmarkError) {
        switch (step, reply) {
        case (.opening, .nameplates):
            try pair.memberOpened()
        case (.talking, .message(let side, let phase, let body)):
            try take(client, side: side, phase: phase, body: body)
        case (.closing, .closed):
            step = .leaving
            try client.leave()
        default:
            throw BenchmarkError("\(reply) while \(step)")
        }
    }

    func mailboxEnded(_ client: MailboxClient) throws(BenchmarkError) {
        self.client = nil
        try pair.memberEnded()
    }

    private func add() throws(BenchmarkError) {
        guard let client else { return }
        client.add(phase: String(sent), body: client.side + hexadecimal(UInt64(sent), digits: 8) + Self.filler)
        sent += 1
        sentAt = SystemClock.monotonicNanoseconds
        try client.flush()
    }

    private func take(_ client: MailboxClient, side: String, phase: String, body: String) throws(BenchmarkError) {
        let isOwn = side == client.side
        let index = isOwn ? echoed : received
        guard phase == String(index), body.hasPrefix(side + hexadecimal(UInt64(index), digits: 8)),
            body.utf8.count == 18 + Self.filler.utf8.count
        else { throw BenchmarkError("message \(phase) of \(side) in place of \(index)") }
        if isOwn {
            echoed += 1
        } else {
            received += 1
            pair.memberReceived(after: pair.loop.lastRead - (partner?.sentAt ?? 0))
            try answer()
        }
        try pair.partIfComplete()
    }

    private func answer() throws(BenchmarkError) {
        if pair.isStopping || sent + received >= MessagePair.messagesPerMailbox { pair.isWindingDown = true }
        if !pair.isWindingDown { try add() }
    }

    var hasEverything: Bool {
        step == .talking && echoed == sent && received == partner?.sent
    }

    func part() throws(BenchmarkError) {
        step = .closing
        client?.close(mailbox)
        try client?.flush()
    }
}
