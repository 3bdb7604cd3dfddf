import NIOCore
import NIOWebSocket
import TestSupport
import Testing

@testable import WebSocketServer

@Suite("Backpressure")
struct BackpressureTests {
    typealias Frame = WebSocketTestFrame

    @Test("a client that sends Pings and reads nothing makes us queue little, and gets the latest Pong in the end")
    func pingFlood() async throws {
        try await EchoServer.run(behaviour: { _, _ in }) { server in
            let client = try await WebSocketTestClient.connect(port: server.port, receiveBuffer: 8 << 10)
            // More than the kernel's buffers between the two can hold.
            let ping = Frame.ping([UInt8](repeating: 0, count: 125)).bytes
            let burst = (0..<200).flatMap { _ in ping }
            for _ in 0..<600 { try await client.send(raw: burst) }
            let payload = Array("the last one".utf8)
            try await client.send(.ping(payload))
            try await client.send(text: "done")
            try await eventually("all read") { server.log.received.count == 1 }
            let queued = try await server.onLoop { $0[0].bufferedBytes }
            #expect(queued <= (64 << 10) + 64 * 127 + 65536)
            #expect(queued > 0, "the kernel swallowed everything; the test proves nothing")
            var pongs = 0
            while true {
                let frame = try await client.next()
                #expect(frame.opcode == 10)
                pongs += 1
                if frame.payload == payload { break }
            }
            #expect(pongs < 600 * 200)
            try await client.send(.ping("alive".utf8))
            #expect(try await client.next().text == "alive")
        }
    }

    @Test("a paused connection takes nothing from the socket, and everything comes when it goes on")
    func pause() async throws {
        let behaviour: EchoServer.Behaviour = { connection, event in
            if case .opened = event { connection.pauseReading() }
        }
        try await EchoServer.run(delivery: .pieces(upTo: 1000), behaviour: behaviour) { server in
            let client = try await WebSocketTestClient.connect(port: server.port)
            let frame = Frame.binary([UInt8](repeating: 7, count: 1000)).bytes
            let stream = (0..<20_000).flatMap { _ in frame }
            var sent = 0
            // The kernel takes what its buffers hold and no more.
            var idle = 0
            while sent < stream.count, idle < 20 {
                let count = try await client.socket.sendSome(stream[sent..<min(sent + 65536, stream.count)])
                sent += count
                idle = count == 0 ? idle + 1 : 0
                if count == 0 { try await Task.sleep(for: .milliseconds(5)) }
            }
            #expect(sent < stream.count)
            #expect(server.log.received.isEmpty)
            try await server.onLoop { $0[0].resumeReading() }
            try await client.send(raw: Array(stream[sent...]))
            try await client.send(.close(1000))
            try await eventually("told") { server.log.closed.count == 1 }
            let pieces = server.log.received
            #expect(pieces.reduce(0) { $0 + $1.bytes.count } == 20_000 * 1000)
            #expect(pieces.allSatisfy { $0.bytes.count <= 1000 })
        }
    }

    @Test("pausing takes effect between two messages of one segment, and FIN waits its turn")
    func pauseWithinBurst() async throws {
        let behaviour: EchoServer.Behaviour = { connection, event in
            if case .received = event { connection.pauseReading() }
        }
        try await EchoServer.run(behaviour: behaviour) { server in
            let client = try await WebSocketTestClient.connect(port: server.port)
            try await client.send(.text("1"), .text("2"), .text("3"))
            await client.socket.shutdownOutput()
            for count in 1...2 {
                try await eventually("message \(count)") { server.log.received.count == count }
                #expect(server.log.closed == [])
                let received = try await server.onLoop { connections in
                    connections[0].resumeReading()
                    return server.log.received.count
                }
                #expect(received == count)
            }
            try await eventually("told") { server.log.closed == [.disconnected] }
            #expect(server.log.received.map { $0.bytes } == [[0x31], [0x32], [0x33]])
        }
    }

