/* shop.c: see shop.h. */
#include "shop.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
/* cmocka wants the four above first */
#include <cmocka.h>

void shop_open_plan(struct world *w, const struct world_plan *plan)
{
    world_open_plan(w, plan);
    world_pass(w, 3000);
}

void shop_open(struct world *w, int nodes, uint64_t seed)
{
    shop_open_plan(w, &(struct world_plan){ .seed = seed, .nodes = nodes });
}

void shop_end(struct world *w)
{
    char words[300];

    (void)snprintf(words, sizeof(words), "%s", w->wrong);
    world_close(w);
    assert_string_equal(words, "");
}

void agent_online(struct world *w, int agent, int node)
{
    agent_connect(w, agent, node);
    agent_presence(w, agent, PRESENCE_ONLINE);
    world_settle(w);
}

struct kf_id visitor_ask(struct world *w, int visitor, int node)
{
    struct kf_id id = { { 0 } };

    visitor_connect(w, visitor, node);
    visitor_say(w, visitor, false);
    world_settle(w);
    for (size_t i = 0; i < w->n_acks; i++)
        if (w->acks[i].visitor == visitor)
            id = w->acks[i].conv;
    assert_false(id_is_zero(&id));
    return id;
}

bool is_in(struct world *w, const struct kf_id *conv, enum conv_state state)
{
    char hex[33];

    for (int k = 0; k < 16; k++)
        (void)snprintf(hex + 2 * (size_t)k, 3, "%02X", conv->b[k]);
    return world_number(w, "SELECT count(*) FROM conversation WHERE hex(id) = '%s' AND state = %d", hex, (int)state) == 1;
}
