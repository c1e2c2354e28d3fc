#include "protocols/frame.h"

#include "core/card.h"
#include "core/emoji.h"
#include "core/template.h"
#include "core/utf8.h"
#include "protocols/json.h"
#include "protocols/place.h"
#include "protocols/url.h"

#include <stdio.h>
#include <stdlib.h>

/* Bounds of members that have no limit of their own in the settings. */
enum {
    TOKEN_MAX = 512,         /* bytes */
    URL_MAX = 2048,          /* code points; a longer one is cut, the visitor must get through */
    TITLE_MAX = 512,         /* the same */
    PROFILE_MAX = 8192,      /* bytes as JSON */
    PROFILE_MEMBERS = 50,    /* of a profile or a form */
    PROFILE_KEY_MAX = 64,    /* bytes */
    PROFILE_TEXT_MAX = 1024, /* code points of one value */
    FORM_MAX = 16384,        /* bytes as JSON */
    IDENTITY_MAX = 255,      /* bytes */
    HASH_MAX = 64,           /* hex digits of HMAC-SHA256 */
    CHOICE_MAX = 64,         /* code points */
    REASON_MAX = 200,
    COMMENT_MAX = 1000,
    TAGS_MAX = 10,
    TAG_MAX = 32,
    HISTORY_DEFAULT = 50,
    HISTORY_MAX = 200
};

/* Numbers that a browser can hold exactly. */
#define NUMBER_MAX   9007199254740991LL
#define PRIORITY_MAX 1000

enum { VISITOR = 1 << FRAME_VISITOR, STAFF = 1 << FRAME_STAFF, BOTH = VISITOR | STAFF };

struct reader {
    struct arena *a;
    enum frame_side side;
    const struct frame_limits *limits;
    const json_t *frame;
    struct inbound *ret;
    struct kf_err *why;
};

/* Reads one member (or a few that belong together) into r->ret. */
typedef enum kf_rc field(struct reader *r);

/* ---- members of any kind --------------------------------------------------------------------------------------------- */

/* null is as good as absent. */
static const json_t *member(const json_t *obj, const char *name)
{
    const json_t *v = json_object_get(obj, name);

    return json_is_null(v) ? NULL : v;
}

static enum kf_rc required(struct reader *r, const char *name)
{
    return kf_fail(r->why, KF_INVALID, "%s: required", name);
}

static enum kf_rc keep(struct reader *r, struct slice s, struct slice *ret)
{
    *ret = arena_copy(r->a, s);
    return ret->p ? KF_OK : kf_fail(r->why, KF_NOMEM, "no memory for a frame");
}

static struct slice string_of(const json_t *v)
{
    return (struct slice){ json_string_value(v), json_string_length(v) };
}

/* What a person wrote: at most `max` code points. Optional unless `need`. */
static enum kf_rc words(struct reader *r, const char *name, size_t max, bool need, struct slice *ret)
{
    const json_t *v = member(r->frame, name);
    struct slice s;

    if (!v)
        return need ? required(r, name) : KF_OK;
    if (!json_is_string(v))
        return kf_fail(r->why, KF_INVALID, "%s: a string of at most %zu characters", name, max);
    s = string_of(v);
    if (need && utf8_blank(s))
        return kf_fail(r->why, KF_INVALID, "%s: empty", name);
    if (s.n > max && utf8_length(s) > max)
        return kf_fail(r->why, KF_LIMIT, "%s: at most %zu characters", name, max);
    return keep(r, s, ret);
}

/* What a machine wrote: 1 to `max` bytes. */
static enum kf_rc token_text(struct reader *r, const json_t *obj, const char *name, const char *path, size_t max, bool need,
                             struct slice *ret)
{
    const json_t *v = member(obj, name);

    if (!v)
        return need ? required(r, path) : KF_OK;
    if (!json_is_string(v) || !json_string_length(v) || json_string_length(v) > max)
        return kf_fail(r->why, KF_INVALID, "%s: a string of 1 to %zu bytes", path, max);
    return keep(r, string_of(v), ret);
}

