#include "core/address.h"

#include "core/hash.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/socket.h>

static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

static bool is_v4(const struct address *a)
{
    return memcmp(a->b, mapped, sizeof(mapped)) == 0;
}

static void from_v4(const void *four, struct address *ret)
{
    memcpy(ret->b, mapped, sizeof(mapped));
    memcpy(ret->b + 12, four, 4);
}

bool address_of(const struct sockaddr *sa, struct address *ret)
{
    *ret = (struct address){ { 0 } };
    if (sa->sa_family == AF_INET)
        from_v4(&((const struct sockaddr_in *)sa)->sin_addr, ret);
    else if (sa->sa_family == AF_INET6)
        memcpy(ret->b, &((const struct sockaddr_in6 *)sa)->sin6_addr, 16);
    else
        return false;
    return true;
}

static bool parse_bare(const char *text, struct address *ret)
{
    struct in_addr v4;

    if (inet_pton(AF_INET, text, &v4) == 1) {
        from_v4(&v4, ret);
        return true;
    }
    return inet_pton(AF_INET6, text, ret->b) == 1;
}

bool address_parse(struct slice text, struct address *ret)
{
    char s[ADDRESS_TEXT + 16];
    char *host = s, *end;

    *ret = (struct address){ { 0 } };
    if (text.n == 0 || text.n >= sizeof(s))
        return false;
    memcpy(s, text.p, text.n);
    s[text.n] = '\0';
    if (s[0] == '[') {
        end = strchr(s, ']');
        if (!end || (end[1] != '\0' && end[1] != ':'))
            return false;
        *end = '\0';
        host = s + 1;
    } else if ((end = strchr(s, ':')) && !strchr(end + 1, ':'))
        *end = '\0'; /* one colon only: an IPv4 address with its port */
    return parse_bare(host, ret);
}

char *address_text(const struct address *a, char text[ADDRESS_TEXT])
{
    static const struct address none;

    text[0] = '\0';
    if (memcmp(a, &none, sizeof(none)) == 0)
        return text;
    if (is_v4(a))
        (void)inet_ntop(AF_INET, a->b + 12, text, ADDRESS_TEXT);
    else
        (void)inet_ntop(AF_INET6, a->b, text, ADDRESS_TEXT);
    return text;
}

bool address_is_loopback(const struct address *a)
{
    static const struct address one = { { [15] = 1 } };

    return is_v4(a) ? a->b[12] == 127 : memcmp(a, &one, sizeof(one)) == 0;
}

bool network_parse(const char *text, struct network *ret)
{
    char s[ADDRESS_TEXT + 8];
    char *slash, *end;
    unsigned long bits;
    unsigned width;

    if (strlen(text) >= sizeof(s))
        return false;
    strcpy(s, text);
    slash = strchr(s, '/');
    if (slash)
        *slash = '\0';
    if (!parse_bare(s, &ret->base))
        return false;
    width = is_v4(&ret->base) && !strchr(s, ':') ? 32 : 128; /* in the mapped form all bits are counted */
    ret->bits = 128;
    if (!slash)
        return true;
    bits = strtoul(slash + 1, &end, 10);
    if (end == slash + 1 || *end || bits > width || (width == 128 && is_v4(&ret->base) && bits < 96))
        return false;
    ret->bits = 128 - width + (unsigned)bits;
    return true;
}

bool network_has(const struct network *n, const struct address *a)
{
    unsigned whole = n->bits / 8, rest = n->bits % 8;

    if (memcmp(n->base.b, a->b, whole) != 0)
        return false;
    return rest == 0 || ((n->base.b[whole] ^ a->b[whole]) >> (8 - rest)) == 0;
}

