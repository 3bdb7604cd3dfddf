/// Who does the work that is measured.
enum Contender: String, CaseIterable, Codable, Sendable {
    /// `wormhole-server`, built from this repository.
    case ours
    /// magic-wormhole-mailbox-server or magic-wormhole-transit-relay.
    case original
    /// HAProxy in TCP mode with splicing. It pairs nothing, so it connects each client to the generator's own sink.
    case haproxy
    /// Nobody: the generator's two ends over one loopback connection.
    case direct
}
