/* raw.c: what a platform has sent and nobody could read, as it came, for whoever wants to know what the visitor meant, or mends the adapter.
 * It is part of the conversation, so whoever may read that may read this; and it leaves a line in the audit log, always. */
#include "api/api.h"
#include "core/utf8.h"

#include <openssl/evp.h>
#include <stdlib.h>

#define NO_RAW "nothing is kept of that message: only what could not be shown is, for seven days"

struct raw {
    struct turn *turn;
    struct kf_id conv;
    struct kf_key site, channel;
    int64_t seq;
};

static json_t *body_json(struct turn *t, struct slice bytes)
{
    char *text;

    if (utf8_valid(bytes))
        return json_pack("{s:o}", "text", json_stringn(bytes.p ? bytes.p : "", bytes.n));
    text = arena_alloc(t->arena, bytes.n * 4 / 3 + 8);
    if (!text)
        return NULL;
    (void)EVP_EncodeBlock((unsigned char *)text, (const unsigned char *)bytes.p, (int)bytes.n);
    return json_pack("{s:s}", "base64", text);
}

static void have_raw(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct raw *r = ctx;
    json_t *root;

    if (rc == KF_ABSENT)
        turn_problem(r->turn, 404, NO_RAW);
    else if (rc)
        turn_fail(r->turn, rc, why);
    else {
        root = body_json(r->turn, q->bytes_out);
        if (root)
            json_object_update_new(root, json_pack("{s:s,s:I}", "channel", r->channel.s, "at", (json_int_t)q->now));
        turn_jansson(r->turn, 200, root);
    }
}

static void ask(struct raw *r, enum query_kind kind, int64_t at, store_answer *done)
{
    struct query *q = query_new(kind);

    if (!q) {
        turn_problem(r->turn, 500, "out of memory");
        return;
    }
    q->site = r->site;
    q->channel = r->channel;
    q->id = r->conv;
    q->after = r->seq;
    q->now = at;
    turn_ports(r->turn)->read(turn_ports(r->turn)->ctx, q, done, r);
}

static void have_message(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct raw *r = ctx;

    if (rc == KF_ABSENT)
        turn_problem(r->turn, 404, "no such message");
    else if (rc)
        turn_fail(r->turn, rc, why);
    else if (q->messages[0].kind == MESSAGE_REMOVED)
        turn_problem(r->turn, 404, NO_RAW);
    else
        ask(r, QUERY_RAW, q->messages[0].at, have_raw);
}

static void noted(void *ctx, enum kf_rc rc, const struct news *news, const struct kf_err *why)
{
    struct raw *r = ctx;

    (void)news;
    if (rc)
        turn_fail(r->turn, rc, why);
    else
        ask(r, QUERY_MESSAGE, 0, have_message);
}

static void have_conv(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct raw *r = ctx;
    struct turn *t = r->turn;
    const struct ports *p = turn_ports(t);
    const struct conv *c = rc ? NULL : &q->convs[0];
    struct change *ch;
    char id[KF_ID_TEXT];

    if (rc && rc != KF_ABSENT) {
        turn_fail(t, rc, why);
        return;
    }
    if (!c || (!t->op && !permit(turn_member(t, &c->site), VERB_TRANSCRIPT, &c->site, c))) {
        turn_problem(t, 404, "no such conversation");
        return;
    }
    r->site = c->site;
    r->channel = c->channel;
    ch = change_new(&c->site, p->now_ms(p->ctx));
    if (!ch) {
        turn_problem(t, 500, "out of memory");
        return;
    }
    ch->by = turn_actor(t, ch);
    change_act(ch, ACT_AUDIT)->u.entry =
        (struct entry){ .at = ch->at,
                        .kind = "raw_read",
                        .by = ch->by,
                        .data = change_printf(ch, "{\"conversation\":\"%s\",\"seq\":%lld}", id_text(&c->id, id), (long long)r->seq) };
    p->commit(p->ctx, ch, noted, r);
}

static void get_raw(struct turn *t)
{
    struct raw *r = ARENA_NEW(t->arena, struct raw);
    struct slice seq = t->segment[1];

    if (!r) {
        turn_problem(t, 500, "out of memory");
        return;
    }
    r->turn = t;
    for (size_t i = 0; i < seq.n && r->seq >= 0; i++)
        r->seq = seq.n <= 15 && seq.p[i] >= '0' && seq.p[i] <= '9' ? r->seq * 10 + (seq.p[i] - '0') : -1;
    if (!id_parse(t->segment[0], &r->conv) || r->seq < 1) {
        turn_problem(t, 404, "no such conversation, or no such message");
        return;
    }
    ask(r, QUERY_CONV, 0, have_conv);
}

const struct route_entry routes_raw[] = { { "GET", "/api/v1/transcripts/*/messages/*/raw", GATE_EITHER_KEY, get_raw },
                                          { NULL, NULL, GATE_OPEN, NULL } };
