/* Delays system calls at random, in every program that is started with this library in
   LD_PRELOAD: one call in 70 by 2 to 42 ms, one in 1,700 by 200 to 400 ms, before and
   after the call. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static __thread uint64_t state; /* of the generator (xorshift), one for each thread */

static uint64_t random_number(void)
{
    if (!state) {
        struct timespec now;
        clock_gettime(CLOCK_MONOTONIC, &now);
        state = (uint64_t)now.tv_nsec << 32 ^ (uintptr_t)&state ^ getpid();
    }
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static void delay(void)
{
    int error = errno;
    uint64_t number = random_number();
    unsigned kind = (number >> 20) % 10000;
    struct timespec pause = { 0, 0 };
    if (kind < 6) pause.tv_nsec = 200000000 + (number >> 40) % 200000000;
    else if (kind < 150) pause.tv_nsec = 2000000 + (number >> 40) % 40000000;
    if (pause.tv_nsec) clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
    errno = error;
}

#define DELAYED(type, name, parameters, arguments)                     \
    type name parameters                                               \
    {                                                                  \
        type (*real) parameters = dlsym(RTLD_NEXT, #name);             \
        delay();                                                       \
        type result = real arguments;                                  \
        delay();                                                       \
        return result;                                                 \
    }

DELAYED(ssize_t, write, (int fd, const void *data, size_t size), (fd, data, size))
DELAYED(ssize_t, send, (int fd, const void *data, size_t size, int flags),
        (fd, data, size, flags))
DELAYED(ssize_t, sendto, (int fd, const void *data, size_t size, int flags,
                          const struct sockaddr *to, socklen_t length),
        (fd, data, size, flags, to, length))
DELAYED(ssize_t, recv, (int fd, void *data, size_t size, int flags),
        (fd, data, size, flags))
DELAYED(ssize_t, recvfrom, (int fd, void *data, size_t size, int flags,
                            struct sockaddr *from, socklen_t *length),
        (fd, data, size, flags, from, length))
DELAYED(int, accept4, (int fd, struct sockaddr *from, socklen_t *length, int flags),
        (fd, from, length, flags))
DELAYED(int, connect, (int fd, const struct sockaddr *to, socklen_t length),
        (fd, to, length))
DELAYED(int, shutdown, (int fd, int how), (fd, how))
DELAYED(int, poll, (struct pollfd *fds, nfds_t count, int timeout),
        (fds, count, timeout))
DELAYED(int, select, (int count, fd_set *readers, fd_set *writers, fd_set *others,
                      struct timeval *timeout),
        (count, readers, writers, others, timeout))
DELAYED(int, epoll_wait, (int fd, struct epoll_event *events, int count, int timeout),
        (fd, events, count, timeout))
DELAYED(pid_t, fork, (void), ())
DELAYED(int, kill, (pid_t pid, int number), (pid, number))
DELAYED(int, dup2, (int from, int to), (from, to))

/* Only one that was open: 2.7 closes thousands that were not for each child. */
int close(int fd)
{
    int (*real)(int) = dlsym(RTLD_NEXT, "close");
    int result = real(fd);
    if (!result) delay();
    return result;
}
