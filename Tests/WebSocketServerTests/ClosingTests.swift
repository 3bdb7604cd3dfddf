import NIOCore
import NIOWebSocket
import TestSupport
import Testing

@testable import WebSocketServer

@Suite("Closing")
struct ClosingTests {
    typealias Frame = WebSocketTestFrame

    @Test("a Close of ours carries code and reason, and nothing the client sends then is heard or answered")
    func ours() async throws {
        try await EchoServer.run { server in
            let client = try await WebSocketTestClient.connect(port: server.port)
            try await client.send(text: "before")
            #expect(try await client.nextText() == "before")
            try await server.onLoop { connections in
                let connection = connections[0]
                connection.send(ByteBuffer(string: "goodbye"), as: .text)
                connection.close(code: .goingAway, reason: "restarting")
                connection.send(ByteBuffer(string: "unheard"), as: .text)
                connection.close(code: .normalClosure)
                connection.flush()
            }
            #expect(try await client.nextText() == "goodbye")
            let close = try await client.next()
            #expect(close.closeCode == 1001 && close.payload.dropFirst(2).elementsEqual("restarting".utf8))
            try await client.send(
                .text("late"),
                .ping("late".utf8),
                .text(bytes: [0xFF]),
                .binary([UInt8](repeating: 0, count: 100_000))
            )
            #expect(server.log.closed == [])
            try await client.send(.close(1001))
            let remainder = try await client.remainder()
            #expect(remainder.frames == [] && remainder.tail == [] && remainder.ending == .orderly)
            await client.socket.close()
            try await eventually("told") { server.log.closed == [.serverClose(.goingAway)] }
            #expect(server.log.received.map { String(decoding: $0.bytes, as: UTF8.self) } == ["before"])
        }
    }

    @Test("a client that does not answer Close gets FIN when its time is up")
    func unanswered() async throws {
        try await EchoServer.run(configure: { $0.closeTimeout = .milliseconds(200) }) { server in
            let client = try await WebSocketTestClient.connect(port: server.port)
            try await server.onLoop { $0[0].close(code: .normalClosure) }
            let remainder = try await client.remainder()
            #expect(remainder.closeCode == 1000 && remainder.ending == .orderly)
            try await eventually("told") { server.log.closed == [.serverClose(.normalClosure)] }
        }
    }

    @Test("a slow reader that keeps taking bytes gets them all, long after every timeout")
    func slowReader() async throws {
        let size = 6 << 20
        let behaviour: EchoServer.Behaviour = { connection, event in
            guard case .received = event else { return }
            connection.send(ByteBuffer(repeating: 0x61, count: size), as: .binary)
            connection.close(code: .normalClosure)
        }
        let configure = { (configuration: inout WebSocketConfiguration) in
            configuration.closeTimeout = .milliseconds(400)
            configuration.drainTimeout = .milliseconds(100)
        }
        try await EchoServer.run(configure: configure, behaviour: behaviour) { server in
            let client = try await WebSocketTestClient.connect(port: server.port, receiveBuffer: 32 << 10)
            // Five times what a standstill may last; the first of the messages sent starts it.
            let go = Frame.text("go").bytes
            let received = try await client.socket.receive(exactly: size, over: .seconds(2), sending: go)
            let rest = try await client.socket.receiveToEnd()
            #expect(received.count + rest.bytes.count == size + 10 + 4)
            #expect(rest.ending == .orderly)
            #expect(rest.bytes.suffix(4) == [0x88, 2, 0x03, 0xE8])
        }
    }

    @Test("a client that takes nothing any more is cut off")
    func stuckReader() async throws {
        try await EchoServer.run(configure: { $0.closeTimeout = .milliseconds(200) }) { server in
            let client = try await WebSocketTestClient.connect(port: server.port, receiveBuffer: 16 << 10)
            try await server.onLoop { connections in
                connections[0].send(ByteBuffer(repeating: 0x61, count: 20 << 20), as: .binary)
                connections[0].close(code: .normalClosure)
            }
            try await eventually("told") { server.log.closed == [.serverClose(.normalClosure)] }
            await client.socket.close()
        }
    }

