/* bot.c: a bot's turn, from the visitor's message to what is true afterwards. The turn is an errand: it is asked again, under the same id, when
 * whoever asked was lost; what the bot says becomes true in the one commit that settles the errand, under the epoch that the turn began with.
 * So a killed node neither loses a turn nor says its answer twice, and a person who has taken over is never talked over.
 *
 *   claimed ──► still its talk? ──► asked for a person, a machine, too many turns? ──► ask ──► answer ──► one commit
 *                  │ no                            │ yes                                 └ busy: again later
 *                  └── done                        └── hand over */
#include "desk/bot.h"

#include "core/answer.h"
#include "core/fault.h"
#include "core/segment.h"
#include "desk/ruling.h"
#include "desk/speak.h"

#include <jansson.h>
#include <stdlib.h>

#define READ_MAX   120  /* messages that are looked at */
#define UNSAID_MAX 2000 /* bytes on the timeline of what the bot would have said */
#define AGAIN_MS   1000

struct talk {
    struct conv conv;
    int64_t number;           /* of the conversation */
    struct message *messages; /* the newest, in order */
    size_t n;
    struct bot_answer answer;
    bool says;          /* the answer's words are said */
    bool later;         /* it has heard, and answers by a call of its own: agentbot.c */
    bool closes, hands; /* what becomes of the conversation; neither: it stays with the bot */
    const char *why;    /* of a hand-over: "asked" "unsure" "failed" "timeout" "turns" "off" "automatic" "bot" */
    const char *detail; /* NULL none */
    bool silent;        /* the visitor is not told: it is a machine */
};

static const struct site_bot *bot_of(const struct trip *t, const struct desk_site *ds)
{
    const struct site_bot *bot = ds ? site_bot(ds->site, &t->talk->conv.bot) : NULL;

    return bot && !bot->off ? bot : NULL;
}

static const struct bot_ops *ops_of(const struct site_bot *bot)
{
    static const struct bot_ops *const forms[] = { [BOT_OWN] = &bot_own, [BOT_OPENAI] = &bot_openai, [BOT_CHATWOOT] = &bot_chatwoot };

    return forms[bot->form];
}

static struct bot_line line_of(const struct site_bot *bot)
{
    return (struct bot_line){ .url = bot->url,
                              .secret = bot->secret,
                              .token = bot->token,
                              .timeout_ms = (int)bot->timeout_ms,
                              .model = bot->model,
                              .prompt = bot->prompt,
                              .prompt_role = bot->developer ? "developer" : "system",
                              .tokens_name = bot->completion_tokens ? "max_completion_tokens" : "max_tokens",
                              .tokens_max = bot->tokens_max,
                              .tools = !bot->no_tools };
}

static struct actor actor_of(const struct trip *t, const struct site_bot *bot)
{
    return (struct actor){ .role = ROLE_BOT, .name = bot ? arena_text(t->arena, slice_of(bot->name)) : "" };
}

/* Pages show that it is at work; a platform's visitor sees the answer when it is there. */
static void typing(struct trip *t, const struct desk_site *ds, bool on)
{
    const struct actor who = actor_of(t, bot_of(t, ds));

    if (ds && !outward(ds->site, &t->talk->conv))
        typing_here(t->d, &t->talk->conv, &who, on, 0);
}

/* ---- the commit ---- */

static void commit_talk(struct trip *t);

static void settled(void *ctx, enum kf_rc rc, const struct news *news, const struct kf_err *why)
{
    struct trip *t = ctx;

    (void)why;
    if (rc == KF_CONFLICT) /* somebody has taken it meanwhile: what the bot says has come too late */
        trip_end_with(t, ERRAND_DONE, DELIVERY_NONE, "somebody else has the conversation");
    else
        trip_settled(t, rc, news);
}

void bot_speaks(struct desk *d, struct desk_site *ds, struct change *c, const struct conv *conv, const struct bot_words *words)
{
    bool out = outward(ds->site, conv);
    struct act *act = change_act(c, ACT_MESSAGE);

    act->errand = out;
    act->u.message = (struct message){ .at = c->at,
                                       .from = c->by,
                                       .kind = words->card ? MESSAGE_CARD : MESSAGE_TEXT,
                                       .text = choices_said(d, ds, c, conv, change_slice(c, words->text), words->extra),
                                       .extra = words->extra ? change_text(c, slice_of(words->extra)) : NULL,
                                       .delivery = out ? DELIVERY_SENDING : DELIVERY_NONE,
                                       .typed_ms = typed_ms(d, &conv->id, &c->by, SLICE("")) };
}

