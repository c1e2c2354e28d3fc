/* load.c: visitors and agents in real conversations, over the wire, against kefud or what is measured beside it.
 *
 *   load talk HOST:PORT PID      all visitors always have a message under way, an agent answers each: the most that goes through
 *   load rate HOST:PORT PID      so many messages a second: how long an acknowledgement takes
 *   load single HOST:PORT PID    one message at a time: each must have its own sync
 *   load idle HOST:PORT PID      connections that say nothing: memory and CPU of each
 *   load place HOST:PORT PID     a long line before agents who are full: how long a place that became free stays so, and what the line costs
 *   load disk FILE               a bare loop of 4 KiB and fdatasync, for comparison
 *
 * Prints lines `name value`. Every message that was sent must have been acknowledged and delivered at the end, or the run fails. */
#define _GNU_SOURCE
#include "bench/gauge.h"
#include "bench/peer.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

static struct {
    int visitors, agents, window, seconds, rate, count, idle, text, places;
    bool echo;  /* the target sends each message back, and does nothing else */
    bool relay; /* the target knows no sign-in */
    bool tls;
    const char *disk; /* a file to force blocks into beside the run; NULL none */
    struct target target;
    pid_t pid;
} opt = {
    .visitors = 200, .agents = 20, .window = 4, .seconds = 10, .rate = 1000, .count = 200, .idle = 10000, .text = 120, .places = 100
};

static struct peer *peers;
static int n_peers, epoll_fd;
static char body[1024]; /* the text of every message */
static bool running, closed_loop;
static uint64_t acked, delivered, sent, errors;
static int64_t *latency;
static size_t n_latency, cap_latency;

/* `load place`: an agent, what it has, and the place that it has just given up. */
#define HELD_MAX 16
static struct desk {
    char conv[HELD_MAX][40];
    int n;
    int64_t closed_us, freed_us; /* close was sent; was acknowledged. 0: no place is free, or not yet */
} * desks;
static int64_t *whole; /* from the click, beside `latency` */
static int n_assigned;

/* ---- figures ---- */

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

static int64_t percentile(int64_t *values, size_t n, double p)
{
    return n ? values[(size_t)(p * (double)(n - 1))] : 0;
}

static void print_latency(const char *name, int64_t *values, size_t n)
{
    qsort(values, n, sizeof(*values), by_value);
    printf("%s_p50_us %lld\n%s_p99_us %lld\n%s_max_us %lld\n", name, (long long)percentile(values, n, 0.50), name,
           (long long)percentile(values, n, 0.99), name, (long long)(n ? values[n - 1] : 0));
}

static void note_latency(int64_t us)
{
    if (n_latency == cap_latency) {
        cap_latency = cap_latency ? cap_latency * 2 : 65536;
        latency = realloc(latency, cap_latency * sizeof(*latency));
        if (!latency)
            die("out of memory");
    }
    latency[n_latency++] = us;
}

/* ---- what is said ---- */

static const char *after(const char *text, size_t n, const char *key, size_t *left)
{
    const char *at = memmem(text, n, key, strlen(key));

    if (!at)
        return NULL;
    at += strlen(key);
    *left = n - (size_t)(at - text);
    return at;
}

static bool has(const char *text, size_t n, const char *what)
{
    return memmem(text, n, what, strlen(what)) != NULL;
}

static void say(struct peer *p, const char *conversation, int n_conversation)
{
    char frame[2048];
    int n;

    p->sent_us[p->sent % PEER_RING] = now_us();
    n = snprintf(frame, sizeof(frame), "{\"type\":\"message\",%s%.*s%s\"cid\":\"b%d-%u\",\"kind\":\"text\",\"text\":\"%s\"}",
                 conversation ? "\"conversation\":\"" : "", n_conversation, conversation ? conversation : "", conversation ? "\"," : "",
                 p->index, p->sent, body);
    p->sent++;
    sent++;
    peer_text(p, frame, (size_t)n);
}

