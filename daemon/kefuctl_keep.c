#include "kefuctl.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

/* "/api/v1/WHAT/ID/ACT?site=S"; false: it does not fit. */
static bool path_of(const char *what, const char *id, const char *act, const char *site, char *ret, size_t size)
{
    char *escaped = curl_easy_escape(NULL, id, 0), *key = curl_easy_escape(NULL, site ? site : "", 0);
    int n = -1;

    if (escaped && key)
        n = snprintf(ret, size, "/api/v1/%s/%s/%s%s%s", what, escaped, act, *key ? "?site=" : "", key);
    curl_free(escaped);
    curl_free(key);
    return n > 0 && (size_t)n < size;
}

int ctl_erase(struct ctl *ctl, const char *id, const char *site, const char *reference)
{
    struct kf_err why = { 0 };
    json_t *body = json_object(), *answer = NULL;
    char path[512];
    enum kf_rc rc;

    if (reference)
        (void)json_object_set_new(body, "reference", json_string(reference));
    rc = path_of("visitors", id, "erase", site, path, sizeof(path)) ? ctl_call(ctl, "POST", path, body, &answer, &why)
                                                                    : kf_fail(&why, KF_INVALID, "that is no visitor");
    json_decref(body);
    if (rc)
        return ctl_fail(&why);
    ctl_print(ctl, answer);
    json_decref(answer);
    if (!ctl->json)
        fputs("nobody finds it any more; what lies in free pages of the database is wiped by: kefuctl housekeep\n", stderr);
    return CTL_DONE;
}

int ctl_housekeep(struct ctl *ctl, bool dry)
{
    struct kf_err why = { 0 };
    json_t *answer = NULL;

    if (ctl_call(ctl, "POST", dry ? "/api/v1/housekeep?dry=1" : "/api/v1/housekeep", NULL, &answer, &why))
        return ctl_fail(&why);
    ctl_print(ctl, answer);
    json_decref(answer);
    return CTL_DONE;
}

/* ---- legal holds ---- */

static bool holds_path(const struct ctl_hold *h, const char *id, char *ret, size_t size)
{
    char *site = curl_easy_escape(NULL, h->site ? h->site : "", 0), *conv = curl_easy_escape(NULL, h->conv ? h->conv : "", 0);
    char *escaped = curl_easy_escape(NULL, id ? id : "", 0);
    bool of = h->conv && !h->reason; /* for a list only: a new hold says it in its body */
    int n = -1;

    if (site && conv && escaped)
        n = snprintf(ret, size, "/api/v1/holds%s%s?%s%s%s%s%s", id ? "/" : "", escaped, *site ? "site=" : "", site, *site && of ? "&" : "",
                     of ? "conversation=" : "", of ? conv : "");
    curl_free(site);
    curl_free(conv);
    curl_free(escaped);
    return n > 0 && (size_t)n < size;
}

static void print_hold(const json_t *one)
{
    const char *conv = ctl_text(one, "conversation");

    printf("%s  %s %s  %s\n", ctl_text(one, "id"), *conv ? "conversation" : "visitor     ", *conv ? conv : ctl_text(one, "visitor"),
           ctl_text(one, "reason"));
}

int ctl_hold_list(struct ctl *ctl, const struct ctl_hold *h)
{
    struct kf_err why = { 0 };
    char path[512];

    if (!holds_path(h, NULL, path, sizeof(path)))
        return kf_fail(&why, KF_INVALID, "these filters are too long"), ctl_fail(&why);
    return ctl_list(ctl, path, print_hold);
}

int ctl_hold_set(struct ctl *ctl, const struct ctl_hold *h)
{
    struct kf_err why = { 0 };
    json_t *body = json_pack("{s:s,s:s}", h->conv ? "conversation" : "visitor", h->conv ? h->conv : h->visitor, "reason", h->reason);
    json_t *answer = NULL;
    char path[512];
    enum kf_rc rc;

    rc = body && holds_path(h, NULL, path, sizeof(path)) ? ctl_call(ctl, "POST", path, body, &answer, &why)
                                                         : kf_fail(&why, KF_INVALID, "that is no hold");
    json_decref(body);
    if (rc)
        return ctl_fail(&why);
    ctl_print(ctl, answer);
    json_decref(answer);
    return CTL_DONE;
}

int ctl_hold_lift(struct ctl *ctl, const struct ctl_hold *h)
{
    struct kf_err why = { 0 };
    char path[512];

    if (!holds_path(h, h->id, path, sizeof(path)))
        return kf_fail(&why, KF_INVALID, "that is no hold"), ctl_fail(&why);
    if (ctl_call(ctl, "DELETE", path, NULL, NULL, &why))
        return ctl_fail(&why);
    printf("%s is lifted\n", h->id);
    return CTL_DONE;
}
