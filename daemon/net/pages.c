#define _GNU_SOURCE /* memmem */
#include "net/pages.h"

#include "core/arena.h"
#include "core/buf.h"
#include "core/hash.h"

#include <stdio.h>
#include <strings.h>

/* Where the loader's settings go. */
#define MARK "/*KEFU_SITE*/null"

const struct asset *pages_find(const char *path)
{
    for (size_t i = 0; i < n_assets; i++)
        if (strcmp(assets[i].path, path) == 0)
            return &assets[i];
    return NULL;
}

/* ---- What the client said ---- */

/* "gzip", "gzip;q=0.5"; q=0 (and 0.0 …) means no. */
static bool accepts(const struct net_head *head, const char *coding)
{
    struct slice list = http_header(head->headers, head->n_headers, "accept-encoding"), word;
    size_t n = strlen(coding);

    while (http_word(&list, &word)) {
        if (word.n < n || strncasecmp(word.p, coding, n) != 0 || (word.n > n && word.p[n] != ';' && word.p[n] != ' '))
            continue;
        for (size_t i = n; i + 2 < word.n; i++)
            if ((word.p[i] == 'q' || word.p[i] == 'Q') && word.p[i + 1] == '=')
                return strspn(word.p + i + 2, "0.") < word.n - i - 2;
        return true;
    }
    return false;
}

/* ---- What is said to it ---- */

static const char *embedders(const struct page_view *view, struct arena *arena)
{
    struct buf b;
    char *ret;

    if (!view->n_embedders)
        return view->framed ? "'self'" : "'none'";
    buf_init(&b, 8192);
    buf_str(&b, "'self'");
    for (size_t i = 0; i < view->n_embedders; i++) {
        if (strpbrk(view->embedders[i], ";, \t\r\n")) /* would be another directive, or another policy */
            continue;
        buf_char(&b, ' ');
        buf_str(&b, view->embedders[i]);
    }
    ret = buf_ok(&b) ? arena_text(arena, buf_slice(&b)) : NULL;
    buf_finish(&b);
    return ret;
}

static const char *policy(const struct page_view *view, const struct net_head *head, struct arena *arena)
{
    struct slice host = http_header(head->headers, head->n_headers, "host"); /* net has looked at its form */
    const char *files = view->files_origin ? view->files_origin : "", *frames = embedders(view, arena);
    const char *space = view->files_origin ? " " : "";

    return frames
               ? arena_printf(
                     arena,
                     "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:%s%s; "
                     "media-src 'self' blob:%s%s; connect-src 'self' %s://%.*s%s%s; font-src 'self'; form-action 'self'; base-uri 'none'; "
                     "frame-ancestors %s; require-trusted-types-for 'script'; trusted-types 'none'",
                     space, files, space, files, head->peer.secure ? "wss" : "ws", (int)host.n, host.p ? host.p : "", space, files, frames)
               : NULL;
}

static void add(struct net_answer *ret, struct http_pair *pairs, const char *name, const char *value)
{
    pairs[ret->n_headers++] = (struct http_pair){ slice_of(name), slice_of(value) };
}

/* The loader with its settings in place of the mark; as it is where it has none. */
static struct slice with_settings(struct slice raw, struct slice settings, struct arena *arena)
{
    const char *mark = raw.n ? memmem(raw.p, raw.n, MARK, strlen(MARK)) : NULL;
    size_t before, after;
    char *p;

    if (!mark)
        return raw;
    before = (size_t)(mark - raw.p);
    after = raw.n - before - strlen(MARK);
    p = arena_alloc(arena, before + settings.n + after + 1);
    if (!p)
        return (struct slice){ NULL, 0 };
    memcpy(p, raw.p, before);
    memcpy(p + before, settings.p, settings.n);
    memcpy(p + before + settings.n, mark + strlen(MARK), after);
    return (struct slice){ p, before + settings.n + after };
}

static const char *choose_form(const struct asset *asset, const struct net_head *head, struct slice *body)
{
    if (asset->brotli.n && accepts(head, "br")) {
        *body = asset->brotli;
        return "br";
    }
    if (asset->gzip.n && accepts(head, "gzip")) {
        *body = asset->gzip;
        return "gzip";
    }
    *body = asset->raw;
    return NULL;
}

bool pages_answer(const struct asset *asset, const struct page_view *view, const struct net_head *head, struct arena *arena,
                  struct net_answer *ret)
{
    struct http_pair *pairs = arena_array(arena, 12, sizeof(*pairs));
    bool html = strncmp(asset->type, "text/html", 9) == 0;
    const char *etag = asset->etag, *coding = NULL, *csp = html ? policy(view, head, arena) : NULL;
    struct slice body;

    if (!pairs || (html && !csp))
        return false;
    *ret = (struct net_answer){ .status = 200, .type = asset->type, .headers = pairs };
    if (view->settings.n) {
        body = with_settings(asset->raw, view->settings, arena);
        etag = arena_printf(arena, "W/\"%016llx-%s", (unsigned long long)hash_slice(view->settings), asset->etag + 1);
    } else
        coding = choose_form(asset, head, &body);
    if (coding)
        etag = arena_printf(arena, "W/%s", asset->etag);
    if (!etag || !body.p)
        return false;
    add(ret, pairs, "ETag", etag);
    add(ret, pairs, "Vary", "Accept-Encoding");
    add(ret, pairs, "Cache-Control",
        asset->immutable   ? "public, max-age=31536000, immutable"
        : view->settings.n ? "public, max-age=300, stale-while-revalidate=86400" /* on every page of other people's sites */
                           : "no-cache");
    if (html) {
        add(ret, pairs, "Content-Security-Policy", csp);
        add(ret, pairs, "Permissions-Policy",
            "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(self), "
            "payment=(), usb=()");
        if (!view->n_embedders && !view->framed) {
            add(ret, pairs, "X-Frame-Options", "DENY");
            add(ret, pairs, "Cross-Origin-Opener-Policy", "same-origin");
        }
    } else {
        add(ret, pairs, "Cross-Origin-Resource-Policy", "cross-origin"); /* other people's pages load widget.js */
        if (asset->immutable)
            add(ret, pairs, "Access-Control-Allow-Origin", "*"); /* and check it: integrity= asks with CORS */
    }
    if (http_has_already(http_header(head->headers, head->n_headers, "if-none-match"), etag)) {
        ret->status = 304;
        ret->type = NULL;
        return true;
    }
    if (coding)
        add(ret, pairs, "Content-Encoding", coding);
    ret->body = body;
    return true;
}