/* An acknowledgement carries our number: …"cid":"b12-345". */
static void on_ack(struct peer *p, const char *text, size_t n)
{
    size_t left;
    const char *cid = after(text, n, "\"cid\":\"b", &left);
    const char *dash = cid ? memchr(cid, '-', left) : NULL;

    if (!dash) { /* of another kind of act: the agent is online, or has closed one */
        if (p->ready && p->agent && desks)
            desks[p->index].freed_us = now_us();
        p->ready = true;
        return;
    }
    p->acked++;
    acked++;
    note_latency(now_us() - p->sent_us[(uint32_t)strtoul(dash + 1, NULL, 10) % PEER_RING]);
}

static void on_message(struct peer *p, const char *text, size_t n)
{
    size_t left;
    const char *conversation;

    if (p->agent) {
        if (!has(text, n, "\"role\":\"visitor\""))
            return;
        delivered++;
        conversation = after(text, n, "\"conversation\":\"", &left);
        if (conversation)
            say(p, conversation, (int)strcspn(conversation, "\""));
        return;
    }
    if (!has(text, n, "\"role\":\"agent\""))
        return;
    delivered++;
    p->answered++;
    if (running && closed_loop)
        say(p, NULL, 0);
}

static void on_welcome(struct peer *p)
{
    static const char online[] = "{\"type\":\"presence\",\"cid\":\"online\",\"presence\":\"online\"}";

    if (p->agent && !opt.relay)
        peer_text(p, online, sizeof(online) - 1);
    else
        p->ready = true;
}

static void take_place(struct desk *d, const char *id, int n)
{
    if (d->n == HELD_MAX || n >= (int)sizeof(d->conv[0]))
        die("an agent has more than it can take");
    snprintf(d->conv[d->n++], sizeof(d->conv[0]), "%.*s", n, id);
    n_assigned++;
    if (!d->freed_us)
        return;
    whole[n_latency] = now_us() - d->closed_us;
    note_latency(now_us() - d->freed_us);
    d->closed_us = d->freed_us = 0;
}

/* What was said before is read from the history, of which we know that it is one message. */
static void on_assigned(struct peer *p, const char *text, size_t n)
{
    size_t left;
    const char *id = after(text, n, "\"id\":\"", &left);

    if (!id)
        return;
    if (desks) {
        take_place(&desks[p->index], id, (int)strcspn(id, "\""));
        return;
    }
    delivered++;
    say(p, id, (int)strcspn(id, "\""));
}

static void on_error(struct peer *p, const char *text, size_t n)
{
    if (errors++ < 5)
        fprintf(stderr, "bench: %s %d was told %.*s\n", p->agent ? "agent" : "visitor", p->index, (int)n, text);
}

static void on_offered(struct peer *p, const char *text, size_t n)
{
    char frame[256];
    size_t left;
    const char *id = after(text, n, "\"id\":\"", &left);
    int len;

    if (!id)
        return;
    len = snprintf(frame, sizeof(frame), "{\"type\":\"accept\",\"conversation\":\"%.*s\",\"cid\":\"accept\"}", (int)strcspn(id, "\""), id);
    peer_text(p, frame, (size_t)len);
}

static void on_text(struct peer *p, const char *text, size_t n)
{
    static const char type[] = "{\"type\":\"";
    const char *word = text + sizeof(type) - 1;

    if (opt.echo) {
        acked++;
        delivered++;
        p->acked++;
        p->answered++;
        if (running)
            say(p, NULL, 0);
        return;
    }
    if (n < sizeof(type) || memcmp(text, type, sizeof(type) - 1) != 0)
        die("a frame without a type first: %.*s", (int)(n < 80 ? n : 80), text);
    if (memcmp(word, "ack\"", 4) == 0)
        on_ack(p, text, n);
    else if (memcmp(word, "message\"", 8) == 0)
        on_message(p, text, n);
    else if (memcmp(word, "welcome\"", 8) == 0)
        on_welcome(p);
    else if (memcmp(word, "assigned\"", 9) == 0)
        on_assigned(p, text, n);
    else if (memcmp(word, "offered\"", 8) == 0)
        on_offered(p, text, n);
    else if (memcmp(word, "error\"", 6) == 0)
        on_error(p, text, n);
}

/* ---- the loop ---- */

static void watch(struct peer *p, bool room)
{
    struct epoll_event ev = { .events = EPOLLIN | (room ? EPOLLOUT : 0U), .data.ptr = p };

    epoll_ctl(epoll_fd, EPOLL_CTL_MOD, p->fd, &ev);
    p->watching = room;
}

