/* turn.c: what a request brings, and the answer to it. */
#include "api/inner.h"
#include "core/utf8.h"
#include "protocols/frame.h"
#include "protocols/json.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

struct ports *turn_ports(struct turn *t)
{
    return (struct ports *)t->api->cfg.ports;
}

struct desk *turn_desk(struct turn *t)
{
    return t->api->cfg.desk;
}

const struct api_config *turn_config(struct turn *t)
{
    return &t->api->cfg;
}

struct slice turn_query(const struct turn *t, const char *name)
{
    return http_query(t->query, t->n_query, name);
}

struct slice turn_header(const struct turn *t, const char *name)
{
    return http_header(t->headers, t->n_headers, name);
}

/* ---- answers ---- */

void turn_end(struct turn *t)
{
    if (t->spool) { /* others wait for its room */
        net_spool_free(t->spool);
        t->spool = NULL;
        t->body = SLICE("");
    }
    t->next_ended = t->api->ended;
    t->api->ended = t;
}

void turns_free(struct api *api)
{
    struct turn *t;

    while ((t = api->ended)) {
        api->ended = t->next_ended;
        arena_free(t->arena);
    }
}

void turn_answer(struct turn *t, const struct net_answer *a)
{
    net_answer(t->api->server, t->req, a);
    turn_end(t);
}

static const struct http_pair no_store[] = { { { "Cache-Control", 13 }, { "private, no-store", 17 } } };

void turn_json(struct turn *t, int status, const struct buf *b)
{
    const struct net_answer a = {
        .status = status, .type = "application/json; charset=utf-8", .body = buf_slice(b), .headers = no_store, .n_headers = 1
    };

    if (!buf_ok(b)) {
        turn_problem(t, 500, "the answer did not fit");
        return;
    }
    turn_answer(t, &a);
}

void turn_jansson(struct turn *t, int status, json_t *root)
{
    char *text = root ? json_dumps(root, JSON_COMPACT) : NULL;
    struct net_answer a = { .status = status, .type = "application/json; charset=utf-8", .headers = no_store, .n_headers = 1 };

    json_decref(root);
    if (!text) {
        turn_problem(t, 500, "out of memory");
        return;
    }
    a.body = slice_of(text);
    turn_answer(t, &a);
    free(text);
}

void turn_empty(struct turn *t, int status)
{
    const struct net_answer a = { .status = status, .headers = no_store, .n_headers = 1 };

    turn_answer(t, &a);
}

struct problem {
    int status;
    const char *code;
    struct slice detail;
    const char *allow; /* NULL: not said; likewise: */
    const char *field;
    const char *range; /* of a file: how much there is of it */
    int32_t retry_after_ms;
};

static void problem(struct turn *t, const struct problem *p)
{
    struct slice detail = p->detail;
    char seconds[16];
    struct http_pair headers[5] = { no_store[0] };
    struct net_answer a = { .status = p->status, .type = "application/problem+json", .headers = headers, .n_headers = 1 };
    struct buf b;

    buf_init(&b, 4096);
    buf_str(&b, "{\"type\":\"about:blank\",\"title\":");
    buf_json(&b, slice_of(http_phrase(p->status)));
    buf_printf(&b, ",\"status\":%d,\"detail\":", p->status);
    while (detail.n && !utf8_valid(detail)) /* words end where their room ends, which may be inside a character */
        detail.n--;
    buf_json(&b, detail);
    buf_str(&b, ",\"code\":");
    buf_json(&b, slice_of(p->code));
    if (p->field && *p->field) {
        buf_str(&b, ",\"field\":");
        buf_json(&b, slice_of(p->field));
    }
    buf_char(&b, '}');
    if (p->allow)
        headers[a.n_headers++] = (struct http_pair){ SLICE("Allow"), slice_of(p->allow) };
    if (p->range) {
        headers[a.n_headers++] = (struct http_pair){ SLICE("Accept-Ranges"), SLICE("bytes") };
        headers[a.n_headers++] = (struct http_pair){ SLICE("Content-Range"), slice_of(p->range) };
    }
    if (p->retry_after_ms > 0) {
        (void)snprintf(seconds, sizeof(seconds), "%d", (p->retry_after_ms + 999) / 1000);
        headers[a.n_headers++] = (struct http_pair){ SLICE("Retry-After"), slice_of(seconds) };
    }
    a.body = buf_slice(&b);
    turn_answer(t, &a);
    buf_finish(&b);
}

void turn_problem(struct turn *t, int status, const char *fmt, ...)
{
    char text[400];
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    problem(t, &(struct problem){ .status = status, .code = http_code(status), .detail = slice_of(text) });
}

