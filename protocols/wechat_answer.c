/* wechat_answer.c: what rides in the answer to a post: it uses up nothing and needs no token, but for files, which are taken there first. */
#include "core/card.h"
#include "protocols/chosen.h"
#include "protocols/wechat_impl.h"

#include <stdio.h>
#include <string.h>

/* ---- one element for each kind -------------------------------------------------------------------------------------------------------- */

static void put_text(struct buf *b, struct slice text)
{
    xml_write(b, "MsgType", SLICE("text"));
    xml_write(b, "Content", text);
}

/* One article, which is all that an answer may have. `picture` NULL: it has none. */
static void put_article(struct buf *b, const struct card *card, const char *picture)
{
    xml_write(b, "MsgType", SLICE("news"));
    buf_str(b, "<ArticleCount>1</ArticleCount><Articles><item>");
    xml_write(b, "Title", card->title);
    xml_write(b, "Description", card->words);
    xml_write(b, "PicUrl", slice_of(picture ? picture : ""));
    xml_write(b, "Url", card->url);
    buf_str(b, "</item></Articles>");
}

static void put_video(struct buf *b, const struct errand *e)
{
    struct slice cover; /* which an answer has no place for: the platform takes a picture from the film */

    xml_write(b, "MsgType", SLICE("video"));
    buf_str(b, "<Video>");
    xml_write(b, "MediaId", wechat_film(e->media_id, &cover));
    xml_write(b, "Title", slice_of(e->file_name ? e->file_name : ""));
    xml_write(b, "Description", SLICE(""));
    buf_str(b, "</Video>");
}

static void put_file(struct buf *b, const char *type, const char *element, const char *id)
{
    xml_write(b, "MsgType", slice_of(type));
    buf_printf(b, "<%s>", element);
    xml_write(b, "MediaId", slice_of(id));
    buf_printf(b, "</%s>", element);
}

/* Of what the account has ready only this has an element in an answer. */
static enum kf_rc put_music(struct buf *b, struct arena *a, const struct message *m)
{
    struct wechat_music music;
    enum kf_rc rc = wechat_music(a, m, &music);

    if (rc)
        return rc;
    xml_write(b, "MsgType", SLICE("music"));
    buf_str(b, "<Music>");
    xml_write(b, "Title", music.title);
    xml_write(b, "Description", music.description);
    xml_write(b, "MusicUrl", music.url);
    xml_write(b, "HQMusicUrl", music.hq);
    xml_write(b, "ThumbMediaId", music.cover);
    buf_str(b, "</Music>");
    return KF_OK;
}

/* A file that is there already, or cannot be taken there: its name and address. KF_AGAIN: nobody has tried yet. */
static enum kf_rc put_taken(struct buf *b, struct arena *a, const struct errand *e)
{
    struct buf words;
    bool said;

    if (!e->media_id && !e->file.p)
        return id_is_zero(&e->message.file) ? KF_UNSUPPORTED : KF_AGAIN;
    if (e->media_id && e->file_mime && strcmp(e->file_mime, "image/gif") == 0)
        return KF_UNSUPPORTED; /* in an answer they do not move */
    if (e->media_id && e->message.kind == MESSAGE_FILE) {
        put_video(b, e);
        return KF_OK;
    }
    if (e->media_id) {
        bool sound = e->message.kind == MESSAGE_AUDIO;

        put_file(b, sound ? "voice" : "image", sound ? "Voice" : "Image", e->media_id);
        return KF_OK;
    }
    buf_init(&words, 65536);
    wechat_words(&words, a, e);
    said = words.n > 0;
    if (said)
        put_text(b, buf_slice(&words));
    b->failed |= !buf_ok(&words);
    buf_finish(&words);
    return said ? KF_OK : KF_UNSUPPORTED;
}

static enum kf_rc put_message(struct buf *b, struct arena *a, const struct errand *e)
{
    struct card_mini mini;
    struct card card;

    if (wechat_choices(e))
        return KF_UNSUPPORTED; /* the menu below a text has no element */
    if (chosen_ready(&e->message))
        return put_music(b, a, &e->message);
    if (e->message.kind == MESSAGE_CARD && card_read(e->message.text, &card)) {
        if (card_mini(card.url, &mini))
            return KF_UNSUPPORTED;
        put_article(b, &card, e->file_url);
        return KF_OK;
    }
    if (e->message.kind != MESSAGE_TEXT)
        return put_taken(b, a, e);
    if (!e->message.text.n)
        return KF_UNSUPPORTED;
    put_text(b, e->message.text);
    return KF_OK;
}

/* ---- the whole document --------------------------------------------------------------------------------------------------------------- */

