/* fact.c: a fact of an adapter becomes the change that stores it. */
#include "desk/fact.h"
#include "core/card.h"
#include "core/emoji.h"
#include "core/utf8.h"
#include "desk/media.h"
#include "protocols/place.h"

static const char *peer_of(struct change *c, const struct inbound *in)
{
    return change_text(c, in->peer.n ? in->peer : in->user);
}

static enum message_kind kind_of(enum inbound_type type)
{
    switch (type) {
    case TYPE_IMAGE:
    case TYPE_STICKER:
        return MESSAGE_IMAGE;
    case TYPE_AUDIO:
        return MESSAGE_AUDIO;
    case TYPE_VIDEO:
    case TYPE_FILE:
        return MESSAGE_FILE;
    case TYPE_LOCATION:
    case TYPE_CONTACT:
    case TYPE_LINK:
    case TYPE_RICH:
    case TYPE_FORM:
        return MESSAGE_CARD;
    case TYPE_TEXT:
    case TYPE_CHOICE:
    case TYPE_UNSUPPORTED:
    default:
        return MESSAGE_TEXT;
    }
}

static void add_member(struct buf *b, const char *name, struct slice value)
{
    if (!value.n || !utf8_valid(value))
        return;
    if (b->n > 1)
        buf_char(b, ',');
    buf_json(b, slice_of(name));
    buf_char(b, ':');
    buf_json(b, value);
}

/* What pages need to show more than the text. Addresses on the platform are kept for whoever fetches the media; pages are not told them. */
static const char *extra_of(struct change *c, const struct channel_ops *ops, const struct inbound *in, const struct media *m,
                            bool fetchable)
{
    bool many = in->peer.n && !slice_eq(in->peer, in->user);
    const char *ret = NULL;
    struct buf b;

    buf_init(&b, 65536);
    buf_char(&b, '{');
    add_member(&b, "payload", in->payload);
    add_member(&b, "speaker", many ? in->user_name : (struct slice){ NULL, 0 });
    add_member(&b, "speaker_id", many && (ops->caps & CHAN_MENTION) ? in->user : (struct slice){ NULL, 0 }); /* pages are not told it */
    if (in->type == TYPE_LOCATION)
        buf_printf(&b, "%s\"lat\":%.7f,\"lon\":%.7f", b.n > 1 ? "," : "", in->lat, in->lon);
    if (in->automatic)
        buf_printf(&b, "%s\"automatic\":true", b.n > 1 ? "," : "");
    if (in->type == TYPE_UNSUPPORTED)
        buf_printf(&b, "%s\"unsupported\":true", b.n > 1 ? "," : "");
    add_member(&b, "quoted", in->quoted);
    if (in->proven)
        buf_printf(&b, "%s\"mail\":true", b.n > 1 ? "," : "");
    if (m) {
        if (b.n > 1)
            buf_char(&b, ',');
        if (m->stored)
            media_file(&b, m);
        else
            media_note(&b, m, fetchable);
    }
    buf_char(&b, '}');
    if (b.n > 2)
        ret = change_text(c, buf_slice(&b));
    buf_finish(&b);
    return ret;
}

/* A place has a name, if only that it is one, and an address that shows it: as those from here, see place.h. */
static void add_map(struct change *c, const struct inbound *in, const char *language, struct card *card)
{
    const char *line = in->text.n ? memchr(in->text.p, '\n', in->text.n) : NULL;
    struct slice name = in->title.n ? in->title : line ? (struct slice){ in->text.p, (size_t)(line - in->text.p) } : in->text;
    struct buf b;

    if (!name.n)
        card->title = slice_of(media_words(TYPE_LOCATION));
    buf_init(&b, PLACE_MAP_MAX);
    place_map(&b, in->lat, in->lon, in->gcj02 ? PLACE_GCJ02 : PLACE_WGS84, name, language);
    card->url = change_slice(c, buf_slice(&b));
    buf_finish(&b);
}

/* What is read: a card's title, its words, its address, each on a line. */
static struct slice text_of(struct change *c, const struct inbound *in, const char *language)
{
    struct card card = { .title = in->title, .words = in->text, .url = in->url };
    struct slice *const parts[] = { &card.title, &card.words, &card.url };
    struct slice ret;
    struct buf b;

