import ArgumentParser

/// `SECONDS`, or `APPID=SECONDS` for one application.
struct ExpiryOption: ExpressibleByArgument, Equatable {
    let app: String?
    let seconds: Int

    /// Ten years.
    private static let longest = 315_360_000

    /// - Returns: `nil` unless the seconds, behind the last `=`, are a positive number.
    init?(argument: String) {
        let separator = argument.lastIndex(of: "=")
        let number = separator.map { argument[argument.index(after: $0)...] } ?? argument[...]
        guard let seconds = Int(number), (1...Self.longest).contains(seconds) else { return nil }
        self.seconds = seconds
        app = separator.map { String(argument[..<$0]) }
    }
}
