/* examples.c: the case library: good and bad examples, lines of a conversation without names and personal data, to learn from. */
#include "api/masking.h"
#include "api/reviews.h"
#include "core/anon.h"
#include "core/utf8.h"

#include <stdlib.h>

#define TITLE_CP   120
#define NOTE_CP    2000
#define WORD_CP    40
#define WORDS_MAX  20
#define LINES_MAX  60
#define SPAN_MAX   500 /* messages between the first line and the last */
#define LISTED_MAX 1000
#define NAMES_MAX  400
#define TEXT_MAX   65536
#define NUMBER_MIN 4 /* shorter ones are prices and days as well */

static int64_t clock_ms(struct turn *t)
{
    return turn_ports(t)->now_ms(turn_ports(t)->ctx);
}

/* ---- the library -------------------------------------------------------------------------------------------------------------------------- */

static json_t *list_of(const char *text)
{
    json_t *ret = json_loads(text, 0, NULL);

    return ret ? ret : json_array();
}

/* Where it was taken from is only for those who may write: it leads back to who it was. */
static json_t *example_json(const struct example *e, bool writes)
{
    char id[KF_ID_TEXT], conv[KF_ID_TEXT], review[KF_ID_TEXT], by[KF_ID_TEXT];
    json_t *ret =
        json_pack("{s:s,s:I,s:b,s:s,s:s,s:s,s:o,s:o,s:o,s:I,s:I}", "id", id_text(&e->id, id), "revision", (json_int_t)e->revision, "good",
                  (int)e->good, "title", e->title, "note", e->note, "collection", e->collection, "tags", list_of(e->tags), "items",
                  list_of(e->items), "lines", list_of(e->lines), "at", (json_int_t)e->at, "changed_at", (json_int_t)e->changed_at);

    if (!writes)
        return ret;
    (void)json_object_update_new(
        ret, json_pack("{s:s,s:{s:s,s:s}}", "conversation", id_text(&e->conv, conv), "by", "id", id_text(&e->by, by), "name", e->by_name));
    if (!id_is_zero(&e->review))
        (void)json_object_set_new(ret, "review", json_string(id_text(&e->review, review)));
    return ret;
}

/* What is in no collection is a note of those who review; what is in one is there to learn from. */
static bool is_shared(const struct example *e)
{
    return *e->collection;
}

static bool is_wanted(struct turn *t, const json_t *e)
{
    struct slice item = turn_query(t, "item"), good = turn_query(t, "good");
    const json_t *items = json_object_get(e, "items"), *one;
    bool any = !item.n;
    size_t i;

    json_array_foreach(items, i, one)
    {
        any |= slice_is(item, json_string_value(one));
    }
    return any && (!good.n || slice_is(good, json_is_true(json_object_get(e, "good")) ? "1" : "0"));
}

static void have_list(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct turn *t = ctx;
    bool writes = permit_example(turn_member(t, &q->site), true, &q->site);
    json_t *items = json_array();

    for (size_t i = 0; !rc && i < q->n_examples; i++) {
        json_t *e = example_json(&q->examples[i], writes);

        if ((writes || is_shared(&q->examples[i])) && is_wanted(t, e))
            (void)json_array_append(items, e);
        json_decref(e);
    }
    if (rc) {
        json_decref(items);
        turn_fail(t, rc, why);
    } else
        turn_jansson(t, 200, json_pack("{s:o,s:b}", "items", items, "may_write", (int)writes));
}

/* The site, where the asker may read or write the library; NULL: answered. */
static struct site *library_site(struct turn *t, bool write)
{
    const struct member *m;
    struct site *site = turn_site(t, &m);

    if (!site || permit_example(m, write, &site->key))
        return site;
    turn_problem(t, 403, write ? "the library is written by reviewers and supervisors" : "the library is for those who talk and review");
    return NULL;
}

static void get_examples(struct turn *t)
{
    struct site *site = library_site(t, false);
    struct kf_key item;
    struct query *q;
    bool good;

    if (!site || !turn_query_flag(t, "good", &good))
        return;
    if (turn_query(t, "item").n && !key_parse(turn_query(t, "item"), &item)) {
        turn_problem(t, 400, "item: a key of 1 to 32 of a-z 0-9 _ -");
        return;
    }
    q = query_new(QUERY_EXAMPLES);
    if (!q) {
        turn_problem(t, 500, "out of memory");
        return;
    }
    q->site = site->key;
    q->limit = LISTED_MAX;
    turn_ports(t)->read(turn_ports(t)->ctx, q, have_list, t);
}

