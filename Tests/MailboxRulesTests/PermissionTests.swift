import MailboxRules
import Observations
import TestSupport
import Testing
import WormholeWire

/// Statements 115 to 119 of the mailbox conformance list, as far as they need no socket.
@Suite("Permission to bind")
struct PermissionTests {
    private static let invalidStamps: [String] = [
        ProofOfWork.stamp(for: "resource2"),
        ProofOfWork.stamp(for: "resource1", claiming: "7"),
        ProofOfWork.stamp(for: "resource1", version: "2"),
        ProofOfWork.stamp(for: "resource1", suffix: ":"),
        ProofOfWork.stamp(for: "resource1", date: String(repeating: "x", count: 600)),
        // Six fields, eight, and numbers of bits that are none; all with the work done.
        ProofOfWork.stamp(for: "resource1", extra: "b'cmFuZG9t'"),
        ProofOfWork.stamp(for: "resource1", extra: "::b'cmFuZG9t'"),
        ProofOfWork.stamp(for: "resource1", claiming: "-8"),
        ProofOfWork.stamp(for: "resource1", claiming: "+8"),
        ProofOfWork.stamp(for: "resource1", claiming: ""),
        ProofOfWork.stamp(for: "resource1", claiming: "88888888888888888888"),
        "1:8:20261121:resource1::r:no-work-was-done-here",
        "",
    ]

    private func harness(isRequired: Bool = true) -> RendezvousHarness {
        RendezvousHarness(permission: .hashcash(bits: ProofOfWork.bits, isRequired: isRequired))
    }

    private static let bind = #"{"type":"bind","appid":"a","side":"s"}"#

    @Test(
        "116: a valid stamp is acknowledged, in either spelling and whatever its date, and opens the way to bind",
        arguments: ["submit-permissions", "submit-permission"],
        ["20261121", "MjAyNjExMjE=", "261121"]
    )
    func valid(type: String, date: String) {
        var harness = harness()
        let id = harness.connect()
        let stamp = ProofOfWork.stamp(for: "resource\(id.number)", date: date)
        let said = harness.ask(#"{"type":"\#(type)","method":"hashcash","stamp":"\#(stamp)"}"#, on: id)
        #expect(said == [.ack(id: .null)])
        #expect(harness.ask(Self.bind, on: id) == [.ack(id: .null)])
        #expect(harness.closes.isEmpty)
        #expect(harness.observations.contains(.permissionChallenged(.hashcash, result: .issued)))
        #expect(harness.observations.contains(.permissionChallenged(.hashcash, result: .passed)))
    }

    @Test(
        "117: any other stamp is refused, and the connection ends",
        arguments: invalidStamps
    )
    func invalid(stamp: String) {
        var harness = harness()
        let id = harness.connect()
        let said = harness.ask(#"{"type":"submit-permissions","method":"hashcash","stamp":"\#(stamp)"}"#, on: id)
        guard case .error("submit-permissions failed", _)? = said.last, said.count == 2 else {
            Issue.record("\(said)")
            return
        }
        #expect(harness.closes == [id: .permissionDenied])
        #expect(harness.observations.contains(.permissionChallenged(.hashcash, result: .failed)))
    }

    @Test("a stamp is good for one submission")
    func reuse() {
        var harness = harness()
        let id = harness.connect()
        let stamp = ProofOfWork.stamp(for: "resource1")
        let submit = #"{"type":"submit-permissions","method":"hashcash","stamp":"\#(stamp)"}"#
        #expect(harness.error(submit, on: id) == nil)
        #expect(harness.error(submit, on: id) == "permission was submitted already")
        #expect(harness.closes == [id: .permissionDenied])
    }

    @Test("118: binding without is refused in words for people, and the connection ends")
    func absent() {
        var harness = harness()
        let id = harness.connect()
        let text = "permission denied: this server currently requires proof of work, please upgrade"
        #expect(harness.error(Self.bind, on: id) == text)
        #expect(harness.closes == [id: .permissionDenied])
        #expect(harness.observations.contains(.permissionChallenged(.hashcash, result: .absent)))
    }

    @Test(
        "118: where none is allowed, clients bind at once or say so",
        arguments: ["", #"{"type":"submit-permissions","method":"none"}"#]
    )
    func noneAllowed(first: String) {
        var harness = harness(isRequired: false)
        let id = harness.connect()
        if !first.isEmpty { #expect(harness.ask(first, on: id) == [.ack(id: .null)]) }
        #expect(harness.ask(Self.bind, on: id) == [.ack(id: .null)])
    }

    @Test("a method that is not offered is named back", arguments: [(true, "hashcash"), (false, "none, hashcash")])
    func otherMethod(isRequired: Bool, offered: String) {
        var harness = harness(isRequired: isRequired)
        let id = harness.connect()
        let error = harness.error(#"{"type":"submit-permissions","method":"money"}"#, on: id)
        #expect(error == "'method' is not one of: \(offered)")
    }

    @Test("119: where nothing is asked for, the command does not exist")
    func off() {
        var harness = RendezvousHarness()
        let id = harness.connect()
        let submit = #"{"type":"submit-permissions","method":"none"}"#
        #expect(harness.error(submit, on: id) == "must bind first")
        harness.say(Self.bind, on: id)
        #expect(harness.error(submit, on: id) == "unknown type")
        #expect(harness.closes.isEmpty)
    }
}
