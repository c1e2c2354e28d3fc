#include "classes.h"

#include "unit.h"

static void code_has_its_class(const struct channel_ops *ops, const struct channel *ch, const struct errand *e, const char *member,
                               const struct class_row *row, int code)
{
    struct arena *a = arena_new(0);
    struct http_resp answer = { .status = row->status ? row->status : 200, .sent = true };
    struct outcome out;

    assert_non_null(a);
    answer.body = slice_of(arena_printf(a, "{\"%s\":%d,\"errmsg\":\"words rid: 7\",\"message\":\"words\"}", member, code));
    assert_int_equal(ops->settle(ch, a, e, &answer, &out), KF_OK);
    if (out.cls != row->cls)
        fail_msg("%d is %s, expected %s", code, outcome_name(out.cls), outcome_name(row->cls));
    arena_free(a);
}

void codes_have_their_class(const struct channel_ops *ops, const struct channel *ch, const struct errand *e, const char *member,
                            const struct class_row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (const int *code = rows[i].codes; *code; code++)
            code_has_its_class(ops, ch, e, member, &rows[i], *code);
}
