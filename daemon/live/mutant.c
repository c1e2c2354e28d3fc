/* Mutants, which tests must catch: only in builds that are made to fail. */
#ifdef KEFUD_FAULT
#include "live/inside.h"
#include "live/scripts.h"

#include <string.h>

/* reserve.lua in two calls: what the first one finds true need not be so any more when the second one takes. */
const struct live_script live_mutants[] = {
    { "mutant_check", "local id, epoch, agent, gone_ms = ARGV[3], tonumber(ARGV[4]), ARGV[5], tonumber(ARGV[7])\n"
                      "local refusal = lease_refusal(tonumber(ARGV[2]))\n"
                      "if refusal then return refusal end\n"
                      "local c, a, beat = conv_get(id), agent_get(agent), last_beat(agent)\n"
                      "if not c or c.state ~= 'waiting' or c.epoch ~= epoch then return 'conflict it does not wait' end\n"
                      "if not a or a.presence ~= PRESENCE_ONLINE then return 'conflict not online' end\n"
                      "if not beat or beat <= now - gone_ms then return 'conflict not connected' end\n"
                      "if load_of(agent) + weight_of(id) > a.capacity then return 'conflict full' end\n"
                      "return OK\n" },
    { "mutant_take", "local id, agent, till = ARGV[2], ARGV[3], now + tonumber(ARGV[4])\n"
                     "local c, a = conv_get(id), agent_or_new(agent)\n"
                     "if not c then return OK end\n"
                     "if c.agent ~= '-' and c.agent ~= agent then place_drop(c.agent, id) end\n"
                     "unlist(id, c.queue)\n"
                     "c.state, c.agent, c.till = 'reserved', agent, till\n"
                     "conv_set(id, c)\n"
                     "place_take(agent, id, int(till))\n"
                     "a.idle = now\n"
                     "agent_set(agent, a)\n"
                     "return OK\n" },
    { NULL, NULL },
};

void live_test_mutate(struct live *l, const char *name)
{
    if (strcmp(name, "nonatomic-reserve") == 0)
        l->nonatomic_reserve = true;
}

void live_test_between(struct live *l, void (*hold)(void *ctx, void (*go)(void *arg), void *arg), void *ctx)
{
    l->between = hold;
    l->between_ctx = ctx;
}
#else
typedef int live_has_no_mutants;
#endif
