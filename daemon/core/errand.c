#include "core/errand.h"

#define TRIES      12
#define FIRST_MS   1000
#define DOUBLINGS  14
#define LONGEST_MS (15LL * 60 * 1000)
#define PATIENT_MS (4LL * 3600 * 1000) /* what waits for days need not be asked about each quarter of an hour */

const char *outcome_name(enum outcome_class cls)
{
    static const char *const names[] = {
        [OUTCOME_SENT] = "sent",
        [OUTCOME_RETRY] = "retry",
        [OUTCOME_RATE_LIMITED] = "rate_limited",
        [OUTCOME_WINDOW_CLOSED] = "window_closed",
        [OUTCOME_USER_BLOCKED] = "user_blocked",
        [OUTCOME_NO_SUCH_USER] = "no_such_user",
        [OUTCOME_AUTH] = "auth",
        [OUTCOME_TOO_LARGE] = "too_large",
        [OUTCOME_REJECTED] = "rejected",
        [OUTCOME_ALREADY_ACCEPTED] = "already_accepted",
        [OUTCOME_RETRY_WITH_NEW_CONVERSATION] = "retry_with_new_conversation",
        [OUTCOME_FATAL] = "fatal",
        [OUTCOME_UNCERTAIN] = "uncertain",
    };

    return (unsigned)cls < sizeof(names) / sizeof(names[0]) ? names[cls] : "?";
}

const char *outcome_words(enum outcome_class cls)
{
    static const char *const words[] = {
        [OUTCOME_RETRY] = "the platform is in trouble",
        [OUTCOME_RATE_LIMITED] = "the platform wants to be asked later",
        [OUTCOME_WINDOW_CLOSED] = "the time for replies is over",
        [OUTCOME_USER_BLOCKED] = "the visitor takes no messages from us",
        [OUTCOME_NO_SUCH_USER] = "the platform knows nobody of that name",
        [OUTCOME_AUTH] = "the platform refuses our credentials",
        [OUTCOME_TOO_LARGE] = "this is too large for the platform",
        [OUTCOME_REJECTED] = "the platform refuses this message",
        [OUTCOME_RETRY_WITH_NEW_CONVERSATION] = "the platform calls the visitor otherwise by now",
        [OUTCOME_FATAL] = "the platform refuses this, and gives no reason",
        [OUTCOME_UNCERTAIN] = "the platform's answer could not be read",
    };
    const char *ret = (unsigned)cls < sizeof(words) / sizeof(words[0]) ? words[cls] : NULL;

    return ret ? ret : outcome_name(cls);
}

int64_t errand_again_ms(int attempt, int64_t age_ms, int64_t patience_ms, uint32_t chance)
{
    int64_t span = (int64_t)FIRST_MS << (attempt < DOUBLINGS ? attempt : DOUBLINGS);
    int64_t longest = patience_ms ? PATIENT_MS : LONGEST_MS;

    if (attempt + 1 >= TRIES && age_ms >= patience_ms)
        return -1;
    if (span > longest)
        span = longest;
    return (int64_t)(chance % (uint64_t)(span + 1));
}
