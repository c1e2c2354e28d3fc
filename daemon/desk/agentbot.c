/* agentbot.c: bots that answer by calls of their own. Whatever they say is committed under the epoch that was seen: whoever has taken the
 * conversation meanwhile is not talked over, and reads it as a note. */
#include "desk/bot.h"
#include "desk/media.h"
#include "desk/outlet.h"

#define LOOK_MAX 20
#define READ_MAX 120

struct deed {
    struct desk *d;
    struct arena *arena;
    struct kf_key site, bot;
    struct bot_act act;
    struct bot_seen seen;
    struct inbound files; /* those of `act`, as carry.c takes them */
    struct message *messages;
    size_t n_messages;
    void (*done)(void *ctx, enum kf_rc rc, const struct bot_seen *seen, const struct kf_err *why);
    void *ctx;
};

static void deed_end(struct deed *e, enum kf_rc rc, const struct kf_err *why)
{
    e->done(e->ctx, rc, rc ? NULL : &e->seen, why);
    e->d->under_way--;
    arena_free(e->arena);
}

static void deed_fail(struct deed *e, enum kf_rc rc, const char *words)
{
    struct kf_err why = { 0 };

    deed_end(e, kf_fail(&why, rc, "%s", words), &why);
}

static bool keep_messages(struct deed *e, const struct message *from, size_t n)
{
    e->messages = arena_array(e->arena, n + 1, sizeof(*e->messages));
    for (size_t i = 0; e->messages && i < n; i++)
        e->n_messages += message_copy(e->arena, &from[i], &e->messages[e->n_messages]);
    return e->messages != NULL;
}

static void sign(struct deed *e)
{
    struct desk_site *ds = site_of(e->d, &e->site);

    if (ds)
        bot_sign_files(e->d, ds->site, e->arena, e->messages, e->n_messages);
}

/* ---- the commit ---- */

static void deed_commit(struct deed *e);

static void deed_done(void *ctx, enum kf_rc rc, const struct news *news, const struct kf_err *why)
{
    struct deed *e = ctx;
    struct desk_site *ds = site_of(e->d, &e->site);

    if (rc == KF_CONFLICT && e->act.does == BOT_DOES_SAY) { /* somebody has taken it just now */
        e->act.does = BOT_DOES_NOTE;
        deed_commit(e);
        return;
    }
    if (!rc && ds) {
        tell_news(e->d, ds, news, 0);
        e->seen.conv.state = news->conv.state;
        if (e->act.does == BOT_DOES_SAY && keep_messages(e, news->messages, news->n_messages)) {
            sign(e);
            e->seen.messages = e->messages;
            e->seen.n_messages = e->n_messages;
        }
    }
    deed_end(e, rc, why);
}

static size_t answers_of(const struct deed *e)
{
    size_t n = 0;

    for (size_t i = 0; i < e->n_messages; i++)
        n += e->messages[i].from.role == ROLE_BOT;
    return n;
}

static void say_file(struct desk *d, struct desk_site *ds, struct change *c, const struct conv *conv, const struct media *m)
{
    struct act *act = change_act(c, ACT_FILE);
    struct buf extra;

    act->u.file = *m->stored;
    act->u.file.name = change_text(c, slice_of(m->stored->name));
    buf_init(&extra, 8192);
    buf_char(&extra, '{');
    media_file(&extra, m);
    buf_str(&extra, "}");
    bot_speaks(d, ds, c, conv,
               &(struct bot_words){ .text = SLICE(""), .extra = buf_ok(&extra) ? change_text(c, buf_slice(&extra)) : NULL });
    c->acts[c->n_acts - 1].u.message.kind = file_kind(m->stored->mime);
    c->acts[c->n_acts - 1].u.message.file = m->stored->id;
    buf_finish(&extra);
}

