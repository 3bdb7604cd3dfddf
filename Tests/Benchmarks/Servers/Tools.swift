import Foundation

/// Where the programs are that take part.
struct Tools: Sendable {
    /// `wormhole-server`, a release build.
    var server: String
    /// The folder of `twist` and `python`.
    var python: String
    var haproxy: String

    /// - Throws: When one of them is missing.
    func check() throws(BenchmarkError) {
        for path in [server, twist, haproxy] where !FileManager.default.isExecutableFile(atPath: path) {
            throw BenchmarkError("\(path) is missing; 'make bench' makes everything that is needed")
        }
    }

    var twist: String { python + "/twist" }
}
