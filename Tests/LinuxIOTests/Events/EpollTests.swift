import Glibc
import LinuxIO
import Synchronization
import TestSupport
import Testing

@Suite
struct EpollTests {
    @Test("events come back with their tag, changes once, and nothing after the descriptor has left")
    func edges() throws {
        let epoll = try Epoll()
        var events = EpollEvents(capacity: 8)
        let pair = SocketPair()
        let tag: UInt64 = 0x0123_4567_89AB_CDEF
        try epoll.add(pair.right, for: .socketForLife, tag: tag)
        // Being writable is news at first.
        #expect(try epoll.wait(into: &events, milliseconds: 1000) == 1)
        let first = events[0]
        #expect(first.tag == tag)
        #expect(first.readiness == .writable)
        #expect(try epoll.wait(into: &events, milliseconds: 0) == 0)
        _ = pair.left.sendText("x")
        #expect(try epoll.wait(into: &events, milliseconds: 1000) == 1)
        let second = events[0]
        #expect(second.readiness.contains(.readable))
        #expect(try epoll.wait(into: &events, milliseconds: 0) == 0)
        pair.left.finishSending()
        #expect(try epoll.wait(into: &events, milliseconds: 1000) == 1)
        let third = events[0]
        #expect(third.readiness.contains(.peerFinished))
        try epoll.modify(pair.right, for: [.readable, .edgeTriggered], tag: 5)
        #expect(try epoll.wait(into: &events, milliseconds: 1000) == 1)
        let fourth = events[0]
        #expect(fourth.tag == 5)
        try epoll.remove(pair.right)
        #expect(try epoll.wait(into: &events, milliseconds: 0) == 0)
        let error = #expect(throws: ErrorNumber.self) { try epoll.remove(pair.right) }
        #expect(error?.description.isEmpty == false)
    }

    @Test("a signal wakes until it is cleared, however often it was raised")
    func signal() throws {
        let epoll = try Epoll()
        var events = EpollEvents(capacity: 2)
        let signal = try EventSignal()
        try epoll.add(signal.descriptor, for: .readable, tag: 0)
        #expect(try epoll.wait(into: &events, milliseconds: 0) == 0)
        signal.raise()
        signal.raise()
        #expect(try epoll.wait(into: &events, milliseconds: 1000) == 1)
        #expect(try epoll.wait(into: &events, milliseconds: 1000) == 1)
        signal.clear()
        #expect(try epoll.wait(into: &events, milliseconds: 0) == 0)
        signal.clear()
    }

    @Test("waits also where the kernel, or a container's filter, knows no epoll_pwait2", arguments: [ENOSYS, EPERM])
    func olderCall(error: CInt) async throws {
        let outcome = Mutex<Result<[Int], ErrorNumber>?>(nil)
        try ServiceThread.start(name: "filtered") {
            let result = Result { () throws(ErrorNumber) in
                guard SystemCallFilter.answer(SystemCallFilter.epollPwait2, with: error) else {
                    throw ErrorNumber(ENOTSUP)
                }
                let epoll = try Epoll()
                var events = EpollEvents(capacity: 2)
                let signal = try EventSignal()
                try epoll.add(signal.descriptor, for: .readable, tag: 0)
                let before = try epoll.wait(into: &events, nanoseconds: 1000)
                signal.raise()
                return [before, try epoll.wait(into: &events, nanoseconds: 1_000_000_000)]
            }
            outcome.withLock { $0 = result }
        }
        let result = try await eventually("the waits") { outcome.withLock { $0 } }
        #expect(try result.get() == [0, 1])
    }
}
