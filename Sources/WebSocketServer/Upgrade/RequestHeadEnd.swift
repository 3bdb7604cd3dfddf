/// Finds the empty line that ends the head of an HTTP request, in bytes that come in pieces.
struct RequestHeadEnd {
    private var lineIsEmpty = true
    private var hasLine = false

    /// Looks at the next bytes.
    ///
    /// - Returns: How many of them belong to the head, when it ends among them.
    mutating func find(in bytes: UnsafeRawBufferPointer) -> Int? {
        for (index, byte) in bytes.enumerated() {
            switch byte {
            case UInt8(ascii: "\n"):
                if lineIsEmpty, hasLine { return index + 1 }
                lineIsEmpty = true
            case UInt8(ascii: "\r"):
                break
            default:
                lineIsEmpty = false
                hasLine = true
            }
        }
        return nil
    }
}
