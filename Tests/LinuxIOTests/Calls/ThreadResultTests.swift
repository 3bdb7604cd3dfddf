import Synchronization
import Testing

@testable import LinuxIO

@Suite("What a thread finds out")
struct ThreadResultTests {
    private struct Failure: Error, Equatable {}

    @Test("the work is done on another thread, and its value is handed over")
    func value() throws {
        let maker = SystemThread.current
        let result = ThreadResult(of: "worker") { SystemThread.current }
        #expect(try result.take() != maker)
    }

    @Test("an error is thrown where it is waited for")
    func failure() {
        let result = ThreadResult<Int>(of: "worker") { throw Failure() }
        #expect(throws: Failure()) { try result.take() }
    }

    @Test("nothing but the receiver holds what was handed over")
    func ownership() throws {
        final class Thing: Sendable {}
        let result = ThreadResult(of: "worker") { Thing() }
        weak var thing: Thing?
        do {
            let taken = try result.take()
            thing = taken
            #expect(thing != nil)
        }
        #expect(thing == nil)
    }
}