/* ---- writing one -------------------------------------------------------------------------------------------------------------------------- */

struct making {
    struct turn *turn;
    struct kf_key site;
    json_t *body;
    struct example e;    /* its texts are the turn's */
    const char *unknown; /* those of its items that no card of the site has now; likewise */
    bool dry;
    int64_t first, last;
    struct anon_name names[NAMES_MAX];
    size_t n_names;
    json_t *lines;
};

static void making_end(struct making *k)
{
    json_decref(k->body);
    json_decref(k->lines);
    free(k);
}

static void made(void *ctx, enum kf_rc rc, const struct news *news, const struct kf_err *why)
{
    struct making *k = ctx;
    char id[KF_ID_TEXT];

    if (rc)
        turn_fail(k->turn, rc, why);
    else if (k->dry)
        turn_jansson(k->turn, 200,
                     json_pack("{s:O,s:s,s:s,s:s,s:o*}", "lines", k->lines, "title", k->e.title, "note", k->e.note, "collection",
                               k->e.collection, "tags", json_loads(k->e.tags, 0, NULL)));
    else if (k->e.gone)
        turn_empty(k->turn, 204);
    else
        turn_jansson(k->turn, k->e.revision ? 200 : 201,
                     json_pack("{s:s,s:I}", "id", id_text(&k->e.id, id), "revision", (json_int_t)news->version));
    making_end(k);
}

static void commit(struct making *k)
{
    struct change *c = change_new(&k->site, clock_ms(k->turn));
    struct example *e = c ? ARENA_NEW(c->arena, struct example) : NULL;
    const char *kind = k->dry ? "transcript_read" : k->e.gone ? "example_removed" : k->e.revision ? "example_changed" : "example_made";
    char id[KF_ID_TEXT], conv[KF_ID_TEXT];

    if (!e) {
        change_free(c);
        turn_problem(k->turn, 500, "out of memory");
        making_end(k);
        return;
    }
    c->by = turn_actor(k->turn, c);
    *e = k->e;
    e->title = change_text(c, slice_of(k->e.title));
    e->note = change_text(c, slice_of(k->e.note));
    e->collection = change_text(c, slice_of(k->e.collection));
    e->tags = change_text(c, slice_of(k->e.tags));
    e->items = change_text(c, slice_of(k->e.items));
    e->lines = change_text(c, slice_of(k->e.lines));
    if (!k->dry)
        change_act(c, ACT_EXAMPLE)->u.example = e;
    change_act(c, ACT_AUDIT)->u.entry = (struct entry){ .at = c->at,
                                                        .kind = kind,
                                                        .by = c->by,
                                                        .data = change_printf(c, "{\"example\":\"%s\",\"conversation\":\"%s\"}",
                                                                              id_text(&k->e.id, id), id_text(&k->e.conv, conv)) };
    turn_ports(k->turn)->commit(turn_ports(k->turn)->ctx, c, made, k);
}

/* ---- its words -------------------------------------------------------------------------------------------------------------------------- */

static bool wrong(struct making *k, const char *words)
{
    turn_problem(k->turn, 400, "%s", words);
    return false;
}

static bool take_text(struct making *k, const char *name, size_t max, bool needed, const char **ret)
{
    if (!turn_text(k->turn, k->body, name, ret))
        return false;
    if (needed && !**ret) {
        turn_problem(k->turn, 400, "%s: 1 to %zu characters", name, max);
        return false;
    }
    if (utf8_length(slice_of(*ret)) <= max)
        return true;
    turn_problem(k->turn, 400, "%s: at most %zu characters", name, max);
    return false;
}

