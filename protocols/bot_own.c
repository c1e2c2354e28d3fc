/* bot_own.c: kefud's own form: one POST a turn, the answer in the answer. Signed as Standard Webhooks are. docs/bots.md has it in words. */
#include "protocols/bot.h"
#include "protocols/json.h"
#include "protocols/sign.h"
#include "protocols/stamp.h"

#define BODY_MAX    (1u << 20)
#define CHOICES_MAX 10

/* ---- the turn ---- */

static void text_member(struct buf *b, const char *name, const char *value)
{
    buf_printf(b, ",\"%s\":", name);
    buf_json(b, slice_of(value));
}

static void one_message(struct buf *b, const struct message *m)
{
    struct slice choice = json_member(slice_of(m->extra), "choice");

    buf_printf(b, "{\"seq\":%lld,\"at\":%lld,\"from\":\"%s\",\"kind\":\"%s\",\"text\":", (long long)m->seq, (long long)m->at,
               role_name(m->from.role), message_kind_name(m->kind));
    buf_json(b, m->text);
    if (choice.p) {
        buf_str(b, ",\"choice\":");
        json_raw(b, choice);
    }
    buf_char(b, '}');
}

static struct slice body_of(struct arena *a, const struct bot_turn *t)
{
    char id[KF_ID_TEXT], stamp[STAMP_TEXT];
    struct slice ret = { NULL, 0 };
    struct buf b;

    buf_init(&b, BODY_MAX);
    buf_printf(&b, "{\"type\":\"bot.turn\",\"timestamp\":\"%s\",\"data\":{\"turn\":\"%s\"", stamp_text(t->now_ms, stamp),
               id_text(&t->id, id));
    text_member(&b, "conversation", id_text(&t->conv, id));
    text_member(&b, "site", t->site);
    text_member(&b, "channel", t->channel);
    text_member(&b, "queue", t->queue);
    text_member(&b, "language", t->language);
    buf_str(&b, ",\"visitor\":{\"name\":");
    buf_json(&b, slice_of(t->visitor));
    buf_str(&b, "},\"messages\":[");
    for (size_t i = 0; i < t->n; i++) {
        if (i)
            buf_char(&b, ',');
        one_message(&b, &t->messages[i]);
    }
    buf_str(&b, "]}}");
    ret = buf_copy(&b, a);
    buf_finish(&b);
    return ret;
}

/* "whsec_" and base64, or any other text as it stands. */
static struct slice key_of(struct arena *a, const char *secret)
{
    struct slice text = slice_of(secret);
    uint8_t *bytes = arena_alloc(a, text.n + 1);
    size_t n;

    if (bytes && slice_starts(text, "whsec_") && sign_base64_decode((struct slice){ text.p + 6, text.n - 6 }, bytes, text.n, &n))
        return (struct slice){ (const char *)bytes, n };
    return text;
}

static struct slice signature(struct arena *a, const char *secret, struct slice id, struct slice at, struct slice body)
{
    const struct slice parts[] = { id, SLICE("."), at, SLICE("."), body };
    struct slice ret = { NULL, 0 };
    uint8_t mac[SIGN_SHA256];
    struct buf b;

    if (!sign_hmac_sha256(key_of(a, secret), parts, 5, mac))
        return ret;
    buf_init(&b, 128);
    buf_str(&b, "v1,");
    sign_base64(&b, mac, sizeof(mac));
    ret = buf_copy(&b, a);
    buf_finish(&b);
    return ret;
}

static enum kf_rc own_encode(struct arena *a, const struct bot_line *line, const struct bot_turn *t, struct http_req *ret)
{
    struct http_pair *h = arena_array(a, 5, sizeof(*h));
    struct slice body = body_of(a, t), id, at;
    char text[KF_ID_TEXT];
    size_t n = 3;

    if (!h || !body.p)
        return KF_NOMEM;
    id = slice_of(arena_printf(a, "msg_%s", id_text(&t->id, text)));
    at = slice_of(arena_printf(a, "%lld", (long long)(t->now_ms / 1000)));
    h[0] = (struct http_pair){ SLICE("Content-Type"), SLICE("application/json") };
    h[1] = (struct http_pair){ SLICE("webhook-id"), id };
    h[2] = (struct http_pair){ SLICE("webhook-timestamp"), at };
    if (line->secret)
        h[n++] = (struct http_pair){ SLICE("webhook-signature"), signature(a, line->secret, id, at, body) };
    if (line->token)
        h[n++] = (struct http_pair){ SLICE("Authorization"), slice_of(arena_printf(a, "Bearer %s", line->token)) };
    for (size_t i = 0; i < n; i++)
        if (!h[i].value.n)
            return KF_NOMEM;
    *ret = (struct http_req){ .method = "POST",
                              .url = line->url,
                              .headers = h,
                              .n_headers = n,
                              .body = body,
                              .answer_max = BOT_ANSWER_MAX,
                              .timeout_ms = line->timeout_ms };
    return KF_OK;
}

