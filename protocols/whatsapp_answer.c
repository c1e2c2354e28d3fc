/* whatsapp_answer.c: what Meta's answers mean: the classes of its codes. */
#include "protocols/stamp.h"
#include "protocols/whatsapp_impl.h"

static enum outcome_class class_of_status(int status)
{
    switch (status) {
    case 401:
    case 403:
        return OUTCOME_AUTH;
    case 413:
        return OUTCOME_TOO_LARGE;
    case 429:
        return OUTCOME_RATE_LIMITED;
    case 200:
    case 502:
    case 504: /* a gateway that gave up waiting does not know */
        return OUTCOME_UNCERTAIN;
    default:
        return status >= 500 ? OUTCOME_RETRY : OUTCOME_FATAL;
    }
}

enum outcome_class whatsapp_class(int64_t code, int status)
{
    static const struct {
        int64_t from, to;
        enum outcome_class cls;
    } rows_of_codes[] = {
        { 131047, 131047, OUTCOME_WINDOW_CLOSED },
        { 130429, 130429, OUTCOME_RATE_LIMITED }, /* the number sends too fast */
        { 131056, 131056, OUTCOME_RATE_LIMITED }, /* too much for this customer */
        { 131048, 131048, OUTCOME_RATE_LIMITED }, /* too many have complained */
        { 80007, 80007, OUTCOME_RATE_LIMITED },
        { 4, 4, OUTCOME_RATE_LIMITED },
        { 1, 2, OUTCOME_RETRY },
        { 131000, 131000, OUTCOME_RETRY },
        { 131016, 131016, OUTCOME_RETRY },
        { 131057, 131057, OUTCOME_RETRY },
        { 2494100, 2494100, OUTCOME_RETRY },
        { 131026, 131026, OUTCOME_USER_BLOCKED },
        { 130403, 130403, OUTCOME_USER_BLOCKED },
        { 131050, 131050, OUTCOME_USER_BLOCKED },
        { 131049, 131049, OUTCOME_USER_BLOCKED }, /* Meta chose not to; not before a day has passed */
        { 130472, 130472, OUTCOME_USER_BLOCKED },
        { 190, 190, OUTCOME_AUTH },
        { 3, 3, OUTCOME_AUTH },
        { 10, 10, OUTCOME_AUTH },
        { 200, 299, OUTCOME_AUTH },
        { 131005, 131005, OUTCOME_AUTH },
        { 131031, 131031, OUTCOME_AUTH },
        { 368, 368, OUTCOME_AUTH },
        { 131042, 131042, OUTCOME_AUTH },
        { 133010, 133010, OUTCOME_AUTH },
        { 131045, 131045, OUTCOME_AUTH },
        { 33, 33, OUTCOME_FATAL },
        { 100, 100, OUTCOME_FATAL },
        { 131008, 131009, OUTCOME_FATAL },
        { 131021, 131021, OUTCOME_FATAL },
        { 131051, 131053, OUTCOME_FATAL },
        { 131062, 131062, OUTCOME_FATAL },
        { 132000, 132016, OUTCOME_FATAL },
    };

    for (size_t i = 0; i < sizeof(rows_of_codes) / sizeof(rows_of_codes[0]); i++)
        if (code >= rows_of_codes[i].from && code <= rows_of_codes[i].to)
            return rows_of_codes[i].cls;
    return class_of_status(status);
}

/* Nobody says how long to wait, but for one customer: 4 to the power of how often it has been tried, in seconds. */
static int64_t patience(int64_t code, int attempt)
{
    return code == 131056 ? 1000LL << 2 * (attempt < 6 ? attempt : 6) : 0;
}

void whatsapp_error(struct json_keep *keep, const json_t *error, const struct http_resp *resp, int attempt, struct outcome *ret)
{
    bool known = json_is_object(error);
    int64_t code = 0;

    if (known && json_get_i64(error, "code", &code) && code == 0)
        ret->cls = OUTCOME_AUTH; /* a code of its own: the token is not one */
    else
        ret->cls = whatsapp_class(code, resp->status);
    if (code && ret->cls == OUTCOME_UNCERTAIN && resp->status >= 500)
        ret->cls = OUTCOME_RETRY; /* no gateway, but Meta itself: it was not done */
    ret->code = json_get_text(keep, error, "code");
    ret->text = json_get_text(keep, json_object_get(error, "error_data"), "details");
    if (!ret->text.n)
        ret->text = json_get_text(keep, error, "message");
    ret->retry_after_ms = patience(code, attempt);
    if (!ret->retry_after_ms)
        ret->retry_after_ms = stamp_retry_after(resp);
}

enum kf_rc whatsapp_settle(const struct channel *ch, struct arena *a, const struct errand *e, const struct http_resp *resp,
                           struct outcome *ret)
{
    struct json_keep keep = { .arena = a };
    json_t *root = resp->status ? json_read_within(a, resp->body, JSON_OF_PLATFORMS, 32, NULL) : NULL;
    const json_t *message = json_array_get(json_object_get(root, "messages"), 0);

    (void)ch;
    *ret = (struct outcome){ .cls = resp->sent ? OUTCOME_UNCERTAIN : OUTCOME_RETRY };
    if (!resp->status) {
        ret->text = slice_of(resp->failure ? resp->failure : "no answer");
    } else if (resp->status == 200 && (message || json_is_true(json_object_get(root, "success")))) {
        ret->cls = OUTCOME_SENT;
        ret->ref = json_get_text(&keep, message, "id");
    } else {
        whatsapp_error(&keep, json_object_get(root, "error"), resp, e->attempt, ret);
    }
    json_decref(root);
    return keep.failed ? KF_NOMEM : KF_OK;
}
