import Foundation
import Glibc
import Synchronization
import TestSupport
import Testing

/// A program that a test has started. It is killed, if it still runs, when nobody holds this object any more.
///
/// Output goes to files, so that a child never waits for the test to read it.
final class ChildProcess: Sendable {
    /// How a program ended.
    enum Ending: Equatable, Sendable {
        case exited(CInt)
        case killed(by: CInt)
    }

    /// What a program is started with besides its arguments.
    struct Setup {
        /// The current directory; the test's own when `nil`.
        var folder: String?
        /// Added to the test's own environment.
        var environment: [String: String] = [:]
        /// What it reads from standard input.
        var input = ""
        /// A file that it gets as descriptor 3, open for appending.
        var extraOutput: String?
    }

    let name: String
    let processID: pid_t
    private let files: TemporaryFolder
    private let ending = Mutex<Ending?>(nil)

    /// - Parameters:
    ///   - program: A path, or a name to be looked up in `PATH`.
    init(_ program: String, _ arguments: [String], _ setup: Setup = Setup()) throws {
        name = ([program] + arguments).joined(separator: " ")
        files = try TemporaryFolder()
        try Data(setup.input.utf8).write(to: URL(filePath: files.path + "/input"))
        processID = try Self.spawn(program, arguments, setup, files: files.path)
    }

    deinit {
        guard !hasEnded else { return }
        _ = Glibc.kill(processID, SIGKILL)
        _ = Glibc.waitpid(processID, nil, 0)
    }

    /// Everything written to standard output so far.
    var output: String { contents("output") }

    /// Everything written to standard error so far.
    var errors: String { contents("errors") }

    /// For the text of a failure.
    var transcript: String { "\(name)\n--- output\n\(output)\n--- errors\n\(errors)" }

    /// Whether it has ended; never waits.
    var hasEnded: Bool { currentEnding != nil }

    func send(signal: CInt) {
        ending.withLock { ending in
            // Once it is reaped its number may be another process's.
            if ending == nil { _ = Glibc.kill(processID, signal) }
        }
    }

    /// Waits for the end.
    ///
    /// - Throws: `ConditionNotMet` with everything it wrote, when it still runs at the deadline.
    func end(within deadline: Duration = .seconds(60)) async throws -> Ending {
        do {
            return try await eventually("the program ends", within: deadline) { currentEnding }
        } catch let error as ConditionNotMet {
            throw ConditionNotMet(condition: "end of \(transcript)", deadline: error.deadline)
        }
    }

    /// Waits until a condition holds for what it has written to standard error.
    ///
    /// - Throws: At the deadline, and at once when it ends without having met the condition.
    func errors(_ condition: String, within deadline: Duration = .seconds(30), where isMet: (String) -> Bool)
        async throws
    {
        do {
            try await eventually(condition, within: deadline) {
                if isMet(errors) { return true }
                guard !hasEnded || isMet(errors) else {
                    throw ConditionNotMet(condition: "\(condition), before the end of", deadline: deadline)
                }
                return false
            }
        } catch let error as ConditionNotMet {
            throw ConditionNotMet(condition: "\(error.condition): \(transcript)", deadline: error.deadline)
        }
    }

    private var currentEnding: Ending? {
        ending.withLock { ending in
            if let ending { return ending }
            var status: CInt = 0
            guard Glibc.waitpid(processID, &status, WNOHANG) == processID else { return nil }
            ending = status & 0x7F == 0 ? .exited((status >> 8) & 0xFF) : .killed(by: status & 0x7F)
            return ending
        }
    }

    private func contents(_ name: String) -> String {
        // A file that cannot be read has the same meaning for a test as an empty one.
        (try? Data(contentsOf: URL(filePath: files.path + "/" + name))).map { String(decoding: $0, as: UTF8.self) }
            ?? ""
    }

    /// The system call behind is posix_spawnp(3). No descriptor of the tests is inherited, lest a child hold open a
    /// connection whose end another test waits for.
    private static func spawn(
        _ program: String,
        _ arguments: [String],
        _ setup: Setup,
        files: String
    ) throws -> pid_t {
        // posix_spawn(3) as Swift sees it cannot change the directory; env(1) can.
        let command = (setup.folder.map { ["env", "--chdir=\($0)"] } ?? []) + [program] + arguments
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, files + "/input", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, files + "/output", O_WRONLY | O_CREAT | O_APPEND, 0o600)
        posix_spawn_file_actions_addopen(&actions, 2, files + "/errors", O_WRONLY | O_CREAT | O_APPEND, 0o600)
        for number in inheritedDescriptors { posix_spawn_file_actions_addclose(&actions, number) }
        if let path = setup.extraOutput {
            posix_spawn_file_actions_addopen(&actions, 3, path, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        }

        // The tests' own handling of signals is not the child's.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        var all = sigset_t()
        sigemptyset(&none)
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

        let environment = ProcessInfo.processInfo.environment.merging(setup.environment) { $1 }
        var argumentPointers = command.map { strdup($0) } + [nil]
        var environmentPointers = environment.map { strdup("\($0)=\($1)") } + [nil]
        defer { for pointer in argumentPointers + environmentPointers { free(pointer) } }
        var processID: pid_t = 0
        let code = posix_spawnp(&processID, command[0], &actions, &attributes, &argumentPointers, &environmentPointers)
        try #require(code == 0, "cannot start \(program): \(String(cString: strerror(code)))")
        return processID
    }

    /// What is open in this process and would stay open in a child.
    private static var inheritedDescriptors: [CInt] {
        // Without /proc nothing is closed, which only means that a child may hold on to more than it needs.
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []
        return names.compactMap { CInt($0) }.filter { $0 > 2 && fcntl($0, F_GETFD) & FD_CLOEXEC == 0 }
    }
}

/// Runs a program to its end.
///
/// - Returns: What it wrote to standard output.
/// - Throws: When it does not exit with 0.
func run(
    _ program: String,
    _ arguments: String...,
    input: String = "",
    within deadline: Duration = .seconds(60)
) async throws -> String {
    let child = try ChildProcess(program, arguments, ChildProcess.Setup(input: input))
    let ending = try await child.end(within: deadline)
    try #require(ending == .exited(0), "\(ending): \(child.transcript)")
    return child.output
}
