import DequeModule
package import LinuxIO
package import NIOCore
import Synchronization

/// A thread that waits for sockets, timers and tasks, and works them off one after the other.
///
///     tasks ──▶ timers that are due ──▶ errand ──▶ epoll ──▶ sockets that are ready ──▶ tasks ...        one turn
///
/// What the sockets of one turn have asked to be done afterwards is done when all of them had their say, before anything
/// is waited for: the moment to write once what many have caused. A descriptor is registered once, edge-triggered, for
/// its life. The interface is NIO's, so that its futures and timers work on it; the system calls are epoll(7), eventfd(2).
package final class SocketLoop: @unchecked Sendable {
    // Of every thread.
    private let posted = Mutex(Posted())
    private let signal: EventSignal
    /// The thread that works here now; 0 for none.
    private let worker = Atomic<UInt>(0)

    // Of the loop's own thread.
    private let epoll: Epoll
    private var events = EpollEvents(capacity: 256)
    private var watches: [Watch] = []
    private var vacant: [Int] = []
    private var tasks: [() -> Void] = []
    private var running: [() -> Void] = []
    private var timers = TimerQueue()
    /// Sockets that have more to read than their share of a turn.
    private var eager: [StreamSocket] = []
    /// Where the sockets' bytes are read to, when nobody keeps what was read last.
    private var input = ByteBuffer()
    /// What the loop's thread leaves for next; see ``runErrand(isForLong:_:then:)``.
    private var errands: Deque<Errand> = []
    private var isStopping = false
    private var time: NIODeadline
    /// How many descriptors were ready when they were last looked at.
    package private(set) var readyCount = 0
    /// The two threads of a loop that has somebody to stand in.
    private let shift: Shift?
    /// Whether time stands still unless it is moved; for tests.
    private let isManual: Bool

    /// How many bytes are read from a socket at once.
    static let inputCapacity = 64 << 10
    private static let signalTag = UInt64.max

    private struct Posted {
        var tasks: [@Sendable () -> Void] = []
        /// The loop was told, and has not looked yet.
        var isSignalled = false
        var hasEnded = false
    }

    private struct Watch {
        /// Distinguishes the watchers that had this place one after the other.
        var generation: UInt32 = 0
        var watcher: (any SocketWatcher)?
    }

    /// A loop without a thread, which works when ``turn()`` is called and whose time is moved by ``advance(by:)``.
    ///
    /// - Throws: That there are no descriptors to be had.
    package convenience init(manualFrom start: NIODeadline) throws(ErrorNumber) {
        try self.init(time: start, isManual: true, shift: nil)
    }

    private init(time: NIODeadline, isManual: Bool, shift: Shift?) throws(ErrorNumber) {
        self.time = time
        self.isManual = isManual
        self.shift = shift
        epoll = try Epoll()
        signal = try EventSignal()
        // Edge-triggered: every call of raise() is an event, so that nobody needs to read the signal.
        try epoll.add(signal.descriptor, for: [.readable, .edgeTriggered], tag: Self.signalTag)
    }

    /// Starts a loop on a thread of its own.
    ///
    /// - Parameters:
    ///   - name: Of the thread; at most 15 bytes.
    ///   - standIn: The name of a second thread, which does errands, or goes on with the loop while the first is on one.
    ///     Without it, the loop waits for its errands.
    /// - Throws: That there are no descriptors, or may be no more threads.
    package static func start(name: String, standIn: String? = nil) throws(ErrorNumber) -> SocketLoop {
        let loop = try SocketLoop(time: .now(), isManual: false, shift: standIn.map { _ in Shift() })
        try ServiceThread.start(name: name) {
            repeat { loop.run() } while loop.shift?.standBy() ?? false
        }
        if let standIn {
            do throws(ErrorNumber) {
                try ServiceThread.start(name: standIn) {
                    while loop.shift?.standBy() ?? false { loop.run() }
                }
            } catch {
                loop.stop {}
                throw error
            }
        }
        return loop
    }

    // MARK: Turns

    /// Works here until the loop ends, or another thread works here.
    private func run() {
        worker.store(SystemThread.current, ordering: .relaxed)
        while !isStopping {
            guard turn(waits: true) else { return }
        }
        end()
    }

    /// Works off what there is to do, without waiting.
    package func turn() {
        repeat { _ = turn(waits: false) } while !tasks.isEmpty || !eager.isEmpty || !errands.isEmpty
    }

    /// - Returns: `false` when another thread works here now.
    private func turn(waits: Bool) -> Bool {
        runTasks()
        refreshTime()
        // As many as there are now: one that is set again for at once has its turn after the sockets.
        for _ in 0..<timers.count {
            guard let timer = timers.takeDue(at: time) else { break }
            timer.fire()
        }
        guard runErrand() else { return false }
        // Of interrupted and impossible waits there is nothing to report but that nothing is ready.
        let count = (try? epoll.wait(into: &events, nanoseconds: waits ? patience : 0)) ?? 0
        refreshTime()
        readyCount = count
        for index in 0..<count {
            let (tag, readiness) = events[index]
            if tag == Self.signalTag { takePosted() } else { watcher(of: tag)?.ready(readiness) }
        }
        if !eager.isEmpty {
            let sockets = eager
            eager.removeAll(keepingCapacity: true)
            for socket in sockets { socket.readNow() }
        }
        return true
    }

    /// How long nothing is to be done; `nil` for ever.
    private var patience: Int64? {
        guard tasks.isEmpty, eager.isEmpty, errands.isEmpty, !isStopping else { return 0 }
        return timers.next.map { max(0, ($0 - time).nanoseconds) }
    }

    private func runTasks() {
        guard !tasks.isEmpty else { return }
        swap(&tasks, &running)
        for task in running { task() }
        running.removeAll(keepingCapacity: true)
    }

    private func takePosted() {
        let new = posted.withLock { posted in
            posted.isSignalled = false
            defer { posted.tasks = [] }
            return posted.tasks
        }
        for task in new { tasks.append(task) }
    }

    private func refreshTime() {
        if !isManual { time = .now() }
    }

    /// Moves the time of a loop without a thread, from one timer to the next.
    package func advance(by duration: TimeAmount) {
        let target = time + duration
        turn()
        while let next = timers.next, next <= target {
            time = max(time, next)
            turn()
        }
        time = target
        turn()
    }

    // MARK: Errands

    /// Returns what is to be done on the loop afterwards.
    private typealias Errand = @Sendable () -> Transfer<() -> Void>

    /// `@unchecked Sendable`: only carried through another thread, back to the loop it came from.
    private struct Transfer<Value>: @unchecked Sendable {
        let value: Value
    }

    /// Does something that may take its time, such as waiting for a disk. What is quick is done by the loop's own thread,
    /// after the tasks and timers of this turn, and nobody needs to be woken for it; should it take milliseconds, the
    /// stand-in goes on with the loop meanwhile. What is long is the stand-in's. On the loop.
    ///
    /// - Parameters:
    ///   - isForLong: Whether it is known to take milliseconds, or the loop has much to do meanwhile.
    ///   - work: Does not touch what is the loop's.
    ///   - completion: Called on the loop with what `work` returned.
    package func runErrand<Value: Sendable>(
        isForLong: Bool,
        _ work: @escaping @Sendable () -> Value,
        then completion: @escaping (Value) -> Void
    ) {
        let after = Transfer(value: completion)
        let errand: Errand = {
            let value = work()
            return Transfer(value: { after.value(value) })
        }
        guard let shift, isForLong || !shift.isWatched else { return errands.append(errand) }
        shift.handOver { self.comeBack(errand()) }
    }

    private func comeBack(_ completion: Transfer<() -> Void>) {
        execute { completion.value() }
    }

    /// - Returns: `false` when another thread works here now.
    private func runErrand() -> Bool {
        guard let errand = errands.popFirst() else { return true }
        guard let shift else {
            errand().value()
            return true
        }
        worker.store(0, ordering: .relaxed)
        let absence = shift.leave()
        let completion = errand()
        guard shift.comeBack(from: absence) else {
            comeBack(completion)
            return false
        }
        worker.store(SystemThread.current, ordering: .relaxed)
        refreshTime()
        completion.value()
        return true
    }

    // MARK: Sockets

    /// Watches a descriptor until ``forget(_:)``, before which it must not be closed.
    ///
    /// - Returns: What ``forget(_:)`` and ``change(_:_:to:)`` want.
    func watch(
        _ descriptor: borrowing Descriptor,
        for interest: Readiness,
        by watcher: any SocketWatcher
    ) throws(ErrorNumber) -> WatchPlace {
        let index = vacant.popLast() ?? watches.count
        if index == watches.count { watches.append(Watch()) }
        let place = WatchPlace(index: index)
        do throws(ErrorNumber) {
            try epoll.add(descriptor, for: interest, tag: tag(of: place))
        } catch {
            vacant.append(index)
            throw error
        }
        watches[index].watcher = watcher
        return place
    }

    func change(_ place: WatchPlace, _ descriptor: borrowing Descriptor, to interest: Readiness) throws(ErrorNumber) {
        try epoll.modify(descriptor, for: interest, tag: tag(of: place))
    }

    /// The descriptor is about to be closed. Events of it that are under way are not reported any more.
    func forget(_ place: WatchPlace) {
        watches[place.index].watcher = nil
        watches[place.index].generation &+= 1
        vacant.append(place.index)
    }

    private func tag(of place: WatchPlace) -> UInt64 {
        UInt64(watches[place.index].generation) << 32 | UInt64(UInt32(place.index))
    }

    private func watcher(of tag: UInt64) -> (any SocketWatcher)? {
        let watch = watches[Int(UInt32(truncatingIfNeeded: tag))]
        return watch.generation == UInt32(tag >> 32) ? watch.watcher : nil
    }

    /// Has the socket read on in this turn or the next.
    func readLater(_ socket: StreamSocket) {
        eager.append(socket)
    }

    /// Lends a buffer to read into, empty and of ``inputCapacity`` bytes.
    func takeInput() -> ByteBuffer {
        var buffer = ByteBuffer()
        swap(&buffer, &input)
        if buffer.capacity < Self.inputCapacity { buffer.reserveCapacity(Self.inputCapacity) }
        return buffer
    }

    /// Takes the buffer back, unless somebody keeps its bytes.
    func giveBack(_ buffer: inout ByteBuffer) {
        if buffer.modifyIfUniquelyOwned({ $0.clear() }) != nil { swap(&buffer, &input) }
    }

    // MARK: Timers

    func set(_ timer: LoopTimer, at deadline: NIODeadline) {
        timers.set(timer, at: deadline)
    }

    func cancel(_ timer: LoopTimer) {
        timers.cancel(timer)
    }

    // MARK: Tasks

    /// The time when this turn's events were looked at. On the loop; elsewhere the time.
    package var now: NIODeadline { inEventLoop ? time : .now() }

    package var inEventLoop: Bool { isManual || worker.load(ordering: .relaxed) == SystemThread.current }

    /// Runs `task` behind everything that is ready now. On the loop.
    package func executeHere(_ task: @escaping () -> Void) {
        tasks.append(task)
    }

    /// Runs `task` on the loop, behind what is ready now. From any thread. A loop that has ended works no more; what its
    /// futures still have to tell is told on the caller's thread.
    package func execute(_ task: @escaping @Sendable () -> Void) {
        if inEventLoop { return tasks.append(task) }
        if !post(task) { runLate(task) }
    }

    /// - Returns: `false` when the loop has ended.
    func post(_ task: @escaping @Sendable () -> Void) -> Bool {
        let (isPosted, isNews) = posted.withLock { posted in
            guard !posted.hasEnded else { return (false, false) }
            posted.tasks.append(task)
            defer { posted.isSignalled = true }
            return (true, !posted.isSignalled)
        }
        if isNews { signal.raise() }
        return isPosted
    }

    var hasEnded: Bool { posted.withLock { $0.hasEnded } }

    private func runLate(_ task: () -> Void) {
        late.withLock { _ in
            worker.store(SystemThread.current, ordering: .relaxed)
            task()
            while !tasks.isEmpty { runTasks() }
            worker.store(0, ordering: .relaxed)
        }
    }

    /// Whose turn it is to work here when the loop has ended.
    private let late = Mutex(())

    // MARK: The end

    /// Ends the loop after what is ready now: timers are cancelled, tasks that are under way are still run, and sockets are
    /// closed.
    ///
    /// - Parameter callback: Called on the loop's thread, as the last thing there. What is away on an errand then comes back
    ///   later, on its own thread.
    func stop(_ callback: @escaping @Sendable () -> Void) {
        let isPosted = post {
            self.isStopping = true
            self.lastWords.append(callback)
        }
        if !isPosted { callback() }
    }

    private var lastWords: [@Sendable () -> Void] = []

    private func end() {
        // Who comes from now on waits: there is one list of tasks.
        late.withLock { _ in
            while let timer = timers.takeDue(at: .distantFuture) { (timer as? TaskTimer)?.cancelled() }
            posted.withLock { posted in
                tasks.append(contentsOf: posted.tasks as [() -> Void])
                posted.tasks = []
                posted.hasEnded = true
            }
            repeat {
                while !tasks.isEmpty { runTasks() }
                errands.popFirst()?().value()
            } while !tasks.isEmpty || !errands.isEmpty
            for watch in watches { (watch.watcher as? StreamSocket)?.close() }
            while !tasks.isEmpty { runTasks() }
            watches = []
            for callback in lastWords { callback() }
            lastWords = []
            worker.store(0, ordering: .relaxed)
        }
        shift?.end()
    }
}

/// Where a descriptor stands in a loop's table.
struct WatchPlace {
    let index: Int
}