void turn_problem_as(struct turn *t, int status, const char *code, const char *words)
{
    problem(t, &(struct problem){ .status = status, .code = code, .detail = slice_of(words) });
}

void turn_method(struct turn *t, const char *allow)
{
    problem(t, &(struct problem){
                   .status = 405, .code = http_code(405), .detail = SLICE("this resource does not know this method"), .allow = allow });
}

void turn_beyond(struct turn *t, int64_t size)
{
    char range[32], words[80];

    (void)snprintf(range, sizeof(range), "bytes */%lld", (long long)size);
    (void)snprintf(words, sizeof(words), "there are no such bytes: the file has %lld", (long long)size);
    problem(t, &(struct problem){ .status = 416, .code = http_code(416), .detail = slice_of(words), .range = range });
}

static int status_of(enum kf_rc rc)
{
    switch (rc) {
    case KF_OK:
        return 200;
    case KF_AUTH:
        return 401;
    case KF_DENIED:
        return 403;
    case KF_ABSENT:
        return 404;
    case KF_INVALID:
        return 400;
    case KF_UNSUPPORTED:
        return 415;
    case KF_CONFLICT:
        return 409;
    case KF_REJECTED:
        return 422;
    case KF_LIMIT:
        return 413;
    case KF_RATE:
        return 429;
    case KF_AGAIN:
        return 503;
    case KF_NOMEM:
    case KF_IO:
    default:
        return 500;
    }
}

void turn_fail(struct turn *t, enum kf_rc rc, const struct kf_err *why)
{
    int status = status_of(rc);

    problem(t, &(struct problem){ .status = status,
                                  .code = frame_error_code(rc),
                                  .detail = slice_of(kf_words(rc, why)),
                                  .field = why ? why->field : NULL,
                                  .retry_after_ms = why && why->retry_after_ms ? why->retry_after_ms
                                                    : status == 503            ? 1000
                                                                               : 0 });
}

void turn_done(void *ctx, enum kf_rc rc, const struct kf_err *why)
{
    if (rc)
        turn_fail(ctx, rc, why);
    else
        turn_empty(ctx, 204);
}

/* ---- what came ---- */

/* Brackets outside of strings: jansson would recurse as deep as it is told to. */
static bool too_deep(struct slice s, int levels)
{
    bool text = false;
    int depth = 0;

    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];

        if (text) {
            if (c == '\\')
                i++;
            else if (c == '"')
                text = false;
        } else if (c == '"')
            text = true;
        else if (c == '{' || c == '[') {
            if (++depth > levels)
                return true;
        } else if (c == '}' || c == ']')
            depth--;
    }
    return false;
}

json_t *turn_body(struct turn *t)
{
    int levels = (int)t->api->cfg.cfg->limits.json_depth;
    json_error_t e;
    json_t *root;

    if (too_deep(t->body, levels)) {
        turn_problem(t, 400, "the JSON is nested deeper than %d levels", levels);
        return NULL;
    }
    root = json_parse(t->body, JSON_REJECT_DUPLICATES, &e);
    if (json_is_object(root))
        return root;
    if (root)
        turn_problem(t, 400, "the body must be a JSON object");
    else if (json_error_code(&e) == json_error_out_of_memory)
        turn_fail(t, KF_NOMEM, &(struct kf_err){ .rc = KF_NOMEM });
    else
        turn_problem(t, 400, "the body is not JSON: %s (line %d, column %d)", e.text, e.line, e.column);
    json_decref(root);
    return NULL;
}

bool turn_flag(struct turn *t, const json_t *body, const char *name, bool *ret)
{
    const json_t *v = json_object_get(body, name);

    *ret = json_is_true(v);
    if (!v || json_is_boolean(v))
        return true;
    turn_problem(t, 400, "%s: true or false", name);
    return false;
}

bool turn_list(struct turn *t, const json_t *body, const char *name, const json_t **ret)
{
    const json_t *v = json_object_get(body, name);

    *ret = v;
    if (!v || json_is_array(v))
        return true;
    turn_problem(t, 400, "%s: a list", name);
    return false;
}

bool turn_text(struct turn *t, const json_t *body, const char *name, const char **ret)
{
    const json_t *v = json_object_get(body, name);

    *ret = json_is_string(v) ? json_string_value(v) : "";
    if (!v || json_is_string(v))
        return true;
    turn_problem(t, 400, "%s: a text", name);
    return false;
}

bool turn_query_flag(struct turn *t, const char *name, bool *ret)
{
    struct slice s = turn_query(t, name);

    *ret = slice_is(s, "1");
    if (!s.n || *ret || slice_is(s, "0"))
        return true;
    turn_problem(t, 400, "%s: 0 or 1", name);
    return false;
}
