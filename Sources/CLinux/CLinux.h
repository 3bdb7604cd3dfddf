// What Swift cannot import from the C library by itself, each with its reason.
#ifndef CLINUX_H
#define CLINUX_H

// Not part of Swift's Glibc module.
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

// Linux's own functions. The headers show them only with _GNU_SOURCE, but with it the types they share with Swift's Glibc
// module, which is built without it, would have two definitions. So they are declared here as their man pages do.
int accept4(int socket, struct sockaddr *address, socklen_t *length, int flags);                          // accept4(2)
int pipe2(int ends[2], int flags);                                                                        // pipe2(2)
ssize_t splice(int from, off_t *from_offset, int to, off_t *to_offset, size_t length, unsigned int flags); // splice(2)
int sync_file_range(int file, off_t offset, off_t length, unsigned int flags);                            // sync_file_range(2)
ssize_t pwritev2(int file, const struct iovec *parts, int count, off_t offset, int flags);                  // pwritev2(2)
int pthread_setname_np(pthread_t thread, const char *name);                                               // pthread_setname_np(3)

// Their numbers, hidden in the same way. Source: include/uapi/linux/fcntl.h, include/linux/splice.h,
// include/uapi/linux/fs.h.
enum {
    CLINUX_O_DIRECT = __O_DIRECT,
    CLINUX_RWF_DSYNC = 2,
    CLINUX_SPLICE_F_MOVE = 1,
    CLINUX_SPLICE_F_NONBLOCK = 2,
    CLINUX_F_SETPIPE_SZ = 1031,
    CLINUX_F_GETPIPE_SZ = 1032,
    CLINUX_SYNC_FILE_RANGE_WRITE = 2,
};

#endif
