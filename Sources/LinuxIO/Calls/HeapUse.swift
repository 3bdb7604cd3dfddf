internal import CLinux

/// What the C library's allocator has lent out.
package enum HeapUse {
    /// Has the heap grow by so many bytes at a time instead of 128 KiB, and the heaps of new threads begin with as much, which
    /// grow by a page at a time afterwards: each time they grow costs a system call and the waiting for every other thread's
    /// faults. Only what is used takes memory. To be called first of all; mallopt(3), M_TOP_PAD.
    package static func grow(inStepsOf bytes: Int32) {
        _ = mallopt(M_TOP_PAD, bytes)
    }

    /// Bytes, in all arenas and in mappings of their own. The call is mallinfo2(3), which looks into one arena after the
    /// other with its lock held.
    package static var bytes: Int {
        let information = mallinfo2()
        return information.uordblks + information.hblkhd
    }

    /// What the allocator says of itself, for people.
    package static var lines: [String] {
        let information = mallinfo2()
        return [
            "heap from the system: \(information.arena) bytes",
            "heap from mmap(2): \(information.hblkhd) bytes in \(information.hblks) pieces",
            "heap in use: \(information.uordblks) bytes",
            "heap free: \(information.fordblks) bytes, of which \(information.keepcost) could be given back",
        ]
    }
}
