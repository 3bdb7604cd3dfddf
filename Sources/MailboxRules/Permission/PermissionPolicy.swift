/// What a client must show before it may bind.
package enum PermissionPolicy: Equatable, Sendable {
    /// Nothing, and nothing is said about it.
    case open
    /// A proof of work over a text of this connection's own. `isRequired: false` offers it and takes a client without.
    ///
    /// `bits`: leading zero bits of the stamp's SHA-1; 20 cost a client about a second.
    case hashcash(bits: Int, isRequired: Bool)
}
