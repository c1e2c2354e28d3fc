#include "core/person.h"

#include <stdio.h>

static const char *const presences[] = { "offline", "away", "busy", "online" };
static const char *const roles[] = { "agent", "supervisor", "reviewer", "admin" };

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

const char *presence_name(enum presence p)
{
    return (unsigned)p < COUNT(presences) ? presences[p] : "?";
}

bool presence_parse(struct slice s, enum presence *ret)
{
    for (unsigned i = 0; i < COUNT(presences); i++)
        if (slice_is(s, presences[i])) {
            *ret = (enum presence)i;
            return true;
        }
    return false;
}

unsigned member_role_parse(struct slice s)
{
    for (unsigned i = 0; i < COUNT(roles); i++)
        if (slice_is(s, roles[i]))
            return 1U << i;
    return 0;
}

const char *member_role_name(unsigned bit)
{
    for (unsigned i = 0; i < COUNT(roles); i++)
        if (bit == 1U << i)
            return roles[i];
    return "?";
}

bool skill_parse(struct slice s, struct kf_key *key, uint8_t *level)
{
    *level = 0;
    if (s.n > 2 && s.p[s.n - 2] == ':') {
        if (s.p[s.n - 1] < '1' || s.p[s.n - 1] > '5')
            return false;
        *level = (uint8_t)(s.p[s.n - 1] - '0');
        s.n -= 2;
    }
    return key_parse(s, key);
}

const char *skill_text(const struct kf_key *key, uint8_t level, char ret[SKILL_TEXT])
{
    if (level)
        (void)snprintf(ret, SKILL_TEXT, "%s:%c", key->s, (char)('0' + level % 10));
    else
        (void)snprintf(ret, SKILL_TEXT, "%s", key->s);
    return ret;
}
