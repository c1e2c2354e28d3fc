/* Every setting of every channel is said in Chinese on its page, and so is what stands in something that a platform has ready. */
#include "core/utf8.h"
#include "protocols/channel.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct words *find(const struct channel_ops *ops, const char *name)
{
    for (const struct words *w = ops->words; w && w->name; w++)
        if (strcmp(w->name, name) == 0)
            return w;
    return NULL;
}

static bool said(const struct words_pair *p)
{
    return p->label && p->help && !utf8_blank(slice_of(p->label)) && !utf8_blank(slice_of(p->help)) && utf8_valid(slice_of(p->label)) &&
           utf8_valid(slice_of(p->help)) && utf8_length(slice_of(p->label)) <= 40;
}

static void must_be_said(const struct channel_ops *ops, const char *name)
{
    const struct words *w = find(ops, name);

    if (!w || !said(&w->simplified) || !said(&w->traditional))
        fail_msg("%s: %s is not said in Chinese: see protocols/words.h", ops->name, name);
}

/* How many names there are in all, each of them said. */
static size_t names_of(const struct channel_ops *ops)
{
    size_t n = 0;

    for (const struct setting_key *k = ops->keys; k && k->name; k++, n++)
        must_be_said(ops, k->name);
    for (const struct ready_kind *k = ops->kinds; k && k->name; k++)
        for (const struct ready_part *p = k->parts; p && p->name; p++, n++) {
            char name[128];

            (void)snprintf(name, sizeof(name), "%s.%s", k->name, p->name);
            must_be_said(ops, name);
        }
    return n;
}

static void every_setting_is_said_in_chinese(void **state)
{
    (void)state;
    for (const struct channel_ops *const *ops = channel_registry; *ops; ops++) {
        size_t said_of = 0, named = names_of(*ops);

        while ((*ops)->words && (*ops)->words[said_of].name)
            said_of++;
        assert_true(named > 0);
        if (said_of != named)
            fail_msg("%s: %zu words for %zu names: one is of nothing, or twice", (*ops)->name, said_of, named);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(every_setting_is_said_in_chinese) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
