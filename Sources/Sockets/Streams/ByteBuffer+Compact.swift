import NIOCore

extension ByteBuffer {
    /// The same bytes, in memory of their own if these are in far more of it than they need.
    var compact: ByteBuffer {
        storageCapacity > 2 * readableBytes + 256 ? ByteBuffer(buffer: self) : self
    }
}
