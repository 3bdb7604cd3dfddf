/// Where connections come from, as far as limits care: a keyed hash that nobody can turn back into an address.
package struct SourceID: Hashable, Sendable {
    private let hash: UInt64

    package init(hash: UInt64) {
        self.hash = hash
    }
}
