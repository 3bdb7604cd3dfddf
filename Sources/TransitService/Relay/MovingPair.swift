/// A pair on its way from one owner to the next. Nobody watches its sockets.
struct MovingPair: ~Copyable, @unchecked Sendable {  // because it has one owner at a time, who gives it away whole
    private let pair: RelayPair

    init(_ pair: consuming RelayPair) {
        self.pair = pair
    }

    consuming func arrive() -> RelayPair { pair }
}
