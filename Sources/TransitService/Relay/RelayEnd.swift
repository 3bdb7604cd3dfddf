internal import Admission
internal import LinuxIO
internal import Observations
internal import TransitRules

/// One client of a pair: its socket, and what epoll last said about it.
struct RelayEnd: ~Copyable, Sendable {
    let descriptor: Descriptor
    /// Its right to be in, given back when it is gone.
    var pass: DoorPass
    let kind: ConnectionKind
    let accepted: Instant
    /// There may be something to read. Only a read that finds nothing takes it back: the edge comes once.
    var isReadable = false
    /// There may be room to write. Only a write that finds none takes it back.
    var isWritable = false
    /// It has sent its end, maybe behind bytes that are not read yet.
    var hasFinished = false
    /// Its end was read: there is nothing more of it.
    var hasEnded = false
    /// It was reset, or given up by the kernel: it takes nothing more.
    var isBroken = false

    init(descriptor: consuming Descriptor, pass: consuming DoorPass, kind: ConnectionKind, accepted: Instant) {
        self.descriptor = descriptor
        self.pass = pass
        self.kind = kind
        self.accepted = accepted
    }

    mutating func note(_ readiness: Readiness) {
        if readiness.overlaps(.input) { isReadable = true }
        if readiness.overlaps(.output) { isWritable = true }
        if readiness.overlaps(.peerFinished) { hasFinished = true }
        if readiness.overlaps(.failed) { isBroken = true }
    }
}
