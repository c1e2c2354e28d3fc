/* media.c: files between platforms and us. What comes in is fetched after the commit that stored its message, and stored before the message
 * shows it; what goes out is taken to platforms that want it first. Nothing here may lose a message: whatever fails, words stay. */
#include "desk/media.h"
#include "core/file_name.h"
#include "core/mime.h"
#include "core/utf8.h"
#include "desk/trip.h"
#include "protocols/sign.h"
#include "protocols/stamp.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#define FETCH_MAX        (20LL << 20) /* bytes of a file that comes in, whatever the site allows: it is held in memory */
#define FETCH_TIMEOUT_MS 60000
#define MISTAKEN_TRIES   4
#define MISTAKEN_MS      2000                                              /* between the first two of them; then twice as long, twice */
#define MISTAKEN_FOR_MS  (MISTAKEN_MS * ((1 << (MISTAKEN_TRIES - 1)) - 1)) /* at least: not all of the tries need have brought words */
#define FETCH_SLOWEST    8192 /* bytes a second: whoever drips holds a place that others wait for */

/* ---- what the message says of it ---- */

static const char *const words[] = {
    [TYPE_IMAGE] = "[image]",     [TYPE_AUDIO] = "[audio]",
    [TYPE_VIDEO] = "[video]",     [TYPE_FILE] = "[file]",
    [TYPE_STICKER] = "[sticker]", [TYPE_LOCATION] = "[location]",
    [TYPE_CONTACT] = "[contact]", [TYPE_LINK] = "[link]",
    [TYPE_RICH] = "[card]",       [TYPE_UNSUPPORTED] = "[unsupported message]",
};

const char *media_words(enum inbound_type type)
{
    return (size_t)type < sizeof(words) / sizeof(words[0]) && words[type] ? words[type] : "";
}

const char *media_too_large(struct change *c, enum inbound_type type)
{
    const char *word = media_words(type);

    return *word ? change_printf(c, "%.*s: could not be fetched, too large]", (int)strlen(word) - 1, word)
                 : "[file: could not be fetched, too large]";
}

static void add_text(struct buf *b, const char *name, struct slice value)
{
    if (!value.n || !utf8_valid(value))
        return;
    buf_char(b, ',');
    buf_json(b, slice_of(name));
    buf_char(b, ':');
    buf_json(b, value);
}

void media_note(struct buf *b, const struct media *m, bool fetchable)
{
    struct slice name = m->name.n && utf8_valid(m->name) ? m->name : (struct slice){ NULL, 0 };

    if (m->bytes.n)
        buf_str(b, "\"media\":{\"state\":\"failed\",\"reason\":\"too_large\"");
    else
        buf_printf(b, "\"media\":{\"state\":\"%s\"", fetchable ? "fetching" : "elsewhere");
    add_text(b, "name", name);
    buf_char(b, '}');
    if (!fetchable)
        return;
    buf_printf(b, ",\"fetch\":{\"type\":%d,\"size\":%lld,\"duration_ms\":%lld", (int)m->type, (long long)m->size,
               (long long)m->duration_ms);
    add_text(b, "url", m->url);
    add_text(b, "id", m->id);
    add_text(b, "mime", m->mime);
    add_text(b, "name", name);
    add_text(b, "sha256", m->sha256);
    buf_char(b, '}');
}

void media_file(struct buf *b, const struct media *m)
{
    const struct act_file *f = m->stored;
    char id[KF_ID_TEXT];

    buf_printf(b, "\"file\":{\"id\":\"%s\"", id_text(&f->id, id));
    add_text(b, "name", slice_of(f->name));
    add_text(b, "mime", slice_of(f->mime));
    buf_printf(b, ",\"size\":%lld", (long long)f->size);
    if (f->width > 0 && f->height > 0)
        buf_printf(b, ",\"width\":%d,\"height\":%d", f->width, f->height);
    buf_char(b, '}');
}

static struct slice member(struct trip *t, const json_t *root, const char *name)
{
    const json_t *v = json_object_get(root, name);

