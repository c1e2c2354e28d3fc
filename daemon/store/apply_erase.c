/* The act that forgets a visitor. */
#include "store/apply.h"
#include "store/erase.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define LIST_BYTES 4096

struct lost_talk {
    int64_t n;
    struct kf_id id, contact; /* contact: only what that one has said; zero: all of it */
    struct kf_id of;          /* whom it was with */
};

struct lost_contact {
    struct kf_id id, now; /* now: what stands for it from now on */
};

struct leaving {
    const struct act *act;
    struct kf_id customer;
    struct lost_talk *talks;
    size_t n_talks, cap_talks;
    struct lost_contact *contacts;
    size_t n_contacts, cap_contacts;
    struct kf_id receipt;
};

/* ---- the plan: who it is, and whether it may be ---- */

static bool find_visitor(struct work *w, struct leaving *l)
{
    struct stmt *s = stmt_begin(w->db, SQL_VISITOR_FIND);
    struct kf_key site = { "" };
    bool any;

    stmt_id(s, &l->act->u.erase.visitor);
    any = stmt_row(s);
    if (any) {
        get_id(s, &l->customer);
        get_key(s, &site);
    }
    if (!ended(w, s))
        return false;
    return any && key_eq(&site, &w->change->site) ? true : refuse(w, KF_ABSENT, "there is no such visitor");
}

static bool is_held(struct work *w, const struct leaving *l)
{
    struct stmt *s = stmt_begin(w->db, SQL_HELD_CUSTOMER);
    int64_t n = 0;

    stmt_id(s, &l->customer);
    if (stmt_row(s))
        n = get_i64(s);
    if (!ended(w, s))
        return true;
    if (n)
        (void)refuse(w, KF_CONFLICT, "a legal hold is on this visitor or a conversation of his: it has to be lifted first");
    return n != 0;
}

static bool add_talk(struct work *w, struct leaving *l, const struct lost_talk *t)
{
    if (!more_room(w, (void **)&l->talks, l->n_talks, &l->cap_talks, sizeof(*l->talks)))
        return false;
    l->talks[l->n_talks++] = *t;
    return true;
}

static bool find_talks(struct work *w, struct leaving *l)
{
    struct stmt *s = stmt_begin(w->db, SQL_VISITOR_CONVS);
    bool ok = true;
    size_t open = 0;

    stmt_id(s, &l->customer);
    while (ok && stmt_row(s)) {
        struct lost_talk t = { .n = get_i64(s) };

        get_id(s, &t.id);
        open += get_i64(s) != CONV_CLOSED;
        get_id(s, &t.of);
        if (get_i64(s) > 0) /* others have spoken there: a group */
            t.contact = t.of;
        ok = add_talk(w, l, &t);
    }
    if (!ended(w, s) || !ok)
        return false;
    return open ? refuse(w, KF_CONFLICT, "a conversation with this visitor is open: close it first") : true;
}

static bool find_contacts(struct work *w, struct leaving *l)
{
    struct stmt *s = stmt_begin(w->db, SQL_VISITOR_CONTACTS);
    bool ok = true;

    stmt_id(s, &l->customer);
    while (ok && stmt_row(s)) {
        ok = more_room(w, (void **)&l->contacts, l->n_contacts, &l->cap_contacts, sizeof(*l->contacts));
        if (!ok)
            break;
        get_id(s, &l->contacts[l->n_contacts].id);
        l->contacts[l->n_contacts].now = id_new(w->change->at);
        l->n_contacts++;
    }
    return ended(w, s) && ok;
}

static bool find_groups(struct work *w, struct leaving *l)
{
    for (size_t i = 0; i < l->n_contacts; i++) {
        struct stmt *s = stmt_begin(w->db, SQL_VISITOR_GROUPS);
        bool ok = true;

        stmt_id(s, &l->contacts[i].id);
        while (ok && stmt_row(s)) {
            struct lost_talk t = { .n = get_i64(s), .contact = l->contacts[i].id };

            get_id(s, &t.id);
            ok = add_talk(w, l, &t);
        }
        if (!ended(w, s) || !ok)
            return false;
    }
    return true;
}

/* ---- the writes ---- */

/* Stands for an address: who comes back is somebody new. */
static const char *nowhere(const struct kf_id *contact, char ret[KF_ID_TEXT + 8])
{
    char id[KF_ID_TEXT];

    (void)snprintf(ret, KF_ID_TEXT + 8, ERASED_PEER "%s", id_text(contact, id));
    return ret;
}

