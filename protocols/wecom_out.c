/* wecom_out.c: what we send to customers, and what WeCom's answer means. */
#include "protocols/chosen.h"
#include "protocols/place.h"
#include "protocols/sign.h"
#include "protocols/stamp.h"
#include "protocols/wecom_impl.h"

#include <stdio.h>

#define IMAGE_MAX  (10u << 20)
#define VOICE_MAX  (2u << 20)
#define VIDEO_MAX  (10u << 20)
#define FILE_MAX   (20u << 20)
#define FILE_LEAST 6
#define LINK_TITLE 128
#define LINK_DESC  512
#define MINI_TITLE 64

/* ---- requests that no errand stands for ---------------------------------------------------------------------------------------------- */

static void put_text(struct buf *b, struct slice text)
{
    buf_str(b, "\"msgtype\":\"text\",\"text\":{\"content\":");
    wx_json(b, text);
    buf_char(b, '}');
}

enum kf_rc wecom_say_on_event(const struct wecom *w, struct arena *a, struct slice token, struct slice code, struct slice text,
                              struct http_req *ret)
{
    struct buf b;

    buf_init(&b, 16384);
    buf_str(&b, "{\"code\":");
    wx_json(&b, code);
    buf_char(&b, ',');
    put_text(&b, text);
    buf_char(&b, '}');
    return wx_post(w->url, a, "/cgi-bin/kf/send_msg_on_event", token, &b, ret);
}

enum kf_rc wecom_say_welcome(const struct wecom *w, struct arena *a, struct slice token, struct slice code, struct http_req *ret)
{
    struct buf b;

    if (!w->n_choices)
        return wecom_say_on_event(w, a, token, code, w->welcome, ret);
    buf_init(&b, 16384);
    buf_str(&b, "{\"code\":");
    wx_json(&b, code);
    buf_str(&b, ",\"msgtype\":\"msgmenu\",\"msgmenu\":{\"head_content\":");
    wx_json(&b, w->welcome);
    buf_str(&b, ",\"list\":[");
    for (size_t i = 0; i < w->n_choices; i++) {
        buf_printf(&b, "%s{\"type\":\"click\",\"click\":{\"id\":\"welcome_%zu\",\"content\":", i ? "," : "", i + 1);
        wx_json(&b, w->choices[i]);
        buf_str(&b, "}}");
    }
    buf_str(&b, "]}}");
    return wx_post(w->url, a, "/cgi-bin/kf/send_msg_on_event", token, &b, ret);
}

enum kf_rc wecom_move(const struct wecom *w, struct arena *a, struct slice token, struct slice user, enum wecom_state to,
                      struct slice servicer, struct http_req *ret)
{
    struct buf b;

    buf_init(&b, 16384);
    buf_str(&b, "{\"open_kfid\":");
    wx_json(&b, w->account);
    buf_str(&b, ",\"external_userid\":");
    wx_json(&b, user);
    buf_printf(&b, ",\"service_state\":%d", (int)to);
    if (servicer.n) {
        buf_str(&b, ",\"servicer_userid\":");
        wx_json(&b, servicer);
    }
    buf_char(&b, '}');
    return wx_post(w->url, a, "/cgi-bin/kf/service_state/trans", token, &b, ret);
}

/* ---- a message ------------------------------------------------------------------------------------------------------------------------ */

/* Ours, 32 of [0-9a-zA-Z_-] at most: the errand's id and the part of its text. The same at each try, another when it is sent again. */
static const char *msgid_of(struct arena *a, const struct errand *e)
{
    const char *ret;
    struct buf b;

    buf_init(&b, 64);
    sign_base64(&b, e->id.b, sizeof(e->id.b));
    for (size_t i = 0; i < b.n; i++)
        b.p[i] = (char)(b.p[i] == '+' ? '-' : b.p[i] == '/' ? '_' : b.p[i]);
    ret = buf_ok(&b) ? arena_printf(a, "%.22s-%d", b.p, e->part) : NULL; /* without its two '=' */
    buf_finish(&b);
    return ret;
}

