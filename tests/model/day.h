/* day.h: a day of a site under the virtual clock: visitors come by day and by night, agents work in the hours, two nodes. */
#ifndef KF_TESTS_MODEL_DAY_H
#define KF_TESTS_MODEL_DAY_H

#include "world.h"

struct day_plan {
    uint64_t seed;
    int agents, visitors;
    const char *set;                          /* its hours are these, in seconds of the day */
    int from_s, opens_s, closes_s, reopens_s; /* reopens_s may be of the next day */
    int until_s;
    int service_s; /* how long a talk takes, in the mean */
};

struct day_result {
    char wrong[300];
    int64_t conversations, outside; /* of those: written outside of the hours */
    int64_t unanswered;             /* at the end */
    int64_t waited_max_ms;          /* of who came in the hours */
    int64_t overtaken_max_ms;       /* by how much somebody who came later was served earlier */
    int64_t line_max;
};

void day_run(const struct day_plan *plan, struct day_result *ret);

#endif
