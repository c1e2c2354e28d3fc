/* bench_hooks.c: webhooks of 2 KiB, each signed anew, at a steady rate, against a real kefud: how long the answer takes, which is given only
 * when the message has been committed. Beside it, in the same run, a bare loop of 4 KiB and fdatasync.
 *
 *   bench_hooks HOST:PORT HOOK SECRET RATE SECONDS SCRATCH      SECRET is "whsec_…"
 *
 * Prints lines `name value`: hooks_p50_us hooks_p99_us hooks_per_second disk_p50_us disk_p99_us. Fails if an answer is not 2xx. */
#define _GNU_SOURCE
#include "bench/peer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define LINES   256  /* connections, each with one request under way */
#define BODY    2048 /* bytes of a webhook */
#define USERS   500
#define DISK_MS 10 /* between two blocks of the disk's loop: it shall measure, not compete */

struct line {
    int fd;         /* -1 none */
    int64_t due_us; /* when its request was to be sent; 0: it is free */
    char in[4096];
    size_t n;
};

static struct line lines[LINES];
static struct target target;
static const char *hook;
static unsigned char key[128];
static int n_key;
static int64_t *took, *disk;
static size_t n_took, cap_took, n_disk, cap_disk;
static atomic_bool over;

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

static void print_latency(const char *name, int64_t *all, size_t n)
{
    qsort(all, n, sizeof(*all), by_value);
    printf("%s_p50_us %lld\n%s_p99_us %lld\n", name, n ? (long long)all[n / 2] : -1LL, name, n ? (long long)all[n * 99 / 100] : -1LL);
}

static void *force_blocks(void *path)
{
    static char block[4096];
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    while (!atomic_load(&over) && n_disk < cap_disk) {
        int64_t began = now_us();

        if (fd < 0 || pwrite(fd, block, sizeof(block), (off_t)(n_disk * sizeof(block))) != (ssize_t)sizeof(block) || fdatasync(fd) != 0)
            die("%s: %s", (const char *)path, strerror(errno));
        disk[n_disk++] = now_us() - began;
        (void)poll(NULL, 0, DISK_MS);
    }
    close(fd);
    unlink(path);
    return NULL;
}

/* A connection serves one request, so each has its own; from many addresses, for the ports of one would not be enough for a minute. */
static void line_open(struct line *l)
{
    static uint32_t turn_of;
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons((uint16_t)target.port) };
    struct sockaddr_in from = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000002 + turn_of++ % 100) };
    int one = 1;

    if (inet_pton(AF_INET, target.host, &at.sin_addr) != 1)
        die("%s is no address", target.host);
    l->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    (void)setsockopt(l->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof(one));
    if (l->fd < 0 || bind(l->fd, (struct sockaddr *)&from, sizeof(from)) != 0 || connect(l->fd, (struct sockaddr *)&at, sizeof(at)) != 0)
        die("connect: %s", strerror(errno));
    (void)setsockopt(l->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    l->n = 0;
}

static size_t make_body(char *body, uint64_t n)
{
    int head = snprintf(
        body, BODY + 1,
        "{\"type\":\"message.created\",\"timestamp\":\"2026-01-01T00:00:00Z\",\"data\":{\"id\":\"b%llu\",\"conversation\":\"c%llu\","
        "\"user\":{\"id\":\"u%llu\",\"name\":\"User\"},\"type\":\"text\",\"text\":\"",
        (unsigned long long)n, (unsigned long long)(n % USERS), (unsigned long long)(n % USERS));

    memset(body + head, 'x', BODY - (size_t)head - 3);
    memcpy(body + BODY - 3, "\"}}", 4);
    return BODY;
}

static void line_send(struct line *l, uint64_t n, int64_t due_us)
{
    static char body[BODY + 1], signed_text[BODY + 128], request[BODY + 1024];
    unsigned char mac[EVP_MAX_MD_SIZE], text[64];
    size_t n_body = make_body(body, n);
    long long at = (long long)time(NULL);
    unsigned n_mac = 0;
    int len = snprintf(signed_text, sizeof(signed_text), "evt_%llu.%lld.%s", (unsigned long long)n, at, body);

    if (!HMAC(EVP_sha256(), key, n_key, (unsigned char *)signed_text, (size_t)len, mac, &n_mac))
        die("no signature");
    (void)EVP_EncodeBlock(text, mac, (int)n_mac);
    len = snprintf(request, sizeof(request),
                   "POST %s HTTP/1.1\r\nHost: %s:%d\r\nContent-Type: application/json\r\nContent-Length: %zu\r\nwebhook-id: evt_%llu\r\n"
                   "webhook-timestamp: %lld\r\nwebhook-signature: v1,%s\r\n\r\n%s",
                   hook, target.host, target.port, n_body, (unsigned long long)n, at, (char *)text, body);
    line_open(l);
    if (write(l->fd, request, (size_t)len) != len)
        die("write: %s", strerror(errno));
    l->due_us = due_us;
}

