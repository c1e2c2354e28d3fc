/* download.c: the bytes of a file on their way out, in blocks; nothing is held. */
#include "api/download.h"
#include "config.h"
#include "core/mime.h"

#include <stdlib.h>
#include <strings.h>
#include <uthash.h>

struct download {
    uint64_t req;
    struct store *store;
    struct api *api;
    uint8_t sha256[32];
    int64_t index, left;
    size_t skip; /* of the first block: a range may begin inside of it */
    bool busy, gone;
    UT_hash_handle hh;
};

static struct download *downloads;

/* ---- a part of a file: RFC 9110 §14, one range; players of sound ask for them ---- */

/* Digits only; -1: none, or too many. */
static int64_t digits(struct slice s)
{
    int64_t n = 0;

    if (s.n == 0 || s.n > 15)
        return -1;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return -1;
        n = n * 10 + (s.p[i] - '0');
    }
    return n;
}

/* "bytes=FROM-TO", "bytes=FROM-", "bytes=-LAST", the unit in either case. 200: the whole (also for what is not understood, or more than one
 * range); 206: `from` and `n`; 416: it lies outside. */
static int range_of(struct slice header, int64_t size, int64_t *from, int64_t *n)
{
    struct slice spec = { header.p + 6, header.n - 6 }, first, last;
    const char *dash;
    int64_t a, b;

    *from = 0;
    *n = size;
    if (header.n < 6 || strncasecmp(header.p, "bytes=", 6) != 0 || !(dash = memchr(spec.p, '-', spec.n)))
        return 200;
    first = (struct slice){ spec.p, (size_t)(dash - spec.p) };
    last = (struct slice){ dash + 1, spec.n - first.n - 1 };
    a = digits(first);
    b = digits(last);
    if ((first.n && a < 0) || (last.n && b < 0) || (!first.n && !last.n) || (first.n && last.n && b < a))
        return 200;
    if (first.n ? a >= size : b == 0 || size == 0)
        return 416;
    if (!first.n) {
        *n = b < size ? b : size;
        *from = size - *n;
    } else {
        *from = a;
        *n = (last.n && b < size ? b + 1 : size) - a;
    }
    return 206;
}

/* What may be a part only: of GET alone, and not if it was asked for under a condition. No file has a validator, so none can be met, and the
 * whole is right (RFC 9110, 13.1.5 and 14.2). */
static struct slice range_wanted(const struct turn *t)
{
    bool whole = strcmp(t->method, "GET") != 0 || turn_header(t, "if-range").p;

    return whole ? (struct slice){ "", 0 } : turn_header(t, "range");
}

/* ---- the beginning of an answer ---- */

