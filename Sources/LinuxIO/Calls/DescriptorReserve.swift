internal import Glibc

/// The last of the descriptors that the process may have: not for clients, so that the admin endpoint still answers and
/// databases can still open their files when clients have taken all others.
///
/// The kernel gives the lowest number that is free, so a number tells how many are taken.
package enum DescriptorReserve {
    /// How many there are, and which part of all descriptors at most.
    private static let size = 64
    private static let largestPart = 4

    /// The first number of the reserve. Determined when it is first asked for, which is after the limit was raised.
    private static let first: Int = {
        guard let limit = DescriptorLimit.current else { return .max }
        return limit - min(size, limit / largestPart)
    }()

    /// Whether a descriptor, just made for a client, is one of the reserve.
    package static func contains(_ descriptor: borrowing Descriptor) -> Bool { descriptor.number >= first }
}
