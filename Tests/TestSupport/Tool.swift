package import Foundation

/// A program the tests need: one that `make test` has put into `.build/test-tools`, or else one on the path.
///
/// A missing program fails the test that runs it.
package struct Tool: Sendable {
    /// What a program has left behind.
    package struct Outcome: Sendable {
        package let status: Int32
        package let output: String
        package let errors: String
    }

    private let executable: URL
    private let arguments: [String]

    package init(_ name: String) {
        let local = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: ".build/test-tools/bin/\(name)")
        if FileManager.default.isExecutableFile(atPath: local.path) {
            executable = local
            arguments = []
        } else {
            executable = URL(filePath: "/usr/bin/env")
            arguments = [name]
        }
    }

    /// Runs the program to its end.
    package func run(_ arguments: String..., input: some Sequence<UInt8> = []) async throws -> Outcome {
        try await run(arguments, input: input)
    }

    /// Runs the program to its end.
    package func run(_ arguments: [String], input: some Sequence<UInt8> = []) async throws -> Outcome {
        // Through files, so that neither side can fill a pipe the other does not read.
        let folder = try TemporaryFolder()
        let url = { (name: String) in URL(filePath: "\(folder.path)/\(name)") }
        try Data(input).write(to: url("input"))
        try Data().write(to: url("output"))
        try Data().write(to: url("errors"))
        let process = makeProcess(arguments)
        process.standardInput = try FileHandle(forReadingFrom: url("input"))
        process.standardOutput = try FileHandle(forWritingTo: url("output"))
        process.standardError = try FileHandle(forWritingTo: url("errors"))
        let status = try await withCheckedThrowingContinuation { continuation in
            process.terminationHandler = { continuation.resume(returning: $0.terminationStatus) }
            do { try process.run() } catch { continuation.resume(throwing: error) }
        }
        return Outcome(
            status: status,
            output: String(decoding: try Data(contentsOf: url("output")), as: UTF8.self),
            errors: String(decoding: try Data(contentsOf: url("errors")), as: UTF8.self)
        )
    }

    /// The program, not yet started, for a test that talks with it.
    package func makeProcess(_ arguments: [String]) -> Process {
        let process = Process()
        process.executableURL = executable
        process.arguments = self.arguments + arguments
        return process
    }
}
