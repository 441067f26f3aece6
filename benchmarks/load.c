/* A load for servers that answer: N clients in one thread, on epoll.

   load MODE ADDRESS CLIENTS SECONDS REQUEST ENDS IDLE

   MODE      keep      a connection for each client, kept for all its requests
             reconnect a new connection for each request
             datagram  one datagram there, one back
             chat      frames of the chat recipe: client 0 talks, the others
                       listen; what is counted is each message that reaches one
   ADDRESS   HOST:PORT (IPv4), or the path of a Unix socket
   REQUEST   the bytes of a request, from a file
   ENDS      how many newlines a reply has (keep and reconnect only)
   IDLE      how many more connections there are, which say nothing

   Connects and prints "ready". Each line of its input is one round, in which each
   client sends its next request when the reply to the last one is whole. It prints
   "begin" when as many replies have come as there are clients, and at the end a line of
   JSON: requests, seconds, p50, p99 and worst (seconds), errors. Between rounds the
   clients stay connected. Exit status 1, and one line on stderr, if the load could not
   start. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { KEEP, RECONNECT, DATAGRAM, CHAT };
enum { FINE = 1 << 20, READ_SIZE = 1 << 16, EVENTS = 1024 }; /* FINE: microseconds */
enum { BATCH = 8, SILENCE = 100 }; /* messages at once; milliseconds */
enum { WARM_UP = 5 }; /* seconds at most, for a first reply to every client */
enum { PACE = 100 }; /* microseconds between two connections */

struct client { int sock; int newlines; double sent_at; };

static int mode, ends, epoll;
static char request[READ_SIZE];
static int request_size;
static struct sockaddr_storage server;
static socklen_t server_size;
static long replies, counted, errors; /* chat: a batch is counted once */
static long unanswered;
static double worst;
static unsigned histogram[FINE + 1];

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