static void flush(void)
{
    for (int i = 0; i < n_peers; i++) {
        struct peer *p = &peers[i];

        if (p->dirty && !p->watching && !peer_flush(p))
            watch(p, true);
    }
}

static void turn(int wait_ms)
{
    struct epoll_event ev[512];
    int n = epoll_wait(epoll_fd, ev, 512, wait_ms), code;

    for (int i = 0; i < n; i++) {
        struct peer *p = ev[i].data.ptr;

        if ((ev[i].events & EPOLLOUT) && peer_flush(p))
            watch(p, false);
        if ((ev[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) && !peer_read(p, on_text, &code))
            die("%s %d was hung up on, close code %d", p->agent ? "agent" : "visitor", p->index, code);
    }
    flush();
}

/* Turns until `done` or the deadline; true if done. */
static bool turns_until(bool (*done)(void), int64_t limit_us)
{
    int64_t end = now_us() + limit_us;

    while (!done()) {
        if (now_us() > end)
            return false;
        turn(50);
    }
    return true;
}

static bool all_ready(void)
{
    for (int i = 0; i < n_peers; i++)
        if (!peers[i].ready)
            return false;
    return true;
}

static bool all_answered(void)
{
    for (int i = 0; i < n_peers; i++)
        if (!peers[i].agent && !peers[i].answered)
            return false;
    return true;
}

static bool all_settled(void)
{
    return acked >= sent && delivered >= sent;
}

/* ---- getting in ---- */

static void sign_in(int number, char *cookie, size_t size)
{
    char email[128], request[512];
    const char *password = getenv("BENCH_PASSWORD");
    int status;

    snprintf(email, sizeof(email), "bench%d@bench.example", number);
    snprintf(request, sizeof(request), "{\"email\":\"%s\",\"password\":\"%s\"}", email, password ? password : "");
    status = target_post(&opt.target, "/api/v1/session", request, cookie, size);
    if (status != 201)
        die("sign-in of %s: status %d", email, status);
}

static void join(struct peer *p)
{
    static const char visitor[] =
        "{\"type\":\"hello\",\"locale\":\"zh-CN\",\"page\":{\"url\":\"http://bench.example/\",\"title\":\"bench\"}}";
    static const char agent[] = "{\"type\":\"hello\"}";
    struct epoll_event ev = { .events = EPOLLIN, .data.ptr = p };
    char cookie[512] = "";

    p->sent_us = calloc(PEER_RING, sizeof(*p->sent_us));
    if (!p->sent_us)
        die("out of memory");
    if (p->agent && !opt.relay)
        sign_in(p->index + 1, cookie, sizeof(cookie));
    peer_connect(p, &opt.target, p->agent ? "/ws/agent?site=demo" : "/ws/visitor?site=demo", p->agent ? "kefu.agent.v1" : "kefu.visitor.v1",
                 *cookie ? cookie : NULL);
    if (opt.echo)
        p->ready = true;
    else
        peer_text(p, p->agent ? agent : visitor, (p->agent ? sizeof(agent) : sizeof(visitor)) - 1);
    if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, p->fd, &ev) != 0)
        die("epoll: %s", strerror(errno));
    peer_flush(p);
}

/* Agents first, then the visitors, each of whom says one thing and gets an answer: from then on all are in a conversation. */
static void everybody_in(void)
{
    n_peers = opt.agents + opt.visitors;
    peers = calloc((size_t)n_peers, sizeof(*peers));
    if (!peers)
        die("out of memory");
    for (int i = 0; i < n_peers; i++) {
        peers[i].agent = i < opt.agents;
        peers[i].index = peers[i].agent ? i : i - opt.agents;
        join(&peers[i]);
        turn(0);
    }
    if (!turns_until(all_ready, 30000000))
        die("not all were welcomed");
    for (int i = opt.agents; i < n_peers && !opt.echo; i++)
        say(&peers[i], NULL, 0);
    flush();
    if (!opt.echo && !turns_until(all_answered, 60000000))
        die("not all visitors were answered: sent %llu, acked %llu, delivered %llu", (unsigned long long)sent, (unsigned long long)acked,
            (unsigned long long)delivered);
}