/* A list of words as compact JSON; of `keys`, each must be a key. */
static bool take_words(struct making *k, const char *name, bool keys, const char **ret)
{
    const json_t *list = json_object_get(k->body, name), *one;
    json_t *all = json_array();
    struct kf_key key;
    char *text;
    bool good = json_array_size(list) <= WORDS_MAX && (!list || json_is_array(list));
    size_t i;

    json_array_foreach(list, i, one)
    {
        const char *word = json_string_value(one);

        good &= word && *word && utf8_length(slice_of(word)) <= WORD_CP && (!keys || key_parse(slice_of(word), &key));
        if (word)
            (void)json_array_append_new(all, json_string(word));
    }
    text = json_dumps(all, JSON_COMPACT);
    json_decref(all);
    *ret = text ? arena_text(k->turn->arena, slice_of(text)) : NULL;
    free(text);
    if (good && *ret)
        return true;
    turn_problem(k->turn, 400, "%s: a list of at most %d %s of at most %d characters", name, WORDS_MAX, keys ? "keys" : "words", WORD_CP);
    return false;
}

/* Of a dry run as many as are there. */
static bool take_words_of(struct making *k)
{
    struct example *e = &k->e;
    bool titled = !k->dry;

    if (titled && !json_is_boolean(json_object_get(k->body, "good")))
        return wrong(k, "good: true or false");
    e->good = json_is_true(json_object_get(k->body, "good"));
    return take_text(k, "title", TITLE_CP, titled, &e->title) && take_text(k, "note", NOTE_CP, false, &e->note) &&
           take_text(k, "collection", WORD_CP, false, &e->collection) && take_words(k, "tags", false, &e->tags) &&
           take_words(k, "items", true, &e->items);
}

static struct making *making_new(struct turn *t, const struct site *site, bool with_body)
{
    json_t *body = with_body ? turn_body(t) : NULL;
    struct making *k = body || !with_body ? calloc(1, sizeof(*k)) : NULL;

    if (k)
        *k = (struct making){ .turn = t,
                              .site = site->key,
                              .body = body,
                              .e = { .title = "", .note = "", .collection = "", .tags = "[]", .items = "[]", .lines = "[]" } };
    else if (body || !with_body) {
        json_decref(body);
        turn_problem(t, 500, "out of memory");
    }
    return k;
}

/* ---- lines of a conversation ------------------------------------------------------------------------------------------------------------ */

static bool is_chosen(const struct making *k, int64_t seq)
{
    const json_t *one;
    size_t i;

    json_array_foreach(json_object_get(k->body, "seqs"), i, one)
    {
        if (json_integer_value(one) == seq)
            return true;
    }
    return false;
}

static void add_name(struct making *k, struct slice name, const char *with)
{
    if (name.n && k->n_names < NAMES_MAX)
        k->names[k->n_names++] = (struct anon_name){ arena_copy(k->turn->arena, name), with };
}

/* Also each part of a name that is written with blanks. */
static void add_person(struct making *k, const char *name, const char *with)
{
    struct slice all = slice_of(name);

    add_name(k, all, with);
    for (size_t i = 0, n; i < all.n; i += n + 1) {
        for (n = 0; i + n < all.n && all.p[i + n] != ' ';)
            n++;
        if (n > 1 && n < all.n)
            add_name(k, (struct slice){ all.p + i, n }, with);
    }
}

/* Who is known by name: the visitor, everybody of the house, and whatever the reader has struck out. */
static void find_names(struct making *k, const struct query *q)
{
    json_t *profile = q->text_out ? json_loads(q->text_out, 0, NULL) : NULL;
    const struct member *m;
    const json_t *one;
    size_t i;

    add_person(k, json_string_value(json_object_get(profile, "name")), "{visitor}");
    json_decref(profile);
    for (i = 0; (m = desk_member_at(turn_desk(k->turn), &k->site, i)); i++) {
        add_person(k, m->name, "{agent}");
        if (m->number && strlen(m->number) >= NUMBER_MIN)
            add_name(k, slice_of(m->number), "{agent}");
    }
    json_array_foreach(json_object_get(k->body, "strike"), i, one)
    {
        add_name(k, slice_of(json_string_value(one)), "{name}");
    }
}