/* What a file is there; NULL: it is not taken. */
static const char *type_of(struct slice mime, int64_t size)
{
    static const struct {
        const char *mime, *type;
        int64_t max;
    } all[] = { { "image/jpeg", "image", IMAGE_MAX },
                { "image/png", "image", IMAGE_MAX },
                { "audio/amr", "voice", VOICE_MAX },
                { "video/mp4", "video", VIDEO_MAX } };

    if (size < FILE_LEAST || size > FILE_MAX)
        return NULL;
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        if (slice_is(mime, all[i].mime) && size <= all[i].max)
            return all[i].type;
    return "file";
}

/* The same, of what the message says of its file. */
static const char *type_of_message(const struct errand *e, struct slice *name, struct json_keep *keep)
{
    struct slice file = json_member(slice_of(e->message.extra), "file");
    json_t *root = file.p ? json_loadb(file.p, file.n, 0, NULL) : NULL;
    struct slice mime = json_get_text(keep, root, "mime");
    int64_t size = FILE_LEAST;
    const char *ret;

    *name = json_get_text(keep, root, "name");
    json_get_i64(root, "size", &size);
    json_decref(root);
    ret = mime.p ? type_of(mime, size) : e->message.kind == MESSAGE_IMAGE ? "image" : e->message.kind == MESSAGE_AUDIO ? "voice" : "file";
    return ret ? ret : "file";
}

static bool plain_id(const char *id)
{
    size_t n = id ? strspn(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") : 0;

    return n && n <= WECOM_CHOICE && !id[n];
}

/* Whether they can be a menu: all of them, with their text above. */
static bool menu_fits(const json_t *list, struct slice text)
{
    size_t n = json_array_size(list);

    if (!n || n > WECOM_CHOICES || text.n > WECOM_HEAD)
        return false;
    for (size_t i = 0; i < n; i++) {
        const json_t *c = json_array_get(list, i), *label = json_object_get(c, "label");

        if (!plain_id(json_string_value(json_object_get(c, "id"))) || !json_string_length(label) ||
            json_string_length(label) > WECOM_CHOICE)
            return false;
    }
    return true;
}

static void put_menu(struct buf *b, struct slice text, const json_t *list)
{
    buf_str(b, "\"msgtype\":\"msgmenu\",\"msgmenu\":{\"head_content\":");
    wx_json(b, text);
    buf_str(b, ",\"list\":[");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *c = json_array_get(list, i);

        buf_printf(b, "%s{\"type\":\"click\",\"click\":{\"id\":", i ? "," : "");
        wx_json(b, slice_of(json_string_value(json_object_get(c, "id"))));
        buf_str(b, ",\"content\":");
        wx_json(b, slice_of(json_string_value(json_object_get(c, "label"))));
        buf_str(b, "}}");
    }
    buf_str(b, "]}");
}

/* As lines below the text, where they cannot be a menu. */
static void put_numbered(struct buf *b, struct slice text, const json_t *list)
{
    struct buf all;

    buf_init(&all, 65536);
    buf_add(&all, text);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *label = json_string_value(json_object_get(json_array_get(list, i), "label"));

        buf_printf(&all, "\n%zu. %s", i + 1, label ? label : "");
    }
    put_text(b, buf_slice(&all));
    b->failed |= !buf_ok(&all);
    buf_finish(&all);
}

static void put_words(struct buf *b, const struct errand *e)
{
    struct slice choices = e->more ? (struct slice){ NULL, 0 } : json_member(slice_of(e->message.extra), "choices");
    json_t *list = choices.p ? json_loadb(choices.p, choices.n, 0, NULL) : NULL;

    if (menu_fits(list, e->message.text))
        put_menu(b, e->message.text, list);
    else
        put_numbered(b, e->message.text, list);
    json_decref(list);
}

static void put_place(struct buf *b, const struct place *at)
{
    buf_str(b, "\"msgtype\":\"location\",\"location\":{\"name\":");
    wx_json(b, at->card.title);
    buf_str(b, ",\"address\":");
    wx_json(b, at->card.words);
    buf_printf(b, ",\"latitude\":%.7f,\"longitude\":%.7f}", at->lat, at->lon);
}