/* All that was sent must have arrived; a target that loses messages looks fast. */
static void all_must_arrive(void)
{
    running = false;
    if (!turns_until(all_settled, 30000000) || errors)
        die("sent %llu, acknowledged %llu, delivered %llu, refused %llu: the run is void", (unsigned long long)sent,
            (unsigned long long)acked, (unsigned long long)delivered, (unsigned long long)errors);
}

/* ---- the runs ---- */

static void run_talk(void)
{
    struct gauge before, after_;
    int64_t began, ended;
    uint64_t base;

    everybody_in();
    running = closed_loop = true;
    for (int w = 0; w < opt.window; w++)
        for (int i = opt.agents; i < n_peers; i++)
            say(&peers[i], NULL, 0);
    flush();
    /* The first second is for the caches. */
    for (began = now_us(); now_us() - began < 1000000;)
        turn(10);
    gauge_read(opt.pid, &before);
    base = acked;
    n_latency = 0;
    for (began = now_us(); now_us() - began < (int64_t)opt.seconds * 1000000;)
        turn(10);
    ended = now_us();
    gauge_read(opt.pid, &after_);
    base = acked - base;
    printf("messages %llu\nper_second %.0f\n", (unsigned long long)base, (double)base * 1e6 / (double)(ended - began));
    printf("loop_us %.2f\nprocess_us %.2f\n", (double)gauge_main_ns(&before, &after_, opt.pid) / 1000.0 / (double)base,
           (double)gauge_process_ns(&before, &after_) / 1000.0 / (double)base);
    gauge_print(&before, &after_, opt.pid, base);
    print_latency("ack", latency, n_latency);
    all_must_arrive();
}

/* Half of the rate is the visitors', who do not wait for answers; the agents answer each, which is the other half. */
static void run_rate(void)
{
    int64_t began, step = 2000000 / opt.rate, next;
    int turn_of = 0;

    everybody_in();
    n_latency = 0;
    running = true;
    began = next = now_us();
    while (now_us() - began < (int64_t)opt.seconds * 1000000) {
        while (next <= now_us()) {
            say(&peers[opt.agents + turn_of++ % opt.visitors], NULL, 0);
            next += step;
        }
        turn(1);
    }
    printf("rate %d\n", opt.rate);
    print_latency("ack", latency, n_latency);
    all_must_arrive();
}

static bool one_answered(void)
{
    return acked >= sent;
}

static void run_single(void)
{
    opt.agents = 0;
    opt.visitors = 1;
    n_peers = 1;
    peers = calloc(1, sizeof(*peers));
    if (!peers)
        die("out of memory");
    join(peers);
    if (!turns_until(all_ready, 10000000))
        die("not welcomed");
    for (int i = 0; i < opt.count; i++) {
        say(peers, NULL, 0);
        flush();
        if (!turns_until(one_answered, 10000000) || errors)
            die("message %d was not acknowledged", i);
    }
    printf("single %d\n", opt.count);
    print_latency("single", latency, n_latency);
}

/* Until the figure stands still: what the last handshakes needed has been given back by then. */
static int64_t settled_rss(void)
{
    int64_t last = gauge_rss(opt.pid), now, end = now_us() + 5000000;

    do {
        turn(500);
        now = gauge_rss(opt.pid);
        if (now == last)
            break;
        last = now;
    } while (now_us() < end);
    return now;
}

static void run_idle(void)
{
    static const char hello[] = "{\"type\":\"hello\",\"locale\":\"zh-CN\"}";
    int64_t rss = settled_rss(), began;
    struct gauge before, after_;
    char text[65536];

    peers = calloc((size_t)opt.idle, sizeof(*peers));
    if (!peers)
        die("out of memory");
    began = now_us();
    for (int i = 0; i < opt.idle; i++) {
        peer_connect(&peers[i], &opt.target, "/ws/visitor?site=demo", "kefu.visitor.v1", NULL);
        peer_text(&peers[i], hello, sizeof(hello) - 1);
        peer_flush(&peers[i]);
        peer_wait(&peers[i], text, sizeof(text));
        peer_park(&peers[i]);
    }
    printf("connections %d\nconnect_ms %lld\n", opt.idle, (long long)(now_us() - began) / 1000);
    printf("bytes_each %lld\n", (long long)(settled_rss() - rss) / (opt.idle ? opt.idle : 1));
    gauge_read(opt.pid, &before);
    for (began = now_us(); now_us() - began < (int64_t)opt.seconds * 1000000;)
        turn(100);
    gauge_read(opt.pid, &after_);
    printf("cpu_percent %.3f\n", (double)gauge_process_ns(&before, &after_) / 10.0 / (double)(now_us() - began));
    gauge_print(&before, &after_, opt.pid, (uint64_t)opt.seconds);
}

