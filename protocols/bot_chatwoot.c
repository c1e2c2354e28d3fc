/* bot_chatwoot.c: what agent bots of Chatwoot hear and say, so that such bots work unchanged. A turn is an event that is posted to the bot; its
 * answer comes later, as calls of our API (daemon/api/agentbot.c), or does not come. Chatwoot counts where we have names: struct
 * bot_numbers. */
#include "protocols/bot.h"

#include "core/utf8.h"
#include "protocols/json.h"
#include "protocols/sign.h"
#include "protocols/stamp.h"

#include <string.h>

#define BODY_MAX    (1u << 20)
#define CHOICES_MAX 10
#define EXTRA_MAX   16384
#define POST_MS     5000 /* it has to hear at once; for its answer it may take its time */

/* ---- how things are shown ---- */

const char *bot_chatwoot_status(enum conv_state s)
{
    switch (s) {
    case CONV_BOT:
        return "pending";
    case CONV_PARKED:
        return "snoozed";
    case CONV_CLOSED:
        return "resolved";
    case CONV_WAITING:
    case CONV_OFFERED:
    case CONV_SERVED:
    default:
        return "open";
    }
}

static const char *type_of(const struct message *m)
{
    return m->kind == MESSAGE_EVENT ? "activity" : m->from.role == ROLE_VISITOR ? "incoming" : "outgoing";
}

static int type_number(const struct message *m)
{
    return m->kind == MESSAGE_EVENT ? 2 : m->from.role == ROLE_VISITOR ? 0 : 1;
}

/* Members of `extra` as JSON; NULL none. */
static json_t *extra_of(struct arena *a, const struct message *m, const char *name)
{
    json_t *root = m->extra ? json_read(a, slice_of(m->extra), JSON_OF_PLATFORMS, NULL) : NULL;
    json_t *ret = json_incref(json_object_get(root, name));

    json_decref(root);
    return ret;
}

static void text_member(struct buf *b, const char *name, struct slice value)
{
    buf_printf(b, ",\"%s\":", name);
    buf_json(b, value);
}

/* Where its file can be fetched, if it has one. The number is the message's: it has no more than one. */
static void attachments(struct buf *b, const struct bot_numbers *n, const struct message *m)
{
    long long number = (long long)bot_message_number(n->conversation, m->seq);
    json_t *extra = m->file_url && m->extra ? json_loads(m->extra, 0, NULL) : NULL;
    const json_t *file = json_object_get(extra, "file"), *size = json_object_get(file, "size");
    const char *mime = json_string_value(json_object_get(file, "mime"));

    if (m->file_url) {
        buf_printf(b, ",\"attachments\":[{\"id\":%lld,\"message_id\":%lld,\"account_id\":%lld,\"file_type\":\"%s\"", number, number,
                   (long long)n->site,
                   m->kind == MESSAGE_IMAGE                                 ? "image"
                   : m->kind == MESSAGE_AUDIO                               ? "audio"
                   : mime && strncmp(mime, "video/", strlen("video/")) == 0 ? "video"
                                                                            : "file");
        text_member(b, "data_url", slice_of(m->file_url));
        if (size)
            buf_printf(b, ",\"file_size\":%lld", (long long)json_integer_value(size));
        buf_str(b, "}]");
    }
    json_decref(extra);
}

void bot_chatwoot_message(struct buf *b, const struct bot_numbers *n, const struct message *m, const char *status)
{
    buf_printf(b, "{\"id\":%lld,\"inbox_id\":%lld,\"conversation_id\":%lld,\"message_type\":%d,\"created_at\":%lld,\"private\":false",
               (long long)bot_message_number(n->conversation, m->seq), (long long)n->channel, (long long)n->conversation, type_number(m),
               (long long)(m->at / 1000));
    buf_printf(b, ",\"content_type\":\"text\",\"content_attributes\":{},\"status\":\"%s\"", status);
    text_member(b, "content", m->text);
    if (m->from.role == ROLE_VISITOR)
        buf_printf(b, ",\"sender\":{\"id\":%lld,\"type\":\"contact\"", (long long)n->contact);
    else
        buf_printf(b, ",\"sender\":{\"id\":%lld,\"type\":\"%s\"", (long long)bot_number(slice_of(m->from.name), 31),
                   m->from.role == ROLE_BOT ? "agent_bot" : "user");
    text_member(b, "name", slice_of(m->from.name));
    buf_char(b, '}');
    attachments(b, n, m);
    buf_char(b, '}');
}

/* ---- the event ---- */

static const char *value_of(const json_t *values, const char *id)
{
    const char *ret = json_string_value(json_object_get(values, id));

    return ret ? ret : id;
}