static bool with_contact(struct work *w, enum sql which, const struct kf_id *contact)
{
    struct stmt *s = stmt_begin(w->db, which);

    stmt_id(s, contact);
    return run(w, s);
}

static bool rename_in(struct work *w, enum sql which, const struct lost_contact *c, int64_t n)
{
    struct stmt *s = stmt_begin(w->db, which);

    stmt_id(s, &c->now);
    if (n)
        stmt_i64(s, n);
    stmt_id(s, &c->id);
    return run(w, s);
}

static bool rename_contact(struct work *w, const struct leaving *l, const struct lost_contact *c)
{
    char address[KF_ID_TEXT + 8];
    struct stmt *s;

    for (size_t i = 0; i < l->n_talks; i++)
        if (!rename_in(w, SQL_ERASE_BY_MESSAGE, c, l->talks[i].n) || !rename_in(w, SQL_ERASE_BY_ENTRY, c, l->talks[i].n))
            return false;
    if (!rename_in(w, SQL_ERASE_BY_TALK, c, 0) || !rename_in(w, SQL_ERASE_BY_FILE, c, 0) || !rename_in(w, SQL_ERASE_BY_GUEST, c, 0))
        return false;
    s = stmt_begin(w->db, SQL_ERASE_CONTACT);
    stmt_id(s, &c->now);
    stmt_str(s, nowhere(&c->now, address));
    stmt_id(s, &c->id);
    return run(w, s);
}

/* ---- searches that look for him ---- */

/* What he is found by. Shorter than this it is found in too much else. */
#define TRACE_MIN 4

struct traces {
    const char **text;
    size_t n, cap;
};

static bool add_trace(struct work *w, struct traces *t, const char *text)
{
    if (!text || strlen(text) < TRACE_MIN)
        return true;
    if (!more_room(w, (void **)&t->text, t->n, &t->cap, sizeof(*t->text)))
        return false;
    t->text[t->n++] = text;
    return true;
}

static bool add_trace_id(struct work *w, struct traces *t, const struct kf_id *id)
{
    char *text = arena_alloc(w->arena, KF_ID_TEXT);

    return text ? add_trace(w, t, id_text(id, text)) : batch_no_memory(w->batch);
}

/* An address or a number: at least so many digits, or an @. What else a profile says ("city") many have in common. */
#define DIGITS_MIN 5

static bool is_address(const char *text)
{
    size_t digits = 0;

    for (const char *p = text; *p; p++)
        digits += *p >= '0' && *p <= '9';
    return digits >= DIGITS_MIN || strchr(text, '@');
}

/* What the JSON string says that is open at `p`. NULL: no memory, which the batch knows. */
static const char *string_at(struct work *w, const char *p)
{
    const char *end = p, *ret;
    struct buf b;

    while (*end && *end != '"')
        end += *end == '\\' && end[1] ? 2 : 1;
    buf_init(&b, (size_t)(end - p) + 1); /* it is never longer than it was written */
    buf_unjson(&b, (struct slice){ p, (size_t)(end - p) });
    ret = buf_ok(&b) ? arena_text(w->arena, buf_slice(&b)) : NULL;
    buf_finish(&b);
    if (!ret)
        (void)batch_no_memory(w->batch);
    return ret;
}

/* Those of the texts of a profile as it is stored: {"phone":"…", …}. */
static bool add_profile(struct work *w, struct traces *t, const char *profile)
{
    for (const char *p = profile; (p = strstr(p, ":\"")); p++) {
        const char *text = string_at(w, p + 2);

        if (!text)
            return false;
        if (is_address(text) && !add_trace(w, t, text))
            return false;
    }
    return true;
}

static bool find_traces(struct work *w, const struct leaving *l, struct traces *t)
{
    struct stmt *s = stmt_begin(w->db, SQL_CUSTOMER_GET);
    bool ok = true;

    stmt_id(s, &l->customer);
    if (stmt_row(s)) {
        ok = add_trace(w, t, get_text(s, w->arena));
        ok = ok && add_profile(w, t, get_str(s, w->arena));
    }
    if (!ended(w, s) || !ok || !add_trace_id(w, t, &l->customer))
        return false;
    s = stmt_begin(w->db, SQL_CUSTOMER_CONTACTS);
    stmt_id(s, &l->customer);
    while (ok && stmt_row(s)) {
        struct kf_id id;
        struct kf_key channel;

        get_id(s, &id);
        get_key(s, &channel);
        ok = add_trace_id(w, t, &id) && add_trace(w, t, get_text(s, w->arena));
    }
    return ended(w, s) && ok;
}

