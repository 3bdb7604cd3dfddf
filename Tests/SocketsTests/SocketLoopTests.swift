import Dispatch
import LinuxIO
import NIOCore
import Sockets
import Synchronization
import TestSupport
import Testing

@Suite("The loop", .timeLimit(.minutes(1)))
struct SocketLoopTests {
    @Test("runs what several threads give it, each thread's in its order and none twice")
    func tasks() async throws {
        try await withLoop { loop in
            let seen = NIOLoopBoundBox.makeBoxSendingValue([[Int]](repeating: [], count: 8), eventLoop: loop)
            await withTaskGroup(of: Void.self) { group in
                for thread in 0..<8 {
                    group.addTask {
                        for number in 0..<2000 { loop.execute { seen.value[thread].append(number) } }
                    }
                }
            }
            let result = try await loop.submit { seen.value }.get()
            #expect(result == [[Int]](repeating: Array(0..<2000), count: 8))
        }
    }

    @Test("runs what a task asks for behind everything that was ready")
    func afterwards() async throws {
        try await withLoop { loop in
            let seen = NIOLoopBoundBox.makeBoxSendingValue([Int](), eventLoop: loop)
            try await loop.submit {
                loop.execute {
                    seen.value.append(2)
                    loop.execute { seen.value.append(4) }
                }
                loop.execute { seen.value.append(3) }
                seen.value.append(1)
            }.get()
            try await eventually("all ran") { try await loop.submit { seen.value }.get() == [1, 2, 3, 4] }
        }
    }

    @Test("runs tasks at their times, also those set from elsewhere, and not the cancelled ones")
    func schedule() async throws {
        try await withLoop { loop in
            let start = NIODeadline.now()
            let cancelled = loop.scheduleTask(in: .milliseconds(20)) { true }
            let short = loop.scheduleTask(in: .microseconds(300)) { NIODeadline.now() - start }
            let long = loop.scheduleTask(in: .milliseconds(30)) { NIODeadline.now() - start }
            cancelled.cancel()
            await #expect(throws: EventLoopError.self) { try await cancelled.futureResult.get() }
            let shortTime = try await short.futureResult.get()
            let longTime = try await long.futureResult.get()
            #expect(shortTime >= .microseconds(300) && longTime >= .milliseconds(30))
        }
    }

    @Test("a loop without a thread moves its time from timer to timer")
    func manual() throws {
        let start = NIODeadline.uptimeNanoseconds(7)
        let loop = try SocketLoop(manualFrom: start)
        var seen: [NIODeadline] = []
        loop.assumeIsolated().scheduleTask(in: .seconds(5)) {
            seen.append(loop.now)
            loop.assumeIsolated().scheduleTask(in: .seconds(1)) { seen.append(loop.now) }
        }
        loop.advance(by: .milliseconds(4999))
        #expect(seen.isEmpty)
        loop.advance(by: .seconds(10))
        #expect(seen == [start + .seconds(5), start + .seconds(6)])
        #expect(loop.now == start + .milliseconds(14_999))
    }

    @Test("a timer that is set again for at once does not keep the others waiting")
    func eagerTimer() throws {
        let loop = try SocketLoop(manualFrom: .uptimeNanoseconds(1))
        var firings = 0
        func again() {
            firings += 1
            // Bounded, so that a loop that never gets on fails and does not hang.
            if firings < 1000 { loop.assumeIsolated().scheduleTask(in: .zero) { again() } }
        }
        again()
        loop.turn()
        #expect((2...10).contains(firings))
    }

    @Test("at the end it runs what it was given, cancels what is not due, and answers afterwards, too")
    func end() async throws {
        let loop = try SocketLoop.start(name: "loop-test")
        let ran = Mutex(0)
        let never = loop.scheduleTask(in: .hours(1)) {}
        for _ in 0..<100 { loop.execute { ran.withLock { $0 += 1 } } }
        try await loop.shutdownGracefully()
        #expect(ran.withLock { $0 } == 100)
        await #expect(throws: EventLoopError.self) { try await never.futureResult.get() }
        await #expect(throws: EventLoopError.self) { try await loop.submit { true }.get() }
        await #expect(throws: EventLoopError.self) { try await loop.scheduleTask(in: .zero) {}.futureResult.get() }
        #expect(!loop.inEventLoop)
        try await loop.shutdownGracefully()
    }

    @Test("what it is given while it ends runs when it has ended, not beside its last tasks")
    func lateTask() async throws {
        let loop = try SocketLoop.start(name: "loop-test")
        let isEnding = DispatchSemaphore(value: 0)
        let lateRan = DispatchSemaphore(value: 0)
        let wasAlone = Mutex<Bool?>(nil)
        // Cancelled by the end, which runs what that leads to as its last tasks.
        loop.scheduleTask(in: .hours(1)) {}.futureResult.whenFailure { _ in
            loop.execute {
                isEnding.signal()
                let alone = lateRan.wait(timeout: .now() + .milliseconds(100)) == .timedOut
                wasAlone.withLock { $0 = alone }
            }
        }
        try ServiceThread.start(name: "late") {
            isEnding.wait()
            loop.execute { lateRan.signal() }
        }
        try await loop.shutdownGracefully()
        #expect(wasAlone.withLock { $0 } == true)
        // It is run all the same.
        try await eventually("the late task") { lateRan.wait(timeout: .now()) == .success }
    }
}
