#include "kefuctl.h"

#include "core/buf.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define HEADS_MAX (1U << 20)

static long long whole(const json_t *one, const char *name)
{
    return (long long)json_integer_value(json_object_get(one, name));
}

/* ---- list ---- */

static bool list_path(const struct ctl_audit *a, char *ret, size_t size)
{
    const struct {
        const char *name, *value;
    } all[] = { { "site", a->site }, { "kind", a->kind }, { "person", a->person }, { "conversation", a->conv }, { "cursor", a->cursor } };
    struct buf b;
    bool ok;

    buf_init(&b, size);
    buf_printf(&b, "/api/v1/audit?limit=%ld", a->limit ? a->limit : 50);
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        char *value = all[i].value ? curl_easy_escape(NULL, all[i].value, 0) : NULL;

        if (value)
            buf_printf(&b, "&%s=%s", all[i].name, value);
        curl_free(value);
    }
    ok = buf_ok(&b) && b.n < size;
    if (ok)
        memcpy(ret, b.p, b.n + 1);
    buf_finish(&b);
    return ok;
}

static void print_entry(const json_t *one)
{
    const json_t *by = json_object_get(one, "by");
    time_t at = (time_t)(whole(one, "at") / 1000);
    char when[24] = "-", *data = json_dumps(json_object_get(one, "data"), JSON_COMPACT | JSON_ENSURE_ASCII);
    struct tm tm;

    if (localtime_r(&at, &tm))
        (void)strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", &tm);
    printf("%s  %-8s %-24s %s%s%s  %s\n", when, *ctl_text(one, "site") ? ctl_text(one, "site") : "-", ctl_text(one, "kind"),
           *ctl_text(by, "name") ? ctl_text(by, "name") : ctl_text(by, "role"), *ctl_text(by, "id") ? " " : "", ctl_text(by, "id"),
           data ? data : "{}");
    free(data);
}

int ctl_audit_list(struct ctl *ctl, const struct ctl_audit *a)
{
    struct kf_err why = { 0 };
    char path[1536];

    if (!list_path(a, path, sizeof(path)))
        return kf_fail(&why, KF_INVALID, "these filters are too long"), ctl_fail(&why);
    return ctl_list(ctl, path, print_entry);
}

/* ---- verify ---- */

static enum kf_rc add_file(struct buf *b, const char *path, bool must, struct kf_err *why)
{
    FILE *f = fopen(path, "re");
    char line[512];

    if (!f)
        return must ? kf_fail(why, KF_ABSENT, "%s: %s", path, strerror(errno)) : KF_OK;
    while (buf_ok(b) && fgets(line, sizeof(line), f)) {
        size_t n = strcspn(line, "\r\n");

        while (n && line[n - 1] == ' ')
            n--;
        buf_add(b, (struct slice){ line, n });
        buf_char(b, '\n');
    }
    (void)fclose(f);
    return KF_OK;
}

static int print_chains(const json_t *answer)
{
    const json_t *chains = json_object_get(answer, "chains"), *one;
    size_t i;

    json_array_foreach(chains, i, one)
    {
        const json_t *broken = json_object_get(one, "broken");

        printf("%s  entries %lld to %lld (%lld)  ", ctl_text(one, "node"), whole(one, "first"), whole(one, "last"), whole(one, "entries"));
        if (broken)
            printf("BROKEN at entry %lld: %s: %s\n", whole(broken, "entry"), ctl_text(broken, "what"), ctl_text(broken, "words"));
        else
            printf("OK  head %s\n", strrchr(ctl_text(one, "head"), ' ') ? strrchr(ctl_text(one, "head"), ' ') + 1 : "");
    }
    if (whole(answer, "unchained"))
        printf("and %lld older entries without a chain\n", whole(answer, "unchained"));
    if (*ctl_text(answer, "words"))
        printf("BROKEN: %s\n", ctl_text(answer, "words"));
    return json_is_true(json_object_get(answer, "ok")) ? CTL_DONE : CTL_FAILED;
}

/* The head that lies beside the state is always asked for, too: without one nobody sees that the newest entries are gone. */
int ctl_audit_verify(struct ctl *ctl, const char *heads)
{
    struct kf_err why = { 0 };
    json_t *answer = NULL, *body = NULL;
    struct buf b;
    enum kf_rc rc;
    bool headless;
    int ret;

    buf_init(&b, HEADS_MAX);
    rc = add_file(&b, ctl->cfg.node.head, false, &why);
    headless = !rc && !b.n && !heads;
    if (!rc && !b.n)
        fprintf(stderr, "kefuctl: %s is not there: whether the newest entries of this node were cut off cannot be told from here\n",
                ctl->cfg.node.head);
    if (!rc && heads)
        rc = add_file(&b, heads, true, &why);
    if (!rc && !buf_ok(&b))
        rc = kf_fail(&why, KF_LIMIT, "%s is too large", heads ? heads : ctl->cfg.node.head);
    if (!rc)
        body = json_pack("{s:s%}", "heads", b.p ? b.p : "", (size_t)b.n);
    if (!rc && !body)
        rc = kf_fail(&why, KF_INVALID, "%s is no text", heads ? heads : ctl->cfg.node.head);
    if (!rc)
        rc = ctl_call(ctl, "POST", "/api/v1/audit/verify", body, &answer, &why);
    if (rc == KF_ABSENT && body) /* kefud does not run: then nobody else has the store */
        rc = ctl_store_verify(ctl, b.p ? b.p : "", &answer, &why);
    json_decref(body);
    buf_finish(&b);
    if (rc)
        return ctl_fail(&why);
    ret = json_is_true(json_object_get(answer, "ok")) ? CTL_DONE : CTL_FAILED;
    if (ctl->json)
        ctl_print(ctl, answer);
    else
        ret = print_chains(answer);
    json_decref(answer);
    return headless ? CTL_FAILED : ret;
}
