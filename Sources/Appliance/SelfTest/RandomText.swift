/// Text that nobody can guess.
enum RandomText {
    /// So many digits from the system's generator.
    static func hexadecimal(digits: Int) -> String {
        (0..<digits).map { _ in String(UInt8.random(in: 0..<16), radix: 16) }.joined()
    }
}
