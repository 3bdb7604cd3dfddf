import MailboxRules
import WormholeWire

/// Which number stands for which address in this generation. Pure: times are passed in.
struct AddressBook {
    /// Addresses beyond this number get no id before the next generation, so that strangers cannot fill the memory.
    static let maximumAddresses = 500_000

    let duration: Duration
    private(set) var generation: AddressGeneration
    /// When the generation began, also.
    private var began: Uptime
    private var counters: [String: Int32] = [:]

    /// - Parameter last: The generation before; 0 for none. Addresses never keep their ids over a start.
    init(after last: Int, duration: Duration, at now: Timestamp, uptime: Uptime) {
        self.duration = duration
        began = uptime
        generation = AddressGeneration(number: Self.next(last), started: now)
    }

    /// - Returns: The id of an address, and whether it was given just now.
    mutating func id(of address: String) -> (id: AddressID, isNew: Bool)? {
        if let counter = counters[address] {
            return (AddressID(generation: generation.number, counter: counter), false)
        }
        guard counters.count < Self.maximumAddresses else { return nil }
        let counter = Int32(counters.count + 1)
        counters[address] = counter
        return (AddressID(generation: generation.number, counter: counter), true)
    }

    /// Begins a new generation when the time of the old one is over, on one of the clocks: no address is remembered for longer
    /// because the wall clock was set back, or because the machine was suspended. The rhythm does not drift with the moments
    /// this is called at, unless a whole generation was missed.
    ///
    /// - Returns: Whether one began.
    mutating func rotate(at now: Timestamp, uptime: Uptime) -> Bool {
        let late = max(now - generation.started, uptime - began) - duration
        guard late > .zero else { return false }
        let age = late > duration ? .zero : late
        began = uptime - age
        generation = AddressGeneration(number: Self.next(Int(generation.number)), started: now - age)
        counters = [:]
        return true
    }

    /// Generations are told apart by their number; after two thousand million of them they begin again.
    private static func next(_ last: Int) -> Int32 {
        last < Int(Int32.max) ? Int32(max(0, last) + 1) : 1
    }
}
