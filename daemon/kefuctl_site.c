#include "kefuctl.h"

#include <stdio.h>

/* The set in `file`; NULL: *why says what is wrong with it, and where. */
static json_t *load_set(const char *file, struct kf_err *why)
{
    json_error_t error;
    json_t *ret = json_load_file(file, JSON_REJECT_DUPLICATES, &error);

    if (!ret && error.line > 0)
        (void)kf_fail(why, KF_INVALID, "%s: %s (line %d)", file, error.text, error.line);
    else if (!ret)
        (void)kf_fail(why, KF_INVALID, "%s", error.text); /* it could not be opened: the words name it */
    return ret;
}

/* The answer is told whole: the passwords in it are nowhere else. */
int ctl_site_add(struct ctl *ctl, const char *file)
{
    struct kf_err why = { 0 };
    json_t *set = load_set(file, &why), *answer = NULL;
    enum kf_rc rc = set ? ctl_call(ctl, "POST", "/api/v1/sites", set, &answer, &why) : KF_INVALID;

    if (rc == KF_OK)
        ctl_print(ctl, answer);
    json_decref(set);
    json_decref(answer);
    return rc ? ctl_fail(&why) : CTL_DONE;
}

/* A key is 32 letters at most; what is none is told by the daemon. */
static void set_path(char *ret, size_t n, const char *key, bool dry)
{
    (void)snprintf(ret, n, "/api/v1/sites/%.64s/set%s", key, dry ? "?dry_run=1" : "");
}

int ctl_site_export(struct ctl *ctl, const char *key)
{
    struct kf_err why = { 0 };
    json_t *set = NULL;
    char path[128];
    enum kf_rc rc;

    set_path(path, sizeof(path), key, false);
    rc = ctl_call(ctl, "GET", path, NULL, &set, &why);
    if (rc == KF_OK) {
        json_dumpf(set, stdout, JSON_INDENT(2));
        putchar('\n');
    }
    json_decref(set);
    return rc ? ctl_fail(&why) : CTL_DONE;
}

static void print_changes(const struct ctl *ctl, json_t *answer)
{
    const json_t *all = json_object_get(answer, "changes");

    if (ctl->json) {
        ctl_print(ctl, answer);
        return;
    }
    for (size_t i = 0; i < json_array_size(all); i++) {
        const json_t *one = json_array_get(all, i);

        printf("%-8s %s %s\n", json_string_value(json_object_get(one, "does")), json_string_value(json_object_get(one, "kind")),
               json_string_value(json_object_get(one, "key")));
    }
    if (!json_array_size(all))
        puts("nothing differs");
}

int ctl_site_apply(struct ctl *ctl, const char *file, bool dry)
{
    struct kf_err why = { 0 };
    json_t *set = load_set(file, &why), *answer = NULL;
    const char *key = json_string_value(json_object_get(json_object_get(set, "site"), "key"));
    char path[128];
    enum kf_rc rc;

    if (!set)
        rc = KF_INVALID;
    else if (!key)
        rc = kf_fail(&why, KF_INVALID, "%s: site.key is missing", file);
    else {
        set_path(path, sizeof(path), key, dry);
        rc = ctl_call(ctl, "PUT", path, set, &answer, &why);
    }
    if (rc == KF_OK)
        print_changes(ctl, answer);
    json_decref(set);
    json_decref(answer);
    return rc ? ctl_fail(&why) : CTL_DONE;
}
