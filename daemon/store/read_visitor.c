/* A visitor: the profile that agents see, and all that is known and where it stands: for the copy that the visitor may ask for. */
#include "core/buf.h"
#include "store/reading.h"
#include "store/rows.h"

#include <inttypes.h>

#define PROFILE_MAX (1u << 20)
#define VISITOR_MAX (8u << 20)

static enum kf_rc contacts(struct reading *r, const struct kf_id *customer, struct buf *b)
{
    struct stmt *s = stmt_begin(r->db, SQL_CUSTOMER_CONTACTS);
    char text[KF_ID_TEXT];
    struct kf_id id;

    stmt_id(s, customer);
    for (int n = 0; stmt_row(s); n++) {
        get_id(s, &id);
        buf_printf(b, "%s{\"id\":\"%s\",\"channel\":", n ? "," : "", id_text(&id, text));
        buf_json(b, get_slice(s));
        buf_str(b, ",\"address\":");
        buf_json(b, get_slice(s));
        buf_printf(b, ",\"verified\":%s}", get_i64(s) ? "true" : "false");
    }
    return stmt_end(s, r->why);
}

enum kf_rc reading_customer(struct reading *r, const struct kf_id *customer, struct buf *b)
{
    struct stmt *s = stmt_begin(r->db, SQL_CUSTOMER_GET);
    char text[KF_ID_TEXT];
    bool any;
    enum kf_rc rc;

    stmt_id(s, customer);
    any = stmt_row(s);
    if (any) {
        buf_printf(b, "{\"id\":\"%s\",\"name\":", id_text(customer, text));
        buf_json(b, get_slice(s));
        buf_str(b, ",\"profile\":");
        buf_add(b, get_slice(s));
        buf_printf(b, ",\"created_at\":%" PRId64 ",\"contacts\":[", get_i64(s));
    }
    rc = stmt_end(s, r->why);
    if (!rc && !any)
        rc = reading_absent(r, "customer");
    if (!rc)
        rc = contacts(r, customer, b);
    buf_char(b, ']');
    return rc;
}

static enum kf_rc contact_customer(struct reading *r, struct kf_id *ret)
{
    struct stmt *s = stmt_begin(r->db, SQL_CONTACT_CUSTOMER);

    stmt_id(s, &r->q->id);
    if (stmt_row(s))
        get_id(s, ret);
    return stmt_end(s, r->why);
}

enum kf_rc read_profile(struct reading *r)
{
    struct kf_id customer = { { 0 } };
    struct buf b;
    enum kf_rc rc = contact_customer(r, &customer);

    if (!rc && !id_is_zero(&r->q->conv)) {
        struct message *last = arena_array(r->q->arena, 1, sizeof(*last));

        rc = last ? reading_last(r, &r->q->conv, last) : reading_no_memory(r);
        r->q->messages = last;
        r->q->n_messages = last && !rc && last->seq > 0;
    }
    if (rc)
        return rc;
    if (id_is_zero(&customer))
        return reading_absent(r, "contact");
    buf_init(&b, PROFILE_MAX);
    rc = reading_customer(r, &customer, &b);
    buf_char(&b, '}');
    if (!rc && (!buf_ok(&b) || !(r->q->text_out = arena_text(r->q->arena, buf_slice(&b)))))
        rc = reading_no_memory(r);
    buf_finish(&b);
    return rc;
}

static enum kf_rc find(struct reading *r, struct kf_id *ret)
{
    struct stmt *s = stmt_begin(r->db, SQL_VISITOR_FIND);
    struct kf_key site = { "" };
    enum kf_rc rc;

    stmt_id(s, &r->q->id);
    if (stmt_row(s)) {
        get_id(s, ret);
        get_key(s, &site);
    }
    rc = stmt_end(s, r->why);
    return rc || key_eq(&site, &r->q->site) ? rc : reading_absent(r, "visitor");
}

/* A conversation of the list. `contact` NULL: all of it is between the visitor and us. */
static void talk(struct buf *b, size_t *n, const struct kf_id *conv, const struct kf_id *contact)
{
    char text[KF_ID_TEXT];

    buf_printf(b, "%s{\"id\":\"%s\"", (*n)++ ? "," : "", id_text(conv, text));
    if (contact)
        buf_printf(b, ",\"contact\":\"%s\"", id_text(contact, text));
    buf_char(b, '}');
}

static enum kf_rc own_talks(struct reading *r, const struct kf_id *customer, struct buf *b, size_t *n)
{
    struct stmt *s = stmt_begin(r->db, SQL_VISITOR_CONVS);

    stmt_id(s, customer);
    while (stmt_row(s)) {
        struct kf_id conv, contact;

        (void)get_i64(s);
        get_id(s, &conv);
        (void)get_i64(s);
        get_id(s, &contact);
        talk(b, n, &conv, get_i64(s) > 0 ? &contact : NULL);
    }
    return stmt_end(s, r->why);
}

static enum kf_rc talks_of_others(struct reading *r, const struct kf_id *of, struct buf *b, size_t *n)
{
    struct stmt *s = stmt_begin(r->db, SQL_VISITOR_GROUPS);

    stmt_id(s, of);
    while (stmt_row(s)) {
        struct kf_id conv;

        (void)get_i64(s);
        get_id(s, &conv);
        talk(b, n, &conv, of);
    }
    return stmt_end(s, r->why);
}

/* The contacts are read before what each has said: one statement at a time. */
static enum kf_rc group_talks(struct reading *r, const struct kf_id *customer, struct buf *b, size_t *n_talks)
{
    struct stmt *s = stmt_begin(r->db, SQL_VISITOR_CONTACTS);
    struct kf_id *all = NULL;
    bool room = true;
    size_t n = 0;
    enum kf_rc rc;

    stmt_id(s, customer);
    while (room && stmt_row(s)) {
        all = arena_more(r->q->arena, all, n, sizeof(*all));
        room = all != NULL;
        if (room)
            get_id(s, &all[n++]);
    }
    rc = stmt_end(s, room ? r->why : NULL);
    if (!room)
        return reading_no_memory(r);
    for (size_t i = 0; !rc && i < n; i++)
        rc = talks_of_others(r, &all[i], b, n_talks);
    return rc;
}

enum kf_rc read_visitor(struct reading *r)
{
    struct kf_id customer = { { 0 } };
    size_t n = 0;
    struct buf b;
    enum kf_rc rc = find(r, &customer);

    if (rc)
        return rc;
    r->q->id = customer;
    buf_init(&b, VISITOR_MAX);
    rc = reading_customer(r, &customer, &b);
    buf_str(&b, ",\"conversations\":[");
    if (!rc)
        rc = own_talks(r, &customer, &b, &n);
    if (!rc)
        rc = group_talks(r, &customer, &b, &n);
    buf_str(&b, "]}");
    if (!rc && !buf_ok(&b))
        rc = kf_fail(r->why, KF_LIMIT, "more is known of this visitor than one answer holds");
    if (!rc && !(r->q->text_out = arena_text(r->q->arena, buf_slice(&b))))
        rc = reading_no_memory(r);
    buf_finish(&b);
    return rc;
}
