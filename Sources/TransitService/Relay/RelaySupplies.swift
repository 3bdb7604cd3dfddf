internal import DequeModule
internal import LinuxIO
internal import TransitRules

/// What the flows of one worker share: the buffer every small copy goes through, and what a flow borrows while its sink
/// is slow or its source is fast. A flow at rest has borrowed nothing.
///
/// Confined to its worker's thread.
final class RelaySupplies {
    /// Bytes of one copy. More gains nothing and spoils the processor's cache.
    static let copySize = 64 << 10
    /// Bytes a pipe is asked to hold.
    static let pipeSize = 256 << 10
    /// A pipe that holds less than a copy is no gain. The kernel grants such ones when the user's share is used up.
    static let leastPipeSize = copySize
    /// Blocks kept for the next who needs one.
    static let spareBlockLimit = 16

    /// The shared buffer. Its contents do not outlive a call.
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: copySize, alignment: 64)
    /// The time of this turn.
    var now = Instant(nanoseconds: 0)
    /// Bytes in blocks and borrowed pipes.
    var bufferedBytes = 0
    /// Time for which sources were not read because their sink was slow, since the last report.
    var pausedNanoseconds: Int64 = 0

    private var spareBlocks: [UnsafeMutableRawPointer] = []
    private var sparePipes = UniqueDeque<Pipe>()
    private var pipeCount = 0
    private let pipeLimit: Int
    private var noPipesBefore = Instant(nanoseconds: .min)

    /// - Parameter pipeLimit: The most pipes to have at a time; beyond, flows stay with copies.
    init(pipeLimit: Int) {
        self.pipeLimit = pipeLimit
        spareBlocks.reserveCapacity(Self.spareBlockLimit)
    }

    deinit {
        buffer.deallocate()
        for block in spareBlocks { block.deallocate() }
    }

    /// A block of ``copySize`` bytes.
    func borrowBlock() -> UnsafeMutableRawPointer {
        spareBlocks.popLast() ?? .allocate(byteCount: Self.copySize, alignment: 64)
    }

    func giveBack(_ block: UnsafeMutableRawPointer) {
        if spareBlocks.count < Self.spareBlockLimit { spareBlocks.append(block) } else { block.deallocate() }
    }

    /// An empty pipe; `nil` when there is none to be had.
    func borrowPipe() -> Pipe? {
        if let pipe = sparePipes.popLast() { return pipe }
        guard pipeCount < pipeLimit, now >= noPipesBefore else { return nil }
        do throws(ErrorNumber) {
            let pipe = try Pipe(capacity: Self.pipeSize)
            if pipe.capacity >= Self.leastPipeSize {
                pipeCount += 1
                return pipe
            }
        } catch {
            // No descriptors. Copies serve as well.
        }
        // What is short now will be short for the next hundred flows too.
        noPipesBefore = now + .seconds(1)
        return nil
    }

    /// Takes back a pipe that is empty.
    func giveBack(_ pipe: consuming Pipe) {
        sparePipes.append(pipe)
    }

    /// Closes a pipe that still holds bytes nobody wants.
    func discard(_ pipe: consuming Pipe) {
        pipeCount -= 1
        _ = consume pipe
    }

    /// The most bytes that blocks and pipes can hold, all workers together: a connection has either.
    ///
    /// - Parameter connections: Open connections at most; zero for any number.
    /// - Returns: 0 where there is no bound.
    static func capacity(connections: Int, pipes: Int) -> Int {
        guard connections > 0 else { return 0 }
        let pipes = min(pipes, connections)
        return pipes * pipeSize + (connections - pipes) * copySize
    }

    /// Pipes that exist and are lent out, for tests.
    var lentPipeCount: Int { pipeCount - sparePipes.count }
}

@available(*, unavailable)
extension RelaySupplies: Sendable {}
