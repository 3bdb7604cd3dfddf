/// What was built, from which source, with which compiler.
package struct BuildInfo: Equatable, Sendable {
    package let version: String
    /// Commit the program was built from; `unknown` when the build did not say.
    package let revision: String
    package let swiftVersion: String

    package init(version: String, revision: String = "unknown", swiftVersion: String = BuildInfo.compiler) {
        self.version = version
        self.revision = revision
        self.swiftVersion = swiftVersion
    }

    /// The compiler's version as far as a program can ask for it.
    package static var compiler: String {
        #if compiler(>=6.5)
            "6.5 or later"
        #elseif compiler(>=6.4)
            "6.4"
        #elseif compiler(>=6.3)
            "6.3"
        #else
            "6.2"
        #endif
    }
}
