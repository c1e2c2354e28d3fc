/* wechat_template.c: what an agent has chosen from the templates of the account. Template messages (模板消息) and subscription messages
 * (订阅通知) need no message of the follower's before them, and are not counted among the replies to one; what became of them is told later,
 * by the msgid of the answer. What the account has ready (articles, coupons, music, pages of mini programs) goes as a customer service
 * message: within the window, and counted. */
#include "protocols/chosen.h"
#include "protocols/wechat_impl.h"

#include <ctype.h>

#define SUBSCRIBE     "subscribe"
#define TEMPLATE_PAGE "templatepage"

static const struct ready_part music_parts[] = {
    { "cover", READY_ID, true, 256, "thumb_media_id: the picture beside it, of the account's material" },
    { "hq", READY_ADDRESS, false, 1024, "hqmusicurl: the same in better quality, for Wi-Fi" },
    { .name = NULL },
};
static const struct ready_part page_parts[] = {
    { "path", READY_PATH, true, 1024, "pagepath: the page, such as pages/order?id={{order}}" },
    { "cover", READY_ID, true, 256, "thumb_media_id: the picture on it, of the account's material" },
    { .name = NULL },
};
static const struct ready_part behind_parts[] = {
    { "app", READY_ID, true, 64, "miniprogram.appid: of a mini program that is linked to the account; a tap opens it" },
    { "path", READY_PATH, false, 1024,
      "miniprogram.pagepath: its page, such as pages/order?id={{character_string1.DATA}}; else its first one" },
    { .name = NULL },
};
static const struct ready_part subscribe_parts[] = {
    { "app", READY_ID, false, 64, "miniprogram.appid: of a mini program that is linked to the account; a tap opens it" },
    { "path", READY_PATH, false, 1024,
      "miniprogram.pagepath: its page, such as pages/order?id={{character_string1.DATA}}; else its first one" },
    { .name = NULL },
};
const struct ready_kind wechat_kinds[] = {
    { .name = "mpnewsarticle", .help = "a published article", .reply = true, .form = READY_ID, .name_help = "article_id" },
    { .name = "mpnews", .help = "an article of the account's material", .reply = true, .form = READY_ID, .name_help = "media_id" },
    { .name = "wxcard", .help = "a coupon", .reply = true, .form = READY_ID, .name_help = "card_id" },
    { .name = "miniprogrampage",
      .help = "a page of a mini program that is linked to the account; the text is its title",
      .reply = true,
      .form = READY_ID,
      .name_help = "appid",
      .text_max = 256,
      .lines = 1,
      .parts = page_parts },
    { .name = "music",
      .help = "music; the first line of the text is its title, the rest its description",
      .reply = true,
      .form = READY_ADDRESS,
      .name_help = "musicurl",
      .text_max = 1024,
      .parts = music_parts },
    { .name = SUBSCRIBE,
      .help = "a subscription message, to whom has asked for one",
      .form = READY_ID,
      .name_help = "template_id",
      .text_max = 4096,
      .opens = true,
      .parts = subscribe_parts },
    { .name = TEMPLATE_PAGE,
      .help = "a template message that opens a mini program",
      .form = READY_ID,
      .name_help = "template_id",
      .text_max = 4096,
      .opens = true,
      .parts = behind_parts },
    { .name = NULL },
};

/* All that is filled in goes as data of the wording, which the platform knows. */
static enum kf_rc mini_fits(const struct template *t, struct kf_err *why)
{
    struct template_blanks worded;

    if (t->n_values && !template_value_of(t->values, t->n_values, SLICE("app")).n)
        return kf_fail(why, KF_INVALID, "values.app: required where there is a path: the AppID of its mini program");
    if (!template_read(slice_of(t->text), &worded, NULL) && t->blanks.n > worded.n)
        return kf_fail(why, KF_INVALID, "values.path: what is filled in there is one of the fields of the text");
    return KF_OK;
}

enum kf_rc wechat_fits(const struct template *t, struct kf_err *why)
{
    if (t->kind && strcmp(t->kind, SUBSCRIBE) != 0 && strcmp(t->kind, TEMPLATE_PAGE) != 0)
        return KF_OK;
    for (const char *p = t->name; *p; p++)
        if (!isalnum((unsigned char)*p) && !strchr("_-", *p))
            return kf_fail(why, KF_INVALID, "name: the template's ID (模板ID), of letters, digits, _ and -");
    if (t->blanks.numbered)
        return kf_fail(why, KF_INVALID, "text: blanks have names here: {{thing1.DATA}}, as the platform shows them");
    if (t->header != TEMPLATE_NO_HEADER)
        return kf_fail(why, KF_INVALID, "header: nothing stands above a template here");
    return mini_fits(t, why);
}

