#include "kefuctl.h"

#include <stdio.h>

/* The answer is told whole: the passwords in it are nowhere else. */
int ctl_site_add(struct ctl *ctl, const char *file)
{
    struct kf_err why = { 0 };
    json_error_t error;
    json_t *set = json_load_file(file, JSON_REJECT_DUPLICATES, &error), *answer = NULL;
    enum kf_rc rc;

    if (set)
        rc = ctl_call(ctl, "POST", "/api/v1/sites", set, &answer, &why);
    else
        rc = kf_fail(&why, KF_INVALID, "%s: %s (line %d)", file, error.text, error.line);
    if (rc == KF_OK)
        ctl_print(ctl, answer);
    json_decref(set);
    json_decref(answer);
    return rc ? ctl_fail(&why) : CTL_DONE;
}