static enum kf_rc number(struct reader *r, const char *name, int64_t min, int64_t max, bool need, int64_t *ret)
{
    const json_t *v = member(r->frame, name);

    if (!v)
        return need ? required(r, name) : KF_OK;
    if (!json_is_integer(v) || json_integer_value(v) < min || json_integer_value(v) > max)
        return kf_fail(r->why, KF_INVALID, "%s: an integer from %lld to %lld", name, (long long)min, (long long)max);
    *ret = json_integer_value(v);
    return KF_OK;
}

static enum kf_rc uuid(struct reader *r, const json_t *obj, const char *name, const char *path, bool need, struct kf_id *ret)
{
    const json_t *v = member(obj, name);

    if (!v)
        return need ? required(r, path) : KF_OK;
    if (!json_is_string(v) || !id_parse(string_of(v), ret) || id_is_zero(ret))
        return kf_fail(r->why, KF_INVALID, "%s: an id of 36 characters", path);
    return KF_OK;
}

/* An object of plain values (text, number, boolean, null; in lists too if `lists`), written again as compact JSON. */
static enum kf_rc plain_value(struct reader *r, const char *path, const char *key, const json_t *v, bool lists)
{
    if (json_is_string(v)) {
        if (utf8_length(string_of(v)) > PROFILE_TEXT_MAX)
            return kf_fail(r->why, KF_LIMIT, "%s: a value of at most %d characters", path, PROFILE_TEXT_MAX);
        return KF_OK;
    }
    if (lists && json_is_array(v) && json_array_size(v) <= PROFILE_MEMBERS) {
        for (size_t i = 0; i < json_array_size(v); i++) {
            enum kf_rc rc = plain_value(r, path, key, json_array_get(v, i), false);

            if (rc)
                return rc;
        }
        return KF_OK;
    }
    if (json_is_object(v) || json_is_array(v))
        return kf_fail(r->why, KF_INVALID, "%s: values are strings, numbers, true, false or null%s", path,
                       lists ? ", or lists of them" : "");
    return KF_OK;
}

static enum kf_rc plain_object(struct reader *r, const char *name, size_t max, bool lists, bool need, struct slice *ret)
{
    const json_t *v = member(r->frame, name);
    const char *key;
    json_t *value;
    struct buf b;
    enum kf_rc rc;

    if (!v)
        return need ? required(r, name) : KF_OK;
    if (!json_is_object(v) || json_object_size(v) > PROFILE_MEMBERS)
        return kf_fail(r->why, KF_INVALID, "%s: an object of at most %d members", name, PROFILE_MEMBERS);
    if (need && !json_object_size(v)) /* a form that says nothing is no message */
        return kf_fail(r->why, KF_INVALID, "%s: empty", name);
    json_object_foreach((json_t *)v, key, value)
    {
        if (!*key || strlen(key) > PROFILE_KEY_MAX)
            return kf_fail(r->why, KF_INVALID, "%s: names of 1 to %d bytes", name, PROFILE_KEY_MAX);
        rc = plain_value(r, name, key, value, lists);
        if (rc)
            return rc;
    }
    buf_init(&b, max);
    json_write(&b, v);
    rc = buf_ok(&b) ? keep(r, buf_slice(&b), ret) : kf_fail(r->why, KF_LIMIT, "%s: at most %zu bytes", name, max);
    buf_finish(&b);
    return rc;
}

/* ---- members by name ------------------------------------------------------------------------------------------------- */

static enum kf_rc conversation_optional(struct reader *r)
{
    return uuid(r, r->frame, "conversation", "conversation", false, &r->ret->conversation);
}

static enum kf_rc conversation(struct reader *r)
{
    return uuid(r, r->frame, "conversation", "conversation", true, &r->ret->conversation);
}

/* Visitors have one conversation at a time, staff must say which. */
static enum kf_rc conversation_of_staff(struct reader *r)
{
    return r->side == FRAME_STAFF ? conversation(r) : KF_OK;
}

