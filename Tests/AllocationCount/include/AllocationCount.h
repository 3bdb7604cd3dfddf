#ifndef ALLOCATION_COUNT_H
#define ALLOCATION_COUNT_H

#include <stddef.h>

/// Allocations a thread of this process has made so far: calls of malloc and its kin, whoever made them, Swift's runtime and
/// the C library included. Counted for the first 4,096 threads that allocate; 0 for others.
///
/// A program that links this counts, because its own malloc comes before the C library's. There is nothing to switch on.
long allocation_count(int thread);

/// The number of the calling thread.
int allocation_thread(void);

/// Bytes that all threads have allocated and not freed.
size_t allocated_bytes(void);

#endif