static void disposition(struct buf *b, const char *name, bool shown)
{
    buf_str(b, shown ? "inline" : "attachment");
    buf_str(b, "; filename*=UTF-8''");
    for (const unsigned char *p = (const unsigned char *)name; *p; p++) {
        if ((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') || *p == '.' || *p == '-' || *p == '_')
            buf_char(b, (char)*p);
        else
            buf_printf(b, "%%%02X", *p);
    }
}

/* The headers that every byte of a file goes out with; what a signed address gives, any page may show: whoever has it may have the file. */
static size_t file_headers(struct turn *t, const struct stored_file *f, bool by_address, struct buf *b, struct http_pair *headers)
{
    size_t n = 0;

    disposition(b, f->name, mime_shown(f->mime));
    headers[n++] = (struct http_pair){ SLICE("Content-Disposition"), arena_copy(t->arena, buf_slice(b)) };
    headers[n++] = (struct http_pair){ SLICE("Content-Security-Policy"), SLICE("sandbox; default-src 'none'") };
    headers[n++] = (struct http_pair){ SLICE("X-Content-Type-Options"), SLICE("nosniff") };
    headers[n++] = (struct http_pair){ SLICE("Cache-Control"), SLICE("private, no-store") };
    headers[n++] = (struct http_pair){ SLICE("Accept-Ranges"), SLICE("bytes") };
    if (by_address) {
        headers[n++] = (struct http_pair){ SLICE("Cross-Origin-Resource-Policy"), SLICE("cross-origin") };
        headers[n++] = (struct http_pair){ SLICE("Access-Control-Allow-Origin"), SLICE("*") };
    }
    return n;
}

bool download_answer(struct turn *t, const struct stored_file *f, bool by_address, struct net_answer *ret, int64_t *from, int64_t *n)
{
    struct http_pair *headers = arena_array(t->arena, 8, sizeof(*headers));
    const char *range = "";
    struct buf b;

    if (!headers)
        return false;
    *ret = (struct net_answer){ .type = f->mime, .headers = headers, .status = range_of(range_wanted(t), f->size, from, n) };
    buf_init(&b, 4096);
    ret->n_headers = file_headers(t, f, by_address, &b, headers);
    buf_finish(&b);
    if (ret->status == 206) {
        range = arena_printf(t->arena, "bytes %lld-%lld/%lld", (long long)*from, (long long)(*from + *n - 1), (long long)f->size);
        headers[ret->n_headers++] = (struct http_pair){ SLICE("Content-Range"), slice_of(range) };
    }
    return range != NULL;
}

/* ---- the bytes ---- */

static void download_free(struct download *d)
{
    HASH_DEL(downloads, d);
    free(d);
}

static struct download *download_of(uint64_t req)
{
    struct download *d = NULL;

    HASH_FIND(hh, downloads, &req, sizeof(req), d);
    return d;
}

static void have_block(void *ctx, enum kf_rc rc, struct slice block, const struct kf_err *why)
{
    struct download *d = download_of((uint64_t)(uintptr_t)ctx);

    (void)why;
    if (!d)
        return;
    d->busy = false;
    block = block.n > d->skip ? (struct slice){ block.p + d->skip, block.n - d->skip } : (struct slice){ NULL, 0 };
    d->skip = 0;
    if ((int64_t)block.n > d->left)
        block.n = (size_t)d->left;
    if (!d->gone && (rc || !block.n))
        net_answer_abort(api_server(d->api), d->req);
    else if (!d->gone) {
        d->left -= (int64_t)block.n;
        net_piece(api_server(d->api), d->req, block);
    }
    if (d->gone || rc || !block.n || d->left <= 0)
        download_free(d);
}

void download_pull(uint64_t req)
{
    struct download *d = download_of(req);

    if (!d || d->busy)
        return;
    d->busy = true;
    store_file_get(d->store, d->sha256, d->index++, have_block, (void *)(uintptr_t)req);
}

void download_gone(uint64_t req)
{
    struct download *d = download_of(req);

    if (!d)
        return;
    d->gone = true;
    if (!d->busy)
        download_free(d);
}

void download_begin(struct turn *t, const struct stored_file *f, bool by_address)
{
    struct net_answer a;
    int64_t from, n;
    struct download *d;

    if (!download_answer(t, f, by_address, &a, &from, &n)) {
        turn_problem(t, 500, "out of memory");
        return;
    }
    if (a.status == 416) {
        turn_beyond(t, f->size);
        return;
    }
    if (n == 0) {
        turn_answer(t, &a);
        return;
    }
    if (strcmp(t->method, "HEAD") != 0) { /* else: as long as the answer to GET, and nobody pulls */
        d = calloc(1, sizeof(*d));
        if (!d) {
            turn_problem(t, 500, "out of memory");
            return;
        }
        *d = (struct download){ .req = t->req,
                                .store = turn_config(t)->store,
                                .api = t->api,
                                .index = from / STORE_BLOCK,
                                .skip = (size_t)(from % STORE_BLOCK),
                                .left = n };
        memcpy(d->sha256, f->sha256, 32);
        HASH_ADD(hh, downloads, req, sizeof(d->req), d);
    }
    net_answer_begin(api_server(t->api), t->req, &a, n);
    turn_end(t);
}
