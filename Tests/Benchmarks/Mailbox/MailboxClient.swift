import LinuxIO

/// What a mailbox client tells whoever uses it.
protocol MailboxUser: AnyObject {
    /// The WebSocket is there; commands may be sent before the welcome.
    func mailboxOpened(_ client: MailboxClient) throws(BenchmarkError)
    /// Anything but `welcome` and `ack`.
    func mailbox(_ client: MailboxClient, received reply: MailboxReply) throws(BenchmarkError)
    /// The WebSocket has been closed in an orderly way.
    func mailboxEnded(_ client: MailboxClient) throws(BenchmarkError)
}

/// One client of a mailbox server.
///
/// Checks what holds for every reply: the welcome comes first, each command is acknowledged once, in order and before its
/// answer.
final class MailboxClient: WebSocketUser {
    let side: String
    private var user: (any MailboxUser)?
    private var link: WebSocketLink?
    private(set) var isWelcome = false
    private var sentCommands = 0
    private(set) var acknowledgedCommands = 0

    /// The application every client binds to.
    private static let application = "bench.example.org/exchange"

    /// - Parameter number: Different for each client of a server; it makes the side and the source address.
    init(number: Int, port: UInt16, loop: LoadLoop, user: any MailboxUser) throws(BenchmarkError) {
        side = hexadecimal(UInt64(number) &* 0x9E37_79B9_7F4A_7C15 >> 24, digits: 10)
        self.user = user
        link = try WebSocketLink(port: port, path: "/v1", source: number, loop: loop, user: self)
    }

    // MARK: - Commands, kept until the next flush

    func bind() {
        append(#""bind","appid":"\#(Self.application)","side":"\#(side)""#)
    }

    func list() { append(#""list""#) }
    func allocate() { append(#""allocate""#) }
    func claim(_ nameplate: String) { append(#""claim","nameplate":"\#(nameplate)""#) }
    func open(_ mailbox: String) { append(#""open","mailbox":"\#(mailbox)""#) }
    func add(phase: String, body: String) { append(#""add","phase":"\#(phase)","body":"\#(body)""#) }
    func release(_ nameplate: String) { append(#""release","nameplate":"\#(nameplate)""#) }
    func close(_ mailbox: String) { append(#""close","mailbox":"\#(mailbox)","mood":"happy""#) }

    func flush() throws(BenchmarkError) {
        try link?.flush()
    }

    /// Closes the WebSocket; `mailboxEnded` follows.
    func leave() throws(BenchmarkError) {
        try link?.close()
    }

    private func append(_ command: String) {
        let text = #"{"id":"\#(hexadecimal(UInt64(sentCommands & 0xFFFF), digits: 4))","type":\#(command)}"#
        sentCommands += 1
        link?.append(text.utf8)
    }

    // MARK: - The WebSocket

    func webSocketOpened() throws(BenchmarkError) {
        try user?.mailboxOpened(self)
    }

    func webSocketReceived(_ payload: UnsafeRawBufferPointer) throws(BenchmarkError) {
        let reply = try MailboxReply(payload)
        guard isWelcome else {
            guard reply == .welcome else { throw BenchmarkError("\(reply) before the welcome") }
            isWelcome = true
            return
        }
        switch reply {
        case .welcome:
            throw BenchmarkError("a second welcome")
        case .ack(let id):
            let wanted = hexadecimal(UInt64(acknowledgedCommands & 0xFFFF), digits: 4)
            guard acknowledgedCommands < sentCommands, id == wanted else {
                throw BenchmarkError("ack \(id) in place of \(wanted)")
            }
            acknowledgedCommands += 1
        case .nameplates, .allocated, .claimed, .released, .closed:
            guard acknowledgedCommands == sentCommands else { throw BenchmarkError("\(reply) before its ack") }
            try user?.mailbox(self, received: reply)
        case .message:
            try user?.mailbox(self, received: reply)
        }
    }

    func webSocketEnded() throws(BenchmarkError) {
        guard acknowledgedCommands == sentCommands else { throw BenchmarkError("a command without ack") }
        link = nil
        let user = self.user
        self.user = nil
        try user?.mailboxEnded(self)
    }
}

/// The last so many hexadecimal digits of a number.
func hexadecimal(_ number: UInt64, digits: Int) -> String {
    String(unsafeUninitializedCapacity: digits) { bytes in
        var rest = number
        for index in stride(from: digits - 1, through: 0, by: -1) {
            let digit = UInt8(rest & 0xF)
            bytes[index] = digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
            rest >>= 4
        }
        return digits
    }
}