    return json_is_string(v) ? arena_copy(t->arena, (struct slice){ json_string_value(v), json_string_length(v) })
                             : (struct slice){ NULL, 0 };
}

/* What media_note() has written down. */
static bool read_note(struct trip *t)
{
    json_t *root = json_loads(t->errand.message.extra ? t->errand.message.extra : "{}", 0, NULL);
    const json_t *note = json_object_get(root, "fetch");

    t->media = (struct media){ .type = (enum inbound_type)json_integer_value(json_object_get(note, "type")),
                               .url = member(t, note, "url"),
                               .id = member(t, note, "id"),
                               .mime = member(t, note, "mime"),
                               .name = member(t, note, "name"),
                               .sha256 = member(t, note, "sha256"),
                               .tries = t->errand.attempt,
                               .size = json_integer_value(json_object_get(note, "size")),
                               .duration_ms = json_integer_value(json_object_get(note, "duration_ms")) };
    json_decref(root);
    return t->media.url.n || t->media.id.n;
}

/* The message with `media` and `file` (either may be NULL; taken over) in place of the note. */
static void show(struct trip *t, enum message_kind kind, struct slice text, json_t *media, json_t *file)
{
    struct message *m = ARENA_NEW(t->arena, struct message);
    json_t *root = json_loads(t->errand.message.extra ? t->errand.message.extra : "{}", 0, NULL);
    struct slice said = t->errand.message.text;
    char *extra;

    if (!root)
        root = json_object();
    if (file || !media)
        json_object_del(root, "fetch");
    else /* it may be asked for again: refetch.c */
        json_object_set_new(json_object_get(root, "fetch"), "said", json_stringn(said.n ? said.p : "", said.n));
    json_object_del(root, "media");
    if (media)
        json_object_set_new(root, "media", media);
    if (file)
        json_object_set_new(root, "file", file);
    extra = json_dumps(root, JSON_COMPACT);
    json_decref(root);
    if (m && extra) {
        *m = t->errand.message;
        m->kind = kind;
        m->text = text;
        m->extra = arena_text(t->arena, slice_of(extra));
        m->file = file ? t->file.id : (struct kf_id){ { 0 } };
        t->shown = m;
    }
    free(extra);
}

/* Is the text nothing but our own word for what it was? */
static bool is_placeholder(const struct trip *t)
{
    return slice_is(t->errand.message.text, media_words(t->media.type));
}

void media_failed(struct trip *t, const char *reason)
{
    static const struct {
        const char *reason, *said;
    } all[] = { { "too_large", "too large" },
                { "gone", "it is not there any more" },
                { "refused", "its address is not allowed" },
                { "unavailable", "the platform does not give it" },
                { "mistaken", "what the platform gave is not the file" } };
    const char *said = "", *word = media_words(t->media.type);
    struct slice text = t->errand.message.text;
    char *words_now;

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        if (strcmp(all[i].reason, reason) == 0)
            said = all[i].said;
    words_now = arena_printf(t->arena, "%.*s%s%.*s: could not be fetched, %s]", is_placeholder(t) ? 0 : (int)text.n, text.n ? text.p : "",
                             is_placeholder(t) || !text.n ? "" : "\n", *word ? (int)strlen(word) - 1 : 5, *word ? word : "[file", said);
    show(t, t->errand.message.kind, words_now ? slice_of(words_now) : text,
         json_pack("{s:s,s:s,s:s*}", "state", "failed", "reason", reason, "name", t->media.name.n ? t->media.name.p : NULL), NULL);
    trip_end_with(t, ERRAND_FAILED, DELIVERY_NONE, reason);
}

/* ---- what has come is stored ---- */

/* What the platform calls it, where the message did not say: Content-Disposition: attachment; filename="…". */
static void take_name(struct trip *t, const struct http_resp *resp)
{
    struct slice line = http_header(resp->headers, resp->n_headers, "content-disposition");
    char *text = line.n && !t->media.name.n ? arena_text(t->arena, line) : NULL;
    char *at = text ? strstr(text, "filename=") : NULL;

    if (!at)
        return;
    at += strlen("filename=");
    if (*at == '"')
        at++;
    at[strcspn(at, at[-1] == '"' ? "\"" : "; ")] = '\0';
    if (*at && utf8_valid(slice_of(at)))
        t->media.name = slice_of(at);
}

