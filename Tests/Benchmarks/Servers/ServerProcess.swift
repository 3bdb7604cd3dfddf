import Foundation
import Glibc
import LinuxIO

/// A server under test, as a child process. It is killed when nobody holds this object, and when the benchmark dies.
final class ServerProcess {
    let processID: pid_t
    private let name: String
    private let logPath: String
    private var hasEnded = false

    /// - Parameters:
    ///   - command: The program and its arguments.
    ///   - folder: Its current directory. What it says goes to `log` there.
    init(_ command: [String], folder: String) throws(BenchmarkError) {
        name = command.joined(separator: " ")
        logPath = folder + "/log"
        // setpriv(1) arranges for the kernel to end the server with its parent; env(1) changes the directory.
        let command = ["setpriv", "--pdeathsig", "KILL", "--", "env", "--chdir=\(folder)"] + command
        processID = try Self.spawn(command, logPath: logPath)
    }

    deinit { end() }

    /// Ends it and waits until it is gone.
    func end() {
        guard !hasEnded else { return }
        hasEnded = true
        _ = Glibc.kill(processID, SIGKILL)
        _ = Glibc.waitpid(processID, nil, 0)
    }

    /// Asks it to end by itself and waits until it has, at most for some seconds.
    func endOrderly() throws(BenchmarkError) {
        guard !hasEnded else { return }
        _ = Glibc.kill(processID, SIGTERM)
        let deadline = SystemClock.monotonicNanoseconds + 20_000_000_000
        while Glibc.waitpid(processID, nil, WNOHANG) != processID {
            guard SystemClock.monotonicNanoseconds < deadline else {
                throw BenchmarkError("does not end: \(name)")
            }
            usleep(2_000)
        }
        hasEnded = true
    }

    /// - Throws: When it has ended, with the last it said.
    func checkAlive() throws(BenchmarkError) {
        guard !hasEnded, Glibc.waitpid(processID, nil, WNOHANG) == 0 else {
            hasEnded = true
            throw BenchmarkError("has ended: \(name)\n\(lastWords)")
        }
    }

    /// Waits until it accepts connections.
    ///
    /// - Returns: The time at which it did, on the monotonic clock, in nanoseconds.
    @discardableResult
    func waitUntilListening(on port: UInt16) throws(BenchmarkError) -> Int64 {
        let deadline = SystemClock.monotonicNanoseconds + 60_000_000_000
        while !LoopbackAddress.accepts(port: port) {
            try checkAlive()
            guard SystemClock.monotonicNanoseconds < deadline else {
                throw BenchmarkError("does not listen on \(port): \(name)\n\(lastWords)")
            }
            usleep(500)
        }
        return SystemClock.monotonicNanoseconds
    }

    private var lastWords: String {
        // A log that cannot be read says as much as an empty one.
        let log = (try? Data(contentsOf: URL(filePath: logPath))) ?? Data()
        return String(decoding: log.suffix(2_000), as: UTF8.self)
    }

    private static func spawn(_ command: [String], logPath: String) throws(BenchmarkError) -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, logPath, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        var arguments = command.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var processID: pid_t = 0
        let code = posix_spawnp(&processID, command[0], &actions, nil, &arguments, environ)
        guard code == 0 else {
            throw BenchmarkError("cannot start \(command[0]): \(String(cString: strerror(code)))")
        }
        return processID
    }
}
