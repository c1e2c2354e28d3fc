/* articles.c: the house's articles, and how they help: how often each was offered, read, and said to help or not. */
#include "api/api.h"

static const struct article_count *count_of(const struct query *q, const struct kf_key *key)
{
    static const struct article_count none;

    for (size_t i = 0; i < q->n_articles; i++)
        if (key_eq(&q->articles[i].key, key))
            return &q->articles[i];
    return &none;
}

static json_t *languages_of(const struct article *a)
{
    json_t *ret = json_array();

    for (size_t i = 0; i < a->n_texts; i++)
        (void)json_array_append_new(ret, json_string(a->texts[i].lang));
    return ret;
}

static void have_counts(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct turn *t = ctx;
    const struct site *site = rc ? NULL : site_named(t->api, slice_of(q->site.s));
    json_t *items;

    if (!site) {
        turn_fail(t, rc ? rc : KF_ABSENT, why);
        return;
    }
    items = json_array();
    for (size_t i = 0; i < site->n_articles; i++) {
        const struct article *a = &site->articles[i];
        const struct article_count *c = count_of(q, &a->key);

        (void)json_array_append_new(
            items, json_pack("{s:s,s:s,s:o,s:b,s:I,s:I,s:I,s:I}", "key", a->key.s, "title", article_text_in(a, site->language, NULL)->title,
                             "languages", languages_of(a), "published", (int)a->published, "suggested", (json_int_t)c->suggested, "shown",
                             (json_int_t)c->shown, "helped", (json_int_t)c->helped, "not_helped", (json_int_t)c->not_helped));
    }
    turn_jansson(t, 200, json_pack("{s:o}", "items", items));
}

/* All of the staff may know what is written and whether it helps; a program needs the right to read the settings. */
static void get_articles(struct turn *t)
{
    const struct member *m;
    struct site *site = turn_site(t, &m);
    struct query *q;

    if (!site)
        return;
    if (t->key && !permit(m, VERB_SETTINGS_READ, &site->key, NULL)) {
        turn_problem(t, 403, "the key may not read settings");
        return;
    }
    q = query_new(QUERY_ARTICLES);
    if (!q) {
        turn_problem(t, 500, "out of memory");
        return;
    }
    q->site = site->key;
    turn_ports(t)->read(turn_ports(t)->ctx, q, have_counts, t);
}

const struct route_entry routes_articles[] = { { "GET", "/api/v1/sites/*/articles", GATE_EITHER_KEY, get_articles },
                                               { NULL, NULL, GATE_OPEN, NULL } };
