/* A load for servers that answer: N clients in one thread, on epoll.

   load MODE ADDRESS CLIENTS SECONDS REQUEST ENDS IDLE PID SPIN

   MODE      keep      a connection for each client, kept for all its requests
             reconnect a new connection for each request
             datagram  one datagram there, one back
             chat      frames of the chat recipe: client 0 talks, the others
                       listen; what is counted is each message that reaches one
   ADDRESS   HOST:PORT (IPv4), or the path of a Unix socket
   SECONDS   that a round takes at least
   REQUEST   the bytes of a request, from a file
   ENDS      how many newlines a reply has (keep and reconnect only)
   IDLE      how many more connections there are, which say nothing
   PID       the server, whose processor time is measured
   SPIN      1: look for replies without a pause, on a core of our own. To wake a core
             costs the server more than many a request, and now and then it need not:
             then it is twice as fast.

   Clients connect one after the other: each when the one before it has had an answer.
   So no backlog is ever full, which would cost a SYN and a second. Prints "ready", or
   "holds N" where client N + 1 gets no answer.

   Each line of the input is one round, in which each client sends its next request when
   the reply to the last one is whole. It prints "begin" when every client has had a
   reply. Then it counts, until SECONDS have passed and there have been PER_CLIENT
   replies for each client, but not longer than LONGEST seconds. It prints a line of
   JSON: requests, seconds, p50, p99 and worst (seconds), errors, silent (clients that
   had no reply before "begin"), cpu (seconds of the server's processor), busy (the
   share of the time that we ourselves had something to do). Between rounds the clients
   stay connected. Exit status 1, and one line on stderr, if the load could not start. */
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
enum { BATCH = 8, SILENCE = 100, QUIET = 300 }; /* messages; milliseconds */
enum { PATIENCE = 5 }; /* seconds for a first reply, or for the last ones */
enum { PER_CLIENT = 10, BATCHES = 25, LONGEST = 4 }; /* of a round: see above */
enum { PACE = 100 }; /* microseconds between two idle connections */

struct client { int sock; int newlines; int answered; double sent_at; };

static int mode, ends, epoll, spin;
static clockid_t server_clock;
static char request[READ_SIZE];
static int request_size;
static struct sockaddr_storage server;
static socklen_t server_size;
static long replies, counted, errors; /* chat: a batch is counted once */
static long unanswered; /* requests */
static int silent; /* clients without a reply in this round */
static int asking; /* whether a client that has its reply asks again */
static double worst, idle_time, cpu_before;
static unsigned histogram[FINE + 1];