    @Test("the tail of what we sent survives a client that still sends", arguments: [100 << 10, 900 << 10])
    func tail(behind: Int) async throws {
        try await EchoServer.run { server in
            let client = try await WebSocketTestClient.connect(port: server.port)
            let flood = Frame.binary([UInt8](repeating: 0, count: behind)).bytes
            try await client.send(raw: Frame(opcode: 3, payload: []).bytes + flood)
            let remainder = try await client.remainder()
            #expect(remainder.closeCode == 1002 && remainder.ending == .orderly)
        }
    }

    @Test("a client that sends without end after its fault is cut off")
    func endless() async throws {
        try await EchoServer.run { server in
            let client = try await WebSocketTestClient.connect(port: server.port)
            try await client.send(Frame(opcode: 3, payload: []))
            let junk = [UInt8](repeating: 0, count: 64 << 10)
            await #expect(throws: WebSocketTestError.self) {
                for _ in 0..<1000 { try await client.send(raw: junk) }
            }
            try await eventually("told") { server.log.closed == [.protocolError(.protocolError)] }
        }
    }

    @Test("what came before FIN is heard, and the client's queue is flushed to it")
    func disconnected() async throws {
        try await EchoServer.run { server in
            let client = try await WebSocketTestClient.connect(port: server.port)
            try await client.send(.text("one"), .text("two"))
            await client.socket.shutdownOutput()
            let remainder = try await client.remainder()
            #expect(remainder.frames.map(\.text) == ["one", "two"] && remainder.ending == .orderly)
            try await eventually("told") { server.log.closed == [.disconnected] }
        }
    }

    @Test("a reset is an I/O error")
    func reset() async throws {
        try await EchoServer.run { server in
            let client = try await WebSocketTestClient.connect(port: server.port)
            await client.socket.reset()
            try await eventually("told") { server.log.closed == [.ioError] }
        }
    }

    @Test("aborting tells the owner once, and not from within the call")
    func abort() async throws {
        try await EchoServer.run { server in
            let client = try await WebSocketTestClient.connect(port: server.port)
            let told = try await server.onLoop { connections in
                connections[0].abort()
                connections[0].abort()
                return server.log.closed
            }
            #expect(told == [])
            #expect(try await client.remainder().frames == [])
            try await eventually("told") { server.log.closed == [.aborted] }
        }
    }

    @Test("an owner may close, or abort, from within anything it hears", arguments: [true, false])
    func reentrancy(aborts: Bool) async throws {
        for moment in 0..<3 {
            let behaviour: EchoServer.Behaviour = { connection, event in
                let now =
                    switch event {
                    case .opened: moment == 0
                    case .received: moment == 1
                    case .readCompleted: moment == 2
                    case .writabilityChanged, .ponged, .closed: false
                    }
                guard now else { return }
                connection.send(ByteBuffer(string: "x"), as: .text)
                if aborts { connection.abort() } else { connection.close(code: .policyViolation) }
            }
            try await EchoServer.run(behaviour: behaviour) { server in
                let socket = try WebSocketTestSocket.connect(port: server.port)
                let frames = Frame.text("a").bytes + Frame.text("b").bytes
                try await socket.send(Array(WebSocketTestClient.request().utf8) + frames)
                if aborts {
                    _ = try await socket.receiveToEnd()
                } else {
                    _ = try await socket.receive(through: "\r\n\r\n")
                    #expect(try await socket.receive(exactly: 7) == [0x81, 1, 0x78, 0x88, 2, 0x03, 0xF0])
                    try await socket.send(Frame.close(1008).bytes)
                    #expect(try await socket.receiveToEnd() == ([], .orderly))
                    await socket.close()
                }
                try await eventually("told") {
                    server.log.closed == [aborts ? .aborted : .serverClose(.policyViolation)]
                }
                #expect(server.log.received.count <= (moment == 2 ? 2 : 1))
            }
        }
    }

    @Test("many connections end without a trace")
    func noTrace() async throws {
        try await EchoServer.run { server in
            for round in 0..<100 {
                let client = try await WebSocketTestClient.connect(port: server.port)
                try await client.send(text: "x")
                switch round % 3 {
                case 0: _ = try await client.close()
                case 1: await client.socket.reset()
                default: await client.socket.close()
                }
            }
            try await eventually("all told") { server.log.closed.count == 100 }
            try await server.listener.stopAccepting().get()
            try await server.listener.connectionsClosed().get()
        }
    }
}
