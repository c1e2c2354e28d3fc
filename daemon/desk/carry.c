/* carry.c: files that have come inside of a webhook. They are stored before the event that shows them is, so that an answer to the platform
 * means that all of it is kept. */
#include "core/mime.h"
#include "desk/media.h"
#include "desk/outlet.h"

#include <stdlib.h>

/* One file after the other, one block after the other. */
struct carrying {
    struct desk *d;
    struct kf_key site;
    struct arena *arena; /* of the event: what is stored is noted there */
    struct inbound *inbound;
    size_t n, event, file, at;
    struct act_file *now; /* the one that is being stored */
    carried *done;
    void *ctx;
};

static void next_block(struct carrying *g);

static void end(struct carrying *g, enum kf_rc rc)
{
    struct desk *d = g->d;

    g->done(g->ctx, rc);
    d->under_way--;
    free(g);
}

static const struct media *media_at(const struct carrying *g)
{
    return &g->inbound[g->event].media[g->file];
}

static int64_t file_max(const struct carrying *g)
{
    const struct desk_site *ds = site_of(g->d, &g->site);

    return ds ? desk_file_max(g->d, ds->site) : 0;
}

/* The next one that is here and not too large; false: there is none. */
static bool seek(struct carrying *g)
{
    for (; g->event < g->n; g->event++, g->file = 0)
        for (; g->file < g->inbound[g->event].n_media; g->file++) {
            const struct media *m = media_at(g);

            if (m->bytes.n && !m->stored && (int64_t)m->bytes.n <= file_max(g))
                return true;
        }
    return false;
}

static void next_file(struct carrying *g)
{
    if (!seek(g)) {
        end(g, KF_OK);
        return;
    }
    g->now = ARENA_NEW(g->arena, struct act_file);
    if (!g->now) {
        end(g, KF_NOMEM);
        return;
    }
    g->now->id = fresh_id(g->d);
    g->at = 0;
    next_block(g);
}

static void stored(void *ctx, enum kf_rc rc, const uint8_t sha256[32], int64_t size, const struct kf_err *why)
{
    struct carrying *g = ctx;
    const struct media *m = media_at(g);
    struct mime mime = mime_of((struct slice){ m->bytes.p, m->bytes.n < STORE_BLOCK ? m->bytes.n : STORE_BLOCK });

    (void)why;
    if (rc) {
        end(g, rc);
        return;
    }
    memcpy(g->now->sha256, sha256, sizeof(g->now->sha256));
    g->now->size = size;
    g->now->name = arena_text(g->arena, m->name.n ? m->name : SLICE("file"));
    g->now->mime = mime.type; /* what it is, and not what somebody says that it is */
    g->now->width = mime.width;
    g->now->height = mime.height;
    if (!g->now->name) {
        end(g, KF_NOMEM);
        return;
    }
    ((struct media *)(uintptr_t)m)->stored = g->now;
    next_file(g);
}

static void stored_block(void *ctx, enum kf_rc rc, const struct kf_err *why)
{
    struct carrying *g = ctx;

    (void)why;
    if (rc)
        end(g, rc);
    else
        next_block(g);
}

static void next_block(struct carrying *g)
{
    struct desk *d = g->d;
    struct slice bytes = media_at(g)->bytes;
    size_t n = bytes.n - g->at < STORE_BLOCK ? bytes.n - g->at : STORE_BLOCK;
    struct slice block = { bytes.p + g->at, n };

    if (!n) {
        d->ports.file_end(d->ports.ctx, &g->now->id, stored, g);
        return;
    }
    g->at += n;
    d->ports.file_put(d->ports.ctx, &g->now->id, block, stored_block, g);
}

bool carries_files(const struct inbound *in, size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < in[i].n_media; k++)
            if (in[i].media[k].bytes.n)
                return true;
    return false;
}

void carry_files(struct desk *d, const struct desk_site *ds, struct arena *a, struct inbound *in, size_t n, carried *done, void *ctx)
{
    struct carrying *g = calloc(1, sizeof(*g));

    if (!g) {
        done(ctx, KF_NOMEM);
        return;
    }
    *g = (struct carrying){ .d = d, .site = ds->site->key, .arena = a, .inbound = in, .n = n, .done = done, .ctx = ctx };
    d->under_way++;
    next_file(g);
}