static enum kf_rc conversation_by_side(struct reader *r)
{
    return r->side == FRAME_STAFF ? conversation(r) : conversation_optional(r);
}

static enum kf_rc token(struct reader *r)
{
    return token_text(r, r->frame, "token", "token", TOKEN_MAX, false, &r->ret->token);
}

static enum kf_rc locale(struct reader *r)
{
    const json_t *v = member(r->frame, "locale");
    struct slice s = string_of(v);

    if (!v)
        return KF_OK;
    if (!json_is_string(v) || !s.n || s.n > KF_LOCALE_MAX)
        goto fail;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_'))
            goto fail;
    }
    if (keep(r, s, &r->ret->locale))
        return r->why ? r->why->rc : KF_NOMEM;
    for (char *p = (char *)(uintptr_t)r->ret->locale.p; *p; p++) /* our own copy; programs write zh_CN */
        *p = *p == '_' ? '-' : *p;
    return KF_OK;
fail:
    return kf_fail(r->why, KF_INVALID, "locale: a language tag such as zh-CN, at most %d letters, digits and '-'", KF_LOCALE_MAX);
}

static enum kf_rc page_member(struct reader *r, const json_t *page, const char *name, size_t max, struct buf *b)
{
    const json_t *v = member(page, name);

    if (!v)
        return KF_OK;
    if (!json_is_string(v))
        return kf_fail(r->why, KF_INVALID, "page.%s: a string", name);
    if (b->n > 1)
        buf_char(b, ',');
    buf_json(b, slice_of(name));
    buf_char(b, ':');
    buf_json(b, utf8_cut(string_of(v), max));
    return KF_OK;
}

/* Only what is known is kept; what is too long is cut, for nobody chose the address of the page to annoy us. */
static enum kf_rc page(struct reader *r)
{
    const json_t *v = member(r->frame, "page");
    struct buf b;
    enum kf_rc rc;

    if (!v)
        return KF_OK;
    if (!json_is_object(v))
        return kf_fail(r->why, KF_INVALID, "page: an object {\"url\",\"title\",\"referrer\"}");
    buf_init(&b, 65536);
    buf_char(&b, '{');
    rc = page_member(r, v, "url", URL_MAX, &b);
    if (!rc)
        rc = page_member(r, v, "title", TITLE_MAX, &b);
    if (!rc)
        rc = page_member(r, v, "referrer", URL_MAX, &b);
    buf_char(&b, '}');
    if (!rc && !buf_ok(&b))
        rc = kf_fail(r->why, KF_NOMEM, "no memory for a frame");
    if (!rc)
        rc = keep(r, buf_slice(&b), &r->ret->page);
    buf_finish(&b);
    return rc;
}

static enum kf_rc profile(struct reader *r)
{
    return plain_object(r, "profile", PROFILE_MAX, false, false, &r->ret->profile);
}

static enum kf_rc identity(struct reader *r)
{
    const json_t *v = member(r->frame, "identity");
    enum kf_rc rc;

    if (!v)
        return KF_OK;
    if (!json_is_object(v))
        return kf_fail(r->why, KF_INVALID, "identity: an object {\"id\",\"hash\"}");
    rc = token_text(r, v, "id", "identity.id", IDENTITY_MAX, true, &r->ret->identity_id);
    if (!rc)
        rc = token_text(r, v, "hash", "identity.hash", HASH_MAX, true, &r->ret->identity_hash);
    if (rc)
        return rc;
    if (r->ret->identity_hash.n != HASH_MAX || strspn(r->ret->identity_hash.p, "0123456789abcdefABCDEF") != HASH_MAX)
        return kf_fail(r->why, KF_INVALID, "identity.hash: %d hex digits", HASH_MAX);
    return KF_OK;
}

static enum kf_rc last_seq(struct reader *r)
{
    return number(r, "last_seq", 0, NUMBER_MAX, false, &r->ret->last_seq);
}

static enum kf_rc seq(struct reader *r)
{
    return number(r, "seq", 1, NUMBER_MAX, true, &r->ret->seq);
}

