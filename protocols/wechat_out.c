/* wechat_out.c: what we send to followers, and what WeChat's answer means. */
#include "core/card.h"
#include "protocols/chosen.h"
#include "protocols/wechat_impl.h"

#include <string.h>
#include <strings.h>

#define IMAGE_MAX   (10u << 20)
#define VOICE_MAX   (2u << 20)
#define VIDEO_MAX   (10u << 20)
#define CHOICES_MAX 10

/* ---- by the API -------------------------------------------------------------------------------------------------------------------- */

size_t wechat_choices(const struct errand *e)
{
    struct slice choices = json_member(slice_of(e->message.extra), "choices");
    json_t *list = choices.p ? json_loadb(choices.p, choices.n, 0, NULL) : NULL;
    size_t ret = json_array_size(list);

    json_decref(list);
    return ret;
}

/* The choices stand under the text; a tap comes back as a text with their id. */
static void put_menu(struct buf *b, struct slice text, struct slice choices)
{
    json_t *list = json_loadb(choices.p, choices.n, 0, NULL);

    buf_str(b, "\"msgmenu\",\"msgmenu\":{\"head_content\":");
    wx_json(b, text);
    buf_str(b, ",\"list\":[");
    for (size_t i = 0; i < json_array_size(list) && i < CHOICES_MAX; i++) {
        const json_t *c = json_array_get(list, i);

        buf_str(b, i ? ",{\"id\":" : "{\"id\":");
        wx_json(b, slice_of(json_string_value(json_object_get(c, "id"))));
        buf_str(b, ",\"content\":");
        wx_json(b, slice_of(json_string_value(json_object_get(c, "label"))));
        buf_char(b, '}');
    }
    buf_str(b, "],\"tail_content\":\"\"}");
    json_decref(list);
}

static void put_file(struct buf *b, const char *type, const char *id)
{
    buf_printf(b, "\"%s\",\"%s\":{\"media_id\":", type, type);
    wx_json(b, slice_of(id));
    buf_char(b, '}');
}

struct slice wechat_film(const char *id, struct slice *cover)
{
    const char *blank = strchr(id, ' ');

    *cover = slice_of(blank ? blank + 1 : "");
    return (struct slice){ id, blank ? (size_t)(blank - id) : strlen(id) };
}

static void put_video(struct buf *b, const struct errand *e)
{
    struct slice cover, film = wechat_film(e->media_id, &cover);

    buf_str(b, "\"video\",\"video\":{\"media_id\":");
    wx_json(b, film);
    buf_str(b, ",\"thumb_media_id\":");
    wx_json(b, cover);
    buf_str(b, ",\"title\":");
    wx_json(b, slice_of(e->file_name ? e->file_name : ""));
    buf_str(b, ",\"description\":\"\"}");
}

static void put_news(struct buf *b, const struct card *card, const char *picture)
{
    buf_str(b, "\"news\",\"news\":{\"articles\":[{\"title\":");
    wx_json(b, card->title);
    buf_str(b, ",\"description\":");
    wx_json(b, card->words);
    buf_str(b, ",\"url\":");
    wx_json(b, card->url);
    if (picture) {
        buf_str(b, ",\"picurl\":");
        wx_json(b, slice_of(picture));
    }
    buf_str(b, "}]}");
}

static void put_mini(struct buf *b, const struct card *card, const struct card_mini *mini, const char *cover)
{
    buf_str(b, "\"miniprogrampage\",\"miniprogrampage\":{\"title\":");
    wx_json(b, card->title);
    buf_str(b, ",\"appid\":");
    wx_json(b, mini->app);
    buf_str(b, ",\"pagepath\":");
    wx_json(b, mini->path);
    buf_str(b, ",\"thumb_media_id\":");
    wx_json(b, slice_of(cover));
    buf_char(b, '}');
}

static bool is_mini(const struct message *m, struct card *card, struct card_mini *mini)
{
    return m->kind == MESSAGE_CARD && card_read(m->text, card) && card_mini(card->url, mini);
}