    if (in->type == TYPE_LOCATION && !in->url.n)
        add_map(c, in, language, &card);
    if (!card.title.n && !card.url.n && in->text.n && utf8_valid(in->text))
        return change_slice(c, in->text);
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        if (!utf8_valid(*parts[i]))
            parts[i]->n = 0;
    buf_init(&b, 65536);
    card_write(&b, &card);
    ret = b.n && buf_ok(&b) ? change_slice(c, buf_slice(&b)) : slice_of(media_words(in->type));
    buf_finish(&b);
    return ret;
}

/* Somebody was called and nothing was said, or in signs that nobody sees: an agent shall not look at a line without anything on it. */
static bool says_nothing(const struct inbound *in)
{
    return in->type == TYPE_TEXT && (in->kind == INBOUND_MESSAGE || in->kind == INBOUND_ECHO) && !in->n_media && !in->title.n &&
           !in->url.n && !in->payload.n && utf8_blank(in->text);
}

/* `joins`: it is about the newest conversation as it is; nothing is opened by it. */
static void opening_of(struct desk *d, struct desk_site *ds, const struct site_channel *sc, const struct inbound *in, struct change *c,
                       bool joins)
{
    struct opening *o = ARENA_NEW(c->arena, struct opening);

    if (!o) {
        c->failed = true;
        return;
    }
    o->channel = sc->key;
    o->peer = peer_of(c, in);
    o->address = change_text(c, in->user.n ? in->user : in->peer);
    o->reopen_ms = ds->site->reopen_ms;
    o->state = CONV_WAITING;
    o->queue = sc->queue;
    o->locale = change_text(c, in->locale);
    o->new_conv = fresh_id(d);
    o->new_contact = fresh_id(d);
    o->new_customer = fresh_id(d);
    o->name = change_text(c, utf8_valid(in->user_name) ? in->user_name : (struct slice){ NULL, 0 });
    o->profile = in->profile.n ? change_text(c, in->profile) : NULL;
    o->opened = "{}";
    o->joins = joins;
    opening_rank(ds, sc, NULL, o->profile, c->at, o);
    c->opening = o;
}

#define MEDIA_MAX 24 /* of one event; each is a message of its own */

/* What came along and is stored stands in its message from the beginning. */
static void show_file(struct change *c, const struct media *m, struct message *ret)
{
    struct act *act = change_act(c, ACT_FILE);

    act->u.file = *m->stored;
    act->u.file.name = change_text(c, slice_of(m->stored->name));
    ret->kind = file_kind(m->stored->mime);
    ret->file = m->stored->id;
}

static void one_message(struct change *c, const struct channel_ops *ops, const struct site *site, const struct inbound *in,
                        const struct media *m, bool first)
{
    bool fetch = m && ops->media && !m->bytes.n && (m->url.n || m->id.n), says = first && (in->text.n || in->title.n || in->url.n);
    enum inbound_type type = first || !m ? in->type : m->type;
    struct message message = {
        .at = c->at,
        .from = c->by,
        .kind = kind_of(type),
        .text = !first             ? slice_of(media_words(type))
                : says_nothing(in) ? SLICE("[empty message]")
                                   : text_of(c, in, site->language),
        .extra = extra_of(
            c, ops,
            first ? in : &(struct inbound){ .peer = in->peer, .user = in->user, .user_name = in->user_name, .automatic = in->automatic }, m,
            fetch),
        .ref = first && in->id.n ? change_text(c, in->id) : NULL
    };
    struct act *act;

    if (m && m->stored) {
        show_file(c, m, &message);
        if (!says)
            message.text = SLICE("");
    } else if (m && m->bytes.n && !says)
        message.text = slice_of(media_too_large(c, type));
    act = change_act(c, ACT_MESSAGE);
    act->fetch = fetch;
    act->echo = first && in->kind == INBOUND_ECHO;
    act->u.message = message;
    act->answers = first && in->ref.n ? change_text(c, in->ref) : NULL;
}

