import Foundation
import GRDB
import MailboxRules
import MailboxService
import Observations
import TestSupport
import Testing
import WormholeWire

/// Statements 85 to 90 of the mailbox conformance list, by the server's own timer and down to the rows of its file.
///
/// That `updated` advances is not seen here: it is written down once a minute at most.
@Suite("Expiry, down to the file", .timeLimit(.minutes(1)))
struct ExpiryInFileTests {
    private let folder: TemporaryFolder
    private let view: ForeignAccess

    init() throws {
        folder = try TemporaryFolder()
        view = ForeignAccess(path: folder.path + "/relay.sqlite")
    }

    private func run(_ expiry: ExpiryPolicy, _ test: (MailboxServerHarness) async throws -> Void) async throws {
        let configure = { (configuration: inout MailboxConfiguration) in
            configuration.channelDatabasePath = view.path
            configuration.expiry = expiry
            configuration.expiryInterval = .milliseconds(50)
        }
        try await MailboxServerHarness.run(configure, test)
    }

    /// Waits until the timer has run so often from now on.
    private func runs(_ count: Int, of harness: MailboxServerHarness) async throws {
        _ = harness.observations()
        var runs = 0
        try await eventually("\(count) runs of the timer") {
            for case .maintenanceFinished(.prune, true, _) in harness.observations() { runs += 1 }
            return runs >= count
        }
    }

    /// Rows of each table.
    private struct Counts: Equatable {
        var nameplates = 0, nameplateSides = 0, mailboxes = 0, mailboxSides = 0, messages = 0
    }

    private var counts: Counts {
        get throws {
            Counts(
                nameplates: try view.count(of: "nameplates"),
                nameplateSides: try view.count(of: "nameplate_sides"),
                mailboxes: try view.count(of: "mailboxes"),
                mailboxSides: try view.count(of: "mailbox_sides"),
                messages: try view.count(of: "messages")
            )
        }
    }

    @Test("86, 87: rows stay while somebody listens, and leave the file when nobody has for their time")
    func listeners() async throws {
        let lifetime = Duration.milliseconds(300)
        try await run(ExpiryPolicy(standard: lifetime)) { harness in
            let (visitor, other) = (try await harness.visitor("a"), try await harness.visitor("b"))
            try await visitor.open(try await visitor.claim("4"))
            try await visitor.add("00")
            try await other.open("of another")
            // For longer than anything lives that nobody touches.
            try await runs(10, of: harness)
            let all = Counts(nameplates: 1, nameplateSides: 1, mailboxes: 2, mailboxSides: 2, messages: 1)
            #expect(try counts == all)
            await visitor.vanish()
            var observed: [Observation] = []
            try await eventually("its rows are gone") {
                observed += harness.observations()
                return try counts == Counts(mailboxes: 1, mailboxSides: 1)
            }
            #expect(try view.texts("SELECT id FROM mailboxes") == ["of another"])
            observed += harness.observations()
            let retired = observed.compactMap { observation -> (String, Duration)? in
                switch observation {
                case .nameplateRetired(let summary): (summary.result.rawValue, summary.totalTime)
                case .mailboxRetired(let summary): (summary.result.rawValue, summary.totalTime)
                default: nil
                }
            }
            #expect(retired.map(\.0) == ["pruney", "pruney"])
            // From the claim on, and not from when it was last touched.
            #expect(retired.allSatisfy { $0.1 > lifetime * 2 }, "\(retired)")
            try await other.add("00")
        }
    }

