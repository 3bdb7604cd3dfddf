import Dispatch
import Glibc
import NIOCore
import Sockets
import Synchronization
import TestSupport
import Testing

@Suite("The loop's errands", .timeLimit(.minutes(1)))
struct ErrandTests {
    /// Sends the loop on an errand.
    private func errand<Value: Sendable>(
        of loop: SocketLoop,
        isForLong: Bool,
        _ work: @escaping @Sendable () -> Value
    ) -> EventLoopFuture<Value> {
        let promise = loop.makePromise(of: Value.self)
        loop.execute {
            loop.runErrand(isForLong: isForLong, work) { value in
                loop.preconditionInEventLoop()
                promise.succeed(value)
            }
        }
        return promise.futureResult
    }

    @Test("are done off the loop, and come back to it", arguments: [false, true])
    func comesBack(isForLong: Bool) async throws {
        try await withLoop(standIn: "loop-standin") { loop in
            for number in 0..<1000 {
                let (value, wasOnLoop) = try await errand(of: loop, isForLong: isForLong) {
                    (number, loop.inEventLoop)
                }.get()
                #expect(value == number && !wasOnLoop)
            }
        }
    }

    @Test("do not stop the loop, whether it was known that they take long or not", arguments: [false, true])
    func goesOn(isForLong: Bool) async throws {
        try await withLoop(standIn: "loop-standin") { loop in
            // Several in a row, so that both threads stand in for each other.
            for _ in 0..<4 {
                let end = DispatchSemaphore(value: 0)
                let result = errand(of: loop, isForLong: isForLong) { end.wait() }
                let timer = loop.scheduleTask(in: .milliseconds(1)) { loop.inEventLoop }
                let ran = try await timer.futureResult.get()
                #expect(ran)
                #expect(try await loop.submit { loop.inEventLoop }.get())
                end.signal()
                try await result.get()
            }
        }
    }

    @Test("one that should be quick does not stop the loop either while the stand-in is busy with a long one")
    func bothBlock() async throws {
        try await withLoop(standIn: "loop-standin") { loop in
            let end = DispatchSemaphore(value: 0)
            let isOver = Mutex(false)
            let begun = Mutex(false)
            let long = errand(of: loop, isForLong: true) {
                begun.withLock { $0 = true }
                _ = end.wait(timeout: .now() + .seconds(5))
                isOver.withLock { $0 = true }
            }
            try await eventually("the stand-in is busy") { begun.withLock { $0 } }
            let quick = errand(of: loop, isForLong: false) {
                _ = end.wait(timeout: .now() + .seconds(5))
                isOver.withLock { $0 = true }
            }
            // Behind the errand's turn.
            _ = try await loop.scheduleTask(in: .milliseconds(1)) {}.futureResult.get()
            #expect(!isOver.withLock { $0 }, "the loop stood still")
            end.signal()
            end.signal()
            try await long.get()
            try await quick.get()
        }
    }

    /// The state that is confined to the loop, and nothing else guards.
    private final class Confined {
        var count = 0
        var errands = 0
    }

    @Test("the loop is one thread's at a time, however long errands take")
    func confinement() async throws {
        try await withLoop(standIn: "loop-standin") { loop in
            let confined = NIOLoopBoundBox.makeBoxSendingValue(Confined(), eventLoop: loop)
            let errands = 300
            let finished = loop.makePromise(of: Void.self)
            @Sendable func next() {
                loop.assertInEventLoop()
                let number = confined.value.errands
                guard number < errands else { return finished.succeed() }
                loop.runErrand(isForLong: number % 7 == 0) {
                    // From nothing to long enough to be stood in for, and now and then so long that nothing happens.
                    for _ in 0..<(number % 11) { usleep(UInt32(number % 13) * 40) }
                } then: {
                    confined.value.errands += 1
                    if number % 50 == 0 {
                        loop.assumeIsolated().scheduleTask(in: .milliseconds(30)) { next() }
                    } else {
                        next()
                    }
                }
            }
            loop.execute { next() }
            let tasks = 20_000
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<4 {
                    group.addTask { for _ in 0..<tasks { loop.execute { confined.value.count += 1 } } }
                }
            }
            try await finished.futureResult.get()
            let counts = try await loop.submit { (confined.value.count, confined.value.errands) }.get()
            #expect(counts == (4 * tasks, errands))
        }
    }

    @Test("one that is under way when the loop ends comes back all the same")
    func end() async throws {
        let loop = try SocketLoop.start(name: "errand-test", standIn: "errand-standin")
        let (begun, end) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        let cameBack = Mutex(false)
        loop.execute {
            loop.runErrand(isForLong: true) {
                begun.signal()
                end.wait()
            } then: {
                cameBack.withLock { $0 = true }
            }
        }
        await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                begun.wait()
                continuation.resume()
            }
        }
        try await loop.shutdownGracefully()
        #expect(!cameBack.withLock { $0 })
        end.signal()
        try await eventually("the errand came back") { cameBack.withLock { $0 } }
    }

    @Test("a loop alone waits for them, in the order they were asked for")
    func alone() throws {
        let loop = try SocketLoop(manualFrom: .uptimeNanoseconds(1))
        let seen = Mutex<[Int]>([])
        for number in 0..<3 {
            loop.runErrand(isForLong: true) {
                seen.withLock { $0.append(number) }
            } then: {
                seen.withLock { $0.append(10 + number) }
            }
        }
        loop.turn()
        #expect(seen.withLock { $0 } == [0, 10, 1, 11, 2, 12])
    }
}