/* "" takes it back. */
static enum kf_rc emoji(struct reader *r)
{
    const json_t *v = member(r->frame, "emoji");

    if (!v)
        return required(r, "emoji");
    if (!json_is_string(v) || (json_string_length(v) && !emoji_is_one(string_of(v))))
        return kf_fail(r->why, KF_INVALID, "emoji: one emoji, or \"\" to take it back");
    return keep(r, string_of(v), &r->ret->text);
}

static enum kf_rc reply_to(struct reader *r)
{
    return number(r, "reply_to", 1, NUMBER_MAX, false, &r->ret->reply_to);
}

static enum kf_rc on(struct reader *r)
{
    const json_t *v = member(r->frame, "on");

    if (!v)
        return required(r, "on");
    if (!json_is_boolean(v))
        return kf_fail(r->why, KF_INVALID, "on: true or false");
    r->ret->on = json_is_true(v);
    return KF_OK;
}

static enum kf_rc range(struct reader *r)
{
    bool after = member(r->frame, "after"), before = member(r->frame, "before");
    int64_t limit = HISTORY_DEFAULT;
    enum kf_rc rc;

    if (after == before)
        return kf_fail(r->why, KF_INVALID, "history: either after or before");
    rc = number(r, "after", 0, NUMBER_MAX, false, &r->ret->after);
    if (!rc)
        rc = number(r, "before", 1, NUMBER_MAX, false, &r->ret->before);
    if (!rc)
        rc = number(r, "limit", 1, HISTORY_MAX, false, &limit);
    r->ret->limit = (int)limit;
    return rc;
}

static enum kf_rc score(struct reader *r)
{
    int64_t v = 0;
    enum kf_rc rc = number(r, "score", 1, 5, true, &v);

    r->ret->score = (int)v;
    return rc;
}

static enum kf_rc tags(struct reader *r)
{
    const json_t *v = member(r->frame, "tags");
    struct buf b;
    enum kf_rc rc;

    if (!v)
        return KF_OK;
    if (!json_is_array(v) || json_array_size(v) > TAGS_MAX)
        goto fail;
    for (size_t i = 0; i < json_array_size(v); i++) {
        const json_t *tag = json_array_get(v, i);

        if (!json_is_string(tag) || !json_string_length(tag) || utf8_length(string_of(tag)) > TAG_MAX)
            goto fail;
    }
    buf_init(&b, 65536);
    json_write(&b, v);
    rc = buf_ok(&b) ? keep(r, buf_slice(&b), &r->ret->tags) : kf_fail(r->why, KF_NOMEM, "no memory for a frame");
    buf_finish(&b);
    return rc;
fail:
    return kf_fail(r->why, KF_INVALID, "tags: at most %d strings of 1 to %d characters", TAGS_MAX, TAG_MAX);
}

static enum kf_rc comment(struct reader *r)
{
    return words(r, "comment", COMMENT_MAX, false, &r->ret->comment);
}

static enum kf_rc reason(struct reader *r)
{
    return words(r, "reason", REASON_MAX, false, &r->ret->reason);
}

static enum kf_rc presence(struct reader *r)
{
    const json_t *v = member(r->frame, "presence");

    if (!v)
        return required(r, "presence");
    if (!json_is_string(v) || !presence_parse(string_of(v), &r->ret->presence))
        return kf_fail(r->why, KF_INVALID, "presence: online, busy, away or offline");
    return KF_OK;
}

static enum kf_rc note(struct reader *r)
{
    return words(r, "text", r->limits->text_max, true, &r->ret->text);
}

static enum kf_rc note_with(struct reader *r)
{
    return words(r, "note", r->limits->text_max, false, &r->ret->text);
}

static enum kf_rc to(struct reader *r)
{
    const json_t *v = member(r->frame, "to");
    const json_t *agent = member(v, "agent"), *queue = member(v, "queue"), *department = member(v, "department");