static void write_acts(struct deed *e, struct desk_site *ds, struct change *c)
{
    const struct conv *conv = &e->seen.conv;

    switch (e->act.does) {
    case BOT_DOES_SAY:
        c->unruled = ~0U;
        for (size_t i = 0; i < e->act.n_says; i++)
            bot_speaks(e->d, ds, c, conv, &e->act.says[i]);
        for (size_t i = 0; i < e->files.n_media; i++)
            say_file(e->d, ds, c, conv, &e->files.media[i]);
        break;
    case BOT_DOES_HAND_OVER:
        bot_hands_over(e->d, ds, c, conv, &(struct bot_end){ .why = "bot", .answers = answers_of(e) });
        break;
    case BOT_DOES_PUT_OFF:
        change_act(c, ACT_STEP)->u.step =
            (struct conv_event){ .kind = CONV_PARK, .queue = bot_queue(ds->site, conv), .until = e->act.until, .epoch = conv->epoch };
        break;
    case BOT_DOES_CLOSE:
        bot_lets_go(ds, c, conv, "closed");
        break;
    case BOT_DOES_TAG:
        for (size_t i = 0; i < e->act.n_tags; i++)
            change_act(c, ACT_TAG)->u.tag.text = change_text(c, slice_of(e->act.tags[i]));
        break;
    case BOT_DOES_NOTE:
    case BOT_DOES_LOOK:
    case BOT_DOES_TYPE:
    default:
        for (size_t i = 0; i < e->act.n_says; i++)
            staff_entry(c, "note", json_text(c, "text", e->act.says[i].text));
        if (!e->act.n_says && e->act.n_files)
            staff_entry(c, "note", json_text(c, "text", e->act.files[0].name));
        break;
    }
}

static bool fenced(enum bot_does does)
{
    return does == BOT_DOES_SAY || does == BOT_DOES_HAND_OVER || does == BOT_DOES_PUT_OFF || does == BOT_DOES_CLOSE;
}

static void deed_commit(struct deed *e)
{
    struct desk_site *ds = site_of(e->d, &e->site);
    const struct site_bot *bot = ds ? site_bot(ds->site, &e->bot) : NULL;
    struct change *c = bot ? change_new(&e->site, now(e->d)) : NULL;

    if (!c) {
        deed_fail(e, bot ? KF_NOMEM : KF_ABSENT, bot ? "out of memory" : "no such bot");
        return;
    }
    c->conv = e->seen.conv.id;
    c->epoch = fenced(e->act.does) ? e->seen.conv.epoch : -1;
    c->by = (struct actor){ .role = ROLE_BOT, .name = change_text(c, slice_of(bot->name)) };
    write_acts(e, ds, c);
    e->d->ports.commit(e->d->ports.ctx, c, deed_done, e);
}

/* ---- what there is ---- */

static void have_messages(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct deed *e = ctx;

    if (rc)
        deed_end(e, rc, why);
    else if (!keep_messages(e, q->messages, q->n_messages))
        deed_fail(e, KF_NOMEM, "out of memory");
    else if (e->act.does == BOT_DOES_LOOK) {
        sign(e);
        e->seen.messages = e->messages;
        e->seen.n_messages = e->n_messages;
        deed_end(e, KF_OK, NULL);
    } else
        deed_commit(e);
}

static void read_messages(struct deed *e, int64_t before, int limit)
{
    struct query *q = query_new(QUERY_MESSAGES);

    if (!q) {
        deed_fail(e, KF_NOMEM, "out of memory");
        return;
    }
    q->id = e->seen.conv.id;
    q->before = before;
    q->limit = limit;
    e->d->ports.read(e->d->ports.ctx, q, have_messages, e);
}

static void show_typing(struct deed *e, const struct desk_site *ds)
{
    const struct site_bot *bot = site_bot(ds->site, &e->bot);
    const struct actor who = { .role = ROLE_BOT, .name = bot ? bot->name : "" };

    if (e->seen.conv.state == CONV_BOT)
        typing_here(e->d, &e->seen.conv, &who, e->act.on, 0);
    deed_end(e, KF_OK, NULL);
}

static void files_carried(void *ctx, enum kf_rc rc)
{
    struct deed *e = ctx;

    if (rc)
        deed_fail(e, rc, "the files could not be stored");
    else
        deed_commit(e);
}

