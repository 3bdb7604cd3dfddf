import MailboxService
import Observations
import TestSupport
import Testing

/// Connections that have not asked for anything yet, and what one source may have of them. Each of this machine's many
/// addresses is a source here.
@Suite("Unfinished upgrades of one source", .timeLimit(.minutes(1)))
struct UnfinishedUpgradeTests {
    /// Connects and says nothing.
    private static func silent(_ harness: MailboxServerHarness, from address: String) throws -> WebSocketTestSocket {
        try .connect(port: harness.port, from: address)
    }

    /// What the request on a connection is answered with; `nil` when the connection is closed without a word.
    private static func status(on socket: WebSocketTestSocket) async throws -> String? {
        do {
            try await socket.send(WebSocketTestClient.request(path: "/v1"))
            let answer = try await socket.receive(through: "\r\n\r\n")
            return String(decoding: answer.dropFirst(9).prefix(3), as: UTF8.self)
        } catch let error as WebSocketTestError where error.code != .deadline {
            return nil
        }
    }

    private static func expectRefusal(at harness: MailboxServerHarness, from address: String) async throws {
        let (bytes, _) = try await silent(harness, from: address).receiveToEnd()
        #expect(bytes.isEmpty)
        try await harness.observed("the reason") { $0 == .connectionRejected(.mailbox, reason: .sourceLimit) }
    }

    @Test("who has as many as one source may gets no more, until one of them has asked or left; nobody else suffers")
    func perSource() async throws {
        let configure = { (configuration: inout MailboxConfiguration) in
            configuration.countsLoopbackSources = true
            configuration.maximumUnfinishedUpgradesPerSource = 2
        }
        try await MailboxServerHarness.run(configure) { harness in
            var held = try (0..<2).map { _ in try Self.silent(harness, from: "127.0.0.5") }
            try await Self.expectRefusal(at: harness, from: "127.0.0.5")
            for _ in 0..<2 { held.append(try Self.silent(harness, from: "127.0.0.6")) }
            #expect(try await Self.status(on: held[2]) == "101")
            // A request that is complete makes room for one more.
            #expect(try await Self.status(on: held[0]) == "101")
            held.append(try Self.silent(harness, from: "127.0.0.5"))
            try await Self.expectRefusal(at: harness, from: "127.0.0.5")
            // And so does a client that leaves.
            await held[1].close()
            try await eventually("there is room again") {
                try await Self.status(on: try Self.silent(harness, from: "127.0.0.5")) == "101"
            }
            #expect(held.count == 5)
        }
    }

    @Test("this machine is no source")
    func thisMachine() async throws {
        try await MailboxServerHarness.run({ $0.maximumUnfinishedUpgradesPerSource = 1 }) { harness in
            let held = try (0..<4).map { _ in try Self.silent(harness, from: "127.0.0.5") }
            for socket in held.reversed() { #expect(try await Self.status(on: socket) == "101") }
        }
    }

    @Test("a proxy that tells its clients only in their first bytes is no source")
    func proxy() async throws {
        let harness = try await MailboxServerHarness(endpoint: "haproxy:tcp:0:interface=127.0.0.1") {
            $0.countsLoopbackSources = true
            $0.maximumUnfinishedUpgradesPerSource = 1
        }
        let held = try (0..<4).map { _ in try Self.silent(harness, from: "127.0.0.5") }
        for socket in held.reversed() {
            try await socket.send("PROXY TCP4 192.0.2.1 198.51.100.1 5 4000\r\n")
            #expect(try await Self.status(on: socket) == "101")
        }
        await harness.server.stop()
    }
}
