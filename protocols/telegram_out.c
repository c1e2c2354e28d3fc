/* telegram_out.c: what we have Telegram do, and what its answer means. Files go by telegram_file.c. */
#include "core/card.h"
#include "protocols/place.h"
#include "protocols/stamp.h"
#include "protocols/telegram_impl.h"
#include "protocols/url.h"

#include <ctype.h>

#define DATA_MAX     64          /* bytes that come back with a tap */
#define FETCHED_MAX  (5LL << 20) /* of a photo that is fetched from an address */
#define CHOICES_MAX  100
#define REPLY_PREFIX "{\"message_id\":"

/* ---- members ----------------------------------------------------------------------------------------------------------------- */

/* "CHAT:NUMBER" → NUMBER; empty: it is no message of a chat. */
static struct slice number_of(const char *ref)
{
    const char *colon = ref ? strrchr(ref, ':') : NULL;

    for (const char *p = colon ? colon + 1 : ""; *p; p++)
        if (!isdigit((unsigned char)*p))
            return (struct slice){ NULL, 0 };
    return colon ? slice_of(colon + 1) : (struct slice){ NULL, 0 };
}

void telegram_reply(struct buf *b, const struct errand *e)
{
    buf_str(b, REPLY_PREFIX);
    telegram_id(b, number_of(e->reply_ref));
    buf_str(b, ",\"allow_sending_without_reply\":true}");
}

bool telegram_answers(const struct errand *e)
{
    return !e->part && number_of(e->reply_ref).n > 0;
}

/* One button below the other: labels of choices are sentences more often than words. Those whose id does not fit behind a button are
 * not offered as one; the text says them. False: none fits. */
static bool keyboard(struct buf *b, const json_t *choices)
{
    size_t n = 0;

    buf_str(b, "{\"inline_keyboard\":[");
    for (size_t i = 0; i < json_array_size(choices) && n < CHOICES_MAX; i++) {
        struct slice id = slice_of(json_string_value(json_object_get(json_array_get(choices, i), "id")));
        struct slice label = slice_of(json_string_value(json_object_get(json_array_get(choices, i), "label")));

        if (!id.n || id.n > DATA_MAX || !label.n)
            continue;
        buf_str(b, n++ ? ",[{\"text\":" : "[{\"text\":");
        buf_json(b, label);
        buf_str(b, ",\"callback_data\":");
        buf_json(b, id);
        buf_str(b, "}]");
    }
    buf_str(b, "]}");
    return n > 0;
}

/* What does not fit behind a button, as lines. */
static void unfit(struct buf *b, const json_t *choices)
{
    for (size_t i = 0; i < json_array_size(choices); i++) {
        const json_t *c = json_array_get(choices, i);

        if (json_string_length(json_object_get(c, "id")) <= DATA_MAX)
            continue;
        buf_str(b, "\n- ");
        buf_str(b, json_string_value(json_object_get(c, "label")));
    }
}

/* One button that opens the address, with its host on it. False: Telegram refuses a button to such a host, which has no dot. */
static bool card_keyboard(struct buf *b, struct slice address)
{
    const char *hash = memchr(address.p, '#', address.n);
    struct url url;

    if (!url_parse((struct slice){ address.p, hash ? (size_t)(hash - address.p) : address.n }, &url) ||
        !memchr(url.host.p, '.', url.host.n))
        return false;
    buf_str(b, "{\"inline_keyboard\":[[{\"text\":");
    buf_json(b, url.host);
    buf_str(b, ",\"url\":");
    buf_json(b, address);
    buf_str(b, "}]]}");
    return true;
}

static json_t *choices_of(const struct errand *e)
{
    struct slice list = json_member(slice_of(e->message.extra), "choices");

    return list.p && !e->more ? json_loadb(list.p, list.n, 0, NULL) : NULL;
}

void telegram_begin(struct buf *b, const struct errand *e)
{
    struct telegram_peer to = telegram_peer_of(slice_of(e->peer && *e->peer ? e->peer : e->user));

    buf_init(b, TELEGRAM_BODY_MAX);
    buf_char(b, '{');
    buf_str(b, "\"chat_id\":");
    telegram_id(b, to.chat);
    if (to.connection.n) {
        buf_str(b, ",\"business_connection_id\":");
        buf_json(b, to.connection);
    }
}

