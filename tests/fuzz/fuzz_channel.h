/* fuzz_channel.h: what an adapter has to keep, whatever a platform sends. */
#ifndef KF_TESTS_FUZZ_CHANNEL_H
#define KF_TESTS_FUZZ_CHANNEL_H

#include "core/utf8.h"
#include "protocols/channel.h"
#include "protocols/sign.h"
#include "protocols/url.h"

#include <stdlib.h>

#define FUZZ_NOW_MS 1789990010000

static void fuzz_must(bool ok)
{
    if (!ok)
        abort();
}

static struct slice fuzz_slice(const uint8_t *data, size_t size)
{
    return (struct slice){ (const char *)data, size };
}

static struct channel *fuzz_open(const struct channel_ops *ops, const char *settings)
{
    struct channel *ret = NULL;

    fuzz_must(!channel_check(ops, slice_of(settings), NULL) && !ops->open(&ret, slice_of(settings), NULL));
    return ret;
}

/* Header lines up to an empty one; `text` is what follows it. */
static inline size_t fuzz_headers(struct slice *text, struct http_pair *ret, size_t max)
{
    size_t n = 0;

    while (text->n && n < max) {
        const char *end = memchr(text->p, '\n', text->n);
        struct slice line = { text->p, end ? (size_t)(end - text->p) : text->n };

        text->p += line.n + (end != NULL);
        text->n -= line.n + (end != NULL);
        if (!line.n)
            break;
        if (url_header_line(line, &ret[n]))
            n++;
    }
    return n;
}

/* The first line is a query, and the rest a body, which GET does not have. */
static inline void fuzz_line_and_body(struct channel *ch, struct arena *a,
                                      void (*call)(struct channel *, struct arena *, const char *method, const struct http_pair *query,
                                                   size_t n, struct slice body),
                                      struct slice text)
{
    const char *end = text.n ? memchr(text.p, '\n', text.n) : NULL;
    size_t line = end ? (size_t)(end - text.p) : text.n;
    struct slice body = { text.p + line + (end != NULL), text.n - line - (end != NULL) };
    struct http_pair query[16];
    size_t n = url_query(a, (struct slice){ text.p, line }, query, 16);

    if (n > 16)
        return;
    call(ch, a, "GET", query, n, SLICE(""));
    call(ch, a, "POST", query, n, body);
}

static void fuzz_event(const struct inbound *in)
{
    const struct slice texts[] = { in->account, in->user, in->user_name, in->peer,   in->id,      in->ref,  in->text,
                                   in->payload, in->code, in->reason,    in->locale, in->profile, in->form, in->reply_token };

    fuzz_must(in->dedupe.n > 0);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        fuzz_must(utf8_valid(texts[i]));
    for (size_t i = 0; i < in->n_media; i++) {
        struct url u;

        fuzz_must(in->media[i].url.n || in->media[i].id.n || in->media[i].bytes.n);
        fuzz_must(!in->media[i].url.n || url_parse(in->media[i].url, &u));
    }
}

static inline void fuzz_received(const struct received *r)
{
    fuzz_must(r->status >= 200 && r->status < 600);
    fuzz_must(!r->refused || r->n == 0);
    for (size_t i = 0; i < r->n; i++)
        fuzz_event(&r->inbound[i]);
}

static struct errand fuzz_errand(struct slice text)
{
    return (struct errand){
        .created_at = FUZZ_NOW_MS,
        .seq = 7,
        .peer = "c1",
        .user = "u1",
        .handle = "h1",
        .handle_left = 1,
        .message = { .seq = 7, .from = { .role = ROLE_AGENT, .name = "Eva" }, .text = text },
    };
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
