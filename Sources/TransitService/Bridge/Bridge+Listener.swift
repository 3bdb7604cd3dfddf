internal import Admission
internal import LinuxIO
internal import NIOHTTP1
internal import Observations
internal import TransitRules
internal import WebSocketServer

/// What the listener of the WebSocket clients asks and tells. Any path, host and origin is welcome: whoever reaches the port
/// may relay, as long as there is room.
extension Bridge: WebSocketListenerDelegate {
    func webSocketListener(route request: UpgradeRequest) -> WebSocketRoute {
        switch doorkeeper.admit(request.peer?.network, at: SystemClock.monotonicNanoseconds) {
        case .admitted(let pass):
            return .upgrade(makeClient(for: request, pass))
        case .refused(let reason):
            observe(.connectionRejected(.transit, reason: reason))
            guard reason != .deniedSource else {
                return .respond(status: .forbidden, headers: [:], body: "this address is not let in here\n")
            }
            return .respond(
                status: [.sourceLimit, .sourceRate].contains(reason) ? .tooManyRequests : .serviceUnavailable,
                headers: [:],
                body: "too many connections\n"
            )
        }
    }

    func webSocketListener(rejected reason: WebSocketRejection, peer: PeerAddress?) {
        switch reason {
        case .badRequest, .badUpgrade, .badProxyHeader, .timeout, .disconnected:
            observe(.connectionRejected(.transit, reason: .badUpgrade))
        case .noDescriptors:
            observe(.connectionRejected(.transit, reason: .descriptorReserve))
        case .tooManyUnfinished:
            observe(.connectionRejected(.transit, reason: .globalLimit))
        case .tooManyUnfinishedOfSource:
            observe(.connectionRejected(.transit, reason: .sourceLimit))
        }
    }

    func webSocketListener(acceptFailed error: ErrorNumber) {
        observe(.acceptFailed(AcceptFailure(error)))
    }
}
extension Bridge {
    /// How the listener treats the clients.
    static func listenerConfiguration(_ relay: TransitConfiguration) -> WebSocketConfiguration {
        var configuration = WebSocketConfiguration(serverName: relay.serverName, delivery: .pieces(upTo: 64 << 10))
        configuration.upgradeTimeout = relay.upgradeTimeout
        configuration.pingInterval = .seconds(60)
        configuration.pingTimeout = .seconds(300)
        return configuration
    }
}