    if (!v)
        return required(r, "to");
    if (!!agent + !!queue + !!department != 1)
        return kf_fail(r->why, KF_INVALID, "to: an object with one of agent, queue and department");
    if (agent)
        return uuid(r, v, "agent", "to.agent", true, &r->ret->to_agent);
    if (department) {
        if (!json_is_string(department) || !key_parse(string_of(department), &r->ret->to_department))
            return kf_fail(r->why, KF_INVALID, "to.department: 1 to %d of a-z 0-9 _ -", KF_KEY_MAX);
        return KF_OK;
    }
    if (!json_is_string(queue) || !key_parse(string_of(queue), &r->ret->to_queue))
        return kf_fail(r->why, KF_INVALID, "to.queue: 1 to %d of a-z 0-9 _ -", KF_KEY_MAX);
    return KF_OK;
}

static enum kf_rc to_agent(struct reader *r)
{
    const json_t *v = member(r->frame, "to");

    return v ? uuid(r, v, "agent", "to.agent", true, &r->ret->to_agent) : required(r, "to");
}

static enum kf_rc whose(struct reader *r)
{
    return uuid(r, r->frame, "agent", "agent", false, &r->ret->to_agent);
}

static enum kf_rc priority(struct reader *r)
{
    int64_t v = 0;
    enum kf_rc rc = number(r, "priority", -PRIORITY_MAX, PRIORITY_MAX, true, &v);

    r->ret->number = (int)v;
    return rc;
}

/* ---- a message --------------------------------------------------------------------------------------------------------- */

static enum kf_rc message_type(struct reader *r)
{
    static const struct {
        const char *word;
        enum inbound_type type;
        unsigned sides;
    } kinds[] = {
        { "text", TYPE_TEXT, BOTH },   { "image", TYPE_IMAGE, BOTH },        { "file", TYPE_FILE, BOTH },
        { "audio", TYPE_AUDIO, BOTH }, { "choice", TYPE_CHOICE, VISITOR },   { "form", TYPE_FORM, VISITOR },
        { "card", TYPE_CARD, STAFF },  { "template", TYPE_TEMPLATE, STAFF },
    };
    const json_t *v = member(r->frame, "kind");

    if (!v)
        return required(r, "kind");
    for (size_t i = 0; json_is_string(v) && i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (slice_is(string_of(v), kinds[i].word) && (kinds[i].sides & 1U << r->side)) {
            r->ret->type = kinds[i].type;
            return KF_OK;
        }
    return kf_fail(r->why, KF_INVALID, "kind: text, image, file, audio%s",
                   r->side == FRAME_VISITOR ? ", choice or form" : ", card or template");
}

/* Of staff: the wording is meant. */
static enum kf_rc confirm(struct reader *r)
{
    const json_t *v = r->side == FRAME_STAFF ? member(r->frame, "confirm") : NULL;

    if (v && !json_is_boolean(v))
        return kf_fail(r->why, KF_INVALID, "confirm: true or false");
    r->ret->confirm = json_is_true(v);
    return KF_OK;
}

/* It stands above all else, in one line. */
static enum kf_rc card_title(struct reader *r, struct slice *ret)
{
    enum kf_rc rc = words(r, "title", CARD_TITLE_MAX, true, ret);

    if (!rc && !card_title_good(*ret))
        rc = kf_fail(r->why, KF_INVALID, "title: one line, without control characters");
    return rc;
}

/* What a browser opens, and a visitor can read before that: nothing hides where it leads. */
static enum kf_rc card_url(struct reader *r, struct slice *ret)
{
    const json_t *v = member(r->frame, "url");
    struct slice s = string_of(v);
    struct card_mini mini;

    if (!v)
        return required(r, "url");
    if (json_is_string(v) && s.n > CARD_URL_MAX)
        return kf_fail(r->why, KF_LIMIT, "url: at most %d bytes", CARD_URL_MAX);
    if (!json_is_string(v) || !(url_page(s) || card_mini(s, &mini)))
        return kf_fail(r->why, KF_INVALID,
                       "url: an http or https address such as https://host/path, percent-encoded, without user name or blanks; or a mini "
                       "program, miniprogram:APPID/PATH");
    return keep(r, s, ret);
}

static enum kf_rc degrees(struct reader *r, const char *name, int max, double *ret)
{
    const json_t *v = member(r->frame, name);

