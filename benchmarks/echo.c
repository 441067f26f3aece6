/* The physical limit: an echo that does nothing but read and write, on epoll.

   echo PORT [fanout]   listens on 127.0.0.1 and prints "listening on 127.0.0.1:PORT"

   With fanout, what one client says is written to all others: the least that a chat
   must do. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SIZE = 1 << 16, EVENTS = 1024, MOST = 1 << 16 };

static int open_ones[MOST]; /* fanout: by descriptor */
static int highest;

static void accept_all(int listening, int epoll)
{
    int sock, one = 1;
    while ((sock = accept4(listening, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        struct epoll_event event = { .events = EPOLLIN, .data.fd = sock };
        setsockopt(sock, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        epoll_ctl(epoll, EPOLL_CTL_ADD, sock, &event);
        open_ones[sock] = 1;
        if (sock > highest) highest = sock;
    }
}

static void write_to_others(int from, const char *data, ssize_t size)
{
    for (int sock = 0; sock <= highest; sock++)
        if (open_ones[sock] && sock != from) send(sock, data, size, MSG_NOSIGNAL);
}

int main(int argc, char **argv)
{
    struct sockaddr_in address = { .sin_family = AF_INET };
    socklen_t size = sizeof address;
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    address.sin_port = htons(argc > 1 ? atoi(argv[1]) : 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int listening = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (bind(listening, (struct sockaddr *)&address, size) < 0
        || listen(listening, 1024) < 0) {
        perror("echo");
        return 1;
    }
    getsockname(listening, (struct sockaddr *)&address, &size);
    printf("listening on 127.0.0.1:%d\n", ntohs(address.sin_port));
    fflush(stdout);
    int epoll = epoll_create1(0);
    struct epoll_event event = { .events = EPOLLIN, .data.fd = listening };
    epoll_ctl(epoll, EPOLL_CTL_ADD, listening, &event);
    for (;;) {
        static char buffer[SIZE];
        struct epoll_event events[EVENTS];
        int ready = epoll_wait(epoll, events, EVENTS, -1);
        for (int i = 0; i < ready; i++) {
            int sock = events[i].data.fd;
            if (sock == listening) {
                accept_all(listening, epoll);
                continue;
            }
            ssize_t got = recv(sock, buffer, sizeof buffer, 0);
            if (got <= 0) {
                open_ones[sock] = 0;
                close(sock);
            } else if (argc > 2)
                write_to_others(sock, buffer, got);
            else
                send(sock, buffer, got, MSG_NOSIGNAL);
        }
    }
}
