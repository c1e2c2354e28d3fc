/* hooks.c: /hooks/{key}: where platforms call. The key says which channel of which site; the adapter says whether to believe it. */
#include "api/api.h"

#include <string.h>

/* An adapter refuses a method where its platform has no handshake: then all that it takes is POST. */
static void answered(void *ctx, int status, const char *type, struct slice body)
{
    static const struct http_pair retry = { { "Retry-After", 11 }, { "2", 1 } }, allow = { { "Allow", 5 }, { "POST", 4 } };
    struct turn *t = ctx;
    const struct net_answer a = { .status = status,
                                  .type = body.n ? type : NULL,
                                  .body = body,
                                  .headers = status == 405 ? &allow : &retry,
                                  .n_headers = status == 405 || status == 503 ? 1 : 0 };

    turn_answer(t, &a);
}

const struct site_channel *hook_channel(struct desk *d, struct slice key, struct site **site)
{
    for (size_t i = 0; (*site = desk_site_at(d, i)); i++) {
        const struct site_channel *ch = site_channel_by_hook(*site, key);

        if (ch && !ch->off)
            return ch;
    }
    return NULL;
}

static void hook(struct turn *t)
{
    /* A HEAD is a GET whose answer goes without its body: net sees to that. */
    const struct http_req req = { .method = strcmp(t->method, "HEAD") == 0 ? "GET" : t->method,
                                  .url = t->path,
                                  .query = t->query,
                                  .n_query = t->n_query,
                                  .headers = t->headers,
                                  .n_headers = t->n_headers,
                                  .body = t->body };
    struct site *site;
    const struct site_channel *ch = hook_channel(turn_desk(t), t->segment[0], &site);

    if (ch)
        desk_hook(turn_desk(t), site, ch, &req, answered, t);
    else
        turn_problem(t, 404, "nothing here");
}

const struct route_entry routes_hooks[] = { { "POST", "/hooks/*", GATE_OPEN, hook },
                                            { "GET", "/hooks/*", GATE_OPEN, hook },
                                            { NULL, NULL, GATE_OPEN, NULL } };
