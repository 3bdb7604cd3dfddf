import NIOCore
import NIOWebSocket
import TestSupport
import Testing

@testable import WebSocketServer

@Suite("Keepalive")
struct KeepaliveTests {
    private func connection(interval: Int = 60, timeout: Int = 600) throws -> EmbeddedConnection {
        try EmbeddedConnection {
            $0.pingInterval = .seconds(interval)
            $0.pingTimeout = .seconds(timeout)
        }
    }

    @Test("sends a Ping of 12 random bytes after an interval of silence, not before")
    func ping() throws {
        let first = try connection()
        let second = try connection()
        first.pass(.milliseconds(59_999))
        #expect(try first.written() == [])
        first.pass(.milliseconds(1))
        second.pass(.seconds(60))
        let pings = try first.written() + second.written()
        #expect(pings.map(\.opcode) == [9, 9])
        #expect(pings.allSatisfy { $0.payload.count == 12 && $0.mask == nil })
        #expect(pings[0].payload != pings[1].payload)
        first.finish()
        second.finish()
    }

    @Test("is content with data as a sign of life, before and after a Ping")
    func data() throws {
        let connection = try connection()
        connection.pass(.seconds(50))
        try connection.receive(.text("x"))
        connection.pass(.seconds(59))
        #expect(try connection.written() == [])
        connection.pass(.seconds(1))
        #expect(try connection.written().map(\.opcode) == [9])
        connection.pass(.seconds(599))
        try connection.receive(.text("part", isFinal: false))
        connection.pass(.seconds(59))
        #expect(try connection.written() == [])
        connection.pass(.seconds(1))
        #expect(try connection.written().map(\.opcode) == [9])
        connection.pass(.seconds(600))
        #expect(connection.client.causes == [.pingTimeout])
        connection.finish()
    }

    @Test("reports the round trip of the matching Pong and asks again an interval later")
    func pong() throws {
        let connection = try connection()
        connection.pass(.seconds(60))
        let ping = try #require(try connection.written().first)
        connection.pass(.milliseconds(250))
        try connection.receive(.pong(ping.payload))
        #expect(connection.client.roundTrips == [.milliseconds(250)])
        try connection.receive(.pong(ping.payload))
        #expect(connection.client.roundTrips.count == 1)
        connection.pass(.milliseconds(59_999))
        #expect(try connection.written() == [])
        connection.pass(.milliseconds(1))
        #expect(try connection.written().count == 1)
        #expect(connection.client.messages == [])
        connection.finish()
    }

    @Test("gives up a client that answers nothing, and is not deceived by other Pongs and by Pings")
    func silence() throws {
        let connection = try connection()
        connection.pass(.seconds(60))
        let ping = try #require(try connection.written().first)
        connection.pass(.seconds(300))
        try connection.receive(.pong(), .pong([UInt8](repeating: 0, count: 12)), .pong(ping.payload + [0]), .ping())
        connection.pass(.milliseconds(299_999))
        #expect(connection.client.causes == [] && connection.isOpen)
        connection.pass(.milliseconds(1))
        #expect(connection.client.causes == [.pingTimeout] && !connection.isOpen)
        #expect(connection.client.roundTrips == [])
        connection.finish()
    }

    @Test("spares a client that is not read, and gives it the whole time again")
    func paused() throws {
        let connection = try connection()
        connection.pass(.seconds(60))
        connection.connection.pauseReading()
        connection.pass(.seconds(5000))
        #expect(connection.isOpen)
        connection.connection.resumeReading()
        connection.pass(.seconds(1200))
        #expect(connection.client.causes == [.pingTimeout])
        connection.finish()
    }

    @Test("spares a client with output waiting, if so configured", arguments: [true, false])
    func backpressure(spares: Bool) throws {
        let connection = try EmbeddedConnection { $0.sparesClientsUnderBackpressure = spares }
        connection.pass(.seconds(60))
        connection.connection.send(ByteBuffer(string: "never flushed"), as: .text)
        connection.pass(.seconds(5000))
        #expect(connection.isOpen == spares)
        connection.finish()
    }

    @Test("can be switched off, and so can giving up")
    func off() throws {
        let silent = try connection(interval: 0)
        silent.pass(.seconds(1_000_000))
        #expect(try silent.written() == [])
        let patient = try connection(timeout: 0)
        patient.pass(.seconds(1_000_000))
        #expect(try patient.written().count == 1)
        #expect(patient.isOpen && silent.isOpen)
        silent.finish()
        patient.finish()
    }

    @Test("stops when the connection does")
    func stops() throws {
        let connection = try connection()
        connection.pass(.seconds(30))
        connection.connection.abort()
        connection.pass(.seconds(1000))
        #expect(connection.client.causes == [.aborted])
        #expect(try connection.written() == [])
        connection.finish()
    }
}