static void say_all(const struct trip *t, struct desk_site *ds, struct change *c)
{
    const struct talk *k = t->talk;

    for (size_t i = 0; i < k->answer.n; i++)
        bot_speaks(t->d, ds, c, &k->conv, &k->answer.words[i]);
}

static size_t said_by_bot(const struct talk *k)
{
    size_t n = 0;

    for (size_t i = 0; i < k->n; i++)
        n += k->messages[i].from.role == ROLE_BOT;
    return n;
}

/* For the agent who comes next: why, after how many answers, and what was kept back. All that was said stands in the conversation. */
static const char *handoff_data(const struct conv *conv, const struct bot_end *h, struct change *c)
{
    const char *ret;
    struct buf b;

    buf_init(&b, 16384);
    buf_printf(&b, "{\"bot\":\"%s\",\"why\":\"%s\",\"answers\":%zu", conv->bot.s, h->why, h->answers);
    if (h->detail) {
        buf_str(&b, ",\"detail\":");
        buf_json(&b, slice_of(h->detail));
    }
    if (h->unsaid.n && h->unsaid.n <= UNSAID_MAX) {
        buf_str(&b, ",\"unsaid\":");
        buf_json(&b, h->unsaid);
    }
    buf_char(&b, '}');
    ret = change_text(c, buf_slice(&b));
    buf_finish(&b);
    return ret;
}

struct kf_key bot_queue(const struct site *site, const struct conv *conv)
{
    const struct site_bot *bot = site_bot(site, &conv->bot);

    return bot && bot->queue.s[0] ? bot->queue : conv->queue;
}

/* Nobody is promised where nobody is: there the rules say what they find. On a platform events are not shown, so the words are a message. */
static void say_whom_to_expect(struct desk *d, const struct desk_site *ds, struct change *c, const struct conv *conv,
                               const struct bot_end *h)
{
    bool wanted = strcmp(h->why, "asked") == 0 || strcmp(h->why, "bot") == 0, out = outward(ds->site, conv);
    const struct kf_key queue = bot_queue(ds->site, conv);

    if (!deserted(d, ds, &queue))
        (void)speak(ds->site, c, conv, wanted ? "bot_handoff" : "bot_gives_up", out ? NULL : "transferred", NULL, 0);
    else if (!out)
        (void)speak_mutely(ds->site, c, "transferred");
}

void bot_hands_over(struct desk *d, const struct desk_site *ds, struct change *c, const struct conv *conv, const struct bot_end *h)
{
    change_act(c, ACT_ENTRY)->u.entry = (struct entry){ .at = c->at, .kind = "handoff", .by = c->by, .data = handoff_data(conv, h, c) };
    change_act(c, ACT_STEP)->u.step =
        (struct conv_event){ .kind = CONV_TRANSFER_QUEUE, .queue = bot_queue(ds->site, conv), .epoch = conv->epoch };
    if (!h->silent)
        say_whom_to_expect(d, ds, c, conv, h);
}

static void hand_over(const struct trip *t, const struct desk_site *ds, struct change *c)
{
    const struct talk *k = t->talk;

    bot_hands_over(t->d, ds, c, &k->conv,
                   &(struct bot_end){ .why = k->why,
                                      .detail = k->detail,
                                      .answers = said_by_bot(k),
                                      .unsaid = !k->says && k->answer.n ? k->answer.words[0].text : (struct slice){ NULL, 0 },
                                      .silent = k->silent });
}

/* As rules do it: on a platform events are not shown, so there the words are a message. */
void bot_lets_go(const struct desk_site *ds, struct change *c, const struct conv *conv, const char *wording)
{
    if (outward(ds->site, conv))
        (void)speak(ds->site, c, conv, wording, NULL, NULL, 0);
    change_act(c, ACT_STEP)->u.step = (struct conv_event){ .kind = CONV_CLOSE, .epoch = conv->epoch };
    (void)speak(ds->site, c, conv, wording, "closed", NULL, 0);
    also_tell(ds, c, conv, CHAN_CLOSED, ERRAND_CLOSED, 0);
}

