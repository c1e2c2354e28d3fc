/* platform.h: another system behind the generic channel: its users write by webhooks, and it takes what kefud sends. Beside a crowd,
 * in its loop. A webhook is repeated until it is answered with 2xx; what comes is counted by the id that kefud gave it. */
#ifndef KF_TESTS_FAULT_PLATFORM_H
#define KF_TESTS_FAULT_PLATFORM_H

#include "fault/chance.h"
#include "support/daemon.h"

#include <poll.h>

#define PLATFORM_USERS 3
#define PLATFORM_LINES 16

struct platform_user {
    int fd;    /* of the request under way; -1 none */
    int n;     /* the text that is being said, or comes next */
    bool open; /* it was said, and not answered with 2xx yet */
    int tries;
    int64_t due_at;
    char head[1024];
    size_t n_head;
};

struct platform_line { /* a request of kefud's */
    int fd;            /* -1: free */
    char bytes[8192];
    size_t n;
    int64_t answer_at; /* 0: not whole yet */
};

/* Something that kefud has sent. */
struct platform_got {
    char id[80];    /* "<conversation>-<seq>" */
    char event[80]; /* the webhook's id */
    int times;
};

struct platform {
    struct chance chance;
    uint64_t seed;
    int fd, port;
    char hook[64];
    bool troubled; /* as of talkers */
    bool quiet;    /* users say nothing new */
    struct platform_user users[PLATFORM_USERS];
    struct platform_line lines[PLATFORM_LINES];
    struct platform_got *got; /* in the order of their first coming */
    int n_got, cap_got;
    int requests;
    int refused; /* webhooks answered with 503 */
};

void platform_init(struct platform *p, uint64_t seed);
void platform_free(struct platform *p);
/* Before and after the loop's poll(): adds its descriptors, returns how many; looks at them. Requests go to both nodes in turn (NULL:
 * there is one). */
int platform_poll(struct platform *p, const struct daemon *d, const struct daemon *other, struct pollfd *ret, int max);
void platform_turn(struct platform *p, const struct pollfd *polled, int n);
/* Has everything been answered? */
bool platform_silent(const struct platform *p);

struct platform_verdict {
    int told, lost, duplicated; /* texts of its users: answered with 2xx; of those not in the database; there twice */
    int due;                    /* messages in the database that it should have got */
    int missing;                /* and has not */
    int twofold;                /* came under two ids */
    int repeated;               /* came again under the same id, which is right after an unknown outcome */
    int unsettled;              /* are not marked as sent */
    int reordered;              /* came before an older one of the same conversation */
};

/* Reads the database itself, while nobody has it open. */
void platform_judge(const struct platform *p, const char *database, struct platform_verdict *ret);
void platform_print(const struct platform_verdict *v, const char *title);
void platform_holds(const struct platform_verdict *v);

#endif