static const char *name_of(struct trip *t)
{
    const char *ret;
    struct buf b;

    buf_init(&b, 4096);
    ret = arena_text(t->arena, file_name(t->media.name, &b));
    buf_finish(&b);
    return ret ? ret : "file";
}

static json_t *file_json(const struct trip *t)
{
    char id[KF_ID_TEXT];
    json_t *ret = json_pack("{s:s,s:s,s:s,s:I}", "id", id_text(&t->file.id, id), "name", t->file.name, "mime", t->file.mime, "size",
                            (json_int_t)t->file.size);

    if (t->file.width > 0 && t->file.height > 0) {
        json_object_set_new(ret, "width", json_integer(t->file.width));
        json_object_set_new(ret, "height", json_integer(t->file.height));
    }
    if (t->media.duration_ms > 0)
        json_object_set_new(ret, "duration_ms", json_integer(t->media.duration_ms));
    return ret;
}

/* It is stored all the same: how a platform writes such a sum is not for certain, and a picture is more than none. */
static void compare(const struct trip *t, const uint8_t sha256[32])
{
    struct buf is;

    if (!t->media.sha256.n)
        return;
    buf_init(&is, 64);
    sign_base64(&is, sha256, 32);
    if (buf_ok(&is) && !slice_eq(buf_slice(&is), t->media.sha256))
        log_event(t->d, 2, "desk event=media_differs site=%s channel=%s", t->site.s, t->errand.channel.s);
    buf_finish(&is);
}

static void stored(void *ctx, enum kf_rc rc, const uint8_t sha256[32], int64_t size, const struct kf_err *why)
{
    struct trip *t = ctx;
    struct mime mime = mime_of((struct slice){ t->bytes, t->n_bytes < STORE_BLOCK ? t->n_bytes : STORE_BLOCK });

    if (rc) {
        trip_again_later(t, 0, why && *why->text ? arena_text(t->arena, slice_of(why->text)) : "it could not be stored");
        return;
    }
    compare(t, sha256);
    memcpy(t->file.sha256, sha256, sizeof(t->file.sha256));
    t->file.size = size;
    t->file.name = name_of(t);
    t->file.mime = mime.type; /* what it is, and not what somebody says that it is */
    t->file.width = mime.width;
    t->file.height = mime.height;
    t->fetched = true;
    show(t, file_kind(mime.type), is_placeholder(t) ? SLICE("") : t->errand.message.text, NULL, file_json(t));
    trip_end_with(t, ERRAND_DONE, DELIVERY_NONE, NULL);
}

static void store_next(struct trip *t);

static void stored_block(void *ctx, enum kf_rc rc, const struct kf_err *why)
{
    struct trip *t = ctx;

    if (rc)
        trip_again_later(t, why ? why->retry_after_ms : 0,
                         why && *why->text ? arena_text(t->arena, slice_of(why->text)) : "it could not be stored");
    else
        store_next(t);
}

static void store_next(struct trip *t)
{
    struct desk *d = t->d;
    size_t n = t->n_bytes - t->at_bytes < STORE_BLOCK ? t->n_bytes - t->at_bytes : STORE_BLOCK;
    struct slice block = { t->bytes + t->at_bytes, n };

    if (!n) {
        d->ports.file_end(d->ports.ctx, &t->file.id, stored, t);
        return;
    }
    t->at_bytes += n;
    d->ports.file_put(d->ports.ctx, &t->file.id, block, stored_block, t);
}

/* ---- coming in ---- */

/* Not before the time that the platform names: in a header, or where it says so of a message as well. */
static void fetch_again(struct trip *t, const struct http_resp *resp)
{
    struct desk_site *ds = site_of(t->d, &t->site);
    struct outlet *o = ds ? outlet_of(t->d, ds, &t->errand.channel) : NULL;
    struct outcome said = { .retry_after_ms = 0 };
    int64_t wait_ms = stamp_retry_after(resp);

    if (!wait_ms && resp->status == 429 && o && !o->ops->settle(o->ch, t->arena, &t->errand, resp, &said))
        wait_ms = said.retry_after_ms;
    trip_again_later(t, wait_ms, resp->failure ? arena_text(t->arena, slice_of(resp->failure)) : "the platform is busy");
}