static void commit_talk(struct trip *t)
{
    struct desk *d = t->d;
    struct desk_site *ds = site_of(d, &t->site);
    struct change *c = ds ? housekeeping(d, ds) : NULL;
    const struct site_bot *bot = bot_of(t, ds);
    const struct talk *k = t->talk;

    if (!c) {
        trip_lost(t);
        return;
    }
    c->conv = k->conv.id;
    c->epoch = k->conv.epoch;
    c->by = actor_of(t, bot);
    c->by.name = change_text(c, slice_of(c->by.name));
    if (!k->hands && !k->closes)
        c->unruled = ~0U;
    change_act(c, ACT_ERRAND_SETTLE)->u.errand = (struct errand){ .id = t->errand.id,
                                                                  .conv = t->errand.conv,
                                                                  .seq = t->errand.seq,
                                                                  .state = ERRAND_DONE,
                                                                  .part = t->errand.part,
                                                                  .attempt = t->errand.attempt + 1,
                                                                  .due_at = c->at,
                                                                  .error = k->detail ? change_text(c, slice_of(k->detail)) : NULL };
    if (k->says)
        say_all(t, ds, c);
    if (k->hands)
        hand_over(t, ds, c);
    else if (k->closes)
        bot_lets_go(ds, c, &k->conv, t->errand.kind == ERRAND_BOT_WAIT ? "closed_idle" : "closed");
    else if (bot && (k->later || bot->idle_ms))
        change_act(c, ACT_ERRAND)->u.errand = (struct errand){ .conv = k->conv.id,
                                                               .seq = t->errand.seq,
                                                               .kind = ERRAND_BOT_WAIT,
                                                               .due_at = c->at + (k->later ? bot->timeout_ms : bot->idle_ms),
                                                               .created_at = c->at };
    t->again = commit_talk;
    d->ports.commit(d->ports.ctx, c, settled, t);
}

static void call_person(struct trip *t, const char *why, const char *detail)
{
    t->talk->hands = true;
    t->talk->why = why;
    t->talk->detail = detail;
    commit_talk(t);
}

/* ---- the answer ---- */

/* Busy is not for ever: the visitor waits. */
static void ask_later(struct trip *t, const struct site_bot *bot, const struct bot_answer *a)
{
    int64_t wait = a->retry_after_ms > AGAIN_MS ? a->retry_after_ms : AGAIN_MS;

    if (t->errand.attempt + 1 >= bot->attempts || wait > bot->timeout_ms)
        call_person(t, "failed", a->failure);
    else
        trip_again_later(t, wait, a->failure);
}

static void answered(void *ctx, const struct http_resp *resp)
{
    struct trip *t = ctx;
    struct talk *k = t->talk;
    struct desk_site *ds = site_of(t->d, &t->site);
    const struct site_bot *bot = bot_of(t, ds);

    fault_point("before_bot_settle");
    if (!bot || bot->form != BOT_CHATWOOT)
        typing(t, ds, false);
    if (!bot) {
        call_person(t, "off", NULL);
        return;
    }
    if (ops_of(bot)->settle(t->arena, resp, &k->answer))
        bot_wrong(&k->answer, "out of memory");
    switch (k->answer.verdict) {
    case BOT_BUSY:
        ask_later(t, bot, &k->answer);
        return;
    case BOT_FAILS:
        call_person(t, k->answer.timeout ? "timeout" : "failed", k->answer.failure);
        return;
    case BOT_TAKES:
        k->later = true;
        commit_talk(t);
        return;
    case BOT_ANSWERS:
    case BOT_HANDS_OVER:
    case BOT_CLOSES:
    default:
        break;
    }
    if (k->answer.confidence >= 0 && k->answer.confidence < bot->confidence_min) {
        call_person(t, "unsure", arena_printf(t->arena, "%d %%", k->answer.confidence));
        return;
    }
    k->says = true;
    k->closes = k->answer.verdict == BOT_CLOSES;
    if (k->answer.verdict == BOT_HANDS_OVER)
        call_person(t, "bot", k->answer.reason);
    else
        commit_talk(t);
}

/* ---- the question ---- */

struct bot_numbers bot_numbers_of(const struct site *site, const struct conv *conv, int64_t number)
{
    char contact[KF_ID_TEXT], channel[2 * KF_KEY_MAX + 2];

    (void)snprintf(channel, sizeof(channel), "%s/%s", site->key.s, conv->channel.s);
    return (struct bot_numbers){ .site = bot_number(slice_of(site->key.s), 31),
                                 .channel = bot_number(slice_of(channel), 31),
                                 .conversation = number,
                                 .contact = bot_number(slice_of(id_text(&conv->contact, contact)), 52) };
}

void bot_sign_files(struct desk *d, const struct site *site, struct arena *a, struct message *messages, size_t n)
{
    for (size_t i = 0; i < n; i++)
        messages[i].file_url = file_for_others(d, site, a, &messages[i].file, now(d));
}