enum card_way wechat_card(const struct message *m, struct kf_err *why)
{
    struct card_mini mini;
    struct card card;

    if (!is_mini(m, &card, &mini))
        return CARD_WHOLE;
    if (wx_cover(m))
        return CARD_UPLOADED;
    (void)kf_fail(why, KF_UNSUPPORTED, "file: the card of a mini program has to have a picture, JPEG or PNG");
    return CARD_REFUSED;
}

void wechat_words(struct buf *b, struct arena *a, const struct errand *e)
{
    struct json_keep keep = { .arena = a };
    struct slice file = json_member(slice_of(e->message.extra), "file");
    json_t *root = file.p ? json_loadb(file.p, file.n, 0, NULL) : NULL;
    struct slice name = json_get_text(&keep, root, "name");

    json_decref(root);
    buf_add(b, e->message.text);
    if (e->message.kind != MESSAGE_TEXT && e->file_url) {
        if (b->n)
            buf_char(b, '\n');
        buf_add(b, name.p ? name : SLICE(""));
        if (name.n)
            buf_char(b, '\n');
        buf_str(b, e->file_url);
    }
    b->failed |= keep.failed;
}

static void put_text(struct buf *b, struct arena *a, const struct errand *e)
{
    struct buf text;

    buf_init(&text, 65536);
    wechat_words(&text, a, e);
    buf_str(b, "\"text\",\"text\":{\"content\":");
    wx_json(b, buf_slice(&text));
    buf_char(b, '}');
    b->failed |= !buf_ok(&text);
    buf_finish(&text);
}

/* Refused here rather than there: the platform would say 45015 or 45047. A conversation that has no handle is left to the platform. */
static bool window_open(const struct errand *e, int64_t now_ms)
{
    return !e->handle || (e->handle_left != 0 && (!e->handle_expires_ms || now_ms < e->handle_expires_ms));
}

static enum kf_rc send_message(const struct wechat *w, struct arena *a, const struct errand *e, const struct env *env, struct http_req *ret)
{
    struct slice choices = json_member(slice_of(e->message.extra), "choices");
    struct card_mini mini;
    struct card card;
    bool opens = is_mini(&e->message, &card, &mini);
    enum kf_rc rc = KF_OK;
    struct buf b;

    if (chosen_is(&e->message))
        return wechat_template(w, a, e, env, ret);
    if (!window_open(e, env->now_ms))
        return KF_REJECTED;
    if (!e->media_id && (opens || (!e->message.text.n && !e->file_url)))
        return KF_UNSUPPORTED;
    buf_init(&b, 131072);
    buf_str(&b, "{\"touser\":");
    wx_json(&b, slice_of(e->user));
    buf_str(&b, ",\"msgtype\":");
    if (chosen_ready(&e->message))
        rc = wechat_ready(&b, a, &e->message);
    else if (opens)
        put_mini(&b, &card, &mini, e->media_id);
    else if (e->media_id && e->message.kind == MESSAGE_FILE)
        put_video(&b, e);
    else if (e->media_id)
        put_file(&b, e->message.kind == MESSAGE_AUDIO ? "voice" : "image", e->media_id);
    else if (e->message.kind == MESSAGE_CARD && card_read(e->message.text, &card))
        put_news(&b, &card, e->file_url);
    else if (!e->more && wechat_choices(e))
        put_menu(&b, e->message.text, choices);
    else
        put_text(&b, a, e);
    if (w->kf_account.n) {
        buf_str(&b, ",\"customservice\":{\"kf_account\":");
        wx_json(&b, w->kf_account);
        buf_char(&b, '}');
    }
    buf_char(&b, '}');
    if (!rc)
        return wx_post(w->url, a, "/cgi-bin/message/custom/send", env->token, &b, ret);
    buf_finish(&b);
    return rc;
}

static enum kf_rc send_typing(const struct wechat *w, struct arena *a, const struct errand *e, const struct env *env, struct http_req *ret)
{
    struct buf b;