/* False: out of memory, or too much of it. */
static bool add_line(struct making *k, struct arena *a, struct message *m)
{
    struct buf b;
    json_t *line = NULL;

    if (!is_chosen(k, m->seq) || m->kind == MESSAGE_REMOVED)
        return true;
    if (!masking_text(a, &m->text))
        return false;
    buf_init(&b, TEXT_MAX);
    anon_text(m->text, k->names, k->n_names, &b);
    if (buf_ok(&b))
        line = json_pack("{s:s,s:s,s:o}", "role", role_name(m->from.role), "kind", message_kind_name(m->kind), "text",
                         json_stringn(b.p ? b.p : "", b.n));
    buf_finish(&b);
    return line && json_array_append_new(k->lines, line) == 0;
}

/* Masked, and without the names that are known; false: out of memory. */
static bool clean(struct making *k, const char **text)
{
    struct arena *a = k->turn->arena;
    struct slice masked = slice_of(*text);
    struct buf b;
    bool ok = masking_text(a, &masked);

    buf_init(&b, TEXT_MAX);
    anon_text(masked, k->names, k->n_names, &b);
    *text = ok && buf_ok(&b) ? arena_text(a, buf_slice(&b)) : NULL;
    buf_finish(&b);
    return *text != NULL;
}

static bool clean_tags(struct making *k)
{
    json_t *tags = json_loads(k->e.tags, 0, NULL), *one;
    char *text = NULL;
    bool ok = tags != NULL;
    size_t i;

    json_array_foreach(tags, i, one)
    {
        const char *tag = json_string_value(one);

        ok = ok && clean(k, &tag) && json_array_set_new(tags, i, json_string(tag)) == 0;
    }
    text = ok ? json_dumps(tags, JSON_COMPACT) : NULL;
    json_decref(tags);
    k->e.tags = text ? arena_text(k->turn->arena, slice_of(text)) : NULL;
    free(text);
    return k->e.tags != NULL;
}

/* What the reader has written about the lines is read by as many as they are. */
static bool clean_words(struct making *k)
{
    return clean(k, &k->e.title) && clean(k, &k->e.note) && clean(k, &k->e.collection) && clean_tags(k);
}

static void have_messages(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct making *k = ctx;
    char *text = NULL;
    bool good = !rc;

    for (size_t i = 0; good && i < q->n_messages; i++)
        good = add_line(k, q->arena, &q->messages[i]);
    good = good && clean_words(k);
    if (good && json_array_size(k->lines)) {
        text = json_dumps(k->lines, JSON_COMPACT);
        k->e.lines = text ? arena_text(k->turn->arena, slice_of(text)) : NULL;
        free(text);
        if (k->e.lines) {
            commit(k);
            return;
        }
    }
    if (rc)
        turn_fail(k->turn, rc, why);
    else if (good && !json_array_size(k->lines))
        turn_problem(k->turn, 422, "seqs: none of these messages has words to learn from");
    else
        turn_problem(k->turn, 500, "out of memory");
    making_end(k);
}

static void have_profile(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct making *k = ctx;
    struct query *next = rc && rc != KF_ABSENT ? NULL : query_new(QUERY_MESSAGES);

    if (!next) {
        turn_fail(k->turn, rc ? rc : KF_NOMEM, rc ? why : NULL);
        making_end(k);
        return;
    }
    find_names(k, q);
    if (k->e.revision) { /* its lines stay as they are */
        arena_free(next->arena);
        if (clean_words(k)) {
            commit(k);
            return;
        }
        turn_problem(k->turn, 500, "out of memory");
        making_end(k);
        return;
    }
    next->id = k->e.conv;
    next->after = k->first - 1;
    next->limit = (int)(k->last - k->first + 1);
    turn_ports(k->turn)->read(turn_ports(k->turn)->ctx, next, have_messages, k);
}

static void have_conv(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct making *k = ctx;
    const struct conv *c = rc ? NULL : &q->convs[0];
    struct query *next;

    if (rc && rc != KF_ABSENT) {
        turn_fail(k->turn, rc, why);
        making_end(k);
        return;
    }
    if (!c || (!k->e.revision && !permit(turn_member(k->turn, &k->site), VERB_TRANSCRIPT, &k->site, c))) {
        turn_problem(k->turn, 404, "conversation: there is no such conversation");
        making_end(k);
        return;
    }
    next = query_new(QUERY_PROFILE);
    if (!next) {
        turn_problem(k->turn, 500, "out of memory");
        making_end(k);
        return;
    }
    next->id = c->contact;
    turn_ports(k->turn)->read(turn_ports(k->turn)->ctx, next, have_profile, k);
}