static void ask(struct trip *t, struct desk_site *ds, const struct site_bot *bot)
{
    struct talk *k = t->talk;
    size_t n = k->n < (size_t)bot->history_max ? k->n : (size_t)bot->history_max;
    const struct bot_line line = line_of(bot);
    const struct bot_turn turn = { .id = t->errand.id,
                                   .conv = k->conv.id,
                                   .numbers = bot_numbers_of(ds->site, &k->conv, k->number),
                                   .page = !outward(ds->site, &k->conv),
                                   .site = ds->site->key.s,
                                   .channel = k->conv.channel.s,
                                   .queue = k->conv.queue.s,
                                   .language = wording_language(k->conv.locale, ds->site->language),
                                   .visitor = t->errand.message.from.name ? t->errand.message.from.name : "",
                                   .messages = k->messages + (k->n - n),
                                   .n = n,
                                   .now_ms = now(t->d) };
    struct http_req req = { 0 };

    if (n && bot->form == BOT_CHATWOOT)
        bot_sign_files(t->d, ds->site, t->arena, &k->messages[k->n - 1], 1);
    if (ops_of(bot)->encode(t->arena, &line, &turn, &req)) {
        call_person(t, "failed", "the turn cannot be written down");
        return;
    }
    typing(t, ds, true);
    t->d->ports.fetch(t->d->ports.ctx, &req, answered, t);
    fault_point("after_bot_asked");
}

/* ---- does it concern the bot at all? ---- */

static bool picks_person(const struct message *m)
{
    json_t *root = m->extra ? json_loads(m->extra, 0, NULL) : NULL;
    const char *choice = json_string_value(json_object_get(root, "choice")), *payload = json_string_value(json_object_get(root, "payload"));
    bool ret = (choice && strcmp(choice, "human") == 0) || (payload && strcmp(payload, "human") == 0);

    json_decref(root);
    return ret;
}

/* What calls a person is said once for the whole site, in the keywords of this rule; a bot may have words of its own. */
static const struct rule *person_rule(const struct site *site)
{
    static const struct kf_key key = { "person_words" };

    for (size_t i = 0; i < site->n_rules; i++)
        if (key_eq(&site->rules[i].key, &key))
            return &site->rules[i];
    return NULL;
}

static bool wants_person(const struct site *site, const struct site_bot *bot, const struct message *m)
{
    const struct rule *rule = person_rule(site);
    const char *const *words = bot->handoff_words;
    size_t n = bot->n_handoff_words;

    if (!n && rule) {
        words = rule->when.keywords;
        n = rule->when.n_keywords;
    }
    for (size_t i = 0; i < n; i++)
        if (segment_holds(m->text, slice_of(words[i])))
            return true;
    return picks_person(m);
}

static const struct message *newest_of(const struct talk *k, enum role role)
{
    for (size_t i = k->n; i > 0; i--)
        if (k->messages[i - 1].from.role == role)
            return &k->messages[i - 1];
    return NULL;
}

/* Some are told each message by itself, so that the turn ends with its own. */
static void keep_to_turn(const struct trip *t)
{
    struct talk *k = t->talk;

    while (k->n && k->messages[k->n - 1].seq > t->errand.seq)
        k->n--;
}

static void decide(struct trip *t, struct desk_site *ds, const struct rules_past *past)
{
    const struct site_bot *bot = bot_of(t, ds);
    const struct message *m;

    if (bot && bot->form == BOT_CHATWOOT)
        keep_to_turn(t);
    m = newest_of(t->talk, ROLE_VISITOR);
    if (!m || m->seq > t->errand.seq)
        trip_end_with(t, ERRAND_DONE, DELIVERY_NONE, NULL); /* more was said: that is the turn */
    else if (past->marked || past->echo || past->repeats >= RULE_REPEATS_MAX) {
        t->talk->silent = true; /* two machines would talk to each other for ever */
        call_person(t, "automatic", NULL);
    } else if (!bot)
        call_person(t, "off", NULL);
    else if (wants_person(ds->site, bot, m))
        call_person(t, "asked", NULL);
    else if (said_by_bot(t->talk) >= (size_t)bot->turns_max)
        call_person(t, "turns", NULL);
    else if (t->errand.attempt >= bot->attempts)
        call_person(t, "failed", "asked too often");
    else
        ask(t, ds, bot);
}

static void have_past(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct trip *t = ctx;
    struct desk_site *ds = site_of(t->d, &t->site);

    (void)why;
    if (!ds)
        trip_lost(t);
    else if (rc)
        trip_again_later(t, AGAIN_MS, NULL);
    else
        decide(t, ds, &q->past);
}

