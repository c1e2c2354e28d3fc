#include "core/errand.h"

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