    @Test("88, 89, D3, D8: what is in the file goes by its age, broken rows go in the same run, and the timer goes on")
    func brokenRows() async throws {
        try ChannelDatabase(path: view.path, synchronization: .full).close()
        let now = Date().timeIntervalSince1970
        let (old, young) = (now - 661, now - 600)
        try await DatabaseQueue(path: view.path).write { db in
            try db.execute(
                sql: """
                    INSERT INTO mailboxes (app_id, id, updated, for_nameplate)
                        VALUES ('a', 'old', \(old), 1), ('b', 'young', \(young), 1), ('c', 'bare', \(young), 1),
                            ('d', 'nobody''s', \(old), 0);
                    INSERT INTO mailbox_sides (mailbox_id, opened, side, added)
                        VALUES ('old', 1, 'x', \(old)), ('young', 1, 'y', \(young)), ('bare', 1, 'z', \(young));
                    INSERT INTO nameplates (id, app_id, name, mailbox_id)
                        VALUES (1, 'a', '1', 'old'), (2, 'b', '2', 'young'), (3, 'c', '3', 'bare');
                    INSERT INTO nameplate_sides (nameplates_id, claimed, side, added)
                        VALUES (1, 1, 'x', \(old)), (2, 1, 'y', \(young));
                    INSERT INTO messages (app_id, mailbox_id, side, phase, body, server_rx)
                        VALUES ('a', 'old', 'x', 'p', '00', \(old)), ('b', 'young', 'y', 'p', '01', \(young)),
                            ('e', 'gone', 'x', 'p', '02', \(young));
                    """
            )
        }
        let rest = Counts(nameplates: 1, nameplateSides: 1, mailboxes: 2, mailboxSides: 2, messages: 1)
        let expiry = ExpiryPolicy(perApp: [AppID("short")!: .milliseconds(200)])
        try await run(expiry) { harness in
            try await harness.observed("all of it in one run") {
                $0 == .pruned(nameplates: 2, mailboxes: 2, messages: 1)
            }
            try await eventually("the rows are gone", isTrue: { try counts == rest })
            #expect(try view.texts("SELECT name FROM nameplates") == ["2"])
            #expect(try view.texts("SELECT id FROM mailboxes ORDER BY 1") == ["bare", "young"])
            #expect(try view.texts("SELECT body FROM messages") == ["01"])
            // And later runs do their work as well.
            for _ in 0..<2 {
                let visitor = try await harness.visitor("s", app: "short")
                try await visitor.open(try await visitor.claim("4"))
                try await visitor.add("03")
                #expect(try view.texts("SELECT body FROM messages ORDER BY 1") == ["01", "03"])
                await visitor.vanish()
                try await eventually("those rows are gone, too", isTrue: { try counts == rest })
            }
        }
    }

    @Test("85, D6: those who bind before and behind a run, after a restart, hear each other live")
    func restart() async throws {
        let expiry = ExpiryPolicy()
        try await run(expiry) { harness in
            let visitor = try await harness.visitor("a")
            try await visitor.open("old")
            try await visitor.add("00")
        }
        try await run(expiry) { harness in
            let early = try await harness.visitor("a")
            try await runs(2, of: harness)
            let late = try await harness.visitor("b")
            for visitor in [early, late] {
                try await visitor.open("old")
                #expect(try await visitor.bodies(1) == ["00"])
            }
            try await early.add("01")
            #expect(try await late.bodies(1) == ["01"])
            try await late.add("02")
            #expect(try await early.bodies(1) == ["02"])
        }
    }

    @Test("90, D11: claims that are turned away do not keep a nameplate and its rows alive")
    func latecomers() async throws {
        try await run(ExpiryPolicy(standard: .milliseconds(300))) { harness in
            let claim = #"{"type":"claim","nameplate":"4"}"#
            var mailbox = ""
            for side in ["a", "b"] {
                let visitor = try await harness.visitor(side)
                mailbox = try await visitor.claim("4")
                await visitor.vanish()
            }
            var turnedAway = 0
            try await eventually("the nameplate is free again") {
                let visitor = try await harness.visitor("late \(turnedAway)")
                try await visitor.tell(claim)
                let answer = try await visitor.hear()
                await visitor.vanish()
                guard answer["type"] == "error" else { return answer["mailbox"]?.string != mailbox }
                #expect(answer["error"] == "crowded")
                turnedAway += 1
                // Half its time, so that nobody is there at some of the runs.
                try await runs(3, of: harness)
                return false
            }
            #expect(turnedAway > 1)
            #expect(try !view.texts("SELECT id FROM mailboxes").contains(mailbox))
        }
    }
}