/* Was the bot silent for too long, or the visitor after it? */
static void look_after(struct trip *t, const struct desk_site *ds)
{
    const struct site_bot *bot = bot_of(t, ds);
    const struct message *visitor = newest_of(t->talk, ROLE_VISITOR), *said = newest_of(t->talk, ROLE_BOT);

    if (visitor && visitor->seq > t->errand.seq)
        trip_end_with(t, ERRAND_DONE, DELIVERY_NONE, NULL);
    else if (!said || said->seq < t->errand.seq)
        call_person(t, "timeout", NULL);
    else if (!bot || !bot->idle_ms)
        trip_end_with(t, ERRAND_DONE, DELIVERY_NONE, NULL);
    else if (now(t->d) < said->at + bot->idle_ms)
        trip_again_later(t, said->at + bot->idle_ms - now(t->d), NULL);
    else {
        t->talk->closes = true;
        commit_talk(t);
    }
}

/* As if a button had been pressed. */
static void take_pick(struct trip *t, struct message *m, const char *id)
{
    json_t *root = m->extra ? json_loads(m->extra, 0, NULL) : json_object();
    char *extra;

    if (!json_object_get(root, "choice"))
        json_object_set_new(root, "choice", json_string(id));
    extra = root ? json_dumps(root, JSON_COMPACT) : NULL;
    if (extra)
        m->extra = arena_text(t->arena, slice_of(extra));
    free(extra);
    json_decref(root);
}

/* Where choices are numbered lines, whoever writes a number has picked one: the bot is told so. They are offered no more when an agent has
 * spoken, or the bot again after an answer: it asks something else then. */
static void take_numbers(struct trip *t, const struct desk_site *ds)
{
    struct talk *k = t->talk;
    const char *offered = NULL;
    bool answered = false;

    for (size_t i = 0; choices_are_lines(ds->site, &k->conv) && i < k->n; i++) {
        struct message *m = &k->messages[i];
        const char *id = m->from.role == ROLE_VISITOR ? offer_numbered(t->arena, offered, answer_number(m->text)) : NULL;

        if (id)
            take_pick(t, m, id);
        if (m->from.role == ROLE_VISITOR)
            answered = true;
        else if (m->extra && strstr(m->extra, "\"choices\"")) {
            offered = m->extra;
            answered = false;
        } else if (m->from.role == ROLE_AGENT || (answered && m->from.role == ROLE_BOT))
            offered = NULL;
    }
}

static void have_messages(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct trip *t = ctx;
    struct desk_site *ds = site_of(t->d, &t->site);
    struct query *past;

    (void)why;
    if (!ds) {
        trip_lost(t);
        return;
    }
    t->talk->messages = rc ? NULL : arena_array(t->arena, q->n_messages + 1, sizeof(*q->messages));
    for (size_t i = 0; t->talk->messages && i < q->n_messages; i++)
        t->talk->n += message_copy(t->arena, &q->messages[i], &t->talk->messages[t->talk->n]);
    if (!t->talk->messages) {
        trip_again_later(t, AGAIN_MS, NULL);
        return;
    }
    take_numbers(t, ds);
    if (t->errand.kind == ERRAND_BOT_WAIT) {
        look_after(t, ds);
        return;
    }
    past = query_new(QUERY_RULES);
    if (!past) {
        trip_again_later(t, AGAIN_MS, NULL);
        return;
    }
    past->id = t->errand.conv;
    t->d->ports.read(t->d->ports.ctx, past, have_past, t);
}

static void have_conv(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct trip *t = ctx;
    struct query *messages;

    (void)why;
    if (rc == KF_ABSENT || (!rc && q->convs[0].state != CONV_BOT)) {
        trip_end_with(t, ERRAND_DONE, DELIVERY_NONE, NULL);
        return;
    }
    messages = rc ? NULL : query_new(QUERY_MESSAGES);
    if (!messages) {
        trip_again_later(t, AGAIN_MS, NULL);
        return;
    }
    t->talk->conv = q->convs[0];
    t->talk->number = q->number;
    t->talk->conv.peer = arena_text(t->arena, slice_of(q->convs[0].peer));
    t->talk->conv.locale = arena_text(t->arena, slice_of(q->convs[0].locale));
    messages->id = t->errand.conv;
    messages->before = t->talk->conv.seq + 1;
    messages->limit = READ_MAX;
    t->d->ports.read(t->d->ports.ctx, messages, have_messages, t);
}

void bot_go(struct trip *t)
{
    struct query *q = query_new(QUERY_CONV);

    t->talk = ARENA_NEW(t->arena, struct talk);
    if (!q || !t->talk) {
        trip_again_later(t, AGAIN_MS, NULL);
        return;
    }
    q->id = t->errand.conv;
    t->d->ports.read(t->d->ports.ctx, q, have_conv, t);
}
