import NIOCore

/// Carries a timer's call to an object that is confined to the event loop.
struct CallbackTarget<Target: AnyObject>: NIOScheduledCallbackHandler, Sendable {
    private let target: NIOLoopBound<Target>
    private let body: @Sendable (Target) -> Void

    init(_ target: Target, eventLoop: any EventLoop, _ body: @escaping @Sendable (Target) -> Void) {
        self.target = NIOLoopBound(target, eventLoop: eventLoop)
        self.body = body
    }

    func handleScheduledCallback(eventLoop: some EventLoop) {
        body(target.value)
    }
}