    buf_init(&b, 4096);
    buf_str(&b, "{\"touser\":");
    wx_json(&b, slice_of(e->user));
    buf_printf(&b, ",\"command\":\"%s\"}", e->kind == ERRAND_TYPING ? "Typing" : "CancelTyping");
    return wx_post(w->url, a, "/cgi-bin/message/custom/typing", env->token, &b, ret);
}

enum kf_rc wechat_encode(const struct channel *ch, struct arena *a, const struct errand *e, const struct env *env, struct http_req *ret)
{
    const struct wechat *w = wechat_of(ch);

    if (env->answering)
        return wechat_answering(w, a, e, env, ret);
    if (e->kind != ERRAND_SEND && e->kind != ERRAND_TYPING && e->kind != ERRAND_TYPING_OFF)
        return KF_UNSUPPORTED;
    if (!env->token.n)
        return KF_AUTH;
    return e->kind == ERRAND_SEND ? send_message(w, a, e, env, ret) : send_typing(w, a, e, env, ret);
}

/* ---- what it says ------------------------------------------------------------------------------------------------------------------ */

static const struct wx_code codes[] = {
    { 40001, OUTCOME_AUTH },
    { 40014, OUTCOME_AUTH },
    { 42001, OUTCOME_AUTH }, /* the token */
    { 40002, OUTCOME_AUTH },
    { 40013, OUTCOME_AUTH },
    { 40125, OUTCOME_AUTH }, /* the credentials */
    { 40164, OUTCOME_AUTH },
    { 40243, OUTCOME_AUTH },
    { 41001, OUTCOME_AUTH },
    { 41002, OUTCOME_AUTH },
    { 40003, OUTCOME_NO_SUCH_USER },
    { 43004, OUTCOME_USER_BLOCKED }, /* does not follow */
    { 43019, OUTCOME_USER_BLOCKED },
    { 48002, OUTCOME_USER_BLOCKED },
    { 45015, OUTCOME_WINDOW_CLOSED },
    { 45047, OUTCOME_WINDOW_CLOSED },
    { 45002, OUTCOME_TOO_LARGE },
    { 45009, OUTCOME_RATE_LIMITED },
    { 45011, OUTCOME_RATE_LIMITED },
    { 40037, OUTCOME_REJECTED },     /* a template: not one of this account's */
    { 47003, OUTCOME_REJECTED },     /* a template: a field is wrong */
    { 41030, OUTCOME_REJECTED },     /* a subscription message: its page */
    { 43101, OUTCOME_USER_BLOCKED }, /* a subscription message: nobody has asked for one */
    { 40004, OUTCOME_REJECTED },
    { 40005, OUTCOME_REJECTED },
    { 40006, OUTCOME_REJECTED },
    { 40007, OUTCOME_REJECTED },
    { 40008, OUTCOME_REJECTED },
    { 40033, OUTCOME_REJECTED },
    { 44002, OUTCOME_REJECTED },
    { 44004, OUTCOME_REJECTED },
    { 47001, OUTCOME_REJECTED },
    { 45072, OUTCOME_ALREADY_ACCEPTED }, /* of typing: nobody waits for it */
    { 45080, OUTCOME_ALREADY_ACCEPTED },
    { 45081, OUTCOME_ALREADY_ACCEPTED },
    { 0, OUTCOME_FATAL },
};

/* Whether customer service messages are open to an account shows with the first one: who reads the words shall know what to do. */
static void explain(struct arena *a, struct outcome *ret)
{
    const char *words;

    if (!slice_is(ret->code, "48001"))
        return;
    words = arena_printf(a, "%.*s (customer service messages are not open to this account: it has to be verified, 微信认证)",
                         (int)ret->text.n, ret->text.n ? ret->text.p : "");
    if (words)
        ret->text = slice_of(words);
}

enum kf_rc wechat_settle(const struct channel *ch, struct arena *a, const struct errand *e, const struct http_resp *resp,
                         struct outcome *ret)
{
    enum kf_rc rc = wx_settle(codes, a, resp, ret);