/* `n` times 4 KiB and fdatasync, one each `step_us`; 0: as fast as it goes. */
static void force_blocks(const char *path, size_t n, int64_t step_us)
{
    static char block[4096];
    int64_t *took = calloc(n, sizeof(*took)), next = now_us();
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    for (size_t i = 0; i < n; i++, next += step_us) {
        int64_t began;

        for (began = now_us(); step_us && began < next; began = now_us())
            (void)poll(NULL, 0, (int)((next - began) / 1000) + 1);
        if (!took || fd < 0 || pwrite(fd, block, sizeof(block), (off_t)(i * sizeof(block))) != (ssize_t)sizeof(block) || fdatasync(fd) != 0)
            die("%s: %s", path, strerror(errno));
        took[i] = now_us() - began;
    }
    print_latency("disk", took, n);
    close(fd);
    unlink(path);
    free(took);
}

static void run_disk(const char *path)
{
    force_blocks(path, 1000, 0);
}

/* Beside a run, at its pace: what the disk alone costs then and there. Returns the process to wait for; 0: there is none. */
static pid_t disk_beside(void)
{
    pid_t ret = opt.disk ? fork() : 0;

    if (ret < 0)
        die("fork: %s", strerror(errno));
    if (ret || !opt.disk)
        return ret;
    force_blocks(opt.disk, (size_t)opt.rate * (size_t)opt.seconds, 1000000 / opt.rate);
    fflush(stdout);
    _exit(0);
}

static bool all_said(void)
{
    return acked >= sent;
}

static bool all_places_taken(void)
{
    return n_assigned >= opt.places;
}

/* The visitors have come, each has said something and hears no more: what they are sent stays in their sockets. */
static void line_up(void)
{
    n_peers = opt.agents + opt.visitors;
    peers = calloc((size_t)n_peers, sizeof(*peers));
    desks = calloc((size_t)opt.agents, sizeof(*desks));
    whole = calloc((size_t)opt.rate * (size_t)opt.seconds + 1, sizeof(*whole));
    if (!peers || !desks || !whole)
        die("out of memory");
    for (int i = 0; i < n_peers; i++) {
        peers[i].agent = i < opt.agents;
        peers[i].index = peers[i].agent ? i : i - opt.agents;
        join(&peers[i]);
        turn(0);
    }
    if (!turns_until(all_ready, 60000000))
        die("not all were welcomed");
    for (int i = opt.agents; i < n_peers; i++) {
        say(&peers[i], NULL, 0);
        while (sent - acked > 500)
            turn(50);
    }
    if (!turns_until(all_said, 120000000) || !turns_until(all_places_taken, 60000000))
        die("of %d places %d were taken", opt.places, n_assigned);
    for (int i = opt.agents; i < n_peers; i++) {
        epoll_ctl(epoll_fd, EPOLL_CTL_DEL, peers[i].fd, NULL);
        peer_park(&peers[i]);
        free(peers[i].sent_us);
    }
    n_peers = opt.agents;
}

/* One of its conversations ends, unless another has just done so. */
static bool give_up_place(struct peer *p)
{
    struct desk *d = &desks[p->index];
    char frame[128];
    int n;

    if (!d->n || d->closed_us)
        return false;
    d->n--;
    d->closed_us = now_us();
    n = snprintf(frame, sizeof(frame), "{\"type\":\"close\",\"conversation\":\"%s\",\"cid\":\"close\"}", d->conv[d->n]);
    peer_text(p, frame, (size_t)n);
    return true;
}

