import MailboxRules
import MailboxService
import Observations
import TestSupport
import Testing

/// Statements 116 to 119 of the mailbox conformance list, over real connections; 115 is with the welcome.
@Suite("Mailbox conformance: permission", .timeLimit(.minutes(1)))
struct PermissionConformanceTests {
    private static let bind = #"{"type":"bind","appid":"app","side":"s"}"#

    private static func submit(_ stamp: String, as type: String = "submit-permissions") -> String {
        #"{"type":"\#(type)","method":"hashcash","stamp":"\#(stamp)"}"#
    }

    /// A client that has been asked for a proof of work, and what that is to be made out to.
    private static func visit(_ harness: MailboxServerHarness) async throws -> (visitor: Visitor, resource: String) {
        let (visitor, welcome) = try await harness.visit()
        return (visitor, try #require(welcome["permission-required"]?["hashcash"]?["resource"]?.string))
    }

    private static func run(
        isRequired: Bool = true,
        _ test: (MailboxServerHarness) async throws -> Void
    ) async throws {
        try await MailboxServerHarness.run(
            { $0.permission = .hashcash(bits: ProofOfWork.bits, isRequired: isRequired) },
            test
        )
    }

    /// The server ends the connection, and says nothing more but why.
    private static func expectEnd(of visitor: Visitor, at harness: MailboxServerHarness) async throws {
        #expect(try await visitor.webSocket.next().closeCode == 1008)
        let remainder = try await visitor.webSocket.close()
        #expect(remainder.frames.isEmpty && remainder.tail.isEmpty, "\(remainder)")
        try await harness.observed("the cause") {
            if case .connectionClosed(_, .protocolError, _) = $0 { true } else { false }
        }
    }

    @Test(
        "116: a valid stamp is acknowledged and nothing else, and so is the bind behind it, whether it waits or not",
        arguments: ["submit-permissions", "submit-permission"],
        [false, true]
    )
    func valid(type: String, isPipelined: Bool) async throws {
        try await Self.run { harness in
            let (visitor, resource) = try await Self.visit(harness)
            let submit = Self.submit(ProofOfWork.stamp(for: resource), as: type)
            if isPipelined {
                for command in [submit, Self.bind] { try await visitor.say(command) }
                for _ in 0..<2 { _ = try await visitor.hear("ack") }
            } else {
                try await visitor.tell(submit)
                try await visitor.expectSilence()
                try await visitor.tell(Self.bind)
            }
            try await visitor.expectSilence()
            #expect(try await visitor.list() == [])
            try await harness.observed("the proof") { $0 == .permissionChallenged(.hashcash, result: .passed) }
        }
    }

    /// What can be wrong with a stamp.
    enum Flaw: CaseIterable, Sendable {
        case wrongResource, ofAnotherConnection, tooFewBits, sixFields, version2

        func stamp(for resource: String, other: String) -> String {
            switch self {
            case .wrongResource: ProofOfWork.stamp(for: "resource")
            case .ofAnotherConnection: ProofOfWork.stamp(for: other)
            case .tooFewBits: ProofOfWork.stamp(for: resource, claiming: "\(ProofOfWork.bits - 1)")
            case .sixFields: ProofOfWork.stamp(for: resource, extra: "b'cmFuZG9t'")
            case .version2: ProofOfWork.stamp(for: resource, version: "2")
            }
        }
    }

    @Test("117: any other stamp is acknowledged and refused, and the connection ends", arguments: Flaw.allCases)
    func invalid(flaw: Flaw) async throws {
        try await Self.run { harness in
            let (visitor, resource) = try await Self.visit(harness)
            let (neighbour, other) = try await Self.visit(harness)
            let submit = Self.submit(flaw.stamp(for: resource, other: other))
            try await visitor.expect("submit-permissions failed", for: submit)
            try await Self.expectEnd(of: visitor, at: harness)
            // Another's failure, and another's use of its stamp, does not harm a client.
            try await neighbour.tell(Self.submit(ProofOfWork.stamp(for: other)))
            try await neighbour.tell(Self.bind)
            #expect(try await neighbour.list() == [])
        }
    }

    @Test("117: a bind that does not wait for a refusal is not carried out, and there is one end")
    func invalidPipelined() async throws {
        try await Self.run { harness in
            let visitor = try await Self.visit(harness).visitor
            let submit = Self.submit("1:8:20261121:resource::r:0")
            try await visitor.webSocket.send(.text(submit), .text(Self.bind))
            _ = try await visitor.hear("ack")
            #expect(try await visitor.hear("error")["error"] == "submit-permissions failed")
            try await Self.expectEnd(of: visitor, at: harness)
        }
    }

    @Test("118: a bind without a stamp is acknowledged and refused in words for people, and the connection ends")
    func absent() async throws {
        try await Self.run { harness in
            let visitor = try await Self.visit(harness).visitor
            let text = "permission denied: this server currently requires proof of work, please upgrade"
            try await visitor.expect(text, for: Self.bind)
            try await Self.expectEnd(of: visitor, at: harness)
        }
    }

    @Test(
        "118: where none is allowed a client binds at once, or says so before",
        arguments: ["", #"{"type":"submit-permissions","method":"none"}"#]
    )
    func noneAllowed(first: String) async throws {
        try await Self.run(isRequired: false) { harness in
            let visitor = try await Self.visit(harness).visitor
            if !first.isEmpty { try await visitor.tell(first) }
            try await visitor.tell(Self.bind)
            #expect(try await visitor.list() == [])
        }
    }

    @Test("119: where nothing is asked for, the command is as any that does not exist")
    func off() async throws {
        try await MailboxServerHarness.run { harness in
            let (visitor, welcome) = try await harness.visit()
            #expect(welcome["permission-required"] == nil)
            let submit = Self.submit(ProofOfWork.stamp(for: "resource"))
            try await visitor.expect("must bind first", for: submit)
            try await visitor.tell(Self.bind)
            try await visitor.expect("unknown type", for: submit)
            try await visitor.expectSilence()
        }
    }
}
