/* store.c: how fast the store commits with its index beside, and how fast it finds a common word of two characters among a million
 * messages.
 *
 *   store DIR [MESSAGES]
 *
 * Prints lines `name value`. The messages are made up from words, a fixed seed; one in ten holds the word that is looked for. */
#include "store/store.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define CONVERSATIONS 5000
#define UNDER_WAY     2000
#define SEARCHES      50
#define PAGE          20

struct bench {
    struct store *store;
    int wake;
    int64_t under_way, committed, failed, lag_max, found;
    bool answered;
    enum kf_rc rc;
    char words[240];
};

static const struct kf_key site = { "bench" };

static int64_t now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void die(const char *what, const char *words)
{
    fprintf(stderr, "bench: %s: %s\n", what, words);
    exit(1);
}

static void on_wake(void *ctx)
{
    const struct bench *b = ctx;
    uint64_t one = 1;

    if (write(b->wake, &one, sizeof(one)) < 0)
        return; /* full: awake */
}

static void wait_once(struct bench *b)
{
    struct pollfd fd = { .fd = b->wake, .events = POLLIN };
    uint64_t n;

    if (poll(&fd, 1, 60000) <= 0)
        die("store", "does not answer");
    if (read(b->wake, &n, sizeof(n)) < 0 && errno != EAGAIN)
        die("eventfd", strerror(errno));
    store_drain(b->store);
}

static void on_commit(void *ctx, enum kf_rc rc, const struct news *news, const struct kf_err *why)
{
    struct bench *b = ctx;

    (void)news;
    b->under_way--;
    if (rc) {
        b->failed++;
        if (why)
            memcpy(b->words, why->text, sizeof(b->words));
    } else
        b->committed++;
}

static uint32_t chance(void)
{
    static uint64_t seed = 0x9e3779b97f4a7c15ULL;

    seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
    return (uint32_t)(seed >> 33);
}

static struct slice sentence(struct change *c, bool with_word)
{
    static const char *const words[] = { "您好", "请问", "订单", "衣柜", "什么时候", "可以", "送到", "安装", "地址", "改一下",
                                         "颜色", "尺寸", "客厅", "沙发", "优惠",     "发票", "怎么", "开",   "电话", "谢谢" };
    char text[512];
    size_t n = 0;
    int count = 8 + (int)(chance() % 12);

    for (int i = 0; i < count; i++)
        n += (size_t)snprintf(text + n, sizeof(text) - n, "%s", words[chance() % (sizeof(words) / sizeof(words[0]))]);
    if (with_word)
        n += (size_t)snprintf(text + n, sizeof(text) - n, "退款");
    return change_slice(c, (struct slice){ text, n });
}

/* Conversation `number` by its peer; the first message opens it. */
static void say(struct bench *b, int number, int64_t at)
{
    struct change *c = change_new(&site, at);
    struct opening *opening;
    struct act *act;
    uint8_t bytes[10] = { 0 };

    opening = c ? ARENA_NEW(c->arena, struct opening) : NULL;
    if (!opening)
        die("memory", "is out");
    opening->channel = (struct kf_key){ "web" };
    opening->queue = (struct kf_key){ "service" };
    opening->peer = opening->address = change_printf(c, "peer-%d", number);
    opening->state = CONV_WAITING;
    opening->locale = "zh-CN";
    opening->name = "";
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)chance();
    opening->new_conv = id_make(at, bytes);
    bytes[0] ^= 1;
    opening->new_contact = id_make(at, bytes);
    bytes[0] ^= 2;
    opening->new_customer = id_make(at, bytes);
    c->opening = opening;
    c->epoch = -1;
    c->unruled = ~0U; /* no rule listens */
    c->by = (struct actor){ .role = ROLE_VISITOR, .name = "" };
    c->key = slice_of(change_printf(c, "w:web:%d:%lld", number, (long long)b->committed + b->under_way));
    act = change_act(c, ACT_MESSAGE);
    act->u.message.kind = MESSAGE_TEXT;
    act->u.message.text = sentence(c, chance() % 10 == 0);
    act->u.message.lang = "zh-CN";
    b->under_way++;
    store_commit(b->store, c, on_commit, b);
}

