internal import LinuxIO
internal import Observations
internal import WormholeWire

/// What is tested, and as whom.
struct SelfTestSubject: Sendable {
    /// The application of its mailboxes, which nobody can guess: it leaves no records and needs no permission.
    let appID: AppID
    /// What its relayed connections meet by, as text.
    let tokenText: String
    private let token: TransitToken

    /// Where the services listen, as far as they do.
    var mailbox: ListenerAddress?
    var transit: ListenerAddress?
    var transitWebSocket: ListenerAddress?

    init() {
        let name = "wormhole-server/self-test/\(RandomText.hexadecimal(digits: 32))"
        let tokenText = RandomText.hexadecimal(digits: TransitToken.length)
        guard let appID = AppID(name), let token = TransitToken(Array(tokenText.utf8).span) else {
            preconditionFailure("hexadecimal digits make an application and a token")
        }
        self.appID = appID
        self.tokenText = tokenText
        self.token = token
    }

    var identity: SelfTestIdentity { SelfTestIdentity(appID: appID, token: token) }

    /// Tries one of the services.
    ///
    /// - Returns: Whether there was anything to try.
    func run(_ probe: SelfTestProbe, _ patience: ClientSocket.Patience) throws(ProbeError) -> Bool {
        switch probe {
        case .mailbox:
            guard let mailbox else { return false }
            try MailboxProbe(address: mailbox, appID: appID).run(patience)
        case .transit:
            guard let address = transit ?? transitWebSocket else { return false }
            try TransitProbe(address: address, isWebSocket: transit == nil, token: tokenText).run(patience)
        }
        return true
    }
}