/* Files are stored before the messages that show them. */
static void say(struct deed *e, const struct desk_site *ds)
{
    struct media *media = arena_array(e->arena, e->act.n_files + 1, sizeof(*media));
    int64_t max = desk_file_max(e->d, ds->site);

    if (!media) {
        deed_fail(e, KF_NOMEM, "out of memory");
        return;
    }
    for (size_t i = 0; i < e->act.n_files; i++) {
        media[i] = (struct media){ .name = e->act.files[i].name, .bytes = e->act.files[i].bytes };
        if ((int64_t)media[i].bytes.n > max) {
            deed_fail(e, KF_LIMIT, "a file is larger than the site allows");
            return;
        }
    }
    e->files = (struct inbound){ .media = media, .n_media = e->act.n_files };
    carry_files(e->d, ds, e->arena, &e->files, 1, files_carried, e);
}

static void act_on(struct deed *e, const struct desk_site *ds)
{
    const struct conv *conv = &e->seen.conv;
    bool talks = conv->state == CONV_BOT;

    switch (e->act.does) {
    case BOT_DOES_LOOK:
        read_messages(e, e->act.before ? e->act.before : conv->seq + 1, LOOK_MAX);
        return;
    case BOT_DOES_TYPE:
        show_typing(e, ds);
        return;
    case BOT_DOES_HAND_OVER:
        if (talks)
            read_messages(e, conv->seq + 1, READ_MAX);
        else
            deed_end(e, KF_OK, NULL); /* people have it */
        return;
    case BOT_DOES_PUT_OFF:
    case BOT_DOES_CLOSE:
        if (talks)
            deed_commit(e);
        else if (conv->state == (e->act.does == BOT_DOES_CLOSE ? CONV_CLOSED : CONV_PARKED))
            deed_end(e, KF_OK, NULL);
        else
            deed_fail(e, KF_CONFLICT, "people have this conversation");
        return;
    case BOT_DOES_SAY:
        if (talks) {
            say(e, ds);
            return;
        }
        e->act.does = BOT_DOES_NOTE;
        deed_commit(e);
        return;
    case BOT_DOES_NOTE:
    case BOT_DOES_TAG:
    default:
        deed_commit(e);
        return;
    }
}

static void have_conv(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct deed *e = ctx;
    struct desk_site *ds = site_of(e->d, &e->site);

    if (rc && rc != KF_ABSENT) {
        deed_end(e, rc, why);
        return;
    }
    if (rc || !ds || !key_eq(&q->convs[0].bot, &e->bot)) {
        deed_fail(e, KF_ABSENT, "no such conversation");
        return;
    }
    e->seen.conv = q->convs[0];
    e->seen.conv.peer = arena_text(e->arena, slice_of(q->convs[0].peer));
    e->seen.conv.locale = arena_text(e->arena, slice_of(q->convs[0].locale));
    e->seen.conv.visitor_name = arena_text(e->arena, slice_of(q->convs[0].visitor_name));
    e->seen.number = q->number;
    act_on(e, ds);
}

void desk_bot_act(struct desk *d, const struct kf_key *site, const struct kf_key *bot, int64_t number, const struct bot_act *act,
                  void (*done)(void *ctx, enum kf_rc rc, const struct bot_seen *seen, const struct kf_err *why), void *ctx)
{
    struct arena *a = arena_new(0);
    struct deed *e = a ? ARENA_NEW(a, struct deed) : NULL;
    struct query *q = e ? query_new(QUERY_NUMBERED) : NULL;
    struct bot_words *says;
    const char **tags;

    if (!q) {
        arena_free(a);
        done(ctx, KF_NOMEM, NULL, NULL);
        return;
    }
    *e = (struct deed){ .d = d, .arena = a, .site = *site, .bot = *bot, .act = *act, .done = done, .ctx = ctx };
    e->act.says = says = arena_array(a, act->n_says + 1, sizeof(*says));
    for (size_t i = 0; says && i < act->n_says; i++)
        says[i] = (struct bot_words){ .text = arena_copy(a, act->says[i].text),
                                      .extra = act->says[i].extra ? arena_text(a, slice_of(act->says[i].extra)) : NULL,
                                      .card = act->says[i].card };
    e->act.n_says = says ? act->n_says : 0;
    e->act.tags = tags = arena_array(a, act->n_tags + 1, sizeof(*tags));
    for (size_t i = 0; tags && i < act->n_tags; i++)
        tags[i] = arena_text(a, slice_of(act->tags[i]));
    e->act.n_tags = tags ? act->n_tags : 0;
    q->site = *site;
    q->number = number;
    d->under_way++;
    d->ports.read(d->ports.ctx, q, have_conv, e);
}