static void fetch_step(struct trip *t, const struct http_resp *last);

static void fetch_stepped(void *ctx, const struct http_resp *resp)
{
    fetch_step(ctx, resp);
}

static void forget_pieces(struct trip *t)
{
    free(t->bytes);
    t->bytes = NULL;
    t->n_bytes = 0;
    t->media.come = t->media.asked = 0;
}

static void renewed(void *ctx, enum kf_rc rc, const struct kf_err *why)
{
    struct trip *t = ctx;

    if (rc)
        trip_again_later(t, 0, why && *why->text ? arena_text(t->arena, slice_of(why->text)) : "no access token");
    else {
        forget_pieces(t);
        fetch_step(t, NULL);
    }
}

/* The token was refused: once more with a fresh one. */
static void renew(struct trip *t)
{
    struct desk_site *ds = site_of(t->d, &t->site);
    struct outlet *o = ds ? outlet_of(t->d, ds, &t->errand.channel) : NULL;

    if (!o || !token_again(o, t->token, &t->renewed))
        media_failed(t, "unavailable");
    else
        token_want(t->d, ds, o, t->token, renewed, t);
}

/* A platform in trouble says 200 and sends its words: that passes, as a rule, and is no reason to ask for days. */
static void mistaken(struct trip *t)
{
    int tries = t->errand.attempt + 1;

    if (tries >= MISTAKEN_TRIES && now(t->d) - t->errand.created_at >= MISTAKEN_FOR_MS)
        media_failed(t, "mistaken");
    else
        trip_again_later(t, MISTAKEN_MS << ((tries < MISTAKEN_TRIES ? tries : MISTAKEN_TRIES) - 1),
                         "the platform gave words in place of the file");
}

/* All of it is in t->bytes. */
static void store_all(struct trip *t)
{
    const struct slice head = { t->bytes, t->n_bytes < STORE_BLOCK ? t->n_bytes : STORE_BLOCK };

    if (mime_mistaken(t->media.type, t->media.mime, head)) {
        mistaken(t);
        return;
    }
    t->file.id = fresh_id(t->d);
    store_next(t);
}

static void fetched(void *ctx, const struct http_resp *resp)
{
    struct trip *t = ctx;

    if (resp->too_large)
        media_failed(t, "too_large");
    else if (resp->refused)
        media_failed(t, "refused");
    else if (resp->status == 401)
        renew(t);
    else if (resp->status == 0 || resp->status == 408 || resp->status == 429 || resp->status >= 500)
        fetch_again(t, resp);
    else if (resp->status != 200)
        media_failed(t, "gone");
    else if (!resp->body.n)
        media_failed(t, "gone");
    else if (!(t->bytes = malloc(resp->body.n)))
        trip_again_later(t, 0, "out of memory");
    else {
        memcpy(t->bytes, resp->body.p, resp->body.n);
        take_name(t, resp);
        t->n_bytes = resp->body.n;
        store_all(t);
    }
}

/* Keeps a piece. NULL, or why there will be none of it: the whole is to be no larger than `max`, whatever the single piece is. */
static const char *keep_piece(struct trip *t, const struct http_resp *resp, int64_t max)
{
    int64_t from, to, total;

    if (!http_piece(http_header(resp->headers, resp->n_headers, "content-range"), &from, &to, &total) || from != t->media.come ||
        to - from + 1 != (int64_t)resp->body.n || (t->bytes && total != t->media.size))
        return "unavailable";
    if (total > max)
        return "too_large";
    if (!t->bytes && !(t->bytes = malloc((size_t)total)))
        return "unavailable";
    memcpy(t->bytes + from, resp->body.p, resp->body.n);
    take_name(t, resp);
    t->media.size = total;
    t->media.come = to + 1;
    t->n_bytes = (size_t)t->media.come;
    return NULL;
}

