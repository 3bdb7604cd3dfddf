import Synchronization
import TestSupport

/// What clients of the relay say first.
enum Handshake {
    private static let tokens = Atomic<Int>(0)

    /// `please relay` with 64 times the same character, as clients of old say it.
    static func legacy(_ character: Character = "a") -> String {
        "please relay \(String(repeating: character, count: 64))\n"
    }

    static func legacy(token: String) -> String { "please relay \(token)\n" }

    /// The handshake with a side: 16 times the same character.
    static func sided(token: String, _ side: Character) -> String {
        "please relay \(token) for side \(String(repeating: side, count: 16))\n"
    }

    static func sided(_ token: Character, _ side: Character) -> String {
        sided(token: String(repeating: token, count: 64), side)
    }

    /// A token nobody else has.
    static func freshToken() -> String {
        let number = String(tokens.wrappingAdd(1, ordering: .relaxed).newValue)
        return String(repeating: "0", count: 64 - number.count) + number
    }
}

extension WebSocketTestSocket {
    /// Reads `ok\n` and not a byte more.
    func expectOK() async throws {
        let received = try await receive(exactly: 3)
        guard received == Array("ok\n".utf8) else {
            throw WebSocketTestError(.unexpected, "ok", received: received)
        }
    }

    /// Everything until the end, as text.
    func rest() async throws -> String {
        let (bytes, ending) = try await receiveToEnd()
        return String(decoding: bytes, as: UTF8.self) + (ending == .reset ? "<reset>" : "")
    }

    func expectSilence() throws {
        if let bytes = try receiveAvailable() {
            throw WebSocketTestError(.unexpected, "silence", received: bytes)
        }
    }
}
