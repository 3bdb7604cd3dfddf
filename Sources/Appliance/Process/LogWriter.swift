internal import Dispatch
internal import Glibc
internal import Logging
internal import Synchronization
package import Telemetry

/// Writes the lines of the service's own log on a thread of its own, so that a reader who is slow, stopped or gone, or a disk that
/// stands still, costs lines and nothing else.
///
///     any thread ──offer──▶ [at most 1 MiB] ──▶ log thread ──write(2)──▶ standard error, or a file
///                 └──full──▶ counted as dropped; the next line that gets through tells how many there were
package final class LogWriter: Sendable {
    /// Bytes of the lines that may wait: some ten thousand lines.
    package static let standardCapacity = 1 << 20

    private static let gatheringMicroseconds: UInt32 = 20_000

    private struct State {
        var lines: [[UInt8]] = []
        /// Of the lines that wait, and of those that are being written.
        var bytes = 0
        /// Lines that were left out since the last one that was taken.
        var dropped = 0
        var isClosed = false
        /// The thread waits for the next line.
        var isWaiting = false
    }

    private let capacity: Int
    private let counts: LogCounts
    private let format: LogFormat
    private let state = Mutex(State())
    private let wakeUp = DispatchSemaphore(value: 0)
    private let thread = Mutex<WorkerThread?>(nil)
    /// Nobody waits for the reader any longer.
    private let hasGivenUp = Atomic<Bool>(false)

    /// Starts the thread.
    ///
    /// - Parameters:
    ///   - path: A file to be appended to; `nil` for standard error.
    ///   - format: For what the writer itself has to say.
    /// - Throws: ``ApplianceError`` when the file cannot be opened.
    package convenience init(to path: String?, as format: LogFormat, counts: LogCounts) throws(ApplianceError) {
        guard let path else {
            self.init(descriptor: STDERR_FILENO, as: format, counts: counts)
            return
        }
        let file = try LogFile(path: path)
        self.init(as: format, counts: counts, capacity: Self.standardCapacity) { _ in { file.write($0) } }
    }

    /// The same with an open descriptor, which stays the caller's, and as it is: it may be shared with other programs.
    package convenience init(
        descriptor: CInt,
        as format: LogFormat,
        counts: LogCounts,
        capacity: Int = LogWriter.standardCapacity
    ) {
        self.init(as: format, counts: counts, capacity: capacity) { givesUp in
            var output = LineOutput(descriptor: descriptor, givesUp: givesUp)
            return { lines in
                // What the system refuses is lost, and counted by who hears of it.
                do throws(LineOutput.Failure) {
                    try output.write(lines) {}
                    return true
                } catch {
                    return false
                }
            }
        }
    }

    /// - Parameter open: Called on the thread, with what tells whether to give up; returns what writes lines, and whether it did.
    private init(
        as format: LogFormat,
        counts: LogCounts,
        capacity: Int,
        _ open: @escaping @Sendable (@escaping () -> Bool) -> ([UInt8]) -> Bool
    ) {
        self.capacity = capacity
        self.counts = counts
        self.format = format
        let thread = WorkerThread(name: "log") { self.run(open { self.hasGivenUp.load(ordering: .relaxed) }) }
        self.thread.withLock { $0 = thread }
    }

    /// Hands over a line, or counts it as dropped. Never waits. From any thread.
    package func offer(_ line: [UInt8]) {
        let (isTaken, wakes) = state.withLock { state in
            guard !state.isClosed, state.bytes + line.count <= capacity else {
                state.dropped += 1
                return (false, false)
            }
            noteGap(in: &state)
            state.lines.append(line)
            state.bytes += line.count
            defer { state.isWaiting = false }
            return (true, state.isWaiting)
        }
        if !isTaken { counts.drop() }
        if wakes { wakeUp.signal() }
    }

    /// Writes what waits and ends. What the reader has not taken by then is lost.
    package func close(within timeout: Duration) async {
        state.withLock { $0.isClosed = true }
        wakeUp.signal()
        guard let thread = thread.withLock({ $0 }), await !thread.waitForEnd(upTo: timeout) else { return }
        hasGivenUp.store(true, ordering: .relaxed)
    }

    // MARK: The thread

    private func run(_ write: ([UInt8]) -> Bool) {
        while !hasGivenUp.load(ordering: .relaxed) {
            let (lines, isOver) = take()
            var rest = lines[...]
            while !rest.isEmpty {
                let (chunk, count) = Self.chunk(of: rest)
                rest = rest.dropFirst(count)
                if !write(chunk) { for _ in 0..<count { counts.drop() } }
                state.withLock { $0.bytes -= chunk.count }
            }
            if isOver, lines.isEmpty { return }
            // A line after a silence is written at once. Those that follow are gathered a moment, so that many lines do not wake
            // this thread as many times.
            if lines.isEmpty { wakeUp.wait() } else if !isOver { usleep(Self.gatheringMicroseconds) }
        }
    }

    /// As many of the first lines as are written at once, at least one.
    private static func chunk(of lines: ArraySlice<[UInt8]>) -> (bytes: [UInt8], lines: Int) {
        var bytes: [UInt8] = []
        var count = 0
        for line in lines {
            guard count == 0 || bytes.count + line.count <= LineOutput.chunk else { break }
            bytes += line
            count += 1
        }
        return (bytes, count)
    }

    /// The lines that wait, and whether there will be no more.
    private func take() -> (lines: [[UInt8]], isOver: Bool) {
        state.withLock { state in
            if state.lines.isEmpty { noteGap(in: &state) }
            let lines = state.lines
            state.lines = []
            state.isWaiting = lines.isEmpty
            return (lines, state.isClosed)
        }
    }

    /// Puts a line in the place of those that were left out.
    private func noteGap(in state: inout State) {
        guard state.dropped > 0 else { return }
        let text = "\(state.dropped) lines are missing here: they were not taken in time"
        let line = format.line(.warning, from: "log", text)
        state.dropped = 0
        state.lines.append(line)
        state.bytes += line.count
    }
}
