#if DEBUG
    internal import Synchronization
#endif

/// How many system calls were made through this module: counted in debug builds only, for the tests that bound them.
package enum SystemCallCount {
    #if DEBUG
        private static let count = Atomic<Int>(0)

        /// Since the process began; `nil` where nobody counts.
        package static var total: Int? { count.load(ordering: .relaxed) }

        @inline(__always)
        static func add() { count.wrappingAdd(1, ordering: .relaxed) }
    #else
        package static var total: Int? { nil }

        @inline(__always)
        static func add() {}
    #endif
}
