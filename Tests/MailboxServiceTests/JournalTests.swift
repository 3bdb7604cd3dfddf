import Foundation
import NIOCore
import Observations
import Synchronization
import TestSupport
import Testing

@testable import MailboxService

@Suite("What is written beside the changes", .timeLimit(.minutes(1)))
struct JournalTests {
    /// What has happened, in order; and a work that lasts until it is let go.
    private final class Course: Sendable {
        private let entries = Mutex<[String]>([])
        private let gate = DispatchSemaphore(value: 0)

        var all: [String] { entries.withLock { $0 } }
        func note(_ entry: String) { entries.withLock { $0.append(entry) } }
        func wait() { gate.wait() }
        func letGo() { gate.signal() }
    }

    private struct Refused: Error {}

    @Test("it waits for what is being written, so much of it, and what has no room is told at once")
    func waiting() async throws {
        let harness = try await MailboxServerHarness()
        let course = Course()
        let loop = harness.server.loop
        try await harness.onLoop {
            loop.value.journal.writeAside { _ in
                course.wait()
                course.note("first")
                return 0
            }
            for number in 1...5 {
                loop.value.journal.writeAside {
                    _ in
                    course.note("\(number)")
                    return 0
                } orElse: {
                    course.note("no room for \(number)")
                }
            }
        }
        #expect(course.all == ["no room for 5"])
        // Clients are served meanwhile.
        _ = try await harness.connect()
        course.letGo()
        try await eventually("all is written") {
            course.all == ["no room for 5", "first", "1", "2", "3", "4"]
        }
        await harness.server.stop()
    }

    @Test("what fails is told, and the next is written")
    func failing() async throws {
        let harness = try await MailboxServerHarness()
        let course = Course()
        let loop = harness.server.loop
        try await harness.onLoop {
            loop.value.journal.writeAside({ _ in throw Refused() }, orElse: { course.note("failed") })
            loop.value.journal.writeAside { _ in
                course.note("written")
                return 0
            }
        }
        try await eventually("both are done") { course.all == ["failed", "written"] }
        try await harness.observed("the failure") {
            if case .databaseFailed(.channel, kind: _) = $0 { true } else { false }
        }
        await harness.server.stop()
    }
}
