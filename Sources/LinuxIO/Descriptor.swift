import Glibc

/// One open file descriptor, closed when its owner is gone.
///
/// Copying is impossible, so two owners are; handing it on is `consuming`.
package struct Descriptor: ~Copyable, Sendable {
    /// The number the kernel knows it by. Valid as long as the owner is.
    package let number: CInt

    /// Takes over a descriptor that nobody else will close.
    package init(owning number: CInt) {
        self.number = number
    }

    /// Gives the descriptor to an owner that is not Swift's, who closes it.
    package consuming func release() -> CInt {
        let number = self.number
        discard self
        return number
    }

    deinit { _ = Glibc.close(number) }
}
