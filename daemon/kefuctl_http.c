#include "kefuctl.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ANSWER_MAX (16 * 1024 * 1024)
#define SILENCE_S  10L

static size_t collect(char *data, size_t size, size_t n, void *ctx)
{
    struct buf *body = ctx;

    buf_add(body, (struct slice){ data, size * n });
    return buf_ok(body) ? size * n : 0;
}

static enum kf_rc from_status(long status)
{
    switch (status) {
    case 401:
        return KF_AUTH;
    case 403:
        return KF_DENIED;
    case 404:
        return KF_REJECTED;
    case 409:
        return KF_CONFLICT;
    case 503:
        return KF_AGAIN;
    default:
        return status >= 500 ? KF_IO : KF_INVALID;
    }
}

/* The words of a problem document (RFC 9457), or the bare status. */
static enum kf_rc read_problem(long status, const json_t *problem, struct kf_err *why)
{
    const char *detail = json_string_value(json_object_get(problem, "detail"));
    const char *title = json_string_value(json_object_get(problem, "title"));

    if (detail || title)
        return kf_fail(why, from_status(status), "%s", detail ? detail : title);
    return kf_fail(why, from_status(status), "kefud answered with status %ld", status);
}

static enum kf_rc read_answer(long status, struct buf *body, json_t **ret, struct kf_err *why)
{
    json_error_t error;
    json_t *answer = body->n ? json_loadb(body->p, body->n, JSON_REJECT_DUPLICATES, &error) : NULL;

    if (status < 200 || status > 299) {
        enum kf_rc rc = read_problem(status, answer, why);

        json_decref(answer);
        return rc;
    }
    if (body->n && !answer)
        return kf_fail(why, KF_IO, "kefud's answer is not JSON: %s", error.text);
    if (ret)
        *ret = answer;
    else
        json_decref(answer);
    return KF_OK;
}

static enum kf_rc no_answer(const struct ctl *ctl, CURLcode code, const char *socket, struct kf_err *why)
{
    if (code == CURLE_OPERATION_TIMEDOUT)
        return kf_fail(why, KF_IO, "%s takes connections, and nothing has come for %ld s: it hangs, or was stopped", socket, SILENCE_S);
    if (code == CURLE_ABORTED_BY_CALLBACK)
        return kf_fail(
            why, KF_IO,
            "%s takes connections, and nothing has come for %ld s: it hangs, or was stopped. What was asked for may still be done: "
            "look before you say it again",
            socket, SILENCE_S);
    if (code != CURLE_COULDNT_CONNECT)
        return kf_fail(why, KF_IO, "%s: %s", socket, curl_easy_strerror(code));
    return kf_fail(why, KF_ABSENT,
                   "nobody answers at %s. Is kefud running with this state directory (--state %s), and may you open its socket?", socket,
                   ctl->cfg.node.state);
}

/* What every call has. What is only read comes at once: silence is a daemon that hangs, whose socket still takes connections. */
static CURL *prepare(const char *method, const char *url, const char *socket, struct curl_slist *headers, struct buf *body)
{
    CURL *curl = curl_easy_init();

    if (!curl)
        return NULL;
    curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, socket);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, 5000L);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, collect);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, body);
    if (strcmp(method, "GET") == 0) {
        curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
        curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, SILENCE_S);
    }
    return curl;
}

static bool lives(const char *socket)
{
    struct buf body;
    CURL *curl;
    bool ret;

    buf_init(&body, ANSWER_MAX);
    curl = prepare("GET", "http://localhost/healthz", socket, NULL, &body);
    ret = curl && curl_easy_perform(curl) == CURLE_OK;
    curl_easy_cleanup(curl);
    buf_finish(&body);
    return ret;
}

/* An act under way. Its answer may take its time, as that of a backup does; meanwhile others are answered, if the daemon lives. */
struct acting {
    CURL *curl;
    const char *socket;
    curl_off_t lived_us; /* into the call, when that was last known */
};

