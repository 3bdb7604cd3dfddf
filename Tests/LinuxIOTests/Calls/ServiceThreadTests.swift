import Glibc
import LinuxIO
import Synchronization
import TestSupport
import Testing

@Suite
struct ServiceThreadTests {
    @Test("a thread has its name, and signals go elsewhere")
    func thread() async throws {
        let report = Report()
        try ServiceThread.start(name: "a-name-that-is-longer-than-the-kernel-keeps") {
            var mask = sigset_t()
            pthread_sigmask(SIG_SETMASK, nil, &mask)
            report.set(name: currentThreadName(), blocksTermination: sigismember(&mask, SIGTERM) == 1)
        }
        let value = try await eventually("the thread's report") { report.value }
        #expect(value.name == "a-name-that-is-")
        #expect(value.blocksTermination)
    }

    private final class Report: Sendable {
        private let state = Mutex<(name: String, blocksTermination: Bool)?>(nil)
        var value: (name: String, blocksTermination: Bool)? { state.withLock { $0 } }
        func set(name: String, blocksTermination: Bool) { state.withLock { $0 = (name, blocksTermination) } }
    }

    @Test("the clocks run forward, and the wall clock is in this century")
    func clocks() {
        let before = SystemClock.monotonicNanoseconds
        let after = SystemClock.monotonicNanoseconds
        #expect(before <= after)
        #expect(SystemClock.wallMicroseconds > 1_700_000_000_000_000)
    }
}

private func currentThreadName() -> String {
    let descriptor = open("/proc/thread-self/comm", O_RDONLY)
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: 32)
    let count = read(descriptor, &bytes, bytes.count)
    return String(decoding: bytes.prefix(max(count - 1, 0)), as: UTF8.self)
}