static void put_mini(struct buf *b, const struct card *card, const struct card_mini *mini, const char *cover)
{
    buf_str(b, "\"msgtype\":\"miniprogram\",\"miniprogram\":{\"appid\":");
    wx_json(b, mini->app);
    buf_str(b, ",\"title\":");
    wx_json(b, card->title);
    buf_str(b, ",\"thumb_media_id\":");
    wx_json(b, slice_of(cover));
    buf_str(b, ",\"pagepath\":");
    wx_json(b, mini->path);
    buf_char(b, '}');
}

static void put_link(struct buf *b, const struct card *card, const char *cover)
{
    buf_str(b, "\"msgtype\":\"link\",\"link\":{\"title\":");
    wx_json(b, card->title);
    buf_str(b, ",\"desc\":");
    wx_json(b, card->words);
    buf_str(b, ",\"url\":");
    wx_json(b, card->url);
    buf_str(b, ",\"thumb_media_id\":");
    wx_json(b, slice_of(cover));
    buf_char(b, '}');
}

/* Whatever comes here as a card is one that card() has said to go whole. False: it has lost its cover, without which it is none. */
static bool put_card(struct buf *b, const struct errand *e)
{
    struct card_mini mini;
    struct place at;
    struct card card;

    if (place_of(&e->message, &at))
        put_place(b, &at);
    else if (!card_read(e->message.text, &card))
        put_words(b, e);
    else if (card_mini(card.url, &mini) && !e->media_id)
        return false;
    else if (card_mini(card.url, &mini))
        put_mini(b, &card, &mini, e->media_id);
    else if (e->media_id)
        put_link(b, &card, e->media_id);
    else
        put_words(b, e);
    return true;
}

static enum card_way mini_way(const struct message *m, const struct card *card, const struct card_mini *mini, struct kf_err *why)
{
    const size_t end = sizeof(".html") - 1;

    if (!wx_cover(m))
        (void)kf_fail(why, KF_UNSUPPORTED, "file: the card of a mini program has to have a picture, JPEG or PNG");
    else if (card->title.n > MINI_TITLE)
        (void)kf_fail(why, KF_LIMIT, "title: at most %d bytes for a mini program, which are 21 Chinese characters", MINI_TITLE);
    else if (mini->path.n < end || memcmp(mini->path.p + mini->path.n - end, ".html", end) != 0)
        (void)kf_fail(why, KF_UNSUPPORTED, "url: WeCom opens a page of a mini program by a path that ends in .html");
    else
        return CARD_UPLOADED;
    return CARD_REFUSED;
}

/* The platform cuts what is longer: then all of it is said instead. */
enum card_way wecom_card(const struct message *m, struct kf_err *why)
{
    struct card_mini mini;
    struct place at;
    struct card card;

    if (place_of(m, &at))
        return CARD_WHOLE;
    if (!card_read(m->text, &card))
        return CARD_AS_TEXT;
    if (card_mini(card.url, &mini))
        return mini_way(m, &card, &mini, why);
    return wx_cover(m) && card.title.n <= LINK_TITLE && card.words.n <= LINK_DESC ? CARD_UPLOADED : CARD_AS_TEXT;
}

/* A file that is not taken there is its name and an address. */
static void put_address(struct buf *b, const struct errand *e, struct slice name)
{
    const struct slice parts[] = { e->message.text, name, slice_of(e->file_url) };
    struct buf all;

    buf_init(&all, 65536);
    for (size_t i = 0; i < 3; i++)
        if (parts[i].n) {
            if (all.n)
                buf_char(&all, '\n');
            buf_add(&all, parts[i]);
        }
    put_text(b, buf_slice(&all));
    b->failed |= !buf_ok(&all);
    buf_finish(&all);
}

/* Refused here rather than there: the platform would say 95001 or 95002. */
static bool window_open(const struct errand *e, int64_t now_ms)
{
    return !e->handle || (e->handle_left != 0 && (!e->handle_expires_ms || now_ms < e->handle_expires_ms));
}