/* By what, how long and how often this may be answered, or that nothing of before may be any more. */
static void add_handle(struct change *c, const struct channel_ops *ops, const struct inbound *in)
{
    struct act *act;

    if (!in->reply_token.n && !in->reply_ends)
        return;
    act = change_act(c, ACT_HANDLE);
    act->u.handle.ends = in->reply_ends;
    if (!in->reply_token.n)
        return;
    act->u.handle.text =
        in->reply_code ? change_printf(c, HANDLE_CODE "%.*s", (int)in->reply_token.n, in->reply_token.p) : change_text(c, in->reply_token);
    act->u.handle.expires_ms = in->reply_expires_ms;
    act->u.handle.code = in->reply_code;
    act->u.handle.beside = ops->caps & CHAN_EACH_ANSWERED;
    act->u.handle.left = in->reply_code ? 1 : in->reply_left ? in->reply_left : ops->window_count ? ops->window_count : -1;
}

static void add_message(struct change *c, const struct channel_ops *ops, const struct site *site, const struct inbound *in)
{
    one_message(c, ops, site, in, in->n_media ? &in->media[0] : NULL, true);
    for (size_t i = 1; i < in->n_media && i < MEDIA_MAX; i++)
        one_message(c, ops, site, in, &in->media[i], false);
    add_handle(c, ops, in);
}

/* What has happened may be answered, too, in the newest conversation with that peer, if it is told in time. */
static void add_event_handle(struct change *c, const struct channel_ops *ops, const struct inbound *in)
{
    struct inbound one = *in;

    if (in->reply_now || (in->reply_expires_ms && in->reply_expires_ms <= c->at))
        one.reply_token.n = 0;
    add_handle(c, ops, &one);
}

/* What nobody could read is kept as it came, for whoever mends the adapter. */
static void add_raw(struct change *c, const struct site_channel *sc, const struct inbound *in)
{
    struct act *act;

    if (!in->raw.n)
        return;
    act = change_act(c, ACT_RAW);
    act->u.blob.channel = sc->key;
    act->u.blob.name = "unsupported";
    act->u.blob.bytes = change_slice(c, in->raw);
}

/* With what the code or the link carried, and where it stood. */
static struct slice came_by(struct change *c, const struct inbound *in)
{
    if (in->kind != INBOUND_SYSTEM || (!in->payload.n && !in->title.n))
        return in->referral;
    return slice_of(change_printf(c, "%.*s%s%.*s%s%.*s", (int)in->referral.n, in->referral.p, in->payload.n ? " " : "", (int)in->payload.n,
                                  in->payload.n ? in->payload.p : "", in->title.n ? " " : "", (int)in->title.n,
                                  in->title.n ? in->title.p : ""));
}

/* A line on the timeline of the newest conversation with that peer. By what somebody came waits for the next one where none is open; of the
 * rest nothing is kept where nobody has spoken yet. */
static void add_entry(struct change *c, const struct inbound *in, const char *kind)
{
    struct act *act = change_act(c, ACT_ENTRY);
    struct buf b;

    act->u.entry = (struct entry){ .at = c->at, .kind = kind, .by = c->by, .data = "{}" };
    buf_init(&b, 4096);
    if (in->kind != INBOUND_REACTION) {
        buf_char(&b, '{');
        add_member(&b, "referral", came_by(c, in));
        buf_char(&b, '}');
        act->u.entry.data = change_text(c, buf_ok(&b) ? buf_slice(&b) : SLICE("{}"));
        buf_finish(&b);
        return;
    }
    act->u.entry.ref = in->ref.n ? change_text(c, in->ref) : NULL;
    buf_printf(&b, "{\"on\":%s", in->on ? "true" : "false");
    if (in->text.n && utf8_valid(in->text)) {
        buf_str(&b, ",\"emoji\":");
        buf_json(&b, in->text);
    }
    buf_char(&b, '}');
    act->u.entry.data = change_text(c, buf_ok(&b) ? buf_slice(&b) : SLICE("{}"));
    buf_finish(&b);
}

/* That somebody wants what a template tells, or does not: who serves them sees what may be sent. By its title, if it stands in the channel. */
static void add_subscription(struct change *c, const struct site_channel *sc, const struct inbound *in)
{
    struct act *act = change_act(c, ACT_ENTRY);
    struct slice title = in->ref;
    struct buf b;

    for (size_t i = 0; i < sc->n_templates; i++)
        if (slice_is(in->ref, sc->templates[i].name))
            title = slice_of(sc->templates[i].title);
    buf_init(&b, 4096);
    buf_char(&b, '{');
    add_member(&b, "template", title);
    buf_char(&b, '}');
    act->u.entry = (struct entry){ .at = c->at, .kind = in->on ? "subscribed" : "unsubscribed", .by = c->by };
    act->u.entry.data = change_text(c, buf_ok(&b) ? buf_slice(&b) : SLICE("{}"));
    buf_finish(&b);
}