static double clock_of(clockid_t clock)
{
    struct timespec t = { 0, 0 };
    clock_gettime(clock, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

static double now(void)
{
    return clock_of(CLOCK_MONOTONIC);
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

/* Returns a new socket, or -1 if nobody takes it in time. It connects while it still
   blocks: a full backlog is no error. */
static int connected(void)
{
    struct timeval patience = { .tv_sec = PATIENCE };
    int one = 1, kind = mode == DATAGRAM ? SOCK_DGRAM : SOCK_STREAM;
    int sock = socket(server.ss_family, kind, 0);
    if (sock < 0) fail("socket");
    if (kind == SOCK_DGRAM && server.ss_family == AF_UNIX) {
        struct sockaddr_un name = { .sun_family = AF_UNIX };
        bind(sock, (struct sockaddr *)&name, sizeof(sa_family_t)); /* autobind */
    }
    setsockopt(sock, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (connect(sock, (struct sockaddr *)&server, server_size) < 0) {
        if (errno != EINPROGRESS && errno != EAGAIN) fail("connect");
        close(sock);
        return -1;
    }
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

/* Waits until sockets are ready; returns how many. */
static int wait_ready(struct epoll_event *events, int milliseconds)
{
    int ready = epoll_wait(epoll, events, EVENTS, 0);
    if (ready) return ready;
    double from = now(), end = from + milliseconds / 1e3;
    if (!spin) ready = epoll_wait(epoll, events, EVENTS, milliseconds);
    while (spin && !ready && now() < end) ready = epoll_wait(epoll, events, EVENTS, 0);
    idle_time += now() - from;
    return ready;
}

static void ask(struct client *client)
{
    client->newlines = 0;
    client->sent_at = now();
    if (mode == RECONNECT) {
        client->sock = connected();
        if (client->sock < 0) {
            errors++;
            return;
        }
        watch(client);
    }
    unanswered++;
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
    worst = idle_time = 0;
    cpu_before = clock_of(server_clock);
    puts("begin");
    fflush(stdout);
}

/* Forgets a client whose connection the server has ended. */
static void lose(struct client *client)
{
    errors++;
    unanswered--;
    close(client->sock);
    client->sock = -1;
}

/* Returns whether the reply is whole. */
static int take(struct client *client)
{
    static char buffer[READ_SIZE];
    ssize_t size = recv(client->sock, buffer, sizeof buffer, 0);
    if (size < 0) {
        if (errno == EAGAIN) return 0;
        if (mode == KEEP) lose(client);
        else errors++;
        return mode == RECONNECT;
    }
    if (mode == DATAGRAM) return 1;
    if (size == 0 && mode == KEEP) {
        lose(client);
        return 0;
    }
    if (size == 0) {
        if (client->newlines < ends) errors++;
        return 1;
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
    int ready = wait_ready(events, milliseconds);
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

/* The next client says its name. To the others that is news, or at least some bytes. */
static void join(struct client *client, int number)
{
    char name[16];
    int size = snprintf(name, sizeof name, "c%05d", number);
    heard = 0;
    say_frame(client->sock, name, size);
    do listen_for(SILENCE); while (number > 0 && !heard && !errors);
    while (listen_for(0)) {}
}

/* Returns how many bytes reach the listeners when one message is said. */
static long heard_of_one(struct client *all)
{
    heard = 0;
    say_frame(all[0].sock, request, request_size);
    while (listen_for(QUIET)) {}
    return heard;
}

static double chat(struct client *all, int clients, double seconds)
{
    long batch = heard_of_one(all) * BATCH;
    begin();
    double from = now(), at = from;
    while ((at < from + seconds || (counted < BATCHES && at < from + LONGEST))
           && !errors) {
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

/* Waits for replies and takes them. Returns how many sockets were ready. */
static int take_ready(int milliseconds)
{
    struct epoll_event events[EVENTS];
    int ready = wait_ready(events, milliseconds);
    for (int i = 0; i < ready; i++) {
        struct client *client = events[i].data.ptr;
        if (!take(client)) continue;
        unanswered--;
        silent -= !client->answered;
        client->answered = 1;
        count(now() - client->sent_at);
        if (mode == RECONNECT) close(client->sock);
        if (asking) ask(client);
    }
    return ready;
}

/* Waits until every client has had a reply; returns how many have had none. */
static int warm_up(struct client *all, int clients)
{
    double end = now() + PATIENCE;
    silent = clients;
    for (int i = 0; i < clients; i++) {
        all[i].answered = 0;
        if (mode == RECONNECT || all[i].sock >= 0) ask(&all[i]);
    }
    while (silent && now() < end) take_ready(SILENCE);
    return silent;
}

static double requests(int clients, double seconds)
{
    begin();
    double from = now(), at = from;
    long enough = (long)PER_CLIENT * clients;
    while (at < from + seconds || (counted < enough && at < from + LONGEST)) {
        take_ready(SILENCE);
        at = now();
    }
    asking = 0;
    return at - from;
}

/* Takes the replies that a round has asked for but not waited for. */
static void drain(void)
{
    /* A datagram may be lost. */
    double end = now() + (mode == DATAGRAM ? SILENCE / 1e3 : PATIENCE);
    while (unanswered > 0 && now() < end) take_ready(SILENCE);
    unanswered = 0;
}

static void round_of(struct client *all, int clients, double seconds)
{
    asking = 1;
    int without = mode == CHAT ? 0 : warm_up(all, clients);
    double took = mode == CHAT ? chat(all, clients, seconds)
                               : requests(clients, seconds);
    printf("{\"requests\": %ld, \"seconds\": %.6f, \"p50\": %.6f, \"p99\": %.6f, "
           "\"worst\": %.6f, \"errors\": %ld, \"silent\": %d, \"cpu\": %.6f, "
           "\"busy\": %.3f}\n", replies, took, quantile(0.5), quantile(0.99), worst,
           errors, without, clock_of(server_clock) - cpu_before, 1 - idle_time / took);
    fflush(stdout);
    drain();
}

/* Sends a first request and waits for its reply; returns whether it came. */
static int introduced(struct client *client)
{
    double end = now() + PATIENCE;
    client->answered = 0;
    ask(client);
    while (!client->answered && client->sock >= 0 && now() < end) take_ready(SILENCE);
    return client->answered;
}

/* Returns how many clients were let in before the first that was not. */
static int connect_all(struct client *all, int clients)
{
    for (int i = 0; mode != RECONNECT && i < clients; i++) {
        all[i].sock = connected();
        if (all[i].sock < 0) return i;
        watch(&all[i]);
        if (mode == CHAT) join(&all[i], i);
        if (errors || (mode == KEEP && !introduced(&all[i]))) return i;
    }
    while (mode == CHAT && listen_for(QUIET)) {}
    return clients;
}

static void connect_idle(int idle)
{
    for (int i = 0; i < idle; i++) {
        if (connected() < 0) fail("idle connection");
        usleep(PACE);
    }
}

int main(int argc, char **argv)
{
    if (argc < 10) {
        fprintf(stderr,
                "load: MODE ADDRESS CLIENTS SECONDS REQUEST ENDS IDLE PID SPIN\n");
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
    spin = atoi(argv[9]);
    if (clock_getcpuclockid(atoi(argv[8]), &server_clock)) fail("no such process");

    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    epoll = epoll_create1(0);
    struct client *all = calloc(clients, sizeof *all);
    int held = connect_all(all, clients);
    connect_idle(atoi(argv[7]));
    if (held < clients) printf("holds %d\n", held);
    else puts("ready");
    fflush(stdout);
    char line[16];
    while (fgets(line, sizeof line, stdin)) round_of(all, clients, seconds);
    return 0;
}
