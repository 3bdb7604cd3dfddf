package import WormholeWire

/// Who the server is when it tests itself. Random and new with each process, so that nobody else can pass for it.
package struct SelfTestIdentity: Equatable, Sendable {
    /// The application its mailboxes are of.
    package let appID: AppID
    /// What its relayed connections say.
    package let token: TransitToken

    package init(appID: AppID, token: TransitToken) {
        self.appID = appID
        self.token = token
    }
}

extension Observation {
    /// Whether this is a record, or part of one, that the self-test has left. It is not a client's, so nobody wants to see it.
    package func isRecord(of selfTest: SelfTestIdentity) -> Bool {
        switch self {
        case .nameplateRetired(let summary): summary.appID == selfTest.appID
        case .mailboxRetired(let summary): summary.appID == selfTest.appID
        case .clientBound(let binding): binding.appID == selfTest.appID
        case .transitPaired(let pairing): pairing.isSelfTest
        case .transitEnded(let summary): summary.isSelfTest
        default: false
        }
    }
}