static void note_lag(struct bench *b)
{
    struct store_figures f;

    store_figures(b->store, &f);
    if ((int64_t)f.index_lag_ms > b->lag_max)
        b->lag_max = (int64_t)f.index_lag_ms;
}

static void fill(struct bench *b, int64_t messages)
{
    struct timespec real;
    int64_t began = now_us(), given = 0, noted = began;

    clock_gettime(CLOCK_REALTIME, &real);
    while (b->committed + b->failed < messages) {
        while (given < messages && b->under_way < UNDER_WAY) {
            clock_gettime(CLOCK_REALTIME, &real);
            say(b, (int)(given % CONVERSATIONS), (int64_t)real.tv_sec * 1000 + real.tv_nsec / 1000000);
            given++;
        }
        wait_once(b);
        if (now_us() - noted > 100000) {
            noted = now_us();
            note_lag(b);
        }
    }
    if (b->failed)
        die("commit", b->words);
    printf("committed %lld\ncommits_per_second %.0f\nindex_lag_max_ms %lld\n", (long long)b->committed,
           (double)b->committed * 1e6 / (double)(now_us() - began), (long long)b->lag_max);
}

static void wait_for_index(struct bench *b)
{
    struct store_figures f;
    int64_t began = now_us();

    for (store_figures(b->store, &f); f.index_lag_ms > 0; store_figures(b->store, &f)) {
        if (now_us() - began > 600000000)
            die("index", "does not catch up");
        (void)poll(NULL, 0, 100);
        store_drain(b->store);
    }
    printf("index_caught_up_ms %lld\n", (long long)(now_us() - began) / 1000);
}

static void on_found(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct bench *b = ctx;

    b->answered = true;
    b->rc = rc;
    b->found = rc ? 0 : (int64_t)q->n_convs;
    if (why)
        memcpy(b->words, why->text, sizeof(b->words));
}

static int64_t search_once(struct bench *b, const char *terms)
{
    struct query *q = query_new(QUERY_TRANSCRIPTS);
    int64_t began = now_us();

    if (!q)
        die("memory", "is out");
    q->site = site;
    q->search.terms = slice_of(terms);
    q->search.limit = PAGE;
    b->answered = false;
    store_read(b->store, q, on_found, b);
    while (!b->answered)
        wait_once(b);
    if (b->rc)
        die("search", b->words);
    return now_us() - began;
}

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

static void search(struct bench *b)
{
    int64_t took[SEARCHES];

    for (int i = 0; i < SEARCHES; i++)
        took[i] = search_once(b, "退款");
    if (b->found != PAGE)
        die("search", "the page is not full");
    printf("search_first_us %lld\n", (long long)took[0]);
    qsort(took, SEARCHES, sizeof(took[0]), by_value);
    printf("search_p50_us %lld\nsearch_max_us %lld\n", (long long)took[SEARCHES / 2], (long long)took[SEARCHES - 1]);
}

int main(int argc, char **argv)
{
    struct bench b = { .wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) };
    struct store_config cfg = { .wake = on_wake, .wake_ctx = &b };
    struct kf_err why = { 0 };
    char url[512], files[512], index[512], backup[512];

    if (argc < 2)
        die("usage", "store DIR [MESSAGES]");
    snprintf(url, sizeof(url), "sqlite:%s/kefud.db", argv[1]);
    snprintf(files, sizeof(files), "%s/files.db", argv[1]);
    snprintf(index, sizeof(index), "%s/index.db", argv[1]);
    snprintf(backup, sizeof(backup), "%s/backup", argv[1]);
    cfg.url = url;
    cfg.files_path = files;
    cfg.index_path = index;
    cfg.backup_dir = backup;
    if (store_open(&b.store, &cfg, &why))
        die("store", why.text);
    fill(&b, argc > 2 ? atoll(argv[2]) : 1000000);
    wait_for_index(&b);
    search(&b);
    store_close(b.store);
    close(b.wake);
    return 0;
}
