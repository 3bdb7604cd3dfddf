import Logging
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
    private var pending: [AddressDatabase.Entry] = []
    private var mustEmpty = false
    private var timer: Scheduled<Void>?

    /// - Parameter lastGeneration: What the channel database tells, if it does.
    init(
        path: String,
        lastGeneration: Int?,
        duration: Duration,
        at now: Timestamp,
        eventLoop: any EventLoop,
        logger: Logger
    ) throws {
        self.eventLoop = eventLoop
        self.logger = logger
        database = try AddressDatabase(path: path)
        let last = try lastGeneration ?? database.lastGeneration() ?? 0
        try database.empty()
        book = AddressBook(after: last, duration: duration, at: now)
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
    func rotateIfDue(at now: Timestamp, observing source: ObservationSource) {
        let started = ContinuousClock.now
        guard book.rotate(at: now) else { return }
        pending.removeAll()
        mustEmpty = true
        scheduleWrite()
        generationBegan(book.generation)
        source.append(
            .maintenanceFinished(.addressRotation, succeeded: true, duration: ContinuousClock.now - started)
        )
    }

    func stop() {
        timer?.cancel()
        thread.shutdownGracefully { _ in }
    }

    private func scheduleWrite() {
        guard timer == nil else { return }
        timer = eventLoop.assumeIsolated().scheduleTask(in: Self.writeInterval) { [unowned self] in write() }
    }

    private func write() {
        timer = nil
        let (entries, mustEmpty) = (pending, self.mustEmpty)
        pending.removeAll()
        self.mustEmpty = false
        let database = AddressDatabaseBox(database: database)
        let logger = self.logger
        thread.submit { state in
            guard state == .active else { return }
            do {
                if mustEmpty { try database.database.empty() }
                try database.database.write(entries)
            } catch {
                // Ids go on without it: they live in memory.
                logger.warning("address ids cannot be written: \(error)")
            }
        }
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
