#include "kefuctl.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The only site, where none was named; NULL: say which. The caller frees. */
static char *site_of(struct ctl *ctl, const char *site, struct kf_err *why)
{
    json_t *status = NULL, *sites;
    char *ret = NULL;

    if (site)
        return strdup(site);
    if (ctl_call(ctl, "GET", "/api/v1/status", NULL, &status, why))
        return NULL;
    sites = json_object_get(status, "sites");
    if (json_array_size(sites) == 1)
        ret = strdup(json_string_value(json_object_get(json_array_get(sites, 0), "key")));
    else
        (void)kf_fail(why, KF_INVALID, "there are several sites: say which, with --site");
    json_decref(status);
    return ret;
}

static bool channel_path(const char *site, const char *key, char *ret, size_t size)
{
    char *s = curl_easy_escape(NULL, site, 0), *k = curl_easy_escape(NULL, key ? key : "", 0);
    int n = s && k ? snprintf(ret, size, "/api/v1/sites/%s/channels%s%s%s", s, key ? "/" : "", k, key ? "/test" : "") : -1;

    curl_free(s);
    curl_free(k);
    return n > 0 && (size_t)n < size;
}

static void print_channel(const json_t *c)
{
    const json_t *token = json_object_get(c, "token"), *opens = json_object_get(c, "opens");
    const json_t *rejected = json_object_get(c, "rejected");
    const json_t *last = json_array_get(json_object_get(c, "events"), 0);

    printf("%-16s %-10s %-8s", ctl_text(c, "key"), ctl_text(c, "adapter"),
           json_is_true(json_object_get(c, "off")) ? "off"
           : json_is_false(opens)                  ? "refused"
           : json_object_get(c, "gone_at")         ? "gone"
           : rejected                              ? "rejected"
                                                   : "on");
    if (token)
        printf("  token %s", json_is_true(json_object_get(token, "held")) ? "held" : "none yet");
    if (last)
        printf("  last: %s (%lld)", ctl_text(last, "verdict"), (long long)json_integer_value(json_object_get(last, "status")));
    if (rejected)
        printf("\n                 the platform refuses its credentials: %s", ctl_text(rejected, "reason"));
    if (*ctl_text(c, "callback"))
        printf("\n                 %s", ctl_text(c, "callback"));
    putchar('\n');
}

int ctl_channel_list(struct ctl *ctl, const char *site)
{
    struct kf_err why = { 0 };
    char *named = site_of(ctl, site, &why), path[512];

    if (!named || !channel_path(named, NULL, path, sizeof(path))) {
        free(named);
        return ctl_fail(&why);
    }
    free(named);
    return ctl_list(ctl, path, print_channel);
}

static void print_step(const json_t *one)
{
    printf("%-6s %-10s%s%s\n", json_is_true(json_object_get(one, "good")) ? "ok" : "error", ctl_text(one, "step"),
           *ctl_text(one, "reason") ? " " : "", ctl_text(one, "reason"));
}

int ctl_channel_test(struct ctl *ctl, const char *key, const char *site, const char *to, bool tell)
{
    struct kf_err why = { 0 };
    char *named = site_of(ctl, site, &why), path[512];
    json_t *answer = NULL, *body;
    bool good;
    enum kf_rc rc;

    if (!named || !channel_path(named, key, path, sizeof(path))) {
        free(named);
        return ctl_fail(&why);
    }
    free(named);
    body = json_pack("{s:b,s:s*}", "register", (int)tell, "to", to);
    rc = ctl_call(ctl, "POST", path, body, &answer, &why);
    json_decref(body);
    if (rc)
        return ctl_fail(&why);
    good = json_is_true(json_object_get(answer, "good"));
    ctl_print_each(ctl, answer, "steps", print_step);
    json_decref(answer);
    return good ? CTL_DONE : CTL_FAILED;
}