static void add_status(struct change *c, const struct site_channel *sc, const struct inbound *in)
{
    struct act *act;

    c->conv = in->conversation;
    if (!in->proven)
        c->channel = sc->key; /* the platform named the conversation: one of another channel is none of its business */
    if (in->of_reaction) {
        c->by = (struct actor){ .role = ROLE_SYSTEM, .name = "" };
        reaction_failed(c, in->seq, utf8_valid(in->text) && emoji_is_one(in->text) ? in->text : SLICE(""),
                        utf8_cut(in->reason, REASON_MAX));
        return;
    }
    act = change_act(c, ACT_STATUS);
    act->u.status.seq = in->seq;
    act->u.status.ref = in->seq ? NULL : change_text(c, in->ref);
    act->u.status.delivery = in->delivery;
    act->u.status.window_over = in->window_over;
    act->u.status.reason = in->reason.n ? change_text(c, utf8_cut(in->reason, REASON_MAX)) : NULL;
    act->u.status.at = in->at ? in->at : c->at;
}

/* What an event says, as far as a repeat says the same: addresses of files are signed anew, and a status may be told in more words. */
static struct slice said_of(struct change *c, const struct inbound *in)
{
    struct slice ret = { NULL, 0 };
    struct buf b;

    buf_init(&b, 1 << 20);
    buf_printf(&b, "%d %d %d %zu %d", (int)in->kind, (int)in->type, (int)in->delivery, in->n_media, (int)in->on);
    for (size_t i = 0; i < in->n_media; i++)
        buf_printf(&b, " %d", (int)in->media[i].type);
    for (size_t i = 0; i < 4; i++) {
        const struct slice part = i == 0 ? in->ref : i == 1 ? in->payload : i == 2 ? in->title : in->text;

        buf_printf(&b, " %zu:", part.n);
        buf_add(&b, part);
    }
    if (buf_ok(&b))
        ret = change_slice(c, buf_slice(&b));
    buf_finish(&b);
    return ret;
}

static struct change *begun(struct desk *d, struct desk_site *ds, const struct site_channel *sc, const struct inbound *in)
{
    struct change *c = change_new(&ds->site->key, now(d));

    if (c && in->dedupe.n) {
        c->key = slice_of(change_printf(c, "p:%s:%.*s", sc->key.s, (int)in->dedupe.n, in->dedupe.p));
        c->content = said_of(c, in);
        c->first_wins = true;
    }
    return c;
}

struct change *fact_kept_out(struct desk *d, struct desk_site *ds, const struct site_channel *sc, const struct inbound *in, const char *why)
{
    struct change *c = begun(d, ds, sc, in);

    if (!c)
        return NULL;
    c->by = (struct actor){ .role = ROLE_VISITOR, .name = "" };
    opening_of(d, ds, sc, in, c, true);
    change_act(c, ACT_ENTRY)->u.entry =
        (struct entry){ .at = c->at, .kind = "kept_out", .by = c->by, .data = change_printf(c, "{\"why\":\"%s\"}", why) };
    return c;
}

static void add_edit(struct change *c, const struct inbound *in)
{
    struct act *act = change_act(c, in->kind == INBOUND_EDIT ? ACT_EDIT : ACT_REMOVE);

    act->u.edit.ref = change_text(c, in->ref);
    act->u.edit.text = change_text(c, in->text);
    act->u.edit.edited_ms = in->at;
    act->u.edit.own = true;
}

static void add_rename(struct change *c, const struct site_channel *sc, const struct inbound *in)
{
    struct act *act = change_act(c, ACT_RENAME);

    act->u.rename.channel = sc->key;
    act->u.rename.from = change_text(c, in->was);
    act->u.rename.to = change_text(c, in->user.n ? in->user : in->peer);
}