void telegram_topic(struct buf *b, const struct errand *e)
{
    struct telegram_peer to = telegram_peer_of(slice_of(e->peer));

    if (to.topic.n) {
        buf_str(b, ",\"message_thread_id\":");
        telegram_id(b, to.topic);
    }
}

/* ---- calls ----------------------------------------------------------------------------------------------------------------------- */

/* A picture that Telegram fetches itself, with these words below it; it takes no larger ones, and no more words. */
static bool is_caption_of_picture(const struct errand *e, struct slice words)
{
    struct slice file = json_member(slice_of(e->message.extra), "file");
    json_t *root = file.p ? json_loadb(file.p, file.n, 0, NULL) : NULL;
    int64_t size = 0;
    bool known = json_get_i64(root, "size", &size);

    json_decref(root);
    return e->file_url && known && size <= FETCHED_MAX && text_length(words, TEXT_UTF16) <= TELEGRAM_CAPTION_MAX;
}

/* Returns the name of the method. A card with a picture is that picture, its words below it. */
static const char *message_body(struct buf *b, const struct errand *e)
{
    const char *method = "sendMessage", *picture = NULL;
    json_t *choices = choices_of(e);
    struct buf text, markup;
    struct card card;

    buf_init(&text, TELEGRAM_BODY_MAX);
    buf_init(&markup, TELEGRAM_BODY_MAX);
    if (e->message.kind == MESSAGE_CARD && card_read(e->message.text, &card) && card_keyboard(&markup, card.url)) {
        card_write(&text, &(struct card){ .title = card.title, .words = card.words });
        picture = is_caption_of_picture(e, buf_slice(&text)) ? e->file_url : NULL;
    } else {
        buf_add(&text, e->message.text);
    }
    if (picture)
        method = "sendPhoto";
    unfit(&text, choices);
    telegram_begin(b, e);
    telegram_topic(b, e);
    if (picture) {
        buf_str(b, ",\"photo\":");
        buf_json(b, slice_of(picture));
    }
    buf_str(b, picture ? ",\"caption\":" : ",\"text\":");
    buf_json(b, buf_slice(&text));
    if (telegram_answers(e)) {
        buf_str(b, ",\"reply_parameters\":");
        telegram_reply(b, e);
    }
    if (markup.n || (choices && keyboard(&markup, choices))) {
        buf_str(b, ",\"reply_markup\":");
        buf_add(b, buf_slice(&markup));
    }
    b->failed |= !buf_ok(&text) || !buf_ok(&markup);
    buf_char(b, '}');
    buf_finish(&text);
    buf_finish(&markup);
    json_decref(choices);
    return method;
}

/* A venue has to have an address: where there is none, the degrees are one. (A mere location would lose its name.) */
static enum kf_rc send_place(const struct telegram *t, struct arena *a, const struct errand *e, const struct place *at,
                             struct http_req *ret)
{
    struct buf b, degrees;

    buf_init(&degrees, 64);
    place_degrees(&degrees, at->lat, ", ", at->lon);
    telegram_begin(&b, e);
    telegram_topic(&b, e);
    buf_printf(&b, ",\"latitude\":%.7f,\"longitude\":%.7f,\"title\":", at->lat, at->lon);
    buf_json(&b, at->card.title);
    buf_str(&b, ",\"address\":");
    buf_json(&b, at->card.words.n ? at->card.words : buf_slice(&degrees));
    buf_finish(&degrees);
    if (telegram_answers(e)) {
        buf_str(&b, ",\"reply_parameters\":");
        telegram_reply(&b, e);
    }
    buf_char(&b, '}');
    return telegram_post(t, a, "sendVenue", &b, ret);
}

static enum kf_rc send_message(const struct telegram *t, struct arena *a, const struct errand *e, struct http_req *ret)
{
    const char *method;
    struct place at;
    struct buf b;

    if (!e->message.text.n || e->message.kind == MESSAGE_REMOVED)
        return KF_UNSUPPORTED;
    if (place_of(&e->message, &at))
        return send_place(t, a, e, &at, ret);
    method = message_body(&b, e);
    return telegram_post(t, a, method, &b, ret);
}

static enum kf_rc change_message(const struct telegram *t, struct arena *a, const struct errand *e, struct http_req *ret)
{
    struct slice number = number_of(e->message.ref);
    bool edits = e->kind == ERRAND_EDIT;
    struct buf b;