static int still_lives(void *ctx, curl_off_t total, curl_off_t come, curl_off_t out, curl_off_t gone)
{
    struct acting *a = ctx;
    curl_off_t now_us = 0;

    (void)total, (void)come, (void)out, (void)gone;
    curl_easy_getinfo(a->curl, CURLINFO_TOTAL_TIME_T, &now_us);
    if (now_us - a->lived_us < SILENCE_S * 1000000)
        return 0;
    a->lived_us = now_us;
    return lives(a->socket) ? 0 : 1;
}

static void prepare_act(struct acting *a, CURL *curl, const char *socket, const char *payload)
{
    *a = (struct acting){ .curl = curl, .socket = socket };
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, payload ? payload : "");
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)(payload ? strlen(payload) : 0));
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, still_lives);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, a);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
}

enum kf_rc ctl_call(const struct ctl *ctl, const char *method, const char *path, const json_t *body, json_t **ret, struct kf_err *why)
{
    char *payload = body ? json_dumps(body, JSON_COMPACT) : NULL;
    struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
    char socket[4096], url[2048];
    struct acting acting;
    struct buf answer;
    long status = 0;
    CURLcode code;
    enum kf_rc rc;
    CURL *curl;

    if (ret)
        *ret = NULL;
    buf_init(&answer, ANSWER_MAX);
    snprintf(socket, sizeof(socket), "%s/kefud.sock", ctl->cfg.node.state);
    snprintf(url, sizeof(url), "http://localhost%s", path);
    curl = prepare(method, url, socket, headers, &answer);
    if (!curl || (body && !payload)) {
        rc = kf_fail(why, KF_NOMEM, "out of memory");
        goto end;
    }
    if (strcmp(method, "GET") != 0)
        prepare_act(&acting, curl, socket, payload);
    code = curl_easy_perform(curl);
    if (code != CURLE_OK) {
        rc = no_answer(ctl, code, socket, why);
        goto end;
    }
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    rc = read_answer(status, &answer, ret, why);
end:
    curl_easy_cleanup(curl);
    curl_slist_free_all(headers);
    if (payload)
        explicit_bzero(payload, strlen(payload)); /* it may hold a password */
    free(payload);
    buf_finish(&answer);
    return rc;
}

struct fetched {
    CURL *curl;
    int fd;
    struct buf problem; /* the body of an answer that is none */
};

static size_t keep(char *data, size_t size, size_t n, void *ctx)
{
    struct fetched *f = ctx;
    long status = 0;

    curl_easy_getinfo(f->curl, CURLINFO_RESPONSE_CODE, &status);
    if (status != 200)
        return collect(data, size, n, &f->problem);
    for (size_t done = 0; done < size * n;) {
        ssize_t wrote = write(f->fd, data + done, size * n - done);

        if (wrote < 0)
            return 0;
        done += (size_t)wrote;
    }
    return size * n;
}

enum kf_rc ctl_fetch(const struct ctl *ctl, const char *path, int fd, struct kf_err *why)
{
    struct fetched f = { .fd = fd };
    char socket[4096], url[2048];
    long status = 0;
    CURLcode code;
    enum kf_rc rc;

    buf_init(&f.problem, ANSWER_MAX);
    snprintf(socket, sizeof(socket), "%s/kefud.sock", ctl->cfg.node.state);
    snprintf(url, sizeof(url), "http://localhost%s", path);
    f.curl = prepare("GET", url, socket, NULL, &f.problem);
    if (!f.curl)
        return kf_fail(why, KF_NOMEM, "out of memory");
    curl_easy_setopt(f.curl, CURLOPT_WRITEFUNCTION, keep);
    curl_easy_setopt(f.curl, CURLOPT_WRITEDATA, &f);
    errno = 0;
    code = curl_easy_perform(f.curl);
    curl_easy_getinfo(f.curl, CURLINFO_RESPONSE_CODE, &status);
    if (code == CURLE_WRITE_ERROR)
        rc = kf_fail(why, KF_IO, "cannot write: %s", strerror(errno));
    else if (code != CURLE_OK)
        rc = no_answer(ctl, code, socket, why);
    else
        rc = status == 200 ? KF_OK : read_answer(status, &f.problem, NULL, why);
    curl_easy_cleanup(f.curl);
    buf_finish(&f.problem);
    return rc;
}
