internal import TransitRules

/// Two clients that were joined. Both have been told `ok`, or `unsent` says what of it. The front watches their sockets.
struct NewPair: ~Copyable {
    let first: RelayEnd
    let second: RelayEnd
    let record: PairRecord
    /// What the second sent behind its handshake.
    let early: [UInt8]
    /// What their sockets did not take of our own words; as good as always nothing.
    let unsentToFirst: [UInt8]
    let unsentToSecond: [UInt8]

    init(
        first: consuming RelayEnd,
        second: consuming RelayEnd,
        record: PairRecord,
        early: [UInt8],
        unsentToFirst: [UInt8],
        unsentToSecond: [UInt8]
    ) {
        self.first = first
        self.second = second
        self.record = record
        self.early = early
        self.unsentToFirst = unsentToFirst
        self.unsentToSecond = unsentToSecond
    }

    /// - Parameter isLimited: Whether there is a rate to keep to.
    consuming func makePair(isLimited: Bool) -> RelayPair {
        RelayPair(first: first, second: second, record: record, isLimited: isLimited)
    }
}
