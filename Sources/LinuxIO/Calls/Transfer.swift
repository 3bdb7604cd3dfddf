/// What came of an attempt to move bytes.
package enum Transfer: Equatable, Sendable {
    /// So many, at least one.
    case moved(Int)
    /// The peer will send no more.
    case ended
    /// Nothing now, without waiting.
    case wouldBlock
    /// Nothing any more.
    case failed(ErrorNumber)
}
