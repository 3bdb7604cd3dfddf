import LinuxIO

/// One whole exchange: two clients meet by a nameplate, send each other messages in turn, and part.
///
///     first   bind list  allocate claim open  add 0 ──▶    ◀── add 0   add 1 ──▶ ...  release close  leave
///     second                          (claimed) bind list claim open ...
///
/// Every reply is checked. Each client leaves when it has all of the other's messages and the echo of all of its own.
final class Exchange {
    let started = SystemClock.monotonicNanoseconds
    /// What every client sends.
    static let messages = 4

    fileprivate let number: Int
    fileprivate let port: UInt16
    fileprivate let loop: LoadLoop
    fileprivate var first: ExchangeClient?
    fileprivate var second: ExchangeClient?
    fileprivate var nameplate = ""
    fileprivate var mailbox = ""
    private var endedClients = 0
    private let onEnd: (Exchange) throws(BenchmarkError) -> Void

    /// - Parameters:
    ///   - number: Different for each exchange of a server.
    ///   - onEnd: Called when both clients have left.
    init(
        number: Int,
        port: UInt16,
        loop: LoadLoop,
        onEnd: @escaping (Exchange) throws(BenchmarkError) -> Void
    ) throws(BenchmarkError) {
        self.number = number
        self.port = port
        self.loop = loop
        self.onEnd = onEnd
        first = try ExchangeClient(self, isFirst: true)
    }

    fileprivate func startSecond() throws(BenchmarkError) {
        second = try ExchangeClient(self, isFirst: false)
    }

    fileprivate func clientEnded() throws(BenchmarkError) {
        endedClients += 1
        guard endedClients == 2 else { return }
        first = nil
        second = nil
        try onEnd(self)
    }

    /// What a client says: 200 digits that tell who says it and which message it is.
    fileprivate func body(of sender: String, _ index: Int) -> String {
        sender + hexadecimal(UInt64(index), digits: 8) + Self.filler
    }

    private static let filler = String(repeating: "5eed", count: 45)
}

/// One of the two.
private final class ExchangeClient: MailboxUser {
    private enum Step {
        case listing, allocating, claiming, messaging, releasing, closing, leaving
    }

    private unowned let exchange: Exchange
    private let isFirst: Bool
    private var client: MailboxClient?
    private var step = Step.listing
    private var sent = 0
    private var echoed = 0
    private var received = 0

    init(_ exchange: Exchange, isFirst: Bool) throws(BenchmarkError) {
        self.exchange = exchange
        self.isFirst = isFirst
        let number = exchange.number * 2 + (isFirst ? 0 : 1)
        client = try MailboxClient(number: number, port: exchange.port, loop: exchange.loop, user: self)
    }

    func mailboxOpened(_ client: MailboxClient) throws(BenchmarkError) {
        client.bind()
        client.list()
        try client.flush()
    }

    func mailbox(_ client: MailboxClient, received reply: MailboxReply) throws(BenchmarkError) {
        switch (step, reply) {
        case (.listing, .nameplates(let list)):
            if isFirst {
                client.allocate()
                step = .allocating
            } else {
                guard list.contains(exchange.nameplate) else { throw BenchmarkError("a nameplate is not listed") }
                client.claim(exchange.nameplate)
                step = .claiming
            }
        case (.allocating, .allocated(let nameplate)):
            exchange.nameplate = nameplate
            client.claim(nameplate)
            step = .claiming
        case (.claiming, .claimed(let mailbox)):
            try open(client, mailbox)
        case (.messaging, .message(let side, let phase, let body)):
            try take(client, side: side, phase: phase, body: body)
        case (.releasing, .released):
            client.close(exchange.mailbox)
            step = .closing
        case (.closing, .closed):
            step = .leaving
            try client.leave()
        default:
            throw BenchmarkError("\(reply) while \(step)")
        }
        try client.flush()
    }

    func mailboxEnded(_ client: MailboxClient) throws(BenchmarkError) {
        guard step == .leaving else { throw BenchmarkError("the end while \(step)") }
        self.client = nil
        try exchange.clientEnded()
    }

    private func open(_ client: MailboxClient, _ mailbox: String) throws(BenchmarkError) {
        if isFirst {
            exchange.mailbox = mailbox
        } else if mailbox != exchange.mailbox {
            throw BenchmarkError("the two claimed different mailboxes")
        }
        client.open(mailbox)
        step = .messaging
        guard isFirst else { return }
        add(client)
        try exchange.startSecond()
    }

    private func add(_ client: MailboxClient) {
        client.add(phase: String(sent), body: exchange.body(of: client.side, sent))
        sent += 1
    }

    private func take(_ client: MailboxClient, side: String, phase: String, body: String) throws(BenchmarkError) {
        let isOwn = side == client.side
        let index = isOwn ? echoed : received
        guard phase == String(index), body == exchange.body(of: side, index) else {
            throw BenchmarkError("message \(phase) of \(side) in place of \(index)")
        }
        if isOwn {
            echoed += 1
        } else {
            received += 1
            if sent < Exchange.messages { add(client) }
        }
        guard echoed == Exchange.messages, received == Exchange.messages else { return }
        client.release(exchange.nameplate)
        step = .releasing
    }
}
