/// A pair on its way from one owner to the next. Nobody watches its sockets.
struct MovingPair: ~Copyable, @unchecked Sendable {  // because it has one owner at a time, who gives it away whole
    /// By which its allotment was given out. The next owner may have another already.
    let throttle: Throttle?
    private let pair: RelayPair

    init(_ pair: consuming RelayPair, throttle: Throttle?) {
        self.throttle = throttle
        self.pair = pair
    }

    consuming func arrive() -> RelayPair { pair }
}
