import GRDB
import MailboxRules
import NIOCore
import NIOPosix
import Observations
import TestSupport
import Testing
import WormholeWire

@testable import MailboxService

@Suite("The file of address ids", .timeLimit(.minutes(1)))
struct AddressIDsTests {
    private static let start = Timestamp(microseconds: 1_000_000_000_000)
    private static let began = Uptime(microseconds: 0)
    private let eventLoop = MultiThreadedEventLoopGroup.singleton.next()

    @Test("while it is locked nothing is lost, and a generation that ends meanwhile is forgotten as soon as it is not")
    func locked() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/addresses.sqlite"
        let lines = LogLines()
        let ids = try await eventLoop.submit { [eventLoop] in
            let ids = try AddressIDs(
                path: path,
                lastGeneration: nil,
                duration: .seconds(100),
                lockTimeout: .milliseconds(20),
                at: Self.start,
                uptime: Self.began,
                eventLoop: eventLoop,
                logger: lines.logger
            )
            return NIOLoopBound(ids, eventLoop: eventLoop)
        }.get()
        func visit(from address: String) async throws {
            try await eventLoop.submit { _ = ids.value.id(of: .ipv4(address, port: 5)) }.get()
        }
        func rows() throws -> [String] {
            let sql = "SELECT generation || ': ' || address AS entry FROM address_ids ORDER BY counter"
            return try ForeignAccess(path: path).rows(sql).map { $0["entry"] }
        }
        try await visit(from: "192.0.2.1")
        try await eventually("it is written") { try rows() == ["1: 192.0.2.1"] }
        let other = try HeldDatabase(path)
        try await eventLoop.submit {
            let source = ObservationPipeline().makeSource()
            let later = Duration.seconds(101)
            ids.value.rotateIfDue(at: Self.start + later, uptime: Self.began + later, observing: source)
        }.get()
        try await visit(from: "192.0.2.2")
        try await eventually("it cannot be written") { lines.warnings.count == 1 }
        #expect(try rows() == ["1: 192.0.2.1"])
        try await visit(from: "192.0.2.3")
        try other.letGo()
        try await eventually("the old generation is gone") { try rows() == ["2: 192.0.2.2", "2: 192.0.2.3"] }
        #expect(lines.warnings.count == 1)
        try await eventLoop.submit { ids.value.stop() }.get()
    }
}
