// What Swift cannot import from the C library by itself, each with its reason.
#ifndef CLINUX_H
#define CLINUX_H

// Feature macro: splice(2), accept4(2), pipe2(2) and F_SETPIPE_SZ are Linux's own.
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#endif