/* What shall be struck out; find_names() reads it. A word that was overlooked here would stand in the library with its name. */
static bool take_strike(struct making *k)
{
    const json_t *list = json_object_get(k->body, "strike"), *one;
    bool good = !list || (json_is_array(list) && json_array_size(list) <= WORDS_MAX);
    size_t i;

    json_array_foreach(list, i, one) good &= json_is_string(one);
    return good || wrong(k, "strike: a list of at most 20 words");
}

static bool take_lines(struct making *k)
{
    const json_t *list = json_object_get(k->body, "seqs"), *one;
    const char *review = json_string_value(json_object_get(k->body, "review"));
    size_t i;

    if (!id_parse(slice_of(json_string_value(json_object_get(k->body, "conversation"))), &k->e.conv))
        return wrong(k, "conversation: the id of a conversation");
    if (review && !id_parse(slice_of(review), &k->e.review))
        return wrong(k, "review: the id of a review");
    k->first = INT64_MAX;
    json_array_foreach(list, i, one)
    {
        int64_t seq = json_integer_value(one);

        k->first = seq < k->first ? seq : k->first;
        k->last = seq > k->last ? seq : k->last;
    }
    if (!json_array_size(list) || json_array_size(list) > LINES_MAX || k->first < 1 || k->last - k->first >= SPAN_MAX)
        return wrong(k, "seqs: a list of 1 to 60 numbers of messages, not more than 500 apart");
    return take_strike(k);
}

static void read_talk(struct making *k)
{
    struct query *q = query_new(QUERY_CONV);

    if (!q) {
        turn_problem(k->turn, 500, "out of memory");
        making_end(k);
        return;
    }
    q->id = k->e.conv;
    turn_ports(k->turn)->read(turn_ports(k->turn)->ctx, q, have_conv, k);
}

/* Of these items, a list of texts in JSON, those that none of the cards has; the turn's, NULL without memory. */
static const char *unknown_items(struct turn *t, const char *text, const struct scorecard *cards, size_t n)
{
    json_t *items = list_of(text), *unknown = json_array(), *one;
    char *left;
    const char *ret;
    size_t i;

    json_array_foreach(items, i, one)
    {
        size_t c = 0;

        while (c < n && score_item_number(&cards[c], slice_of(json_string_value(one))) < 0)
            c++;
        if (c == n)
            (void)json_array_append(unknown, one);
    }
    left = json_dumps(unknown, JSON_COMPACT);
    ret = left ? arena_text(t->arena, slice_of(left)) : NULL;
    free(left);
    json_decref(items);
    json_decref(unknown);
    return ret;
}

/* A card of before may have items that none has now: it is the review's. */
static void have_reviewed(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct making *k = ctx;
    struct kf_err wrong_card = { .rc = KF_OK };
    const struct stored_quality *s = &q->quality;
    struct scorecard card = { .n_items = 0 };
    const char *unknown;
    json_t *items;

    if (rc && rc != KF_ABSENT) {
        turn_fail(k->turn, rc, why);
        making_end(k);
        return;
    }
    if (!rc && s->n_cards && id_eq(&s->reviews[0].conv, &k->e.conv) &&
        permit_review(turn_member(k->turn, &k->site), REVIEW_READ, &s->reviews[0], s->blind))
        (void)scorecard_parse(slice_of(s->cards[0].body), &s->cards[0].key, s->cards[0].version, q->arena, &card, &wrong_card);
    unknown = unknown_items(k->turn, k->unknown, &card, 1);
    if (unknown && strcmp(unknown, "[]") == 0) {
        read_talk(k);
        return;
    }
    items = list_of(unknown ? unknown : "[]");
    if (unknown)
        turn_problem(k->turn, 400, "items: no scorecard has an item \"%s\"", json_string_value(json_array_get(items, 0)));
    else
        turn_problem(k->turn, 500, "out of memory");
    json_decref(items);
    making_end(k);
}