    if (!number.n || (edits && !e->message.text.n))
        return KF_UNSUPPORTED; /* it has not come there */
    if (edits && text_length(e->message.text, TEXT_UTF16) > TELEGRAM_TEXT_MAX)
        return KF_LIMIT;
    telegram_begin(&b, e);
    buf_str(&b, ",\"message_id\":");
    telegram_id(&b, number);
    if (edits) {
        buf_str(&b, ",\"text\":");
        buf_json(&b, e->message.text);
    }
    buf_char(&b, '}');
    return telegram_post(t, a, edits ? "editMessageText" : "deleteMessage", &b, ret);
}

/* A list of one or none. Its emoji are written without the selector of colour ("❤", not "❤️"); which of them a chat takes, Telegram says. Messages
 * of a business account cannot be reacted to: the call knows no connection. */
static enum kf_rc set_reaction(const struct telegram *t, struct arena *a, const struct errand *e, struct http_req *ret)
{
    static const struct slice selector = SLICE("\xef\xb8\x8f");
    struct telegram_peer to = telegram_peer_of(slice_of(e->peer && *e->peer ? e->peer : e->user));
    struct slice number = number_of(e->message.ref), s = slice_of(e->emoji);
    struct buf b, plain;

    if (!e->emoji || !number.n || to.connection.n)
        return KF_UNSUPPORTED;
    buf_init(&plain, 256);
    for (size_t i = 0; i < s.n; i++) {
        if (s.n - i >= selector.n && memcmp(s.p + i, selector.p, selector.n) == 0)
            i += selector.n - 1;
        else
            buf_char(&plain, s.p[i]);
    }
    telegram_begin(&b, e);
    buf_str(&b, ",\"message_id\":");
    telegram_id(&b, number);
    buf_str(&b, ",\"reaction\":[");
    if (plain.n) {
        buf_str(&b, "{\"type\":\"emoji\",\"emoji\":");
        buf_json(&b, buf_slice(&plain));
        buf_char(&b, '}');
    }
    buf_str(&b, "]}");
    b.failed |= !buf_ok(&plain);
    buf_finish(&plain);
    return telegram_post(t, a, "setMessageReaction", &b, ret);
}

static enum kf_rc send_typing(const struct telegram *t, struct arena *a, const struct errand *e, struct http_req *ret)
{
    struct buf b;

    telegram_begin(&b, e);
    telegram_topic(&b, e);
    buf_str(&b, ",\"action\":\"typing\"}");
    return telegram_post(t, a, "sendChatAction", &b, ret);
}

enum kf_rc telegram_encode(const struct channel *ch, struct arena *a, const struct errand *e, const struct env *env, struct http_req *ret)
{
    const struct telegram *t = telegram_of(ch);

    if (env->answering) /* what is done in the answer to an update is never told: whether a message got there would not be known */
        return KF_UNSUPPORTED;
    switch (e->kind) {
    case ERRAND_SEND:
        return send_message(t, a, e, ret);
    case ERRAND_EDIT:
    case ERRAND_DELETE:
        return change_message(t, a, e, ret);
    case ERRAND_TYPING:
        return send_typing(t, a, e, ret);
    case ERRAND_REACT:
        return set_reaction(t, a, e, ret);
    case ERRAND_READ:
    case ERRAND_CLOSED:
    case ERRAND_FETCH:
    case ERRAND_TYPING_OFF:
    default:
        return KF_UNSUPPORTED;
    }
}

/* ---- the answer ---------------------------------------------------------------------------------------------------------------- */

bool telegram_says(struct slice words, const char *lower)
{
    size_t n = strlen(lower);

    for (size_t i = 0; i + n <= words.n; i++) {
        size_t k = 0;

        while (k < n && tolower((unsigned char)words.p[i + k]) == lower[k])
            k++;
        if (k == n)
            return true;
    }
    return false;
}

