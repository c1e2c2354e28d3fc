/* The tokenizer of the search index: core/segment.h behind FTS5's interface. Each connection that touches the index has to know it. */
#include "core/segment.h"
#include "store/index.h"
#include "store/sqlite.h"

#include <string.h>

static int create(void *ctx, const char **args, int n, Fts5Tokenizer **ret)
{
    (void)ctx;
    (void)args;
    (void)n;
    *ret = (Fts5Tokenizer *)(void *)ret; /* it has no state; only NULL would mean "none" */
    return SQLITE_OK;
}

static void destroy(Fts5Tokenizer *t)
{
    (void)t;
}

static int tokenize(Fts5Tokenizer *t, void *ctx, int flags, const char *text, int n,
                    int (*token)(void *ctx, int flags, const char *token, int n, int from, int to))
{
    struct segmenter s;
    struct segment seg;
    int code = SQLITE_OK;

    (void)t;
    if ((flags & FTS5_TOKENIZE_QUERY) && n == 1 && *text == *SEGMENT_GAP) /* as segment_fts5() writes it */
        return token(ctx, 0, SEGMENT_GAP, 1, 0, 1);
    segmenter_init(&s, (struct slice){ text ? text : "", text ? (size_t)n : 0 });
    while (code == SQLITE_OK && segmenter_next(&s, &seg)) {
        if (seg.apart)
            code = token(ctx, 0, SEGMENT_GAP, 1, (int)seg.from, (int)seg.from);
        if (code == SQLITE_OK)
            code = token(ctx, 0, seg.token, (int)seg.n, (int)seg.from, (int)seg.to);
    }
    return code;
}

static fts5_api *api_of(sqlite3 *h)
{
    fts5_api *ret = NULL;
    sqlite3_stmt *s = NULL;

    if (sqlite3_prepare_v2(h, "SELECT fts5(?1)", -1, &s, NULL) == SQLITE_OK) {
        sqlite3_bind_pointer(s, 1, (void *)&ret, "fts5_api_ptr", NULL);
        (void)sqlite3_step(s);
    }
    sqlite3_finalize(s);
    return ret;
}

enum kf_rc tokenizer_register(struct db *db, struct kf_err *why)
{
    static const fts5_tokenizer tokenizer = { create, destroy, tokenize };
    fts5_api *api = api_of(sqlite_handle(db));

    if (!api || api->xCreateTokenizer(api, "kefud", NULL, (fts5_tokenizer *)&tokenizer, NULL) != SQLITE_OK)
        return kf_fail(why, KF_UNSUPPORTED, "this SQLite has no full-text search (FTS5)");
    return KF_OK;
}