static void read_reviewed(struct making *k)
{
    struct query *q = query_new(QUERY_REVIEW);

    if (!q) {
        turn_problem(k->turn, 500, "out of memory");
        making_end(k);
        return;
    }
    q->id = k->e.review;
    turn_ports(k->turn)->read(turn_ports(k->turn)->ctx, q, have_reviewed, k);
}

static void post_example(struct turn *t)
{
    struct site *site = library_site(t, true);
    struct making *k = site ? making_new(t, site, true) : NULL;
    uint8_t chance[10];

    if (!k)
        return;
    if (!turn_flag(t, k->body, "dry_run", &k->dry) || !take_lines(k) || !take_words_of(k)) {
        making_end(k);
        return;
    }
    k->lines = json_array();
    if (!k->lines) {
        turn_problem(t, 500, "out of memory");
        making_end(k);
        return;
    }
    turn_ports(t)->chance(turn_ports(t)->ctx, chance, sizeof(chance));
    k->e.id = id_make(clock_ms(t), chance);
    k->unknown = unknown_items(t, k->e.items, site->scorecards, site->n_scorecards);
    if (!k->unknown) {
        turn_problem(t, 500, "out of memory");
        making_end(k);
    } else if (strcmp(k->unknown, "[]") != 0)
        read_reviewed(k);
    else
        read_talk(k);
}

/* The names that its words must not have are those of the conversation that it is from. */
static void have_example(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct making *k = ctx;
    struct query *next;
    size_t i = 0;

    while (!rc && i < q->n_examples && !id_eq(&q->examples[i].id, &k->e.id))
        i++;
    if (rc || i == q->n_examples) {
        if (rc)
            turn_fail(k->turn, rc, why);
        else
            turn_problem(k->turn, 404, "there is no such example");
        making_end(k);
        return;
    }
    next = query_new(QUERY_CONV);
    if (!next) {
        turn_problem(k->turn, 500, "out of memory");
        making_end(k);
        return;
    }
    next->id = q->examples[i].conv;
    turn_ports(k->turn)->read(turn_ports(k->turn)->ctx, next, have_conv, k);
}

static void read_example(struct making *k)
{
    struct query *q = query_new(QUERY_EXAMPLES);

    if (!q) {
        turn_problem(k->turn, 500, "out of memory");
        making_end(k);
        return;
    }
    q->site = k->site;
    q->limit = LISTED_MAX;
    turn_ports(k->turn)->read(turn_ports(k->turn)->ctx, q, have_example, k);
}

/* ---- changing one, and taking it out ------------------------------------------------------------------------------------------------------ */

static void put_example(struct turn *t)
{
    struct site *site = library_site(t, true);
    struct making *k = site ? making_new(t, site, true) : NULL;

    if (!k)
        return;
    k->e.revision = json_integer_value(json_object_get(k->body, "revision"));
    if (!id_parse(t->segment[0], &k->e.id))
        turn_problem(t, 404, "there is no such example");
    else if (k->e.revision < 1)
        turn_problem(t, 400, "revision: the number that was seen last");
    else if (take_words_of(k)) {
        read_example(k);
        return;
    }
    making_end(k);
}

static void delete_example(struct turn *t)
{
    struct site *site = library_site(t, true);
    struct slice revision = turn_query(t, "revision");
    struct making *k = site ? making_new(t, site, false) : NULL;

    if (!k)
        return;
    for (size_t i = 0; i < revision.n && i < 12 && revision.p[i] >= '0' && revision.p[i] <= '9'; i++)
        k->e.revision = 10 * k->e.revision + revision.p[i] - '0';
    k->e.gone = true;
    if (!id_parse(t->segment[0], &k->e.id))
        turn_problem(t, 404, "there is no such example");
    else if (k->e.revision < 1)
        turn_problem(t, 400, "revision: the number that was seen last");
    else {
        commit(k);
        return;
    }
    making_end(k);
}

const struct route_entry routes_examples[] = { { "GET", "/api/v1/examples", GATE_STAFF, get_examples },
                                               { "POST", "/api/v1/examples", GATE_STAFF, post_example },
                                               { "PUT", "/api/v1/examples/*", GATE_STAFF, put_example },
                                               { "DELETE", "/api/v1/examples/*", GATE_STAFF, delete_example },
                                               { NULL, NULL, GATE_OPEN, NULL } };