/* RFC 6890 and its successors, plus the translation prefixes, behind which any IPv4 address may stand. */
bool address_is_private(const struct address *a)
{
    static const char *const texts[] = {
        "0.0.0.0/8",     "10.0.0.0/8",     "100.64.0.0/10",  "127.0.0.0/8",   "169.254.0.0/16",  "172.16.0.0/12",  "192.0.0.0/24",
        "192.0.2.0/24",  "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4",
        "240.0.0.0/4",   "::/128",         "::1/128",        "64:ff9b::/96",  "64:ff9b:1::/48",  "100::/64",       "2001::/23",
        "2001:db8::/32", "2002::/16",      "fc00::/7",       "fe80::/10",     "fec0::/10",       "ff00::/8",
    };
    static struct network nets[sizeof(texts) / sizeof(texts[0])];
    static bool ready;
    static const struct address zero;

    if (!ready) {
        for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
            (void)network_parse(texts[i], &nets[i]);
        ready = true;
    }
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        if (network_has(&nets[i], a))
            return true;
    /* ::a.b.c.d, the compatible form that nobody should use any more */
    return memcmp(a->b, zero.b, 12) == 0;
}

/* ---- How many: open addressing, linear probing, deletion by shifting back ---- */

struct entry {
    struct address who;
    unsigned count; /* 0: free */
};

struct tally {
    struct entry *entries;
    size_t cap, used;
    uint64_t seed; /* nobody outside can choose addresses that fall together */
};

static struct address counted_as(const struct address *a)
{
    struct address ret = *a;

    if (!is_v4(a))
        memset(ret.b + 8, 0, 8);
    return ret;
}

static size_t spot(const struct tally *t, const struct address *a)
{
    uint64_t h = hash_more(t->seed, a->b, sizeof(a->b));

    return (size_t)(h ^ h >> 29) & (t->cap - 1);
}

static struct entry *find(const struct tally *t, const struct address *a)
{
    size_t i = spot(t, a);

    while (t->entries[i].count && memcmp(&t->entries[i].who, a, sizeof(*a)) != 0)
        i = (i + 1) & (t->cap - 1);
    return &t->entries[i];
}

struct tally *tally_new(void)
{
    struct tally *t = calloc(1, sizeof(*t));

    if (!t)
        return NULL;
    if (getrandom(&t->seed, sizeof(t->seed), GRND_NONBLOCK) < 0)
        t->seed = (uint64_t)(uintptr_t)t;
    t->cap = 64;
    t->entries = calloc(t->cap, sizeof(*t->entries));
    if (!t->entries) {
        free(t);
        return NULL;
    }
    return t;
}

void tally_free(struct tally *t)
{
    if (!t)
        return;
    free(t->entries);
    free(t);
}

static bool grow(struct tally *t)
{
    struct tally bigger = { .cap = t->cap * 2, .used = t->used, .seed = t->seed };

    bigger.entries = calloc(bigger.cap, sizeof(*bigger.entries));
    if (!bigger.entries)
        return false;
    for (size_t i = 0; i < t->cap; i++)
        if (t->entries[i].count)
            *find(&bigger, &t->entries[i].who) = t->entries[i];
    free(t->entries);
    *t = bigger;
    return true;
}

unsigned tally_add(struct tally *t, const struct address *a)
{
    struct address who = counted_as(a);
    struct entry *e;

    if (t->used * 2 >= t->cap && !grow(t))
        return 0;
    e = find(t, &who);
    if (!e->count) {
        e->who = who;
        t->used++;
    }
    return ++e->count;
}

void tally_drop(struct tally *t, const struct address *a)
{
    struct address who = counted_as(a);
    struct entry *e = find(t, &who);
    size_t hole, i;

    if (!e->count || --e->count)
        return;
    t->used--;
    hole = i = (size_t)(e - t->entries);
    for (;;) {
        i = (i + 1) & (t->cap - 1);
        if (!t->entries[i].count)
            break;
        /* An entry may fill the hole unless its own place lies cyclically behind the hole. */
        if (((i - spot(t, &t->entries[i].who)) & (t->cap - 1)) >= ((i - hole) & (t->cap - 1))) {
            t->entries[hole] = t->entries[i];
            hole = i;
        }
    }
    t->entries[hole].count = 0;
}

unsigned tally_of(const struct tally *t, const struct address *a)
{
    struct address who = counted_as(a);

    return find(t, &who)->count;
}