/* 400 says everything with words. Where none of these fits, it will not be better the next time. */
static enum outcome_class class_of_words(const struct errand *e, struct slice words)
{
    static const struct {
        const char *lower;
        enum outcome_class cls;
    } rows[] = {
        { "chat not found", OUTCOME_NO_SUCH_USER },
        { "peer_id_invalid", OUTCOME_NO_SUCH_USER },
        { "user not found", OUTCOME_NO_SUCH_USER },
        { "too long", OUTCOME_TOO_LARGE },
        { "too big", OUTCOME_TOO_LARGE },
        { "entity too large", OUTCOME_TOO_LARGE },
        { "bot was blocked", OUTCOME_USER_BLOCKED },
        { "user is deactivated", OUTCOME_USER_BLOCKED },
        { "not enough rights", OUTCOME_USER_BLOCKED },
        { "have no rights", OUTCOME_USER_BLOCKED },
    };

    if (((e->kind == ERRAND_EDIT || e->kind == ERRAND_REACT) &&
         (telegram_says(words, "message is not modified") || telegram_says(words, "message_not_modified"))) ||
        (e->kind == ERRAND_DELETE && telegram_says(words, "message to delete not found")))
        return OUTCOME_SENT; /* it is as it should be */
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (telegram_says(words, rows[i].lower))
            return rows[i].cls;
    return OUTCOME_FATAL;
}

/* `said`: the answer is Telegram's own; a gateway's is not, and one that gave up waiting does not know what was done. */
static enum outcome_class class_of(const struct errand *e, int status, bool said, struct slice words)
{
    switch (status) {
    case 400:
        return class_of_words(e, words);
    case 401:
    case 404: /* of any method: there is no such bot */
        return OUTCOME_AUTH;
    case 403:
        return OUTCOME_USER_BLOCKED;
    case 413:
        return OUTCOME_TOO_LARGE;
    case 429:
        return OUTCOME_RATE_LIMITED;
    case 502:
    case 504:
        return said ? OUTCOME_RETRY : OUTCOME_UNCERTAIN;
    default:
        return status >= 500 ? OUTCOME_RETRY : OUTCOME_FATAL;
    }
}

static void read_failure(struct json_keep *keep, const struct errand *e, const struct http_resp *resp, const json_t *root,
                         struct outcome *ret)
{
    const json_t *more = json_object_get(root, "parameters");
    int64_t status = resp->status, s = 0;
    struct slice chat = json_get_text(keep, more, "migrate_to_chat_id");

    (void)json_get_i64(root, "error_code", &status);
    ret->code = json_get_text(keep, root, "error_code");
    ret->text = json_get_text(keep, root, "description");
    ret->cls = class_of(e, (int)status, ret->code.n > 0, ret->text);
    if (json_get_i64(more, "retry_after", &s) && s > 0 && s <= 86400)
        ret->retry_after_ms = 1000 * s;
    else
        ret->retry_after_ms = stamp_retry_after(resp); /* of a proxy in between: Telegram itself says it above only */
    if (chat.n && chat.n < 32) {
        ret->cls = OUTCOME_RETRY_WITH_NEW_CONVERSATION;
        ret->peer = chat;
    }
}

void telegram_sent(struct json_keep *keep, const json_t *message, struct outcome *ret)
{
    struct slice chat = json_get_text(keep, json_object_get(message, "chat"), "id"), number = json_get_text(keep, message, "message_id");
    char *ref;

    ret->cls = OUTCOME_SENT;
    if (!chat.n || !number.n || chat.n + number.n > 250)
        return;
    ref = arena_printf(keep->arena, "%.*s:%.*s", (int)chat.n, chat.p, (int)number.n, number.p);
    keep->failed |= !ref;
    ret->ref = slice_of(ref);
}

enum kf_rc telegram_settle(const struct channel *ch, struct arena *a, const struct errand *e, const struct http_resp *resp,
                           struct outcome *ret)
{
    struct json_keep keep = { .arena = a };
    json_t *root = resp->status ? json_read_within(a, resp->body, JSON_OF_PLATFORMS, 64, NULL) : NULL;

    (void)ch;
    *ret = (struct outcome){ .cls = resp->sent ? OUTCOME_UNCERTAIN : OUTCOME_RETRY };
    if (!resp->status)
        ret->text = slice_of(resp->failure ? resp->failure : "no answer");
    else if (root && json_is_true(json_object_get(root, "ok")))
        telegram_sent(&keep, json_object_get(root, "result"), ret);
    else if (resp->status == 200)
        ret->cls = OUTCOME_UNCERTAIN; /* done or not: that could not be read */
    else
        read_failure(&keep, e, resp, root, ret);
    json_decref(root);
    return keep.failed ? KF_NOMEM : KF_OK;
}