    if (!json_is_number(v) || json_number_value(v) < -max || json_number_value(v) > max)
        return kf_fail(r->why, KF_INVALID, "%s: degrees, a number from -%d to %d", name, max, max);
    *ret = json_number_value(v);
    return KF_OK;
}

/* Where it is, instead of an address: that becomes the one of a map. */
static enum kf_rc card_place(struct reader *r, struct slice title, struct slice *url)
{
    const json_t *lat = member(r->frame, "lat"), *lon = member(r->frame, "lon");
    enum kf_rc rc = KF_OK;
    struct buf b;

    if (!lat || !lon)
        return kf_fail(r->why, KF_INVALID, "%s: lat and lon stand together, or neither does", lat ? "lon" : "lat");
    if (member(r->frame, "url"))
        return kf_fail(r->why, KF_INVALID, "url: a place has none, it leads to a map");
    rc = degrees(r, "lat", 90, &r->ret->lat);
    if (!rc)
        rc = degrees(r, "lon", 180, &r->ret->lon);
    if (rc)
        return rc;
    r->ret->has_place = true;
    buf_init(&b, PLACE_MAP_MAX);
    place_map(&b, r->ret->lat, r->ret->lon, PLACE_AS_IT_IS, title, r->limits->language);
    rc = buf_ok(&b) ? keep(r, buf_slice(&b), url) : kf_fail(r->why, KF_NOMEM, "no memory for a frame");
    buf_finish(&b);
    return rc;
}

static enum kf_rc card(struct reader *r)
{
    bool placed = member(r->frame, "lat") || member(r->frame, "lon");
    struct card card = { .title = { NULL, 0 } };
    struct buf b;
    enum kf_rc rc = card_title(r, &card.title);

    if (!rc)
        rc = words(r, "text", CARD_WORDS_MAX, false, &card.words);
    if (!rc)
        rc = placed ? card_place(r, card.title, &card.url) : card_url(r, &card.url);
    if (!rc)
        rc = uuid(r, r->frame, "file", "file", false, &r->ret->file);
    if (rc)
        return rc;
    if (utf8_blank(card.words))
        card.words.n = 0;
    buf_init(&b, 65536);
    card_write(&b, &card);
    if (!buf_ok(&b))
        rc = kf_fail(r->why, KF_NOMEM, "no memory for a frame");
    else if (utf8_length(buf_slice(&b)) > r->limits->text_max)
        rc = kf_fail(r->why, KF_LIMIT, "card: title, text and url have at most %zu characters together", r->limits->text_max);
    else
        rc = keep(r, buf_slice(&b), &r->ret->text);
    buf_finish(&b);
    return rc;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Texts by name, written in the order of their names: the same fields are the same message. */
static enum kf_rc template_fields(struct reader *r)
{
    const json_t *v = member(r->frame, "fields");
    const char *names[TEMPLATE_BLANKS + 1], *key;
    size_t n = 0;
    json_t *value;
    struct buf b;
    enum kf_rc rc;

    if (v && (!json_is_object(v) || json_object_size(v) > TEMPLATE_BLANKS + 1))
        return kf_fail(r->why, KF_INVALID, "fields: an object of at most %d texts", TEMPLATE_BLANKS + 1);
    json_object_foreach((json_t *)v, key, value)
    {
        if (!*key || strlen(key) > TEMPLATE_BLANK_MAX || !json_is_string(value))
            return kf_fail(r->why, KF_INVALID, "fields.%.32s: names of 1 to %d bytes, values are texts", key, TEMPLATE_BLANK_MAX);
        if (json_string_length(value) > TEMPLATE_VALUE_MAX && utf8_length(string_of(value)) > TEMPLATE_VALUE_MAX)
            return kf_fail(r->why, KF_LIMIT, "fields.%s: at most %d characters", key, TEMPLATE_VALUE_MAX);
        names[n++] = key;
    }
    qsort(names, n, sizeof(*names), by_name);
    buf_init(&b, 1u << 20);
    buf_char(&b, '{');
    for (size_t i = 0; i < n; i++) {
        buf_str(&b, i ? "," : "");
        buf_json(&b, slice_of(names[i]));
        buf_char(&b, ':');
        buf_json(&b, string_of(json_object_get(v, names[i])));
    }
    buf_char(&b, '}');
    rc = buf_ok(&b) ? keep(r, buf_slice(&b), &r->ret->form) : kf_fail(r->why, KF_NOMEM, "no memory for a frame");
    buf_finish(&b);
    return rc;
}

/* Which template there is, and what it wants, the desk knows. */
static enum kf_rc template(struct reader *r) {
    struct kf_key key; enum kf_rc rc = token_text(r, r->frame, "template", "template", KF_KEY_MAX, true, &r->ret->payload);