static const json_t *choice_in(const json_t *choices, const char *id)
{
    for (size_t i = 0; i < json_array_size(choices); i++) {
        const json_t *one = json_array_get(choices, i);
        const char *is = json_string_value(json_object_get(one, "id"));

        if (is && strcmp(is, id) == 0)
            return one;
    }
    return NULL;
}

/* What the visitor picked of what the bot had offered. */
struct pick {
    const struct message *offer; /* NULL: nothing was picked */
    const char *title, *value;   /* in the arena */
};

static struct pick pick_of(struct arena *a, const struct bot_turn *t)
{
    json_t *choice = extra_of(a, &t->messages[t->n - 1], "choice");
    struct pick ret = { NULL, NULL, NULL };

    for (size_t i = t->n - 1; json_is_string(choice) && i > 0 && !ret.offer; i--) {
        const struct message *m = &t->messages[i - 1];
        json_t *choices = m->from.role == ROLE_BOT ? extra_of(a, m, "choices") : NULL, *values = extra_of(a, m, "values");
        const json_t *one = choice_in(choices, json_string_value(choice));

        if (one) {
            ret.offer = m;
            ret.title = arena_text(a, slice_of(json_string_value(json_object_get(one, "label"))));
            ret.value = arena_text(a, slice_of(value_of(values, json_string_value(choice))));
        }
        json_decref(choices);
        json_decref(values);
    }
    json_decref(choice);
    return ret;
}

static void pick_members(struct buf *b, const struct pick *p)
{
    buf_str(b, ",\"content_type\":\"input_select\",\"content_attributes\":{\"submitted_values\":[{\"title\":");
    buf_json(b, slice_of(p->title));
    text_member(b, "value", slice_of(p->value));
    buf_str(b, "}]}");
}

static void conversation(struct buf *b, const struct bot_turn *t)
{
    const struct bot_numbers *n = &t->numbers;
    char id[KF_ID_TEXT];

    buf_printf(b, "{\"id\":%lld,\"inbox_id\":%lld,\"status\":\"pending\",\"can_reply\":true,\"channel\":\"Channel::%s\"",
               (long long)n->conversation, (long long)n->channel, t->page ? "WebWidget" : "Api");
    buf_printf(b, ",\"contact_inbox\":{\"source_id\":\"%s\"},\"meta\":{\"sender\":{\"id\":%lld", id_text(&t->conv, id),
               (long long)n->contact);
    text_member(b, "name", slice_of(t->visitor));
    buf_str(b, ",\"type\":\"contact\",\"email\":null,\"phone_number\":null},\"assignee\":null},\"messages\":[],\"unread_count\":1,");
    buf_str(b, "\"additional_attributes\":{\"browser_language\":");
    buf_json(b, slice_of(t->language));
    buf_str(b, "},\"custom_attributes\":{},\"labels\":[]}");
}

static struct slice body_of(struct arena *a, const struct bot_turn *t)
{
    const struct message *said = &t->messages[t->n - 1];
    const struct pick picked = pick_of(a, t);
    const struct message *m = picked.offer ? picked.offer : said;
    struct slice ret = { NULL, 0 };
    char stamp[STAMP_TEXT];
    struct buf b;

    buf_init(&b, BODY_MAX);
    buf_printf(&b, "{\"event\":\"%s\",\"id\":%lld", picked.offer ? "message_updated" : "message_created",
               (long long)bot_message_number(t->numbers.conversation, m->seq));
    text_member(&b, "content", m->text);
    buf_printf(&b, ",\"created_at\":\"%s\",\"message_type\":\"%s\",\"private\":false,\"source_id\":null", stamp_text(m->at, stamp),
               type_of(m));
    if (picked.offer)
        pick_members(&b, &picked);
    else
        buf_str(&b, ",\"content_type\":\"text\",\"content_attributes\":{}");
    attachments(&b, &t->numbers, m);
    buf_printf(&b, ",\"sender\":{\"id\":%lld,\"avatar\":\"\",\"type\":\"contact\"", (long long)t->numbers.contact);
    text_member(&b, "name", slice_of(t->visitor));
    buf_printf(&b, "},\"inbox\":{\"id\":%lld", (long long)t->numbers.channel);
    text_member(&b, "name", slice_of(t->channel));
    buf_str(&b, "},\"conversation\":");
    conversation(&b, t);
    buf_printf(&b, ",\"account\":{\"id\":%lld", (long long)t->numbers.site);
    text_member(&b, "name", slice_of(t->site));
    buf_str(&b, "}}");
    ret = buf_copy(&b, a);
    buf_finish(&b);
    return ret;
}

