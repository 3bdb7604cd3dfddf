import Logging
import MailboxRules
import NIOCore
import NIOPosix
import Observations
import WormholeWire

/// Gives addresses their ids, and writes them down behind the loop. Confined to the mailbox server's event loop; only the
/// database is used on a thread of its own, by one batch at a time.
///
/// Which generation comes next is told by the channel database if that is of version 2, else by the file of the ids itself.
final class AddressIDs {
    private static let writeInterval = TimeAmount.seconds(1)

    private var book: AddressBook
    private let database: AddressDatabase
    private let eventLoop: any EventLoop
    private let logger: Logger
    /// Writes a new generation into the channel database.
    var generationBegan: (AddressGeneration) -> Void = { _ in }

    private let thread = NIOThreadPool(numberOfThreads: 1)
    /// Entries of this generation that are not written down: no more than there are addresses.
    private var pending: [AddressDatabase.Entry] = []
    /// Whether the file holds something of an older generation.
    private var mustEmpty = false
    private var timer: Scheduled<Void>?
    private var isWriting = false
    private var hasStopped = false
    /// Whether the last batch could not be written.
    private var isFailing = false

    /// - Parameters:
    ///   - lastGeneration: What the channel database tells, if it does.
    ///   - lockTimeout: How long a batch waits for another program's lock.
    init(
        path: String,
        lastGeneration: Int?,
        duration: Duration,
        lockTimeout: Duration = .seconds(5),
        at now: Timestamp,
        uptime: Uptime,
        eventLoop: any EventLoop,
        logger: Logger
    ) throws {
        self.eventLoop = eventLoop
        self.logger = logger
        database = try AddressDatabase(path: path, lockTimeout: lockTimeout)
        let last = try lastGeneration ?? database.lastGeneration() ?? 0
        try database.empty()
        book = AddressBook(after: last, duration: duration, at: now, uptime: uptime)
        thread.start()
    }

    var generation: AddressGeneration { book.generation }

    func id(of address: ClientAddress) -> AddressID? {
        let (text, isIPv6) =
            switch address {
            case .ipv4(let text, _): (text, false)
            case .ipv6(let text, _): (text.lowercased(), true)
            }
        guard let (id, isNew) = book.id(of: text) else { return nil }
        if isNew {
            pending.append(AddressDatabase.Entry(id: id, isIPv6: isIPv6, address: text))
            scheduleWrite()
        }
        return id
    }

    /// Begins a new generation when it is time.
    func rotateIfDue(at now: Timestamp, uptime: Uptime, observing source: ObservationSource) {
        let started = ContinuousClock.now
        guard book.rotate(at: now, uptime: uptime) else { return }
        pending.removeAll()
        mustEmpty = true
        scheduleWrite()
        generationBegan(book.generation)
        source.append(
            .maintenanceFinished(.addressRotation, succeeded: true, duration: ContinuousClock.now - started)
        )
    }

    func stop() {
        hasStopped = true
        timer?.cancel()
        thread.shutdownGracefully { _ in }
    }

    // MARK: The file

    private func scheduleWrite() {
        guard timer == nil, !isWriting, !hasStopped else { return }
        timer = eventLoop.assumeIsolated().scheduleTask(in: Self.writeInterval) { [unowned self] in write() }
    }

    private func write() {
        timer = nil
        isWriting = true
        let batch = Batch(generation: generation.number, entries: pending, isAlone: mustEmpty)
        pending.removeAll()
        let database = AddressDatabaseBox(database: database)
        let loop = NIOLoopBound(self, eventLoop: eventLoop)
        thread.submit { state in
            guard state == .active else { return }
            let result = Result { try database.database.write(batch.entries, alone: batch.isAlone) }
            loop.eventLoop.execute { loop.value.finished(batch, result) }
        }
    }

    /// What could not be written is tried again, unless it is of a generation that is over: that is to be forgotten.
    private func finished(_ batch: Batch, _ result: Result<Void, any Error>) {
        isWriting = false
        let isOfNow = batch.generation == generation.number
        switch result {
        case .success:
            if isFailing { logger.notice("address ids are written again") }
            isFailing = false
            if isOfNow { mustEmpty = false }
        case .failure(let error):
            // Ids go on without it: they live in memory.
            if !isFailing { logger.warning("address ids cannot be written: \(error)") }
            isFailing = true
            if isOfNow { pending.insert(contentsOf: batch.entries, at: 0) }
        }
        if mustEmpty || !pending.isEmpty { scheduleWrite() }
    }

    private struct Batch {
        let generation: Int32
        let entries: [AddressDatabase.Entry]
        let isAlone: Bool
    }
}

@available(*, unavailable)
extension AddressIDs: Sendable {}

/// Carries the database to its thread.
///
/// `@unchecked Sendable`: after the start it is used on that thread alone.
private struct AddressDatabaseBox: @unchecked Sendable {
    let database: AddressDatabase
}
