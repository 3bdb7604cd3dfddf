/// What a client's proof of work is made out to, so that a stamp is good for one connection only.
enum HashcashResource {
    /// 128 random bits in hexadecimal.
    static func random() -> String {
        var random = SystemRandomNumberGenerator()
        return (0..<2).map { _ in
            let digits = String(random.next() as UInt64, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }
}