static bool says(const struct traces *t, const char *text)
{
    for (size_t i = 0; i < t->n; i++)
        if (strstr(text, t->text[i]))
            return true;
    return false;
}

/* Of a filter (compact JSON, so that no value holds a mark) what stands behind the marks: words, the id of a contact, a tag. */
static bool filter_says(struct work *w, const struct traces *t, const char *filter, bool *ret)
{
    static const char *const marks[] = { "\"q\":\"", "\"contact\":\"", "\"tag\":\"" };

    *ret = false;
    for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]) && !*ret; i++) {
        const char *p = strstr(filter, marks[i]), *text = p ? string_at(w, p + strlen(marks[i])) : "";

        if (!text)
            return false;
        *ret = says(t, text);
    }
    return true;
}

/* A search that is kept for him would go on saying who he was. */
static bool write_searches(struct work *w, const struct traces *traces)
{
    struct kf_id *drop = NULL;
    size_t n = 0, cap = 0;
    struct stmt *s;
    bool ok = true;

    s = stmt_begin(w->db, SQL_SAVED_ALL);
    stmt_str(s, w->change->site.s);
    while (ok && stmt_row(s)) {
        struct kf_id id;
        const char *name, *filter;
        bool his = false;

        get_id(s, &id);
        name = get_str(s, w->arena);
        filter = get_str(s, w->arena);
        if (!name || !filter) {
            ok = batch_no_memory(w->batch);
            break;
        }
        ok = filter_says(w, traces, filter, &his);
        if (!ok || !(his || says(traces, name)))
            continue;
        ok = more_room(w, (void **)&drop, n, &cap, sizeof(*drop));
        if (ok)
            drop[n++] = id;
    }
    if (!ended(w, s) || !ok)
        return false;
    for (size_t i = 0; ok && i < n; i++) {
        s = stmt_begin(w->db, SQL_SAVED_DROP);
        stmt_id(s, &drop[i]);
        stmt_str(s, w->change->site.s);
        ok = run(w, s);
    }
    return ok;
}

/* Rows of the site, an id and then `n` texts: where one of them says who he was, all of them go. */
static bool write_blanks(struct work *w, const struct traces *t, enum sql all, int n, enum sql blank)
{
    struct stmt *s = stmt_begin(w->db, all);
    struct kf_id *named = NULL;
    size_t n_named = 0, cap = 0;
    bool ok = true;

    stmt_str(s, w->change->site.s);
    while (ok && stmt_row(s)) {
        struct kf_id id;
        bool his = false;

        get_id(s, &id);
        for (int i = 0; i < n && ok; i++) {
            const char *text = get_str(s, w->arena);

            ok = text || batch_no_memory(w->batch);
            his |= ok && says(t, text);
        }
        ok = ok && (!his || more_room(w, (void **)&named, n_named, &cap, sizeof(*named)));
        if (ok && his)
            named[n_named++] = id;
    }
    if (!ended(w, s) || !ok)
        return false;
    for (size_t i = 0; i < n_named && ok; i++) {
        s = stmt_begin(w->db, blank);
        stmt_id(s, &named[i]);
        ok = run(w, s);
    }
    return ok;
}

/* What people have written that is of none of his conversations: searches, notes of coaching, why something was held once. */
static bool write_named(struct work *w, const struct leaving *l)
{
    struct traces t = { .n = 0 };

    return find_traces(w, l, &t) && write_searches(w, &t) && write_blanks(w, &t, SQL_COACHING_TEXTS, 3, SQL_COACHING_BLANK) &&
           with_contact(w, SQL_ERASE_HOLD_OF, &l->customer) && write_blanks(w, &t, SQL_HOLD_REASONS, 1, SQL_HOLD_BLANK);
}

/* ---- the rest of the writes ---- */

static bool write_contacts(struct work *w, const struct leaving *l, struct erased *sum)
{
    struct stmt *s;

    for (size_t i = 0; i < l->n_contacts; i++) {
        const struct kf_id *id = &l->contacts[i].id;

        s = stmt_begin(w->db, SQL_ERASE_UPLOADS_GONE);
        stmt_i64(s, w->change->at);
        stmt_id(s, id);
        if (!run(w, s) || !with_contact(w, SQL_ERASE_UPLOADS, id))
            return false;
        sum->files += w->db->ops->changed(w->db);
        if (!with_contact(w, SQL_ERASE_FIRED, id) || !rename_contact(w, l, &l->contacts[i]))
            return false;
    }
    return with_contact(w, SQL_ERASE_CUSTOMER, &l->customer);
}

