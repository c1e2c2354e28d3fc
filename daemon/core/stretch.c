#include "core/stretch.h"

static bool goes_on(const struct stretch *s, int64_t now_ms)
{
    return s->any && !s->over && now_ms - s->last <= STRETCH_PAUSE_MS;
}

void stretch_sign(struct stretch *s, bool on, int64_t now_ms)
{
    bool before = goes_on(s, now_ms);

    if (!on && !before)
        return; /* there is nothing to end; when the last one ended stays known */
    if (!before)
        *s = (struct stretch){ .any = true, .since = now_ms };
    s->last = now_ms;
    s->over = !on;
}

int64_t stretch_ms(const struct stretch *s, int64_t now_ms)
{
    int64_t ret;

    if (!goes_on(s, now_ms) && !(s->any && s->over && now_ms - s->last <= STRETCH_END_MS))
        return 0;
    ret = (s->over ? s->last : now_ms) - s->since;
    return ret < 0 ? 0 : ret > STRETCH_MAX_MS ? STRETCH_MAX_MS : ret;
}