static void member(struct buf *b, const char *name, struct slice value)
{
    buf_printf(b, "\"%s\":", name);
    wx_json(b, value);
}

static struct wechat_music music_of(const struct chosen *c, struct slice text)
{
    const char *end = text.n ? memchr(text.p, '\n', text.n) : NULL;
    size_t n = end ? (size_t)(end - text.p) : text.n;
    struct slice hq = chosen_value(c, "hq");

    return (struct wechat_music){ .title = { text.p, n },
                                  .description = end ? (struct slice){ end + 1, text.n - n - 1 } : SLICE(""),
                                  .url = c->name,
                                  .hq = hq.n ? hq : c->name,
                                  .cover = chosen_value(c, "cover") };
}

enum kf_rc wechat_music(struct arena *a, const struct message *m, struct wechat_music *ret)
{
    struct chosen c;
    enum kf_rc rc = chosen_read(a, m, &c);

    if (rc)
        return rc;
    *ret = music_of(&c, m->text);
    return slice_is(c.kind, "music") ? KF_OK : KF_UNSUPPORTED;
}

static void put_music(struct buf *b, const struct chosen *c, struct slice text)
{
    const struct wechat_music music = music_of(c, text);

    member(b, "title", music.title);
    buf_char(b, ',');
    member(b, "description", music.description);
    buf_char(b, ',');
    member(b, "musicurl", music.url);
    buf_char(b, ',');
    member(b, "hqmusicurl", music.hq);
    buf_char(b, ',');
    member(b, "thumb_media_id", music.cover);
}

static void put_page(struct buf *b, const struct chosen *c, struct slice text)
{
    member(b, "title", text);
    buf_char(b, ',');
    member(b, "appid", c->name);
    buf_char(b, ',');
    member(b, "pagepath", chosen_value(c, "path"));
    buf_char(b, ',');
    member(b, "thumb_media_id", chosen_value(c, "cover"));
}

enum kf_rc wechat_ready(struct buf *b, struct arena *a, const struct message *m)
{
    static const struct {
        const char *kind, *id;
    } named[] = { { "mpnewsarticle", "article_id" }, { "mpnews", "media_id" }, { "wxcard", "card_id" } };
    struct chosen c;
    enum kf_rc rc = chosen_read(a, m, &c);

    if (rc)
        return rc;
    wx_json(b, c.kind);
    buf_char(b, ',');
    wx_json(b, c.kind);
    buf_str(b, ":{");
    for (size_t i = 0; i < sizeof(named) / sizeof(named[0]); i++)
        if (slice_is(c.kind, named[i].kind))
            member(b, named[i].id, c.name);
    if (slice_is(c.kind, "music"))
        put_music(b, &c, m->text);
    if (slice_is(c.kind, "miniprogrampage"))
        put_page(b, &c, m->text);
    buf_char(b, '}');
    return KF_OK;
}

/* What a tap opens. With both, those who cannot open the mini program get the page. */
static void put_target(struct buf *b, const struct chosen *c, bool asked)
{
    struct slice app = chosen_value(c, "app"), path = chosen_value(c, "path");

    if (c->url.n) {
        buf_str(b, asked ? ",\"page\":" : ",\"url\":");
        wx_json(b, c->url);
    }
    if (!app.n)
        return;
    buf_str(b, ",\"miniprogram\":{\"appid\":");
    wx_json(b, app);
    if (path.n) {
        buf_str(b, ",\"pagepath\":");
        wx_json(b, path);
    }
    buf_char(b, '}');
}

enum kf_rc wechat_template(const struct wechat *w, struct arena *a, const struct errand *e, const struct env *env, struct http_req *ret)
{
    struct chosen c;
    struct buf b;
    enum kf_rc rc = chosen_read(a, &e->message, &c);
    bool asked = !rc && slice_is(c.kind, SUBSCRIBE);

    if (rc)
        return rc;
    buf_init(&b, 131072);
    buf_str(&b, "{\"touser\":");
    wx_json(&b, slice_of(e->user));
    buf_str(&b, ",\"template_id\":");
    wx_json(&b, c.name);
    put_target(&b, &c, asked);
    buf_str(&b, ",\"data\":{");
    for (size_t i = 0; i < c.n; i++) {
        if (i)
            buf_char(&b, ',');
        wx_json(&b, c.fields[i].name);
        buf_str(&b, ":{\"value\":");
        wx_json(&b, c.fields[i].value);
        buf_char(&b, '}');
    }
    buf_str(&b, "}}");
    return wx_post(w->url, a, asked ? "/cgi-bin/message/subscribe/bizsend" : "/cgi-bin/message/template/send", env->token, &b, ret);
}
