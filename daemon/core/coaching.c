#include "core/coaching.h"

static const char *const states[] = { "planned", "acknowledged", "done" };
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

const char *coaching_state_name(enum coaching_state s)
{
    return (unsigned)s < COUNT(states) ? states[s] : "?";
}

enum kf_rc coaching_step(enum coaching_state from, enum coaching_event ev, enum coaching_state *ret, struct kf_err *why)
{
    if (ev == COACHING_CLOSE ? from == COACHING_DONE : from != COACHING_PLANNED)
        return kf_fail(why, KF_CONFLICT, "the note is %s already", coaching_state_name(from));
    *ret = ev == COACHING_CLOSE ? COACHING_DONE : ev == COACHING_ACKNOWLEDGE ? COACHING_ACKNOWLEDGED : COACHING_PLANNED;
    return KF_OK;
}