static void fail(const char *what)
{
    fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void parse_address(const char *text)
{
    const char *colon = strrchr(text, ':');
    if (colon) {
        struct sockaddr_in *in = (struct sockaddr_in *)&server;
        char host[64] = "";
        strncpy(host, text, colon - text < 63 ? colon - text : 63);
        in->sin_family = AF_INET;
        in->sin_port = htons(atoi(colon + 1));
        if (inet_pton(AF_INET, host, &in->sin_addr) != 1) fail("no such address");
        server_size = sizeof *in;
    } else {
        struct sockaddr_un *un = (struct sockaddr_un *)&server;
        un->sun_family = AF_UNIX;
        strncpy(un->sun_path, text, sizeof un->sun_path - 1);
        server_size = sizeof *un;
    }
}

/* Connects while the socket is still blocking: a full backlog is no error. */
static int connected(void)
{
    int one = 1, kind = mode == DATAGRAM ? SOCK_DGRAM : SOCK_STREAM;
    int sock = socket(server.ss_family, kind, 0);
    if (sock < 0) fail("socket");
    if (kind == SOCK_DGRAM && server.ss_family == AF_UNIX) {
        struct sockaddr_un name = { .sun_family = AF_UNIX };
        bind(sock, (struct sockaddr *)&name, sizeof(sa_family_t)); /* autobind */
    }
    if (connect(sock, (struct sockaddr *)&server, server_size) < 0) fail("connect");
    if (kind == SOCK_STREAM && server.ss_family == AF_INET)
        setsockopt(sock, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    fcntl(sock, F_SETFL, O_NONBLOCK);
    return sock;
}

static void watch(struct client *client)
{
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = client };
    epoll_ctl(epoll, EPOLL_CTL_ADD, client->sock, &event);
}

static void ask(struct client *client)
{
    unanswered++;
    client->newlines = 0;
    client->sent_at = now();
    if (mode == RECONNECT) {
        client->sock = connected();
        watch(client);
    }
    if (send(client->sock, request, request_size, MSG_NOSIGNAL) != request_size)
        errors++;
    if (mode == RECONNECT) shutdown(client->sock, SHUT_WR);
}

static void count(double latency)
{
    long micro = latency * 1e6;
    histogram[micro < FINE ? micro : FINE]++;
    replies++;
    counted++;
    if (latency > worst) worst = latency;
}

/* Counts from now on, and tells whoever measures the server. */
static void begin(void)
{
    memset(histogram, 0, sizeof histogram);
    replies = counted = errors = 0;
    worst = 0;
    puts("begin");
    fflush(stdout);
}

/* Returns whether the reply is whole. */
static int take(struct client *client)
{
    static char buffer[READ_SIZE];
    ssize_t size = recv(client->sock, buffer, sizeof buffer, 0);
    if (size < 0) {
        if (errno == EAGAIN) return 0;
        errors++;
        return mode == RECONNECT;
    }
    if (mode == DATAGRAM) return 1;
    if (size == 0) {
        if (client->newlines < ends) errors++;
        if (mode == KEEP) epoll_ctl(epoll, EPOLL_CTL_DEL, client->sock, NULL);
        return mode == RECONNECT;
    }
    for (char *at = buffer; (at = memchr(at, '\n', buffer + size - at)); at++)
        client->newlines++;
    return mode == KEEP && client->newlines >= ends;
}

/* The chat. What counts is bytes that have reached a listener: all messages have the
   same length, which the first one shows. */

static long heard; /* bytes, by all listeners */

static int listen_for(int milliseconds)
{
    static char buffer[READ_SIZE];
    struct epoll_event events[EVENTS];
    int ready = epoll_wait(epoll, events, EVENTS, milliseconds);
    for (int i = 0; i < ready; i++) {
        struct client *client = events[i].data.ptr;
        ssize_t size = recv(client->sock, buffer, sizeof buffer, 0);
        if (size > 0) heard += size;
        else if (size == 0 || errno != EAGAIN) {
            errors++;
            epoll_ctl(epoll, EPOLL_CTL_DEL, client->sock, NULL);
        }
    }
    return ready;
}

static void say_frame(int sock, const char *text, int size)
{
    char frame[READ_SIZE + 4];
    unsigned length = htonl(size);
    memcpy(frame, &length, 4);
    memcpy(frame + 4, text, size);
    if (send(sock, frame, size + 4, MSG_NOSIGNAL) != size + 4) errors++;
}

static void join(struct client *all, int clients)
{
    for (int i = 0; i < clients; i++) {
        char name[16];
        int size = snprintf(name, sizeof name, "c%05d", i);
        say_frame(all[i].sock, name, size);
        while (listen_for(0)) {}
    }
    while (listen_for(SILENCE)) {}
}

/* Returns how many bytes reach the listeners when one message is said. */
static long heard_of_one(struct client *all)
{
    heard = 0;
    say_frame(all[0].sock, request, request_size);
    while (listen_for(SILENCE)) {}
    return heard;
}

static double chat(struct client *all, int clients, double seconds)
{
    long batch = heard_of_one(all) * BATCH;
    begin();
    double from = now(), at = from;
    while (at < from + seconds && !errors) {
        heard = 0;
        for (int i = 0; i < BATCH; i++) say_frame(all[0].sock, request, request_size);
        while (heard < batch && listen_for(1000)) {}
        if (heard < batch) errors++;
        double sent_at = at;
        at = now();
        count(at - sent_at);
    }
    replies *= BATCH * (clients - 1);
    return at - from;
}

static double quantile(double share)
{
    long before = 0;
    for (long micro = 0; micro < FINE; micro++) {
        before += histogram[micro];
        if (before >= share * counted) return micro / 1e6;
    }
    return worst;
}

/* Waits for replies and takes them; until the end, a client that has one asks again.
   Returns how many sockets were ready. */
static int take_ready(double end)
{
    struct epoll_event events[EVENTS];
    int ready = epoll_wait(epoll, events, EVENTS, SILENCE);
    for (int i = 0; i < ready; i++) {
        struct client *client = events[i].data.ptr;
        if (!take(client)) continue;
        unanswered--;
        double at = now();
        count(at - client->sent_at);
        if (mode == RECONNECT) close(client->sock);
        if (at < end) ask(client);
    }
    return ready;
}

/* Goes on until the end or until enough are counted; returns when that was. */
static double answer(double end, long enough)
{
    double at = now();
    while (at < end && counted < enough) {
        take_ready(end);
        at = now();
    }
    return at;
}

static double requests(struct client *all, int clients, double seconds)
{
    for (int i = 0; i < clients; i++) ask(&all[i]);
    answer(now() + WARM_UP, clients);
    begin();
    double from = now();
    return answer(from + seconds, LONG_MAX) - from;
}

/* Takes the replies that a round has asked for but not waited for. */
static void drain(void)
{
    while (unanswered > 0 && take_ready(0) > 0) {}
    unanswered = 0; /* a datagram may be lost */
}

static void round_of(struct client *all, int clients, double seconds)
{
    double took = mode == CHAT ? chat(all, clients, seconds)
                               : requests(all, clients, seconds);
    printf("{\"requests\": %ld, \"seconds\": %.6f, \"p50\": %.6f, \"p99\": %.6f, "
           "\"worst\": %.6f, \"errors\": %ld}\n", replies, took,
           quantile(0.5), quantile(0.99), worst, errors);
    fflush(stdout);
    drain();
}

static void connect_all(struct client *all, int clients, int idle)
{
    for (int i = 0; mode != RECONNECT && i < clients; i++) {
        all[i].sock = connected();
        watch(&all[i]);
        /* A full backlog loses a SYN, which is sent again a second later. */
        usleep(PACE);
    }
    for (int i = 0; i < idle; i++) {
        connected();
        usleep(PACE);
    }
    if (mode == CHAT) join(all, clients);
}

int main(int argc, char **argv)
{
    if (argc < 8) {
        fprintf(stderr, "load: MODE ADDRESS CLIENTS SECONDS REQUEST ENDS IDLE\n");
        return 2;
    }
    mode = !strcmp(argv[1], "keep") ? KEEP
         : !strcmp(argv[1], "reconnect") ? RECONNECT
         : !strcmp(argv[1], "chat") ? CHAT : DATAGRAM;
    parse_address(argv[2]);
    int clients = atoi(argv[3]);
    double seconds = atof(argv[4]);
    FILE *file = fopen(argv[5], "rb");
    if (!file) fail(argv[5]);
    request_size = fread(request, 1, sizeof request, file);
    ends = atoi(argv[6]);

    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    epoll = epoll_create1(0);
    struct client *all = calloc(clients, sizeof *all);
    connect_all(all, clients, atoi(argv[7]));
    puts("ready");
    fflush(stdout);
    char line[16];
    while (fgets(line, sizeof line, stdin)) round_of(all, clients, seconds);
    return 0;
}