    if (!rc && !key_parse(r->ret->payload, &key)) rc = kf_fail(r->why, KF_INVALID, "template: 1 to %d of a-z 0-9 _ -", KF_KEY_MAX);
    if (!rc) rc = template_fields(r);
    return rc ? rc : uuid(r, r->frame, "file", "file", false, &r->ret->file);
}

/* By kind: what it must have, and a text beside it if it likes. */
static enum kf_rc message_body(struct reader *r)
{
    enum inbound_type type = r->ret->type;
    enum kf_rc rc = type == TYPE_CARD       ? card(r)
                    : type == TYPE_TEMPLATE ? template(r)
                                            : words(r, "text", r->limits->text_max, type == TYPE_TEXT, &r->ret->text);

    if (rc || type == TYPE_TEXT || type == TYPE_CARD || type == TYPE_TEMPLATE)
        return rc;
    if (type == TYPE_CHOICE) {
        const json_t *v = member(r->frame, "choice");

        if (!v)
            return required(r, "choice");
        if (!json_is_string(v) || !json_string_length(v) || utf8_length(string_of(v)) > CHOICE_MAX)
            return kf_fail(r->why, KF_INVALID, "choice: a string of 1 to %d characters", CHOICE_MAX);
        return keep(r, string_of(v), &r->ret->payload);
    }
    if (type == TYPE_FORM)
        return plain_object(r, "form", FORM_MAX, true, true, &r->ret->form);
    return uuid(r, r->frame, "file", "file", true, &r->ret->file);
}

/* ---- frames ------------------------------------------------------------------------------------------------------------ */

static const struct frame_type {
    const char *name;
    unsigned sides;
    enum inbound_kind kind;
    bool cid; /* changes something: has to carry one */
    field *fields[8];
} types[] = {
    { "message", BOTH, INBOUND_MESSAGE, true, { conversation_of_staff, message_type, message_body, reply_to, confirm } },
    { "typing", BOTH, INBOUND_TYPING, false, { conversation_of_staff, on } },
    { "read", BOTH, INBOUND_READ, true, { conversation_of_staff, seq } },
    { "ping", BOTH, INBOUND_PING, false, { NULL } },
    { "hello", VISITOR, INBOUND_HELLO, false, { token, locale, page, profile, identity, conversation_optional, last_seq } },
    { "hello", STAFF, INBOUND_HELLO, false, { NULL } },
    { "history", BOTH, INBOUND_HISTORY, false, { conversation_by_side, range } },
    { "rate", VISITOR, INBOUND_RATE, true, { conversation, score, tags, comment } },
    { "close", BOTH, INBOUND_CLOSE, true, { conversation_of_staff } },
    { "profile", VISITOR, INBOUND_PROFILE, true, { profile, identity, page, locale } },
    { "presence", STAFF, INBOUND_PRESENCE, true, { presence, reason, whose } },
    { "watch", STAFF, INBOUND_WATCH, true, { conversation, on } },
    { "whisper", STAFF, INBOUND_WHISPER, true, { conversation, note } },
    { "join", STAFF, INBOUND_JOIN, true, { conversation } },
    { "help", STAFF, INBOUND_HELP, true, { conversation, to_agent, note_with } },
    { "leave", STAFF, INBOUND_LEAVE, true, { conversation } },
    { "priority", STAFF, INBOUND_PRIORITY, true, { conversation, priority } },
    { "ready", STAFF, INBOUND_READY, true, { conversation } },
    { "accept", STAFF, INBOUND_ACCEPT, true, { conversation } },
    { "refuse", STAFF, INBOUND_REFUSE, true, { conversation } },
    { "recall", STAFF, INBOUND_RECALL, true, { conversation, seq } },
    { "resend", STAFF, INBOUND_RESEND, true, { conversation, seq } },
    { "react", STAFF, INBOUND_REACT, true, { conversation, seq, emoji } },
    { "note", STAFF, INBOUND_NOTE, true, { conversation, note } },
    { "transfer", STAFF, INBOUND_TRANSFER, true, { conversation, to, note_with } },
    { "invite", STAFF, INBOUND_INVITE, true, { conversation } },
};

static const struct frame_type *find_type(enum frame_side side, struct slice name)
{
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        if ((types[i].sides & 1U << side) && slice_is(name, types[i].name))
            return &types[i];
    return NULL;
}

/* The names a side may use, in the order of the table. */
static enum kf_rc unknown_type(const struct reader *r)
{
    char names[256];
    size_t n = 0;

    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]) && n < sizeof(names); i++)
        if (types[i].sides & 1U << r->side)
            n += (size_t)snprintf(names + n, sizeof(names) - n, "%s%s", n ? ", " : "", types[i].name);
    return kf_fail(r->why, KF_UNSUPPORTED, "type: none of those allowed here: %s", names);
}