bool bot_chatwoot_sign(struct slice secret, struct slice timestamp, struct slice body, struct buf *ret)
{
    const struct slice parts[] = { timestamp, SLICE("."), body };
    uint8_t mac[SIGN_SHA256];

    if (!sign_hmac_sha256(secret, parts, 3, mac))
        return false;
    buf_str(ret, "sha256=");
    sign_hex(ret, mac, sizeof(mac));
    return buf_ok(ret);
}

static struct slice signature(struct arena *a, const char *secret, struct slice at, struct slice body)
{
    struct slice ret = { NULL, 0 };
    struct buf b;

    buf_init(&b, 128);
    if (bot_chatwoot_sign(slice_of(secret), at, body, &b))
        ret = arena_copy(a, buf_slice(&b));
    buf_finish(&b);
    return ret;
}

static enum kf_rc chatwoot_encode(struct arena *a, const struct bot_line *line, const struct bot_turn *t, struct http_req *ret)
{
    struct http_pair *h = arena_array(a, 4, sizeof(*h));
    struct slice body = t->n ? body_of(a, t) : (struct slice){ NULL, 0 }, at;
    char id[KF_ID_TEXT];
    size_t n = 3;

    if (!h || !body.p)
        return KF_NOMEM;
    at = slice_of(arena_printf(a, "%lld", (long long)(t->now_ms / 1000)));
    h[0] = (struct http_pair){ SLICE("Content-Type"), SLICE("application/json") };
    h[1] = (struct http_pair){ SLICE("X-Chatwoot-Timestamp"), at };
    h[2] = (struct http_pair){ SLICE("X-Chatwoot-Delivery"), slice_of(arena_text(a, slice_of(id_text(&t->id, id)))) };
    if (line->secret)
        h[n++] = (struct http_pair){ SLICE("X-Chatwoot-Signature"), signature(a, line->secret, at, body) };
    for (size_t i = 0; i < n; i++)
        if (!h[i].value.n)
            return KF_NOMEM;
    *ret = (struct http_req){ .method = "POST",
                              .url = line->url,
                              .headers = h,
                              .n_headers = n,
                              .body = body,
                              .answer_max = BOT_ANSWER_MAX,
                              .timeout_ms = line->timeout_ms < POST_MS ? line->timeout_ms : POST_MS };
    return KF_OK;
}

/* Whatever stands in the answer: only that it was heard counts. */
static enum kf_rc chatwoot_settle(struct arena *a, const struct http_resp *resp, struct bot_answer *ret)
{
    if (bot_status(a, resp, ret))
        ret->verdict = BOT_TAKES;
    return KF_OK;
}

const struct bot_ops bot_chatwoot = { chatwoot_encode, chatwoot_settle };

/* ---- what it says, by a call of our API ---- */

/* Choices under way: as they are shown, and beside them the values that are no ids. */
struct choosing {
    struct buf choices, values;
    size_t n; /* of all that is said at a time: no two of them have one number */
};

static void choosing_init(struct choosing *c, size_t n)
{
    buf_init(&c->choices, EXTRA_MAX);
    buf_init(&c->values, EXTRA_MAX);
    c->n = n;
}

/* Its values may be anything, our ids are words: what is no word gets a number, and the value is kept beside. */
static bool choose(struct choosing *c, const json_t *title, const char *value)
{
    struct kf_key key;

    if (!json_string_length(title) || !value)
        return false;
    c->n++;
    buf_str(&c->choices, c->choices.n ? ",{\"id\":\"" : "{\"id\":\"");
    if (key_parse(slice_of(value), &key))
        buf_str(&c->choices, key.s);
    else {
        buf_printf(&c->choices, "choice%zu", c->n);
        buf_printf(&c->values, "%s\"choice%zu\":", c->values.n ? "," : "", c->n);
        buf_json(&c->values, slice_of(value));
    }
    buf_str(&c->choices, "\",\"label\":");
    buf_json(&c->choices, slice_of(json_string_value(title)));
    buf_char(&c->choices, '}');
    return true;
}

/* As the extra of a message; NULL: there are none, or they are too long. */
static const char *choosing_end(struct choosing *c, struct arena *a)
{
    const char *ret = NULL;

    if (c->choices.n && buf_ok(&c->choices) && buf_ok(&c->values))
        ret = arena_printf(a, "{\"choices\":[%.*s],\"values\":{%.*s}}", (int)c->choices.n, c->choices.p, (int)c->values.n,
                           c->values.n ? c->values.p : "");
    buf_finish(&c->choices);
    buf_finish(&c->values);
    return ret;
}

