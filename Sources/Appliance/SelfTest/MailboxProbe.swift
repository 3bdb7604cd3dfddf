internal import Foundation
internal import LinuxIO
internal import WormholeWire

/// Two clients meet through the mailbox server and send each other a message.
///
/// They claim a long nameplate of their own choice, as people do who make up a code, and so leave the short ones to others.
struct MailboxProbe {
    let address: ListenerAddress
    let appID: AppID

    func run(_ patience: ClientSocket.Patience) throws(ProbeError) {
        let nameplate = String(Int.random(in: 100_000_000_000...999_999_999_999))
        let first = try Client(address, appID, side: "selftest-1", patience)
        let second = try Client(address, appID, side: "selftest-2", patience)
        let mailbox = try first.meet(at: nameplate)
        guard try second.meet(at: nameplate) == mailbox else { throw .unexpected("one nameplate led to two mailboxes") }
        try first.add("1", "706f")
        try second.expect("1", "706f")
        try second.add("2", "6e67")
        try first.expect("2", "6e67")
        try first.leave()
        try second.leave()
    }

    /// One of the two.
    private final class Client {
        private let webSocket: ProbeWebSocket

        /// What the probe looks at in a message.
        private struct Message: Decodable {
            let type: String
            var mailbox: String?
            var phase: String?
            var body: String?
            var error: String?
        }

        init(
            _ address: ListenerAddress,
            _ appID: AppID,
            side: String,
            _ patience: ClientSocket.Patience
        ) throws(ProbeError) {
            webSocket = try ProbeWebSocket(to: address, path: "/v1", patience)
            _ = try next("welcome")
            try send(["type": "bind", "appid": appID.string.text, "side": side])
        }

        /// Claims a nameplate and opens its mailbox.
        func meet(at nameplate: String) throws(ProbeError) -> String {
            try send(["type": "claim", "nameplate": nameplate])
            guard let mailbox = try next("claimed").mailbox else { throw .unexpected("'claimed' names no mailbox") }
            try send(["type": "open", "mailbox": mailbox])
            return mailbox
        }

        func add(_ phase: String, _ body: String) throws(ProbeError) {
            try send(["type": "add", "phase": phase, "body": body])
        }

        func expect(_ phase: String, _ body: String) throws(ProbeError) {
            while true {
                let message = try next("message")
                guard message.phase == phase else { continue }
                guard message.body == body else { throw .unexpected("a message has changed on its way") }
                return
            }
        }

        func leave() throws(ProbeError) {
            try send(["type": "release"])
            _ = try next("released")
            try send(["type": "close", "mood": "happy"])
            _ = try next("closed")
            try webSocket.end()
        }

        /// The next message of a type; those before it are passed over, unless one is an error.
        private func next(_ type: String) throws(ProbeError) -> Message {
            while true {
                let (opcode, payload) = try webSocket.receive()
                guard opcode == .text, let message = try? JSONDecoder().decode(Message.self, from: Data(payload)) else {
                    throw .unexpected("the connection was closed while '\(type)' was expected")
                }
                if message.type == type { return message }
                if let error = message.error, message.type == "error" {
                    throw .unexpected("'\(error)' came while '\(type)' was expected")
                }
            }
        }

        /// - Parameter members: Text that needs no escaping.
        private func send(_ members: KeyValuePairs<String, String>) throws(ProbeError) {
            let text = members.map { "\"\($0.key)\":\"\($0.value)\"" }.joined(separator: ",")
            try webSocket.send(.text, Array("{\(text)}".utf8))
        }
    }
}