/* The document as ciphertext, with a signature over it. */
static enum kf_rc seal(const struct wechat *w, struct arena *a, const struct wx_key *key, struct slice document, const struct env *env,
                       struct slice *ret)
{
    char nonce[17], at[24], signature[41];
    struct slice sealed, parts[4];
    enum kf_rc rc = wx_encrypt(key, a, env->chance, document, w->app_id, &sealed);
    struct buf b;

    if (rc)
        return rc;
    for (int i = 0; i < 8; i++) /* the second half of what chance there is */
        (void)snprintf(nonce + (size_t)2 * (size_t)i, 3, "%02x", env->chance[WX_RANDOM + i]);
    (void)snprintf(at, sizeof(at), "%lld", (long long)(env->now_ms / 1000));
    parts[0] = w->token;
    parts[1] = slice_of(at);
    parts[2] = slice_of(nonce);
    parts[3] = sealed;
    if (!wx_sign(parts, 4, signature))
        return KF_NOMEM;
    buf_init(&b, sealed.n + 1024);
    buf_str(&b, "<xml>");
    xml_write(&b, "Encrypt", sealed);
    xml_write(&b, "MsgSignature", slice_of(signature));
    buf_printf(&b, "<TimeStamp>%s</TimeStamp>", at);
    xml_write(&b, "Nonce", slice_of(nonce));
    buf_str(&b, "</xml>");
    *ret = buf_copy(&b, a);
    buf_finish(&b);
    return ret->p ? KF_OK : KF_NOMEM;
}

static void begin_document(struct buf *b, const struct wechat_ends *ends, int64_t now_ms)
{
    buf_str(b, "<xml>");
    xml_write(b, "ToUserName", ends->to);
    xml_write(b, "FromUserName", ends->from);
    buf_printf(b, "<CreateTime>%lld</CreateTime>", (long long)(now_ms / 1000));
}

/* Finishes `b`. */
static enum kf_rc end_document(const struct wechat *w, struct arena *a, const struct wechat_ends *ends, struct buf *b,
                               const struct env *env, struct slice *ret)
{
    struct slice document = { NULL, 0 };

    buf_str(b, "</xml>");
    document = buf_copy(b, a);
    buf_finish(b);
    if (!document.p)
        return KF_NOMEM;
    if (ends->key)
        return seal(w, a, ends->key, document, env, ret);
    *ret = document;
    return KF_OK;
}

enum kf_rc wechat_answer(const struct wechat *w, struct arena *a, const struct wechat_ends *ends, struct slice text, const struct env *env,
                         struct slice *ret)
{
    struct buf b;

    buf_init(&b, 262144);
    begin_document(&b, ends, env->now_ms);
    put_text(&b, text);
    return end_document(w, a, ends, &b, env, ret);
}

enum kf_rc wechat_transfer(const struct wechat *w, struct arena *a, const struct wechat_ends *ends, const struct env *env,
                           struct slice *ret)
{
    struct buf b;

    buf_init(&b, 4096);
    begin_document(&b, ends, env->now_ms);
    xml_write(&b, "MsgType", SLICE("transfer_customer_service"));
    if (w->kf_account.n) {
        buf_str(&b, "<TransInfo>");
        xml_write(&b, "KfAccount", w->kf_account);
        buf_str(&b, "</TransInfo>");
    }
    return end_document(w, a, ends, &b, env, ret);
}

enum kf_rc wechat_answering(const struct wechat *w, struct arena *a, const struct errand *e, const struct env *env, struct http_req *ret)
{
    static const struct http_pair headers[] = { { SLICE("Content-Type"), SLICE("text/xml; charset=utf-8") } };
    struct json_keep keep = { .arena = a };
    json_t *root = json_read(a, env->answer_key, JSON_OF_PLATFORMS, NULL);
    struct wechat_ends ends = { .to = json_get_text(&keep, root, "to"), .from = json_get_text(&keep, root, "from") };
    int64_t key = 0;
    enum kf_rc rc;
    struct buf b;

    json_get_i64(root, "key", &key);
    json_decref(root);
    if (keep.failed)
        return KF_NOMEM;
    ends.key = key == 1 ? &w->key : key == 2 ? &w->previous : NULL;
    if (!ends.to.n || e->kind != ERRAND_SEND)
        return KF_UNSUPPORTED;
    buf_init(&b, 262144);
    begin_document(&b, &ends, env->now_ms);
    rc = put_message(&b, a, e);
    if (rc) {
        buf_finish(&b);
        return rc;
    }
    *ret = (struct http_req){ .headers = headers, .n_headers = 1 };
    return end_document(w, a, &ends, &b, env, &ret->body);
}