static void print_cpu(const char *name, const struct gauge *before, int64_t us)
{
    struct gauge after_;

    gauge_read(opt.pid, &after_);
    printf("%s_cpu_percent %.2f\n%s_loop_percent %.2f\n", name, (double)gauge_process_ns(before, &after_) / 10.0 / (double)us, name,
           (double)gauge_main_ns(before, &after_, opt.pid) / 10.0 / (double)us);
}

static void run_place(void)
{
    int64_t began, next, step = 1000000 / opt.rate;
    struct gauge before;
    int asked = 0, turn_of = 0, status = 0;
    pid_t disk;

    line_up();
    gauge_read(opt.pid, &before);
    for (began = now_us(); now_us() - began < (int64_t)opt.seconds * 1000000;)
        turn(100);
    print_cpu("waiting", &before, now_us() - began);
    n_latency = 0;
    fflush(stdout);
    disk = disk_beside();
    gauge_read(opt.pid, &before);
    for (began = next = now_us(); now_us() - began < (int64_t)opt.seconds * 1000000; turn(1)) {
        if (next > now_us() || asked >= opt.rate * opt.seconds)
            continue;
        for (int i = 0; i < opt.agents; i++)
            if (give_up_place(&peers[turn_of++ % opt.agents]))
                break;
        asked++;
        next += step;
        flush();
    }
    print_cpu("moving", &before, now_us() - began);
    opt.places += (int)n_latency;
    for (int i = 0; i < opt.agents; i++)
        opt.places += desks[i].closed_us != 0;
    if (disk && (waitpid(disk, &status, 0) != disk || status))
        die("the disk beside could not be measured");
    if (!turns_until(all_places_taken, 10000000) || errors)
        die("a free place was not used");
    printf("visitors %d\nplaces %zu\n", opt.visitors, n_latency);
    print_latency("whole", whole, n_latency);
    print_latency("assigned", latency, n_latency);
}

static void parse_options(int argc, char **argv)
{
    const struct {
        const char *name;
        int *value;
    } numbers[] = { { "--visitors", &opt.visitors }, { "--agents", &opt.agents }, { "--window", &opt.window },
                    { "--seconds", &opt.seconds },   { "--rate", &opt.rate },     { "--count", &opt.count },
                    { "--idle", &opt.idle },         { "--text", &opt.text },     { "--places", &opt.places } };

    for (int i = 0; i < argc; i++) {
        size_t k = 0;

        if (strcmp(argv[i], "--echo") == 0 || strcmp(argv[i], "--relay") == 0) {
            opt.relay = true;
            opt.echo = argv[i][2] == 'e';
            continue;
        }
        if (strcmp(argv[i], "--disk") == 0 && i + 1 < argc) {
            opt.disk = argv[++i];
            continue;
        }
        if (strcmp(argv[i], "--tls") == 0) {
            opt.tls = true;
            continue;
        }
        while (k < sizeof(numbers) / sizeof(numbers[0]) && strcmp(numbers[k].name, argv[i]) != 0)
            k++;
        if (k == sizeof(numbers) / sizeof(numbers[0]) || i + 1 == argc)
            die("what is %s?", argv[i]);
        *numbers[k].value = atoi(argv[++i]);
    }
    if (opt.echo)
        opt.agents = 0;
}

/* Three bytes a character, as most of what is said here has. */
static void make_body(void)
{
    static const char sentence[] = "您好请问我上周买的衣柜什么时候可以送到家里来安装谢谢";

    for (int n = 0; n + 3 <= opt.text && n + 3 < (int)sizeof(body); n += 3)
        memcpy(body + n, sentence + n % (int)(sizeof(sentence) - 1), 3);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } runs[] = { { "talk", run_talk }, { "rate", run_rate }, { "single", run_single }, { "idle", run_idle }, { "place", run_place } };

    if (argc == 3 && strcmp(argv[1], "disk") == 0) {
        run_disk(argv[2]);
        return 0;
    }
    if (argc < 4)
        die("usage: load talk|rate|single|idle|place HOST:PORT PID [options], load disk FILE");
    parse_options(argc - 4, argv + 4);
    opt.target = target_parse(argv[2], opt.tls);
    opt.pid = (pid_t)atoi(argv[3]);
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    make_body();
    for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++)
        if (strcmp(argv[1], runs[i].name) == 0) {
            runs[i].run();
            return 0;
        }
    die("there is no run %s", argv[1]);
}
