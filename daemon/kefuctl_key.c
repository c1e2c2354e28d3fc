#include "kefuctl.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DAY_MS (24LL * 3600 * 1000)

/* "/api/v1/keys[/ID][?site=S]"; false: it does not fit. */
static bool keys_path(const char *id, const char *site, char *ret, size_t size)
{
    char *escaped_id = curl_easy_escape(NULL, id ? id : "", 0), *escaped = curl_easy_escape(NULL, site ? site : "", 0);
    int n =
        escaped && escaped_id ? snprintf(ret, size, "/api/v1/keys%s%s%s%s", id ? "/" : "", escaped_id, site ? "?site=" : "", escaped) : -1;

    curl_free(escaped);
    curl_free(escaped_id);
    return n > 0 && (size_t)n < size;
}

/* What is no verb is told by the daemon, which knows them all. */
static json_t *verbs_json(const char *list)
{
    json_t *ret = json_array();
    size_t n;

    for (; *list; list += n + (list[n] != '\0')) {
        n = strcspn(list, ", ");
        if (n)
            json_array_append_new(ret, json_stringn(list, n));
    }
    return ret;
}

int ctl_key_add(struct ctl *ctl, const struct ctl_key *key)
{
    struct kf_err why = { 0 };
    json_t *body, *answer = NULL;
    char path[512];
    enum kf_rc rc;

    body = json_pack("{s:s,s:o}", "name", key->name, "verbs", verbs_json(key->verbs));
    if (key->days > 0)
        json_object_set_new(body, "expires_at", json_integer((json_int_t)time(NULL) * 1000 + key->days * DAY_MS));
    if (!keys_path(NULL, key->site, path, sizeof(path)))
        rc = kf_fail(&why, KF_INVALID, "that is no key of a site");
    else
        rc = ctl_call(ctl, "POST", path, body, &answer, &why);
    json_decref(body);
    if (rc)
        return ctl_fail(&why);
    if (ctl->json)
        ctl_print(ctl, answer);
    else {
        puts(json_string_value(json_object_get(answer, "key")));
        fprintf(stderr, "This is the only time that the key is shown. Its id is %s.\n", json_string_value(json_object_get(answer, "id")));
    }
    json_decref(answer);
    return CTL_DONE;
}

/* "2026-11-21", or "-". Static memory, until the third call after. */
static const char *day(const json_t *key, const char *name)
{
    static char text[3][16];
    static int turn;
    time_t at = (time_t)(json_integer_value(json_object_get(key, name)) / 1000);
    struct tm tm;

    turn = (turn + 1) % 3;
    if (!at || !gmtime_r(&at, &tm) || !strftime(text[turn], sizeof(text[turn]), "%Y-%m-%d", &tm))
        return "-";
    return text[turn];
}

static const char *state_of(const json_t *key)
{
    json_int_t ends = json_integer_value(json_object_get(key, "expires_at"));

    if (json_object_get(key, "revoked_at"))
        return "revoked";
    return ends && ends <= (json_int_t)time(NULL) * 1000 ? "ended" : "good";
}

static void print_key(const json_t *key)
{
    json_t *verb;
    size_t i;

    printf("%s  %-8s made %s  used %s  ends %s  %s:", ctl_text(key, "id"), state_of(key), day(key, "created_at"), day(key, "used_at"),
           day(key, "expires_at"), ctl_text(key, "name"));
    json_array_foreach(json_object_get(key, "verbs"), i, verb) printf(" %s", json_string_value(verb));
    putchar('\n');
}

int ctl_key_list(struct ctl *ctl, const char *site)
{
    struct kf_err why = { 0 };
    char path[512];

    if (!keys_path(NULL, site, path, sizeof(path)))
        return kf_fail(&why, KF_INVALID, "that is no key of a site"), ctl_fail(&why);
    return ctl_list(ctl, path, print_key);
}

int ctl_key_revoke(struct ctl *ctl, const char *id, const char *site)
{
    struct kf_err why = { 0 };
    char path[512];

    if (!keys_path(id, site, path, sizeof(path)))
        return kf_fail(&why, KF_INVALID, "that is no id of a key"), ctl_fail(&why);
    if (ctl_call(ctl, "DELETE", path, NULL, NULL, &why))
        return ctl_fail(&why);
    printf("%s is revoked\n", id);
    return CTL_DONE;
}