    @Test("an owner that pauses is still told when to flush")
    func flushWhilePaused() async throws {
        let behaviour: EchoServer.Behaviour = { connection, event in
            EchoServer.echo(connection, event)
            if case .received = event { connection.pauseReading() }
        }
        try await EchoServer.run(behaviour: behaviour) { server in
            let client = try await WebSocketTestClient.connect(port: server.port)
            try await client.send(.text("1"), .text("2"))
            #expect(try await client.nextText() == "1")
            try await server.onLoop { $0[0].resumeReading() }
            #expect(try await client.nextText() == "2")
        }
    }

    @Test("a reset is noticed while paused")
    func resetWhilePaused() async throws {
        let behaviour: EchoServer.Behaviour = { connection, event in
            if case .received = event { connection.pauseReading() }
        }
        try await EchoServer.run(behaviour: behaviour) { server in
            let client = try await WebSocketTestClient.connect(port: server.port)
            try await client.send(.text("1"), .text("2"))
            try await eventually("paused") { server.log.received.count == 1 }
            await client.socket.reset()
            try await eventually("told") { server.log.closed == [.ioError] }
            #expect(server.log.received.count == 1)
        }
    }

    @Test("closing a paused connection finds the client's Close behind what was not heard")
    func closeWhilePaused() async throws {
        let behaviour: EchoServer.Behaviour = { connection, event in
            if case .received = event { connection.pauseReading() }
        }
        try await EchoServer.run(behaviour: behaviour) { server in
            let client = try await WebSocketTestClient.connect(port: server.port)
            try await client.send(.text("1"), .text("2"), .text("3"), .close(1000))
            try await eventually("paused") { server.log.received.count == 1 }
            try await server.onLoop { $0[0].close(code: .goingAway) }
            let remainder = try await client.remainder()
            #expect(remainder.closeCode == 1001 && remainder.ending == .orderly)
            await client.socket.close()
            try await eventually("told") { server.log.closed == [.serverClose(.goingAway)] }
            #expect(server.log.received.count == 1)
        }
    }

    @Test("writability is told when it changes, after the call that changed it")
    func writability() async throws {
        let behaviour: EchoServer.Behaviour = { connection, event in
            switch event {
            case .received(_, _, _):
                connection.send(ByteBuffer(repeating: 0x61, count: 20 << 20), as: .binary)
                connection.flush()
                connection.withFrame(.text) { $0.writeString("writable \(connection.isWritable)") }
            case .writabilityChanged:
                connection.sendText("changed to \(connection.isWritable), \(connection.bufferedBytes <= 64 << 10)".utf8)
                connection.flush()
            case .opened, .readCompleted, .ponged, .closed: break
            }
        }
        try await EchoServer.run(behaviour: behaviour) { server in
            let client = try await WebSocketTestClient.connect(port: server.port, receiveBuffer: 16 << 10)
            try await client.send(text: "go")
            #expect(try await client.nextBinary().count == 20 << 20)
            #expect(try await client.nextText() == "writable false")
            #expect(try await client.nextText() == "changed to false, false")
            #expect(try await client.nextText() == "changed to true, true")
        }
    }

    @Test("the memory of a message that never ends is bounded", arguments: [true, false])
    func neverEnding(inPieces: Bool) async throws {
        let delivery: WebSocketConfiguration.Delivery =
            inPieces ? .pieces(upTo: 64 << 10) : .wholeMessages(upTo: 1 << 20)
        try await EchoServer.run(delivery: delivery, behaviour: { _, _ in }) { server in
            let client = try await WebSocketTestClient.connect(port: server.port)
            try await client.send(.binary([], isFinal: false))
            let fragment = Frame.continuation([UInt8](repeating: 0, count: 10_000), isFinal: false).bytes
            for _ in 0..<100 { try await client.send(raw: fragment) }
            try await client.send(.ping("here".utf8))
            #expect(try await client.next().text == "here")
            let held = try await server.onLoop { $0[0].reader.payload.capacity + $0[0].reader.control.capacity }
            #expect(held <= (inPieces ? (64 << 10) + 256 : (1 << 20) + 256))
            if inPieces { return }
            for _ in 0..<10 { try await client.send(raw: fragment) }
            #expect(try await client.remainder().closeCode == 1009)
        }
    }
}
