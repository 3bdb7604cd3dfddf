import Admission
import LinuxIO
import Logging
import NIOHTTP1
import Observations
import WebSocketServer
import WormholeWire

/// The few HTTP paths of the mailbox server.
///
///     GET /             200 `Wormhole Relay`
///     GET /v1, /v1/...  101, with an upgrade
///     anything else     404
///
/// Source: mailbox protocol, section on the HTTP surface.
final class MailboxRoutes: WebSocketListenerDelegate {
    private let loop: MailboxLoop

    init(loop: MailboxLoop) {
        self.loop = loop
    }

    func webSocketListener(route request: UpgradeRequest) -> WebSocketRoute {
        // By its bytes: long texts take Swift the square of their length to compare.
        let path = WireString(request.head.path)
        if path == "/v1" || path.text.utf8.starts(with: "/v1/".utf8) { return rendezvous(for: request) }
        guard path == "/" else { return .text(.notFound, "Not found.\n") }
        guard request.head.method != .other else { return .notAllowed }
        return .text(.ok, "Wormhole Relay\n")
    }

    private func rendezvous(for request: UpgradeRequest) -> WebSocketRoute {
        guard request.head.method == .get else { return .notAllowed }
        guard request.wantsUpgrade else {
            return .text(.upgradeRequired, "This is a Magic Wormhole mailbox server; it speaks WebSocket here.\n")
        }
        guard !loop.isStopping, !loop.isDraining else { return refuse(because: .draining) }
        let address = ClientAddress(of: request, trusting: loop.configuration.trustedProxies)
        switch loop.doorkeeper.admit(address?.network, at: SystemClock.monotonicNanoseconds) {
        case .admitted(let pass): return .upgrade(client(at: address, for: request, pass))
        case .refused(let reason): return refuse(because: reason)
        }
    }

    private func refuse(because reason: RejectionReason) -> WebSocketRoute {
        loop.observe(.connectionRejected(.mailbox, reason: reason))
        return switch reason {
        case .sourceLimit, .sourceRate: .text(.tooManyRequests, "Too many connections from this address.\n")
        case .deniedSource: .text(.forbidden, "This address is not let in here.\n")
        default: .text(.serviceUnavailable, "The server is full.\n")
        }
    }

    private func client(
        at address: ClientAddress?,
        for request: UpgradeRequest,
        _ pass: consuming DoorPass
    ) -> MailboxClient {
        let family: AddressFamily =
            switch (request.peer, address) {
            case (nil, _): .unix
            case (_, .ipv4): .ipv4
            case (_, .ipv6), (_, nil): .ipv6
            }
        let addressID = address.flatMap { loop.addressID(of: $0) }
        if loop.configuration.logsConnections, let address {
            loop.logger.info("ws client connecting: \(address.logged)")
        } else if let addressID {
            loop.logger.info("ws client connecting: \(addressID)")
        }
        return MailboxClient(
            id: loop.makeID(),
            kind: ConnectionKind(component: .mailbox, transport: .webSocket, family: family),
            address: address,
            record: ConnectionRecord(connected: request.accepted, addressID: addressID),
            accepted: request.acceptedTick,
            pass: pass,
            loop: loop
        )
    }

    func webSocketListener(rejected reason: WebSocketRejection, peer: PeerAddress?) {
        switch reason {
        case .tooManyUnfinished: loop.observe(.connectionRejected(.mailbox, reason: .globalLimit))
        case .tooManyUnfinishedOfSource: loop.observe(.connectionRejected(.mailbox, reason: .sourceLimit))
        case .noDescriptors: loop.observe(.connectionRejected(.mailbox, reason: .descriptorReserve))
        case .badRequest, .badUpgrade, .badProxyHeader, .timeout, .disconnected:
            loop.observe(.connectionRejected(.mailbox, reason: .badUpgrade))
        }
    }

    func webSocketListener(acceptFailed error: ErrorNumber) {
        loop.observe(.acceptFailed(AcceptFailure(errorNumber: error.code)))
    }
}

@available(*, unavailable)
extension MailboxRoutes: Sendable {}

extension WebSocketRoute {
    fileprivate static func text(_ status: HTTPResponseStatus, _ body: String) -> WebSocketRoute {
        var headers = HTTPHeaders([("Content-Type", "text/plain; charset=utf-8")])
        if status == .upgradeRequired { headers.add(name: "Upgrade", value: "websocket") }
        return .respond(status: status, headers: headers, body: body)
    }

    fileprivate static var notAllowed: WebSocketRoute {
        let headers = HTTPHeaders([("Content-Type", "text/plain; charset=utf-8"), ("Allow", "HEAD, GET")])
        return .respond(status: .methodNotAllowed, headers: headers, body: "Method not allowed.\n")
    }
}

extension ClientAddress {
    fileprivate var logged: String {
        switch self {
        case .ipv4(let text, let port): "tcp4:\(text):\(port)"
        case .ipv6(let text, let port): "tcp6:\(text):\(port)"
        }
    }
}
