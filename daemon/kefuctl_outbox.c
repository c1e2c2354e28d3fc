#include "kefuctl.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* "/api/v1/outbox[/ID/ACT][?site=S…]"; false: it does not fit. */
static bool outbox_path(const struct ctl_outbox *o, const char *act, char *ret, size_t size)
{
    char *id = curl_easy_escape(NULL, o->id ? o->id : "", 0), *site = curl_easy_escape(NULL, o->site ? o->site : "", 0);
    char *state = curl_easy_escape(NULL, o->state ? o->state : "", 0);
    int n = -1;

    if (id && site && state && act)
        n = snprintf(ret, size, "/api/v1/outbox/%s/%s%s%s", id, act, *site ? "?site=" : "", site);
    else if (site && state)
        n = snprintf(ret, size, "/api/v1/outbox?limit=200%s%s%s%s", *site ? "&site=" : "", site, *state ? "&state=" : "", state);
    curl_free(id);
    curl_free(site);
    curl_free(state);
    return n > 0 && (size_t)n < size;
}

static const char *minute(const json_t *one, const char *name, char ret[24])
{
    time_t at = (time_t)(json_integer_value(json_object_get(one, name)) / 1000);
    struct tm tm;

    if (!at || !localtime_r(&at, &tm) || !strftime(ret, 24, "%Y-%m-%d %H:%M", &tm))
        return "-";
    return ret;
}

static long long whole(const json_t *one, const char *name)
{
    return (long long)json_integer_value(json_object_get(one, name));
}

static void print_errand(const json_t *one)
{
    char at[24];

    printf("%s  %-9s %-7s %-12s %s-%lld  made %s  tries %lld  %s\n", ctl_text(one, "id"), ctl_text(one, "state"), ctl_text(one, "kind"),
           ctl_text(one, "channel"), ctl_text(one, "conversation"), whole(one, "seq"), minute(one, "created_at", at),
           whole(one, "attempts"), ctl_text(one, "reason"));
}

int ctl_outbox_list(struct ctl *ctl, const struct ctl_outbox *o)
{
    struct kf_err why = { 0 };
    char path[512];

    /* The API calls it `state`, which is the name of another option here. */
    if (o->state && strcmp(o->state, "trouble") != 0 && strcmp(o->state, "waiting") != 0 && strcmp(o->state, "all") != 0)
        return kf_fail(&why, KF_INVALID, "--which: trouble, waiting or all"), ctl_fail(&why);
    if (!outbox_path(o, NULL, path, sizeof(path)))
        return kf_fail(&why, KF_INVALID, "that is no key of a site"), ctl_fail(&why);
    return ctl_list(ctl, path, print_errand);
}

int ctl_outbox_act(struct ctl *ctl, const struct ctl_outbox *o, const char *act)
{
    struct kf_err why = { 0 };
    char path[512];

    if (!outbox_path(o, act, path, sizeof(path)))
        return kf_fail(&why, KF_INVALID, "that is no name of anything that is to be sent"), ctl_fail(&why);
    if (ctl_call(ctl, "POST", path, NULL, NULL, &why))
        return ctl_fail(&why);
    printf("%s is %s\n", o->id, strcmp(act, "drop") == 0 ? "let be" : "sent again");
    return CTL_DONE;
}