static const struct kf_id *now_of(const struct leaving *l, const struct kf_id *contact)
{
    for (size_t i = 0; i < l->n_contacts; i++)
        if (id_eq(&l->contacts[i].id, contact))
            return &l->contacts[i].now;
    return contact;
}

/* What this batch knows of the visitor's places is no more. */
static void forget_places(struct batch *b, const struct leaving *l)
{
    for (size_t i = 0; i < BATCH_TABLE; i++) {
        for (struct slot *s = b->slots[i]; s; s = s->next)
            s->row.conv.contact = *now_of(l, &s->row.conv.contact);
        for (struct place *p = b->places[i]; p; p = p->next)
            for (size_t k = 0; p->newest && k < l->n_talks; k++)
                if (id_eq(&p->newest->row.conv.id, &l->talks[k].id)) {
                    p->looked = false;
                    p->newest = NULL;
                }
    }
}

/* Numbers, and ids that name nobody any more. */
static const char *receipt_of(struct work *w, const struct leaving *l, const struct erased *sum)
{
    char id[KF_ID_TEXT], visitor[KF_ID_TEXT];
    struct buf b;

    buf_init(&b, LIST_BYTES);
    buf_printf(&b,
               "{\"receipt\":\"%s\",\"visitor\":\"%s\",\"contacts\":%zu,\"conversations\":%" PRId64 ",\"messages\":%" PRId64
               ",\"files\":%" PRId64 ",\"raw\":%" PRId64,
               id_text(&l->receipt, id), id_text(&l->customer, visitor), l->n_contacts, sum->conversations, sum->messages, sum->files,
               sum->raw);
    if (l->act->u.erase.reference) {
        buf_str(&b, ",\"reference\":");
        buf_json(&b, slice_of(l->act->u.erase.reference));
    }
    buf_char(&b, '}');
    return text_of(w, &b);
}

/* The line in the log, and with its hash the receipt. */
static bool write_receipt(struct work *w, const struct leaving *l, const struct erased *sum)
{
    struct kf_err why = { .rc = KF_OK };
    struct actor by = actor_of(w, &w->change->by);
    struct ledger_row row = { .site = w->change->site.s,
                              .at = w->change->at,
                              .kind = "visitor_erased",
                              .role = by.role,
                              .by = by.id,
                              .name = by.name,
                              .data = receipt_of(w, l, sum) };
    char node[KF_ID_TEXT], hash[2 * LEDGER_HASH + 1];

    if (!row.data)
        return batch_no_memory(w->batch);
    if (!stored(w, ledger_add(w->batch->ledger, &w->batch->page, w->db, &row, &why), &why))
        return false;
    for (size_t i = 0; i < LEDGER_HASH; i++)
        (void)snprintf(hash + 2 * i, 3, "%02x", row.hash[i]);
    w->news->receipt = arena_printf(w->arena, "%.*s,\"at\":%" PRId64 ",\"node\":\"%s\",\"entry\":%" PRId64 ",\"hash\":\"%s\"}",
                                    (int)strlen(row.data) - 1, row.data, row.at, id_text(&row.node, node), row.entry, hash);
    return w->news->receipt ? true : batch_no_memory(w->batch);
}

static bool write_erase(struct work *w, const struct op *op)
{
    const struct leaving *l = op->what;
    struct kf_err why = { .rc = KF_OK };
    struct erased sum = { .messages = 0 };
    char peer[KF_ID_TEXT + 8];

    for (size_t i = 0; i < l->n_talks; i++) {
        const struct lost_talk *t = &l->talks[i];
        bool group = !id_is_zero(&t->contact);

        if (!stored(w,
                    erase_conv(w->db, t->n, &t->id, group ? &t->contact : NULL, group ? "" : nowhere(now_of(l, &t->of), peer),
                               w->change->at, &sum, &why),
                    &why))
            return false;
    }
    forget_places(w->batch, l);
    w->batch->indexable = true;
    return write_named(w, l) && write_contacts(w, l, &sum) && stored(w, erase_due(w->db, w->change->at, &why), &why) &&
           write_receipt(w, l, &sum);
}

bool plan_erase(struct work *w, const struct act *act)
{
    struct leaving *l = ARENA_NEW(w->arena, struct leaving);

    if (!l)
        return refuse(w, KF_NOMEM, "out of memory");
    l->act = act;
    l->receipt = id_new(w->change->at);
    if (!find_visitor(w, l) || is_held(w, l) || !find_talks(w, l) || !find_contacts(w, l) || !find_groups(w, l))
        return false;
    return op_add(w, write_erase, l, NULL, 0);
}
