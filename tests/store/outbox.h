/* outbox.h: a visitor's talk, answers to it on their way to the platform, and the window that they go through. */
#ifndef TESTS_STORE_OUTBOX_H
#define TESTS_STORE_OUTBOX_H

#include "tests/store/world.h"

/* "v1" has asked something; the platform calls it "theirs-1". */
MAYBE struct kf_id talk(struct world *w)
{
    struct change *c = visitor_says("v1", NULL, "question", NOW);
    struct told t;

    c->acts[0].u.message.ref = "theirs-1";
    t = commit(w, c);
    assert_int_equal(t.rc, KF_OK);
    return t.news.conv.id;
}

/* An agent's answer, at NOW + 10. */
MAYBE struct told answer(struct world *w, const struct kf_id *conv, const char *text)
{
    struct change *c = on_conv(conv, NOW + 10);
    struct told t;

    add_says(c, ROLE_AGENT, text);
    c->acts[0].errand = true;
    c->acts[0].u.message.reply_to = 1;
    t = commit(w, c);
    assert_int_equal(t.rc, KF_OK);
    assert_int_equal(t.news.n_errands, 1);
    assert_int_equal(t.messages[0].delivery, DELIVERY_SENDING);
    return t;
}

/* ---- what is due ---- */

/* As who holds that lease reads it. */
MAYBE void look_at_due(struct world *w, int64_t now, int64_t lease, void (*look)(const struct query *q, void *ctx), void *ctx)
{
    struct query *q = query_new(QUERY_ERRANDS);

    q->site = key("demo");
    q->now = now;
    q->after = lease;
    q->limit = 10;
    assert_int_equal(ask(w, q, look, ctx), KF_OK);
}

/* How many are due, and the first of them. Its texts are those beside it: what `e` points at is gone. */
struct errands_copy {
    size_t n;
    struct errand e;
    char text[64], peer[64], user[64], reply[64], handle[64], ref[64];
};

MAYBE void copy_errands(const struct query *q, void *ctx)
{
    struct errands_copy *c = ctx;

    c->n = q->n_errands;
    if (!q->n_errands)
        return;
    c->e = q->errands[0];
    snprintf(c->text, sizeof(c->text), "%.*s", (int)c->e.message.text.n, c->e.message.text.p);
    snprintf(c->ref, sizeof(c->ref), "%s", c->e.message.ref ? c->e.message.ref : "-");
    snprintf(c->peer, sizeof(c->peer), "%s", c->e.peer);
    snprintf(c->user, sizeof(c->user), "%s", c->e.user);
    snprintf(c->reply, sizeof(c->reply), "%s", c->e.reply_ref ? c->e.reply_ref : "-");
    snprintf(c->handle, sizeof(c->handle), "%s", c->e.handle ? c->e.handle : "-");
}

MAYBE struct errands_copy due(struct world *w, int64_t now, int64_t lease)
{
    struct errands_copy c = { .n = 0 };

    look_at_due(w, now, lease, copy_errands, &c);
    return c;
}

/* ---- sending it ---- */

/* As it was read: that part, after so many tries. */
MAYBE struct told claim_as(struct world *w, const struct kf_id *errand, int part, int attempt)
{
    struct change *c = new_change(NOW + 20);
    struct act *a = change_act(c, ACT_ERRAND_CLAIM);

    a->u.errand = (struct errand){ .id = *errand, .lease = 1, .part = part, .attempt = attempt };
    return commit(w, c);
}

MAYBE struct told claim(struct world *w, const struct kf_id *errand)
{
    return claim_as(w, errand, 0, 0);
}

MAYBE struct told settle(struct world *w, const struct kf_id *errand, enum errand_state state, const char *ref, const char *error)
{
    struct change *c = new_change(NOW + 30);
    struct act *a = change_act(c, ACT_ERRAND_SETTLE);

    a->u.errand = (struct errand){
        .id = *errand, .state = state, .attempt = 1, .due_at = NOW + 1000, .error = error, .message.ref = ref, .handle = "reply-token"
    };
    return commit(w, c);
}

/* One part has gone, so many are done; `state` QUEUED: others follow. */
MAYBE void settle_part(struct world *w, int64_t at, int parts, const char *ref, enum errand_state state)
{
    struct errands_copy e = due(w, at, 1);
    struct change *c = new_change(at);
    struct act *a = change_act(c, ACT_ERRAND_SETTLE);

    assert_int_equal(e.n, 1);
    assert_int_equal(claim_as(w, &e.e.id, e.e.part, e.e.attempt).rc, KF_OK);
    a->u.errand = (struct errand){ .id = e.e.id, .state = state, .due_at = at, .part = parts, .message.ref = ref };
    assert_int_equal(commit(w, c).rc, KF_OK);
}

/* Sends what is due: it goes by that handle. `over`: the platform takes nothing more on it. */
MAYBE struct errands_copy goes_by(struct world *w, int64_t at, const char *handle, bool over)
{
    struct errands_copy e = due(w, at, 1);
    struct change *c = new_change(at);

    assert_int_equal(e.n, 1);
    assert_string_equal(e.handle, handle);
    change_act(c, ACT_ERRAND_CLAIM)->u.errand = (struct errand){ .id = e.e.id, .lease = 1 };
    assert_int_equal(commit(w, c).rc, KF_OK);
    c = new_change(at);
    change_act(c, ACT_ERRAND_SETTLE)->u.errand =
        (struct errand){ .id = e.e.id, .state = over ? ERRAND_FAILED : ERRAND_DONE, .attempt = 1, .handle = handle, .handle_over = over };
    assert_int_equal(commit(w, c).rc, KF_OK);
    return e;
}

/* ---- the window ---- */

/* The one window of that conversation, as a message of the visitor opens it. */
MAYBE void window_opens(struct world *w, const struct kf_id *conv, const char *handle, int64_t at, int64_t expires_ms, int left)
{
    struct change *c = on_conv(conv, at);
    struct act *a = change_act(c, ACT_HANDLE);

    a->u.handle.text = handle;
    a->u.handle.expires_ms = expires_ms;
    a->u.handle.left = left;
    assert_int_equal(commit(w, c).rc, KF_OK);
}

/* How many answers still go, until when; from `fewer_at` on there are fewer of them. `texts`: nothing but texts goes. */
struct window {
    int left;
    int64_t until, fewer_at;
    bool texts;
};

MAYBE void copy_window(const struct query *q, void *ctx)
{
    assert_true(q->handle.any);
    *(struct window *)ctx = (struct window){ q->handle.left, q->handle.expires_ms, q->handle.fewer_at, q->handle.texts };
}

MAYBE struct window window_of(struct world *w, const struct kf_id *conv, int64_t now)
{
    struct query *q = query_new(QUERY_WINDOW);
    struct window ret = { .left = -2 };

    q->id = *conv;
    q->now = now;
    assert_int_equal(ask(w, q, copy_window, &ret), KF_OK);
    return ret;
}

#endif
