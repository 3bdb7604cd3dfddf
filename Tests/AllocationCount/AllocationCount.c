// The allocation functions of the C library, counted. Interposition as in glibc's manual, "Replacing malloc"; the real ones
// are reached by the names they have inside the C library.
#define _GNU_SOURCE
#include "AllocationCount.h"

#include <errno.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *block);

// All tests together make some thousand threads.
enum { PLACES = 1 << 17 };

static struct {
    _Atomic int thread;
    _Atomic long count;
} places[PLACES];

static _Atomic int used;
// 0: not asked yet. The place's number plus one otherwise, beyond the end where there was none left.
static __thread int own __attribute__((tls_model("initial-exec")));

static void count_one(void)
{
    if (own == 0) {
        own = atomic_fetch_add_explicit(&used, 1, memory_order_relaxed) + 1;
        if (own <= PLACES) atomic_store_explicit(&places[own - 1].thread, allocation_thread(), memory_order_relaxed);
    }
    // The only writer.
    if (own <= PLACES) atomic_fetch_add_explicit(&places[own - 1].count, 1, memory_order_relaxed);
}

int allocation_thread(void)
{
    return (int)syscall(SYS_gettid);
}

size_t allocated_bytes(void)
{
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

long allocation_count(int thread)
{
    long count = 0;
    // A number may have had several threads, one after the other.
    for (int place = 0; place < PLACES; place++) {
        if (atomic_load_explicit(&places[place].thread, memory_order_relaxed) == thread) {
            count += atomic_load_explicit(&places[place].count, memory_order_relaxed);
        }
    }
    return count;
}

void *malloc(size_t size)
{
    count_one();
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    count_one();
    return __libc_calloc(count, size);
}

void *realloc(void *block, size_t size)
{
    count_one();
    return __libc_realloc(block, size);
}

void *memalign(size_t alignment, size_t size)
{
    count_one();
    return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return memalign(alignment, size);
}

int posix_memalign(void **block, size_t alignment, size_t size)
{
    void *made = memalign(alignment, size);
    if (made == NULL && size > 0) return ENOMEM;
    *block = made;
    return 0;
}

void free(void *block)
{
    __libc_free(block);
}
