#include "channel_bench.h"

#include "core/arena.h"

#include <string.h>

int bench_open(void **state, const struct channel_ops *ops, const char *settings, struct env env)
{
    struct bench *t = test_calloc(1, sizeof(*t));

    t->ops = ops;
    t->arena = arena_new(0);
    t->env = env;
    *state = t;
    return ops->open(&t->ch, slice_of(settings), NULL);
}

int bench_teardown(void **state)
{
    struct bench *t = *state;

    t->ops->close(t->ch);
    arena_free(t->arena);
    test_free(t);
    return 0;
}

struct http_resp answered(int status, const char *body)
{
    return (struct http_resp){ .status = status, .body = slice_of(body) };
}

static void begins_so(const char *row, const struct kf_err *why, const char *words)
{
    if (strncmp(why->text, words, strlen(words)) != 0)
        fail_msg("%s: %s, expected %s", row, why->text, words);
}

void settings_are_refused(const struct channel_ops *ops, const struct settings_row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct kf_err why = { .rc = KF_OK };
        struct channel *ch = NULL;
        enum kf_rc rc = channel_check(ops, slice_of(rows[i].settings), &why);

        if (!rc)
            rc = ops->open(&ch, slice_of(rows[i].settings), &why);
        row_int_equal(rows[i].settings, rc, KF_INVALID);
        assert_null(ch);
        begins_so(rows[i].settings, &why, rows[i].words);
    }
}

static void judge(const struct channel_ops *ops, struct template *t, const char *words)
{
    struct kf_err why = { .rc = KF_OK };

    assert_int_equal(template_blanks(t, &t->blanks, NULL), KF_OK);
    row_int_equal(t->text, channel_template(ops, t, &why), words ? KF_INVALID : KF_OK);
    if (words)
        begins_so(t->text, &why, words);
}

void templates_are_judged(const struct channel_ops *ops, const struct template_row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct template t = rows[i].t;

        judge(ops, &t, rows[i].words);
    }
}

void ready_things_are_judged(const struct channel_ops *ops, const struct ready_row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct template t = rows[i].t;

        t.values = rows[i].values;
        while (t.n_values < COUNT(rows[i].values) && rows[i].values[t.n_values].name.p)
            t.n_values++;
        judge(ops, &t, rows[i].words);
    }
}

void renewals_end_so(struct bench *t, const struct renewal_row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct http_resp last = answered(rows[i].status, rows[i].body);
        struct renewed done = { .expires_ms = 0 };
        struct http_req req;

        row_int_equal(rows[i].body, t->ops->renew(t->ch, t->arena, &t->env, &last, &req, &done), rows[i].rc);
        row_int_equal(rows[i].body, done.expires_ms, rows[i].rc ? 0 : t->env.now_ms + rows[i].life_ms);
    }
}