static bool by_code(const struct errand *e)
{
    return e->kind == ERRAND_SEND && e->handle && strncmp(e->handle, HANDLE_CODE, sizeof(HANDLE_CODE) - 1) == 0;
}

/* By the code of an event: a text, which is not counted among the five. */
static enum kf_rc send_by_code(const struct wecom *w, struct arena *a, const struct errand *e, const struct env *env, const char *msgid,
                               struct http_req *ret)
{
    struct slice choices = e->more ? (struct slice){ NULL, 0 } : json_member(slice_of(e->message.extra), "choices");
    json_t *list = choices.p ? json_loadb(choices.p, choices.n, 0, NULL) : NULL;
    struct buf b;

    buf_init(&b, 131072);
    buf_str(&b, "{\"code\":");
    wx_json(&b, slice_of(e->handle + sizeof(HANDLE_CODE) - 1));
    buf_printf(&b, ",\"msgid\":\"%s\",", msgid);
    put_numbered(&b, e->message.text, list);
    buf_char(&b, '}');
    json_decref(list);
    return wx_post(w->url, a, "/cgi-bin/kf/send_msg_on_event", env->token, &b, ret);
}

static enum kf_rc send_message(const struct wecom *w, struct arena *a, const struct errand *e, const struct env *env, struct http_req *ret)
{
    struct json_keep keep = { .arena = a };
    struct slice name;
    const char *type = type_of_message(e, &name, &keep), *msgid = msgid_of(a, e);
    bool lost = false;
    enum kf_rc rc = KF_OK;
    struct buf b;

    if (!window_open(e, env->now_ms))
        return KF_REJECTED;
    if (keep.failed || !msgid)
        return KF_NOMEM;
    if (!e->media_id && !e->message.text.n && !e->file_url)
        return KF_UNSUPPORTED;
    if (by_code(e)) /* what came before the code was known, and is no text, has to wait for the customer */
        return e->message.kind == MESSAGE_TEXT && !chosen_ready(&e->message) ? send_by_code(w, a, e, env, msgid, ret) : KF_REJECTED;
    buf_init(&b, 131072);
    buf_str(&b, "{\"touser\":");
    wx_json(&b, slice_of(e->user));
    buf_str(&b, ",\"open_kfid\":");
    wx_json(&b, w->account);
    buf_printf(&b, ",\"msgid\":\"%s\",", msgid);
    if (chosen_ready(&e->message)) {
        rc = wecom_ready(&b, a, &e->message);
    } else if (e->message.kind == MESSAGE_CARD) {
        lost = !put_card(&b, e);
    } else if (e->media_id) {
        buf_printf(&b, "\"msgtype\":\"%s\",\"%s\":{\"media_id\":", type, type);
        wx_json(&b, slice_of(e->media_id));
        buf_char(&b, '}');
    } else if (e->message.kind != MESSAGE_TEXT && e->file_url) {
        put_address(&b, e, name);
    } else {
        put_words(&b, e);
    }
    buf_char(&b, '}');
    if (lost || rc) {
        buf_finish(&b);
        return lost ? KF_UNSUPPORTED : rc;
    }
    return wx_post(w->url, a, "/cgi-bin/kf/send_msg", env->token, &b, ret);
}

enum kf_rc wecom_encode(const struct channel *ch, struct arena *a, const struct errand *e, const struct env *env, struct http_req *ret)
{
    const struct wecom *w = wecom_of(ch);

    if (env->answering || (e->kind != ERRAND_SEND && !(e->kind == ERRAND_CLOSED && w->hand)))
        return KF_UNSUPPORTED;
    if (!env->token.n)
        return KF_AUTH;
    if (e->kind == ERRAND_CLOSED)
        return wecom_move(w, a, env->token, slice_of(e->user), w->to_state, w->servicer, ret);
    return send_message(w, a, e, env, ret);
}

/* ---- what it says ------------------------------------------------------------------------------------------------------------------ */