/* Some of it is not the file. */
static void end_of_pieces(struct trip *t, const struct http_resp *last)
{
    if (last->status == 206 && t->media.come == t->media.size)
        store_all(t);
    else
        media_failed(t, "gone");
}

static void fetch_step(struct trip *t, const struct http_resp *last)
{
    struct desk *d = t->d;
    struct desk_site *ds = site_of(d, &t->site);
    struct outlet *o = ds ? outlet_of(d, ds, &t->errand.channel) : NULL;
    int64_t max = ds ? desk_file_max(d, ds->site) : 0;
    struct http_req req = { 0 };
    struct env env;
    const char *no;
    enum kf_rc rc;

    if (!o || !o->ops->media) {
        media_failed(t, "unavailable");
        return;
    }
    if (last && last->too_large) { /* the step asked for the file itself */
        media_failed(t, "too_large");
        return;
    }
    if (last && !last->status && last->refused) { /* our own doing, and the same the next time */
        media_failed(t, "refused");
        return;
    }
    if (last && (last->status == 0 || last->status == 429 || last->status >= 500)) {
        fetch_again(t, last);
        return;
    }
    if (max > FETCH_MAX)
        max = FETCH_MAX;
    t->media.asked += last != NULL;
    no = last && last->status == 206 ? keep_piece(t, last, max) : NULL;
    if (no) {
        media_failed(t, no);
        return;
    }
    env = trip_env(t, o);
    rc = o->ops->media(o->ch, t->arena, &env, &t->media, last, &req);
    req.answer_max = (size_t)max;
    req.timeout_ms = FETCH_TIMEOUT_MS;
    req.slowest = FETCH_SLOWEST;
    if (rc == KF_AGAIN)
        d->ports.fetch(d->ports.ctx, &req, fetch_stepped, t);
    else if (rc == KF_OK && last && !req.url && t->bytes)
        end_of_pieces(t, last);
    else if (rc == KF_OK && last && !req.url)
        fetched(t, last);
    else if (rc == KF_OK) {
        forget_pieces(t);
        d->ports.fetch(d->ports.ctx, &req, fetched, t);
    } else if (rc == KF_AUTH)
        renew(t);
    else if (rc == KF_RATE && last)
        fetch_again(t, last);
    else if (rc == KF_NOMEM || rc == KF_RATE)
        trip_again_later(t, 0, rc == KF_NOMEM ? "out of memory" : "the platform is busy");
    else
        media_failed(t, rc == KF_DENIED ? "refused" : rc == KF_LIMIT ? "too_large" : "gone");
}

void media_fetch(struct trip *t)
{
    struct desk_site *ds = site_of(t->d, &t->site);

    if (t->errand.message.kind == MESSAGE_REMOVED || !read_note(t))
        trip_end_with(t, ERRAND_DONE, DELIVERY_NONE, NULL); /* it was taken back, or is here already */
    else if (ds && (t->media.size > FETCH_MAX || t->media.size > desk_file_max(t->d, ds->site)))
        media_failed(t, "too_large");
    else
        fetch_step(t, NULL);
}

/* ---- going out ---- */

static void upload_step(struct trip *t, const struct http_resp *last);

static void upload_stepped(void *ctx, const struct http_resp *resp)
{
    upload_step(ctx, resp);
}

