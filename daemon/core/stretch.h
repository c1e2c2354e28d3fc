/* stretch.h: how long somebody has been typing when what he types is said. It is told of in signs, as pages show them: again and again while it
 * goes on, and once when it is over. A pause ends it, as it ends what pages show. Pure: time comes in. */
#ifndef KF_CORE_STRETCH_H
#define KF_CORE_STRETCH_H

#include <stdbool.h>
#include <stdint.h>

#define STRETCH_PAUSE_MS 8000 /* no sign for so long: pages show none any more */
#define STRETCH_END_MS   2000 /* some pages say that it is over before they send what was typed: a busy machine may lie between */
#define STRETCH_MAX_MS   (10LL * 60 * 1000) /* whatever is longer was not all typing */

/* Zeroed, nobody types. */
struct stretch {
    bool any, over;
    int64_t since, last; /* the first sign, and the newest */
};

void stretch_sign(struct stretch *s, bool on, int64_t now_ms);
/* What is said now was typed for so long, ms; 0: nobody knows. At most STRETCH_MAX_MS. */
int64_t stretch_ms(const struct stretch *s, int64_t now_ms);

#endif