    (void)ch;
    explain(a, ret);
    if (slice_is(ret->code, "40007") && e->media_id && !e->attempt)
        ret->cls = OUTCOME_RETRY; /* the platform has lost the file that it has just taken: once more from the beginning */
    if ((e->kind == ERRAND_TYPING || e->kind == ERRAND_TYPING_OFF) && ret->cls != OUTCOME_AUTH)
        ret->cls = OUTCOME_SENT;
    return rc;
}

/* ---- a file that goes before its message --------------------------------------------------------------------------------------------- */

/* NULL: the platform would not take it, or not show it. */
static const char *type_of(const struct upload *up)
{
    static const struct {
        const char *mime, *type;
        size_t max;
    } all[] = { { "image/jpeg", "image", IMAGE_MAX }, { "image/png", "image", IMAGE_MAX },  { "image/gif", "image", IMAGE_MAX },
                { "audio/amr", "voice", VOICE_MAX },  { "audio/mpeg", "voice", VOICE_MAX }, { "video/mp4", "video", VIDEO_MAX } };

    for (size_t i = 0; up->mime && i < sizeof(all) / sizeof(all[0]); i++)
        if (strcmp(up->mime, all[i].mime) == 0 && up->bytes.n <= all[i].max)
            return all[i].type;
    return NULL;
}

/* The platform goes by the end of the name. NULL: no memory. */
static const char *film_name(struct arena *a, const char *name)
{
    size_t n = strlen(name);

    return n > 4 && strcasecmp(name + n - 4, ".mp4") == 0 ? name : arena_printf(a, "%s.mp4", name);
}

/* First its cover, then the film itself: "FILM COVER". */
static enum kf_rc upload_video(const struct wechat *w, struct arena *a, const struct upload *up, const struct env *env,
                               const struct http_resp *last, struct http_req *ret, struct uploaded *done)
{
    const struct upload cover = { .bytes = wechat_cover(), .mime = "image/jpeg", .name = "cover.jpg" };
    const struct upload film = { .bytes = up->bytes, .mime = up->mime, .name = film_name(a, up->name) };
    struct slice thumb = done->kept;
    enum kf_rc rc =
        film.name ? wx_upload(w->url, codes, a, thumb.n ? "video" : "thumb", thumb.n ? &film : &cover, env, last, ret, done) : KF_NOMEM;
    char *both;

    if (rc || !last || done->outcome.cls != OUTCOME_SENT)
        return rc;
    if (!thumb.n) {
        thumb = done->id;
        rc = wx_upload(w->url, codes, a, "video", &film, env, NULL, ret, done);
        done->kept = thumb;
        return rc;
    }
    both = arena_printf(a, "%.*s %.*s", (int)done->id.n, done->id.p, (int)thumb.n, thumb.p);
    done->id = slice_of(both);
    return both ? KF_OK : KF_NOMEM;
}

enum kf_rc wechat_upload(const struct channel *ch, struct arena *a, const struct errand *e, const struct upload *up, const struct env *env,
                         const struct http_resp *last, struct http_req *ret, struct uploaded *done)
{
    static const struct {
        enum message_kind kind;
        const char *type;
    } ways[] = { { MESSAGE_IMAGE, "image" }, { MESSAGE_CARD, "image" }, { MESSAGE_AUDIO, "voice" }, { MESSAGE_FILE, "video" } };
    const struct wechat *w = wechat_of(ch);
    const char *type = type_of(up);

    for (size_t i = 0; type && i < sizeof(ways) / sizeof(ways[0]); i++)
        if (ways[i].kind == e->message.kind && strcmp(ways[i].type, type) == 0)
            return ways[i].kind == MESSAGE_FILE ? upload_video(w, a, up, env, last, ret, done)
                                                : wx_upload(w->url, codes, a, type, up, env, last, ret, done);
    return KF_UNSUPPORTED;
}