/* A name has changed; a code was scanned, a link followed: whoever serves them knows what it is about; or it says how they may be answered. */
static bool add_system(struct desk *d, struct desk_site *ds, struct change *c, const struct site_channel *sc, const struct channel_ops *ops,
                       const struct inbound *in)
{
    bool comes = in->referral.n && in->user.n;

    if (in->was.n) {
        add_rename(c, sc, in);
        return true;
    }
    if (!in->user.n || (!comes && !in->reply_token.n && !in->reply_ends))
        return false;
    opening_of(d, ds, sc, in, c, true);
    if (comes)
        add_entry(c, in, "follow");
    add_event_handle(c, ops, in);
    return true;
}

/* False: nothing of it is kept. */
static bool add_fact(struct desk *d, struct desk_site *ds, struct change *c, const struct site_channel *sc, const struct channel_ops *ops,
                     const struct inbound *in)
{
    switch (in->kind) {
    case INBOUND_MESSAGE:
    case INBOUND_POSTBACK:
    case INBOUND_COMMAND:
        opening_of(d, ds, sc, in, c, false);
        add_message(c, ops, ds->site, in);
        add_raw(c, sc, in);
        return true;
    case INBOUND_ECHO: /* a colleague has answered in the platform's own app: part of the talk, and of its newest conversation */
        c->by = (struct actor){ .role = ROLE_AGENT, .name = change_text(c, utf8_valid(in->agent) ? in->agent : SLICE("")) };
        rules_deaf(ds, c, ROLE_AGENT, in->text, false);
        opening_of(d, ds, sc, in, c, true);
        add_message(c, ops, ds->site, in);
        return true;
    case INBOUND_REACTION:
    case INBOUND_FOLLOW:
    case INBOUND_UNFOLLOW:
        opening_of(d, ds, sc, in, c, true);
        add_entry(c, in, in->kind == INBOUND_REACTION ? "reaction" : in->kind == INBOUND_FOLLOW ? "follow" : "unfollow");
        if (in->kind == INBOUND_UNFOLLOW) /* nothing gets there any more, until somebody writes */
            change_act(c, ACT_HANDLE)->u.handle.over = true;
        else if (in->kind == INBOUND_FOLLOW)
            add_event_handle(c, ops, in);
        return true;
    case INBOUND_SUBSCRIPTION:
        opening_of(d, ds, sc, in, c, true);
        add_subscription(c, sc, in);
        return true;
    case INBOUND_OPTIN:
    case INBOUND_OPTOUT:
        opening_of(d, ds, sc, in, c, true);
        change_act(c, ACT_OPT)->u.out = in->kind == INBOUND_OPTOUT;
        if (in->kind == INBOUND_OPTIN)
            add_event_handle(c, ops, in);
        return true;
    case INBOUND_EDIT:
    case INBOUND_DELETE:
        opening_of(d, ds, sc, in, c, false);
        add_edit(c, in);
        return true;
    case INBOUND_SYSTEM:
        return add_system(d, ds, c, sc, ops, in);
    case INBOUND_STATUS:
        add_status(c, sc, in);
        if (id_is_zero(&in->conversation))
            opening_of(d, ds, sc, in, c, false);
        return true;
    default:
        return false;
    }
}

struct change *fact_change(struct desk *d, struct desk_site *ds, const struct site_channel *sc, const struct channel_ops *ops,
                           const struct inbound *in, bool *failed)
{
    struct change *c = begun(d, ds, sc, in);

    *failed = !c;
    if (!c)
        return NULL;
    c->by =
        (struct actor){ .role = ROLE_VISITOR, .name = change_text(c, utf8_valid(in->user_name) ? in->user_name : (struct slice){ "", 0 }) };
    if (in->automatic)
        c->unruled = ~0U; /* two machines would talk to each other for ever */
    else
        rules_deaf(ds, c, ROLE_VISITOR, in->text, in->payload.n > 0 || answer_number(in->text));
    if (!add_fact(d, ds, c, sc, ops, in)) {
        change_free(c);
        return NULL;
    }
    *failed = c->failed;
    return c;
}

void fact_set_aside(struct change *c, const char *why, bool tell)
{
    c->unruled = ~0U;
    for (size_t i = 0; i < c->n_acts; i++)
        c->acts[i].aside |= c->acts[i].kind == ACT_MESSAGE;
    if (tell)
        change_act(c, ACT_ENTRY)->u.entry =
            (struct entry){ .at = c->at, .kind = "kept_out", .by = c->by, .data = change_printf(c, "{\"why\":\"%s\"}", why) };
}
