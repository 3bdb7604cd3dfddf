import Foundation
import Observations
import TestSupport
import Testing
import TransitService

/// A relay with several ways in.
@Suite(.timeLimit(.minutes(1)))
struct ListenerTests {
    /// One of the ways in.
    private struct Door {
        /// A port, or a path.
        let name: String
        let isWebSocket: Bool

        func connect() throws -> WebSocketTestSocket {
            guard let port = Int(name) else { return try WebSocketTestSocket.connect(path: name) }
            return try WebSocketTestSocket.connect(port: port)
        }

        /// Comes in and says a line. What is read of the client afterwards is what it is told: `ok`, framed or not.
        func enter(saying line: String) async throws -> (client: WebSocketTestSocket, answer: [UInt8]) {
            let socket = try connect()
            guard isWebSocket else {
                try await socket.send(line)
                return (socket, Array("ok\n".utf8))
            }
            _ = try await WebSocketTestClient.upgrade(socket)
            try await socket.send(WebSocketTestFrame.binary(line.utf8).bytes)
            return (socket, WebSocketTestFrame(opcode: 2, payload: "ok\n".utf8, mask: nil).bytes)
        }
    }

    @Test("39: clients of every listener meet, also where there are several of a kind, and each is announced")
    func everyWay() async throws {
        let folder = try TemporaryFolder()
        let anyPort = "tcp:0:interface=127.0.0.1"
        let lines = LogLines()
        let relay = try await TestRelay.start(
            webSocket: true,
            more: (
                sockets: [anyPort, "unix:\(folder.path)/one", "unix:\(folder.path)/two"],
                webSockets: [anyPort, "unix:\(folder.path)/three"]
            ),
            logger: lines.logger
        )
        let doors = relay.names.enumerated().map { Door(name: $1, isWebSocket: $0 >= 4) }
        try #require(Set(doors.map(\.name)).count == 7)
        for first in doors {
            for second in doors {
                let token = Handshake.freshToken()
                let one = try await first.enter(saying: Handshake.sided(token: token, "1"))
                try await relay.waiting(1)
                let other = try await second.enter(saying: Handshake.sided(token: token, "2"))
                for (client, answer) in [one, other] {
                    #expect(try await client.receive(exactly: answer.count) == answer, "\(first) and \(second)")
                }
                await one.client.reset()
                await other.client.reset()
                try await relay.isEmpty()
                try await relay.waiting(0)
            }
        }
        await relay.server.stop(drainTimeout: .zero)
        for door in doors {
            #expect(lines.all.contains("Transit starting on \(door.name)"))
            #expect(throws: WebSocketTestError.self) { try door.connect() }
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
    }

    @Test("without descriptors all listeners rest, and all accept again")
    func pause() async throws {
        // In a process of its own, for the other tests need descriptors.
        await #expect(processExitsWith: .success) {
            try await TestRelay.run(more: (sockets: ["tcp:0:interface=127.0.0.1"], webSockets: [])) { relay in
                let ports = relay.names.compactMap { Int($0) }
                let before = try relay.connect()
                try await eventually("a connection", isTrue: { relay.openConnections == 1 })
                var hoard: [CInt] = []
                let clients = try ports.map { try WebSocketTestSocket.connect(port: $0) }
                try await eventually("three connections", isTrue: { relay.openConnections == 3 })
                while true {
                    let number = open("/dev/null", O_RDONLY | O_CLOEXEC)
                    if number < 0 { break }
                    hoard.append(number)
                }
                close(hoard.removeLast())
                let stranded = try WebSocketTestSocket.connect(port: ports[1])
                try await eventually(
                    "a failed accept",
                    isTrue: { relay.observations.contains(.acceptFailed(.processDescriptors)) }
                )
                for number in hoard { close(number) }
                let late = try relay.connect()
                for client in [stranded, late] { try await client.send(Handshake.legacy()) }
                for client in [stranded, late] { try await client.expectOK() }
                for client in clients + [before, stranded, late] { await client.close() }
            }
        }
    }
}
