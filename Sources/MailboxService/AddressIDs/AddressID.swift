package import WormholeWire

/// A number in place of an address, so that logs and tables can tell "the same place" without telling which.
///
/// Written `addr-GENERATION-COUNTER`. With its generation, what it stands for is forgotten.
package struct AddressID: Hashable, Sendable, CustomStringConvertible {
    /// Counting from 1.
    package let generation: Int32
    /// Counting from 1 in each generation.
    package let counter: Int32

    package var description: String { "addr-\(generation)-\(counter)" }
}

/// A time in which every address keeps its number.
package struct AddressGeneration: Equatable, Sendable {
    package let number: Int32
    package let started: Timestamp
}