static const char *items_extra(struct arena *a, const json_t *items)
{
    bool good = json_array_size(items) <= CHOICES_MAX;
    struct choosing c;
    const char *ret;

    choosing_init(&c, 0);
    for (size_t i = 0; good && i < json_array_size(items); i++) {
        const json_t *one = json_array_get(items, i);

        good = choose(&c, json_object_get(one, "title"), json_string_value(json_object_get(one, "value")));
    }
    ret = choosing_end(&c, a);
    return good ? ret : NULL;
}

/* ---- cards ---- */

static struct slice member_text(const json_t *obj, const char *name)
{
    const json_t *v = json_object_get(obj, name);

    return (struct slice){ json_string_value(v), json_string_length(v) };
}

/* What stands on it, to be read: title, description, links with what they are called. In the arena; empty: nothing, or too much. */
static struct slice card_text(struct arena *a, const json_t *item)
{
    const json_t *actions = json_object_get(item, "actions");
    const struct card top = { .title = member_text(item, "title"), .words = member_text(item, "description") };
    struct slice ret = { NULL, 0 };
    struct buf b;

    buf_init(&b, 65536);
    card_write(&b, &top);
    for (size_t i = 0; i < json_array_size(actions); i++) {
        const json_t *one = json_array_get(actions, i);
        struct slice uri = member_text(one, "uri"), called = member_text(one, "text");

        if (!uri.n)
            continue;
        buf_str(&b, b.n ? "\n" : "");
        buf_add(&b, called);
        buf_str(&b, called.n ? ": " : "");
        buf_add(&b, uri);
    }
    if (buf_ok(&b) && b.n && utf8_valid(buf_slice(&b)) && utf8_length(buf_slice(&b)) <= BOT_TEXT_MAX)
        ret = arena_copy(a, buf_slice(&b));
    buf_finish(&b);
    return ret;
}

/* A card leads to one place and does nothing else; what offers more is a text with choices. False: nothing can be made of it. */
static bool say_card(struct arena *a, const json_t *item, size_t *chosen, struct bot_words *ret)
{
    const json_t *actions = json_object_get(item, "actions");
    struct card card = { .title = member_text(item, "title"), .words = member_text(item, "description") };
    size_t links = 0, picks = 0;
    struct choosing c;
    bool good = true;

    choosing_init(&c, *chosen);
    for (size_t i = 0; good && i < json_array_size(actions); i++) {
        const json_t *one = json_array_get(actions, i), *payload = json_object_get(one, "payload");

        if (json_object_get(one, "uri")) {
            links++;
            card.url = member_text(one, "uri");
        } else
            good = ++picks <= CHOICES_MAX && choose(&c, json_object_get(one, "text"), json_string_value(payload));
    }
    *chosen = c.n;
    *ret = (struct bot_words){ .extra = choosing_end(&c, a) };
    if (!good || !json_is_object(item) || (picks && !ret->extra))
        return false;
    if (links == 1 && !picks)
        ret->text = bot_card(a, &card);
    ret->card = ret->text.p != NULL;
    if (!ret->card)
        ret->text = card_text(a, item);
    return ret->text.n > 0;
}

/* Says so many; 0: `items` cannot be read. */
static size_t say_cards(struct arena *a, const json_t *items, struct bot_words *ret)
{
    size_t n = json_array_size(items) <= BOT_CARDS_MAX ? json_array_size(items) : 0, chosen = 0;

    for (size_t i = 0; i < n; i++)
        if (!say_card(a, json_array_get(items, i), &chosen, &ret[i]))
            return 0;
    return n;
}

/* ---- */

size_t bot_chatwoot_says(struct arena *a, const json_t *body, struct bot_words ret[1 + BOT_CARDS_MAX], const char **why)
{
    const json_t *content = json_object_get(body, "content"),
                 *items = json_object_get(json_object_get(body, "content_attributes"), "items");
    struct slice type = member_text(body, "content_type");
    bool cards = slice_is(type, "cards");
    struct bot_answer words = { .n = 0 };
    size_t n;

    *why = "content is missing, or no text";
    if (!json_string_length(content) && !cards)
        return 0;
    if (json_string_length(content) && !bot_says(a, member_text(body, "content"), NULL, &words)) {
        *why = words.failure;
        return 0;
    }
    ret[0] = words.words[0];
    if (cards) {
        n = say_cards(a, items, ret + words.n);
        *why = "content_attributes.items must be 1 to 10 of title, description and actions (text, and uri or payload)";
        return n ? words.n + n : 0;
    }
    if (slice_is(type, "input_select")) {
        ret[0].extra = items_extra(a, items);
        *why = "content_attributes.items must be at most 10 of title and value";
        return ret[0].extra ? 1 : 0;
    }
    return 1;
}
