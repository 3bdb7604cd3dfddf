// Counts what a program allocates and the system calls it makes for input and output, into a file that the test reads: two
// numbers of 8 bytes. Loaded with LD_PRELOAD; the file is named by COUNT_FILE.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

struct counts {
    atomic_ulong allocations;
    atomic_ulong calls;
};

static struct counts early;
static struct counts *counts = &early;

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("COUNT_FILE");
    int file = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (file < 0) return;
    void *page = mmap(NULL, sizeof(struct counts), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    if (page != MAP_FAILED) counts = page;
}

static void note(void) { atomic_fetch_add_explicit(&counts->allocations, 1, memory_order_relaxed); }

void *malloc(size_t size) { note(); return __libc_malloc(size); }
void *calloc(size_t number, size_t size) { note(); return __libc_calloc(number, size); }
void *realloc(void *old, size_t size) { note(); return __libc_realloc(old, size); }
void *memalign(size_t alignment, size_t size) { note(); return __libc_memalign(alignment, size); }
void *aligned_alloc(size_t alignment, size_t size) { note(); return __libc_memalign(alignment, size); }
int posix_memalign(void **result, size_t alignment, size_t size) {
    note();
    *result = __libc_memalign(alignment, size);
    return *result ? 0 : ENOMEM;
}

// A call of the same name in front of the C library's.
#define COUNTED(result, name, parameters, arguments)                                                                       \
    result name parameters {                                                                                               \
        static result(*real) parameters;                                                                                   \
        if (!real) real = (result(*) parameters)dlsym(RTLD_NEXT, #name);                                                   \
        atomic_fetch_add_explicit(&counts->calls, 1, memory_order_relaxed);                                                \
        return real arguments;                                                                                             \
    }

COUNTED(ssize_t, recv, (int socket, void *bytes, size_t count, int flags), (socket, bytes, count, flags))
COUNTED(ssize_t, send, (int socket, const void *bytes, size_t count, int flags), (socket, bytes, count, flags))
COUNTED(ssize_t, sendmsg, (int socket, const struct msghdr *message, int flags), (socket, message, flags))
COUNTED(ssize_t, read, (int file, void *bytes, size_t count), (file, bytes, count))
COUNTED(ssize_t, write, (int file, const void *bytes, size_t count), (file, bytes, count))
COUNTED(ssize_t, pread64, (int file, void *bytes, size_t count, off64_t at), (file, bytes, count, at))
COUNTED(ssize_t, pwrite64, (int file, const void *bytes, size_t count, off64_t at), (file, bytes, count, at))
COUNTED(
    ssize_t,
    pwritev2,
    (int file, const struct iovec *parts, int count, off_t at, int flags),
    (file, parts, count, at, flags)
)
COUNTED(int, fdatasync, (int file), (file))
COUNTED(int, epoll_ctl, (int set, int operation, int file, struct epoll_event *event), (set, operation, file, event))
COUNTED(int, epoll_wait, (int set, struct epoll_event *events, int count, int wait), (set, events, count, wait))
COUNTED(
    int,
    epoll_pwait2,
    (int set, struct epoll_event *events, int count, const struct timespec *wait, const sigset_t *signals),
    (set, events, count, wait, signals)
)
