internal import Admin

/// Which options were given, and how.
package struct SettingOrigins: Equatable, Sendable {
    /// Names of options on the command line, without dashes.
    private var given: Set<String> = []
    /// Those whose value came from the environment.
    private var environment: Set<String> = []
    /// Whether the command runs one service, with the original's names for its options.
    private var isSingleService = false

    /// Nothing was given.
    package init() {}

    /// - Parameters:
    ///   - arguments: Of the command, its name included or not.
    ///   - environment: Names of options whose value came from the environment, unless the command line has another.
    package init(arguments: [String], environment: Set<String> = []) {
        let short = ["-p": "port", "-w": "websocket", "-u": "websocket-url"]
        for argument in arguments {
            if argument.hasPrefix("--") {
                given.insert(String(argument.dropFirst(2).prefix { $0 != "=" }))
            } else if let name = short[String(argument.prefix(2))] {
                given.insert(name)
            }
        }
        self.environment = environment.subtracting(given)
        isSingleService = arguments.prefix(2).contains { $0 == "mailbox" || $0 == "transit" }
    }

    func origin(of name: String) -> AdminSetting.Origin {
        given.contains(name) ? .commandLine : environment.contains(name) ? .environment : .standard
    }

    /// The first of these names that was given; otherwise the one that the command has.
    ///
    /// - Parameter names: That of `start` first, then, if it is another, that of the service alone.
    func name(among names: [String]) -> String {
        names.first { given.contains($0) } ?? names[isSingleService ? names.count - 1 : 0]
    }
}
