import LinuxIO
import NIOCore
import NIOHTTP1
import NIOWebSocket

@testable import WebSocketServer

/// The delegate of ``EchoServer``; every path but a few is a WebSocket.
final class EchoDelegate: WebSocketListenerDelegate {
    let loop: any EventLoop
    let behaviour: EchoServer.Behaviour
    var server: EchoServer?
    var connections: [WebSocketConnection] = []

    init(loop: any EventLoop, behaviour: @escaping EchoServer.Behaviour) {
        self.loop = loop
        self.behaviour = behaviour
    }

    func webSocketListener(route request: UpgradeRequest) -> WebSocketRoute {
        server?.record { $0.requests.append((request.head.path, request.wantsUpgrade, request.peer != nil)) }
        switch request.head.path {
        case "/plain": return .respond(status: .ok, headers: ["Content-Type": "text/plain"], body: "plain\n")
        case "/missing": return .respond(status: .notFound, headers: [:], body: "no such page\n")
        default: return .upgrade(EchoClient(delegate: self))
        }
    }

    func webSocketListener(rejected reason: WebSocketRejection, peer: PeerAddress?) {
        server?.record { $0.rejected.append(reason) }
    }

    func webSocketListener(acceptFailed error: ErrorNumber) {
        server?.record { $0.acceptFailures.append(error.code) }
    }
}

/// Records what it hears and passes it to the behaviour.
final class EchoClient: WebSocketClient {
    private let delegate: EchoDelegate

    init(delegate: EchoDelegate) {
        self.delegate = delegate
    }

    func webSocketOpened(_ connection: WebSocketConnection) {
        delegate.connections.append(connection)
        delegate.behaviour(connection, .opened)
    }

    func webSocket(
        _ connection: WebSocketConnection,
        received payload: ByteBuffer,
        opcode: WebSocketOpcode,
        isFinal: Bool
    ) {
        if payload.readableBytes <= 1024 {
            delegate.server?.record {
                $0.received.append((Array(payload.readableBytesView), UInt8(webSocketOpcode: opcode), isFinal))
            }
        }
        delegate.behaviour(connection, .received(payload, opcode, isFinal: isFinal))
    }

    func webSocketReadCompleted(_ connection: WebSocketConnection) {
        delegate.server?.record { $0.reads += 1 }
        delegate.behaviour(connection, .readCompleted)
    }

    func webSocketWritabilityChanged(_ connection: WebSocketConnection) {
        delegate.behaviour(connection, .writabilityChanged)
    }

    func webSocketPonged(_ connection: WebSocketConnection, roundTrip: Duration) {
        delegate.server?.record { $0.ponged.append(roundTrip) }
        delegate.behaviour(connection, .ponged(roundTrip))
    }

    func webSocketClosed(_ connection: WebSocketConnection, cause: WebSocketCloseCause) {
        delegate.connections.removeAll { $0 === connection }
        delegate.server?.record { $0.closed.append(cause) }
        delegate.behaviour(connection, .closed(cause))
    }
}
