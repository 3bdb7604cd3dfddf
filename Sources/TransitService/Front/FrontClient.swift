internal import Admission
internal import LinuxIO
internal import Observations
internal import TransitRules

/// The means of reaching a client that has no partner yet.
enum FrontClient: ~Copyable {
    case socket(RelayEnd)
    /// Its name on the event loop of the WebSocket clients.
    case webSocket(WebSocketKey)
}

/// What a WebSocket client is called between its event loop and the relay's front.
struct WebSocketKey: Hashable, Sendable {
    let number: UInt64
}

/// The clients of the front, at the indices their names have in the rules.
struct FrontClients: ~Copyable {
    private var places: UnsafeMutablePointer<FrontClient?>
    private var capacity = 64
    /// Places that were ever used are below this. Those above take no memory until they are.
    private var frontier = 0

    init() {
        places = .allocate(capacity: capacity)
    }

    deinit {
        places.deinitialize(count: frontier)
        places.deallocate()
    }

    mutating func insert(_ client: consuming FrontClient, at index: UInt32) {
        while Int(index) >= capacity { grow() }
        while Int(index) >= frontier {
            (places + frontier).initialize(to: nil)
            frontier += 1
        }
        places[Int(index)] = consume client
    }

    /// - Returns: `nil` when there is nobody.
    mutating func remove(at index: UInt32) -> FrontClient? {
        guard Int(index) < frontier else { return nil }
        return places[Int(index)].take()
    }

    /// Calls `body` with the socket of a client, where it has one.
    func withSocket<Result>(at index: UInt32, _ body: (borrowing Descriptor) -> Result) -> Result? {
        guard Int(index) < frontier else { return nil }
        switch places[Int(index)] {
        case .some(.socket(let end)): return body(end.descriptor)
        case .some(.webSocket): return nil
        case .none: return nil
        }
    }

    /// Those that are sockets, counted one by one.
    var socketCount: Int {
        (0..<UInt32(frontier)).count { withSocket(at: $0) { _ in true } ?? false }
    }

    /// The handshake of a client is over.
    mutating func handshakeEnded(at index: UInt32) {
        guard Int(index) < frontier else { return }
        switch places[Int(index)].take() {
        case .some(.socket(var end)):
            end.pass.handshakeEnded()
            places[Int(index)] = .socket(end)
        case .some(.webSocket(let key)):
            // Its event loop has taken note already.
            places[Int(index)] = .webSocket(key)
        case .none:
            break
        }
    }

    private mutating func grow() {
        let larger = capacity * 2
        let newPlaces = UnsafeMutablePointer<FrontClient?>.allocate(capacity: larger)
        newPlaces.moveInitialize(from: places, count: frontier)
        places.deallocate()
        places = newPlaces
        capacity = larger
    }
}