/* ---- its answer ---- */

/* {"choices":[{"id","label"}]} as we keep it; NULL and BOT_FAILS: it is not. */
static const char *choices_of(struct arena *a, const json_t *list, struct bot_answer *ret)
{
    const char *text = NULL;
    struct buf b;

    buf_init(&b, 16384);
    buf_str(&b, "{\"choices\":[");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *one = json_array_get(list, i);
        const char *id = json_string_value(json_object_get(one, "id")), *label = json_string_value(json_object_get(one, "label"));
        struct kf_key key;

        if (!id || !label || !*label || i == CHOICES_MAX || !key_parse(slice_of(id), &key)) {
            buf_finish(&b);
            bot_wrong(ret, "choices that are not a list of at most 10 of id and label");
            return NULL;
        }
        buf_printf(&b, "%s{\"id\":\"%s\",\"label\":", i ? "," : "", key.s);
        buf_json(&b, slice_of(label));
        buf_char(&b, '}');
    }
    buf_str(&b, "]}");
    if (buf_ok(&b))
        text = arena_text(a, buf_slice(&b));
    buf_finish(&b);
    if (!text)
        bot_wrong(ret, "choices that are too long");
    return text;
}

static struct slice text_of(const json_t *obj, const char *name)
{
    const json_t *v = json_object_get(obj, name);

    return (struct slice){ json_string_value(v), json_string_length(v) };
}

/* {"card":{"title","text"?,"url"}} */
static bool read_card(struct arena *a, const json_t *one, struct bot_answer *ret)
{
    const json_t *given = json_object_get(one, "card");
    const struct card card = { .title = text_of(given, "title"), .words = text_of(given, "text"), .url = text_of(given, "url") };

    if (!json_object_get(one, "text") && !json_object_get(one, "choices"))
        return bot_shows(a, &card, ret);
    bot_wrong(ret, "a card with text or choices beside it, which are a message of their own");
    return false;
}

static bool read_text(struct arena *a, const json_t *one, struct bot_answer *ret)
{
    const json_t *offered = json_object_get(one, "choices");
    const char *choices = offered ? choices_of(a, offered, ret) : NULL;
    struct slice text = text_of(one, "text");

    if (offered && !choices)
        return false;
    if (text.n)
        return bot_says(a, text, choices, ret);
    bot_wrong(ret, "a message without text");
    return false;
}

static bool read_words(struct arena *a, const json_t *list, struct bot_answer *ret)
{
    if (list && !json_is_array(list)) {
        bot_wrong(ret, "messages that are no list");
        return false;
    }
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *one = json_array_get(list, i);

        if (!(json_object_get(one, "card") ? read_card(a, one, ret) : read_text(a, one, ret)))
            return false;
    }
    return true;
}

static bool read_action(const char *word, struct bot_answer *ret)
{
    if (!word || strcmp(word, "answer") == 0)
        ret->verdict = BOT_ANSWERS;
    else if (strcmp(word, "handoff") == 0)
        ret->verdict = BOT_HANDS_OVER;
    else if (strcmp(word, "close") == 0)
        ret->verdict = BOT_CLOSES;
    else {
        bot_wrong(ret, "an action that is none of answer, handoff, close");
        return false;
    }
    return true;
}

static enum kf_rc own_settle(struct arena *a, const struct http_resp *resp, struct bot_answer *ret)
{
    struct json_keep keep = { .arena = a };
    json_t *root;
    double sure;

    if (!bot_status(a, resp, ret))
        return KF_OK;
    root = json_read(a, resp->body, JSON_OF_PLATFORMS, NULL);
    if (!root) {
        bot_wrong(ret, "an answer that is no JSON object");
        return KF_OK;
    }
    if (read_words(a, json_object_get(root, "messages"), ret) && read_action(json_string_value(json_object_get(root, "action")), ret)) {
        if (json_get_real(root, "confidence", &sure))
            ret->confidence = sure < 0 ? 0 : sure > 1 ? 100 : (int)(sure * 100);
        ret->reason = json_get_text(&keep, root, "reason").p;
        if (ret->verdict == BOT_ANSWERS && !ret->n)
            bot_wrong(ret, "an answer that says nothing");
    }
    json_decref(root);
    return keep.failed ? KF_NOMEM : KF_OK;
}

const struct bot_ops bot_own = { own_encode, own_settle };