/* Before anything else, so that whatever goes wrong afterwards can be told to the act it belongs to. */
static enum kf_rc read_cid(struct reader *r, bool *valid)
{
    const json_t *v = json_object_get(r->frame, "cid");

    *valid = json_is_string(v) && cid_valid(string_of(v));
    return *valid ? keep(r, string_of(v), &r->ret->cid) : KF_OK;
}

/* Whoever wrote what cannot be read waits for an answer all the same. */
static void guess_cid(struct reader *r, struct slice text)
{
    struct slice cid = json_guess_text(text, "cid");

    if (cid_valid(cid))
        (void)keep(r, cid, &r->ret->cid);
}

static enum kf_rc decode(struct reader *r)
{
    const json_t *name = json_object_get(r->frame, "type");
    const struct frame_type *type;
    bool has_cid;
    enum kf_rc rc = read_cid(r, &has_cid);

    if (rc)
        return rc;
    if (!json_is_string(name))
        return kf_fail(r->why, KF_INVALID, "type: required, a string");
    type = find_type(r->side, string_of(name));
    if (!type)
        return unknown_type(r);
    r->ret->kind = type->kind;
    if (type->cid && !has_cid)
        return kf_fail(r->why, KF_INVALID, "cid: required, 1 to %d of A-Z a-z 0-9 _ -", KF_CID_MAX);
    for (size_t i = 0; i < sizeof(type->fields) / sizeof(type->fields[0]) && type->fields[i]; i++) {
        rc = type->fields[i](r);
        if (rc)
            return rc;
    }
    return KF_OK;
}

enum kf_rc frame_decode(struct arena *a, enum frame_side side, const struct frame_limits *limits, struct slice text, struct inbound *ret,
                        struct kf_err *why)
{
    struct reader r = { .a = a, .side = side, .limits = limits, .ret = ret, .why = why };
    struct kf_err err = { .rc = KF_OK };
    json_t *frame;
    enum kf_rc rc;

    *ret = (struct inbound){ .kind = INBOUND_MESSAGE };
    frame = json_read_within(a, text, JSON_OF_PLATFORMS, limits->levels ? limits->levels : JSON_DEPTH_MAX, &err);
    if (!frame) {
        if (why)
            *why = err;
        guess_cid(&r, text);
        return err.rc;
    }
    r.frame = frame;
    rc = decode(&r);
    json_decref(frame);
    return rc;
}