static const struct wx_code codes[] = {
    { 40014, OUTCOME_AUTH },
    { 42001, OUTCOME_AUTH },
    { 40001, OUTCOME_AUTH }, /* the secret */
    { 40013, OUTCOME_AUTH },
    { 41001, OUTCOME_AUTH },
    { 60020, OUTCOME_AUTH }, /* our address is not on the list */
    { 48002, OUTCOME_AUTH },
    { 301002, OUTCOME_AUTH },
    { 40007, OUTCOME_REJECTED },
    { 40058, OUTCOME_REJECTED },
    { 95008, OUTCOME_REJECTED },
    { 95009, OUTCOME_REJECTED },
    { 95030, OUTCOME_REJECTED },
    { 40096, OUTCOME_NO_SUCH_USER },
    { 95031, OUTCOME_WINDOW_CLOSED }, /* silent for 48 hours */
    { 95001, OUTCOME_WINDOW_CLOSED }, /* five are used */
    { 95002, OUTCOME_WINDOW_CLOSED }, /* 48 hours are over */
    { 95013, OUTCOME_WINDOW_CLOSED }, /* the session has ended */
    { 95018, OUTCOME_WINDOW_CLOSED }, /* it is with somebody else */
    { 45009, OUTCOME_RATE_LIMITED },
    { 45033, OUTCOME_RATE_LIMITED },
    { 95033, OUTCOME_ALREADY_ACCEPTED },
    { 0, OUTCOME_FATAL },
};

enum outcome_class wecom_class(int64_t code)
{
    return wx_class(codes, code);
}

bool wecom_account_trouble(int64_t code)
{
    static const int64_t all[] = {
        95000, 95004, /* open_kfid is none, or was deleted */
        95003,        /* the company is not verified */
        95011, 95023, /* the secret is of another kind; the API was given to another app */
        95012, 95017, /* the API is switched off for it */
    };

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        if (all[i] == code)
            return true;
    return false;
}

/* What is wrong with the account is told to whoever runs it: no message can mend it. */
static void alert(struct outcome *o)
{
    int64_t code = 0;

    if (o->cls == OUTCOME_FATAL && o->code.n && stamp_digits(o->code, &code))
        o->alert = wecom_account_trouble(code);
}

/* Codes that do not matter when a session is moved: it is there already, or somebody has been faster. */
static bool harmless(const struct outcome *o)
{
    return slice_is(o->code, "95013") || slice_is(o->code, "95016") || slice_is(o->code, "95018");
}

enum kf_rc wecom_settle(const struct channel *ch, struct arena *a, const struct errand *e, const struct http_resp *resp,
                        struct outcome *ret)
{
    enum kf_rc rc = wx_settle(codes, a, resp, ret);

    (void)ch;
    if (rc)
        return rc;
    alert(ret);
    if (e->kind == ERRAND_CLOSED && harmless(ret))
        ret->cls = OUTCOME_SENT;
    if (by_code(e) && ret->cls == OUTCOME_FATAL)
        ret->cls = OUTCOME_WINDOW_CLOSED; /* that code is good for nothing: the session is not as it was when we got it */
    if (e->kind == ERRAND_SEND && slice_is(ret->code, "95018"))
        ret->text = SLICE("the session is with a colleague in WeCom, or in its waiting pool: it can be answered only there");
    if (e->kind == ERRAND_SEND && !ret->ref.n && (ret->cls == OUTCOME_SENT || ret->cls == OUTCOME_ALREADY_ACCEPTED)) {
        ret->ref = slice_of(msgid_of(a, e)); /* by which a failure is told later */
        return ret->ref.n ? KF_OK : KF_NOMEM;
    }
    return KF_OK;
}

enum kf_rc wecom_upload(const struct channel *ch, struct arena *a, const struct errand *e, const struct upload *up, const struct env *env,
                        const struct http_resp *last, struct http_req *ret, struct uploaded *done)
{
    const char *type = type_of(slice_of(up->mime), (int64_t)up->bytes.n);
    enum kf_rc rc;

    if (!type || (e->message.kind == MESSAGE_CARD && strcmp(type, "image") != 0))
        return KF_UNSUPPORTED;
    rc = wx_upload(wecom_of(ch)->url, codes, a, type, up, env, last, ret, done);
    alert(&done->outcome);
    return rc;
}
