import Foundation
import LinuxIO
import MailboxRules
import NIOCore
import Sockets
import Observations
import TestSupport

@testable import MailboxService

/// A mailbox server on a free port of its own, and clients for it.
final class MailboxServerHarness: Sendable {
    let server: MailboxServer
    let pipeline = ObservationPipeline()
    let log = LogLines()
    let port: Int

    init(
        database: String = ":memory:",
        endpoint: String = "tcp:0:interface=127.0.0.1",
        _ configure: (inout MailboxConfiguration) -> Void = { _ in }
    ) async throws {
        var configuration = MailboxConfiguration(channelDatabasePath: database)
        // Most of these clients do not answer a Close.
        configuration.closeTimeout = .milliseconds(50)
        configure(&configuration)
        let listener = try ListeningSocket.open(Endpoint(endpoint))
        port = listener.port ?? 0
        server = try MailboxServer(
            configuration: configuration,
            listener: listener,
            pipeline: pipeline,
            logger: log.logger
        )
        try await server.start()
    }

    /// Runs `body` where the server's state is owned.
    func onLoop(_ body: @escaping @Sendable () -> Void) async throws {
        try await server.eventLoop.submit(body).get()
    }

    /// A client that has been welcomed.
    func connect(path: String = "/v1", headers: [String] = []) async throws -> MailboxTestClient {
        let client = MailboxTestClient(
            webSocket: try await .connect(port: port, path: path, headers: headers)
        )
        _ = try await client.next("welcome")
        return client
    }

    /// A client that has bound.
    func bound(_ side: String, app: String = "app") async throws -> MailboxTestClient {
        let client = try await connect()
        try await client.send(["type": "bind", "appid": app, "side": side])
        _ = try await client.next("ack")
        return client
    }

    /// Waits until something that meets the condition was observed; everything before it is gone.
    func observed(_ what: String, _ condition: @Sendable (Observation) -> Bool) async throws {
        try await eventually("observed: \(what)", isTrue: { observations().contains(where: condition) })
    }

    /// What was observed since the last call.
    func observations() -> [Observation] {
        var observations: [Observation] = []
        _ = pipeline.drain { observations.append($0) }
        return observations
    }
}

/// One JSON object of the mailbox protocol.
typealias MailboxMessage = [String: any Sendable]

/// A client of the mailbox protocol.
struct MailboxTestClient: Sendable {
    let webSocket: WebSocketTestClient

    func send(_ message: MailboxMessage) async throws {
        let data = try JSONSerialization.data(withJSONObject: message)
        try await webSocket.send(text: String(decoding: data, as: UTF8.self))
    }

    /// The next message, which must be an object in a text frame.
    func next() async throws -> MailboxMessage {
        let text = try await webSocket.nextText()
        guard let object = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any] else {
            throw UnexpectedMessage(text: text)
        }
        return object.mapValues(Self.sendable)
    }

    /// The next message, which must be of this type.
    func next(_ type: String) async throws -> MailboxMessage {
        let message = try await next()
        guard message["type"] as? String == type else { throw UnexpectedMessage(text: "\(message)") }
        return message
    }

    /// Sends a command and returns its reply, the ack being taken.
    func ask(_ message: MailboxMessage, for type: String) async throws -> MailboxMessage {
        try await send(message)
        _ = try await next("ack")
        return try await next(type)
    }

    private static func sendable(_ value: Any) -> any Sendable {
        switch value {
        case let value as String: value
        case let value as NSNumber: value.doubleValue
        case let value as [String: Any]: value.mapValues(sendable)
        case let value as [Any]: value.map(sendable)
        default: "null"
        }
    }
}

/// Another message came than was waited for.
struct UnexpectedMessage: Error, CustomStringConvertible {
    let text: String
    var description: String { "unexpected message: \(text)" }
}