static void upload_step(struct trip *t, const struct http_resp *last)
{
    struct desk *d = t->d;
    struct desk_site *ds = site_of(d, &t->site);
    struct outlet *o = ds ? outlet_of(d, ds, &t->errand.channel) : NULL;
    const struct upload up = { .bytes = { t->bytes, t->n_bytes }, .mime = t->file.mime, .name = t->file.name };
    struct uploaded done = { .outcome = { .cls = OUTCOME_SENT }, .kept = last ? t->kept : (struct slice){ NULL, 0 } };
    struct http_req req = { 0 };
    struct env env;
    enum kf_rc rc;

    if (!o || !o->ops->upload) {
        trip_end_with(t, ERRAND_FAILED, DELIVERY_FAILED, "the channel is switched off or its settings are wrong");
        return;
    }
    env = trip_env(t, o);
    rc = o->ops->upload(o->ch, t->arena, &t->errand, &up, &env, last, &req, &done);
    if (rc == KF_AGAIN) {
        t->kept = done.kept;
        req.timeout_ms = FETCH_TIMEOUT_MS;
        d->ports.fetch(d->ports.ctx, &req, upload_stepped, t);
        return;
    }
    if (rc == KF_OK && done.said) {
        trip_settle(t, ds, o, &done.outcome);
        return;
    }
    if (rc == KF_OK && done.outcome.cls != OUTCOME_SENT) {
        t->uploaded = false; /* with a fresh token it begins anew */
        trip_settle(t, ds, o, &done.outcome);
        return;
    }
    if (rc && rc != KF_UNSUPPORTED) {
        trip_again_later(t, 0, rc == KF_NOMEM ? NULL : "the platform's answer to the file could not be read");
        return;
    }
    t->uploaded = true;
    t->errand.media_id = rc ? NULL : arena_text(t->arena, done.id);
    t->errand.file = up.bytes;
    t->errand.file_name = up.name;
    t->errand.file_mime = up.mime;
    trip_send(t);
}

static void read_next(struct trip *t);

/* What stands beside others is tried by itself: that tells which of them it is. */
static void unread(struct trip *t)
{
    if (t->album)
        album_have(t->album, "a file could not be read");
    else
        trip_again_later(t, 0, "the file could not be read");
}

static void have_block(void *ctx, enum kf_rc rc, struct slice block, const struct kf_err *why)
{
    struct trip *t = ctx;

    (void)why;
    if (!rc && block.n && block.n <= t->n_bytes - t->at_bytes) {
        memcpy(t->bytes + t->at_bytes, block.p, block.n);
        t->at_bytes += block.n;
        read_next(t);
    } else
        unread(t);
}

static void read_next(struct trip *t)
{
    if (t->at_bytes == t->n_bytes && t->album)
        album_have(t->album, NULL);
    else if (t->at_bytes == t->n_bytes)
        upload_step(t, NULL);
    else
        t->d->ports.file_get(t->d->ports.ctx, t->file.sha256, (int64_t)(t->at_bytes / STORE_BLOCK), have_block, t);
}

static void have_file(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct trip *t = ctx;
    struct desk_site *ds = site_of(t->d, &t->site);
    struct outlet *o = ds ? outlet_of(t->d, ds, &t->errand.channel) : NULL;

    (void)why;
    if (!t->album && (rc == KF_ABSENT || (!rc && o && o->ops->upload_max && q->file.size > o->ops->upload_max))) {
        trip_end_with(t, ERRAND_FAILED, DELIVERY_FAILED, rc ? "the file is gone" : "the file is too large for this channel");
        return;
    }
    t->bytes = rc ? NULL : malloc((size_t)q->file.size + 1);
    if (!t->bytes) {
        unread(t);
        return;
    }
    t->file = q->file;
    t->file.name = arena_text(t->arena, slice_of(q->file.name));
    t->file.mime = arena_text(t->arena, slice_of(q->file.mime));
    t->n_bytes = (size_t)q->file.size;
    read_next(t);
}

void media_read(struct trip *t)
{
    struct query *q = query_new(QUERY_FILE);

    if (!q) {
        unread(t);
        return;
    }
    q->id = t->errand.message.file;
    t->d->ports.read(t->d->ports.ctx, q, have_file, t);
}

bool media_upload(struct trip *t, struct outlet *o)
{
    if (!o->ops->upload || t->errand.kind != ERRAND_SEND || id_is_zero(&t->errand.message.file))
        return false;
    if (t->errand.message.kind == MESSAGE_CARD && channel_card(o->ops, &t->errand.message, NULL) != CARD_UPLOADED)
        return false; /* its picture goes as an address */
    if (t->bytes)     /* read before: the token was renewed meanwhile */
        upload_step(t, NULL);
    else
        media_read(t);
    return true;
}