/* Its answer is whole: 204 has no body, and no other is right. */
static void line_read(struct line *l)
{
    ssize_t n = read(l->fd, l->in + l->n, sizeof(l->in) - 1 - l->n);

    if (n <= 0)
        die("a webhook was not answered");
    l->n += (size_t)n;
    l->in[l->n] = '\0';
    if (!strstr(l->in, "\r\n\r\n"))
        return;
    if (strncmp(l->in, "HTTP/1.1 2", 10) != 0)
        die("a webhook was answered with %.60s", l->in);
    if (n_took < cap_took)
        took[n_took++] = now_us() - l->due_us;
    close(l->fd);
    l->fd = -1;
    l->due_us = 0;
}

static void turn(int timeout_ms)
{
    struct pollfd fds[LINES];

    for (int i = 0; i < LINES; i++)
        fds[i] = (struct pollfd){ .fd = lines[i].fd, .events = POLLIN };
    if (poll(fds, LINES, timeout_ms) < 0)
        die("poll: %s", strerror(errno));
    for (int i = 0; i < LINES; i++)
        if (fds[i].revents)
            line_read(&lines[i]);
}

static struct line *free_line(void)
{
    for (int i = 0; i < LINES; i++)
        if (!lines[i].due_us)
            return &lines[i];
    return NULL;
}

static bool all_free(void)
{
    for (int i = 0; i < LINES; i++)
        if (lines[i].due_us)
            return false;
    return true;
}

/* Each is due at its time, whether or not the ones before have been answered: who has to wait for a line waits, and that counts. */
static void run(int rate, int seconds)
{
    int64_t began = now_us(), end = began + (int64_t)seconds * 1000000, next = began, step = 1000000 / rate;
    uint64_t n = (uint64_t)time(NULL) * 1000000;

    while (next < end) {
        struct line *l;

        while (next <= now_us() && next < end && (l = free_line())) {
            line_send(l, n++, next);
            next += step;
        }
        turn(next > now_us() + 1000 ? 1 : 0);
    }
    while (!all_free())
        turn(100);
    printf("hooks_per_second %.0f\n", (double)n_took * 1e6 / (double)(now_us() - began));
}

static void read_secret(const char *secret)
{
    size_t n = strlen(secret);

    if (strncmp(secret, "whsec_", 6) != 0 || n - 6 > sizeof(key) || (n - 6) % 4)
        die("a secret begins with whsec_");
    n_key = EVP_DecodeBlock(key, (const unsigned char *)secret + 6, (int)n - 6);
    for (; n_key > 0 && secret[n - 1] == '='; n--)
        n_key--;
}

int main(int argc, char **argv)
{
    pthread_t beside;
    int rate, seconds;

    if (argc != 7 || (rate = atoi(argv[4])) < 1 || (seconds = atoi(argv[5])) < 1)
        die("usage: bench_hooks HOST:PORT HOOK SECRET RATE SECONDS SCRATCH");
    target = target_parse(argv[1], false);
    hook = argv[2];
    read_secret(argv[3]);
    cap_took = (size_t)rate * (size_t)(seconds + 1);
    cap_disk = (size_t)seconds * 20000;
    took = calloc(cap_took, sizeof(*took));
    disk = calloc(cap_disk, sizeof(*disk));
    for (int i = 0; i < LINES; i++)
        lines[i].fd = -1;
    if (!took || !disk || pthread_create(&beside, NULL, force_blocks, argv[6]) != 0)
        die("out of memory");
    run(rate, seconds);
    atomic_store(&over, true);
    pthread_join(beside, NULL);
    print_latency("hooks", took, n_took);
    print_latency("disk", disk, n_disk);
    return 0;
}
