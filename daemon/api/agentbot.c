/* agentbot.c: the part of Chatwoot's API that its agent bots call, so that such bots answer here unchanged: docs/bots.md. A bot shows its own
 * token in api_access_token, which opens its own conversations and nothing else. */
#include "api/inner.h"
#include "protocols/bot.h"
#include "protocols/form.h"
#include "protocols/sign.h"

#include <stdlib.h>
#include <string.h>

#define TAGS_MAX   16
#define PARTS_MAX  16
#define FILES_MAX  5
#define FORM_MORE  65536 /* what is around the files of a form */
#define DAY_MS     86400000LL
#define SNOOZE_MAX (30 * DAY_MS)

/* Who asks, and of which conversation. */
struct asked {
    struct turn *turn;
    struct kf_key site, bot;
    int64_t number;
};

static struct slice token_of(const struct turn *t)
{
    return http_header(t->headers, t->n_headers, "api_access_token");
}

/* Each is compared, so that the time tells nothing. */
static const struct site *bot_of_token(struct desk *d, struct slice token, struct kf_key *bot_key)
{
    const struct site *found = NULL;

    for (size_t i = 0;; i++) {
        const struct site *site = desk_site_at(d, i);

        if (!site)
            return found;
        for (size_t k = 0; k < site->n_bots; k++) {
            const struct site_bot *bot = &site->bots[k];
            struct slice own = slice_of(bot->token);

            if (bot->form == BOT_CHATWOOT && !bot->off && own.n && sign_equal(own.p, own.n, token.p, token.n)) {
                *bot_key = bot->key;
                found = site;
            }
        }
    }
}

static bool number_of(struct slice text, int64_t *ret)
{
    *ret = 0;
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9' || i > 15)
            return false;
        *ret = 10 * *ret + (text.p[i] - '0');
    }
    return text.n > 0;
}

/* False: answered. */
static struct asked *asked_of(struct turn *t)
{
    struct slice token = token_of(t);
    struct asked *a = ARENA_NEW(t->arena, struct asked);
    const struct site *site;
    int64_t account;

    if (!a) {
        turn_problem(t, 500, "out of memory");
        return NULL;
    }
    a->turn = t;
    if (!token.n) {
        turn_problem(t, 401, "the header api_access_token is missing");
        return NULL;
    }
    site = bot_of_token(turn_desk(t), token, &a->bot);
    if (!site) {
        turn_refuse_key(t);
        return NULL;
    }
    a->site = site->key;
    if (!number_of(t->segment[0], &account) || account != bot_number(slice_of(a->site.s), 31) || !number_of(t->segment[1], &a->number)) {
        turn_problem(t, 404, "no such conversation");
        return NULL;
    }
    return a;
}

static struct bot_numbers numbers_of(const struct asked *a, const struct conv *conv)
{
    char contact[KF_ID_TEXT];
    struct slice channel = slice_of(arena_printf(a->turn->arena, "%s/%s", a->site.s, conv->channel.s));

    return (struct bot_numbers){ .site = bot_number(slice_of(a->site.s), 31),
                                 .channel = bot_number(channel, 31),
                                 .conversation = a->number,
                                 .contact = bot_number(slice_of(id_text(&conv->contact, contact)), 52) };
}

static void act(struct asked *a, const struct bot_act *what,
                void (*done)(void *ctx, enum kf_rc rc, const struct bot_seen *seen, const struct kf_err *why))
{
    desk_bot_act(turn_desk(a->turn), &a->site, &a->bot, a->number, what, done, a);
}

static void answer_buf(struct turn *t, struct buf *b)
{
    if (buf_ok(b))
        turn_json(t, 200, b);
    else
        turn_problem(t, 500, "out of memory");
    buf_finish(b);
}

static void empty_object(void *ctx, enum kf_rc rc, const struct bot_seen *seen, const struct kf_err *why)
{
    const struct asked *a = ctx;

    (void)seen;
    if (rc)
        turn_fail(a->turn, rc, why);
    else
        turn_jansson(a->turn, 200, json_object());
}

/* ---- what is there ---- */

static void meta(struct buf *b, const struct asked *a, const struct conv *conv)
{
    const struct bot_numbers n = numbers_of(a, conv);

    buf_printf(b, "{\"sender\":{\"id\":%lld,\"type\":\"contact\",\"name\":", (long long)n.contact);
    buf_json(b, slice_of(conv->visitor_name));
    buf_str(b, "},\"assignee\":null}");
}

static void messages(struct buf *b, const struct asked *a, const struct bot_seen *seen)
{
    const struct bot_numbers n = numbers_of(a, &seen->conv);

    buf_char(b, '[');
    for (size_t i = 0; i < seen->n_messages; i++) {
        if (i)
            buf_char(b, ',');
        bot_chatwoot_message(b, &n, &seen->messages[i], "sent");
    }
    buf_char(b, ']');
}

static void show_conversation(void *ctx, enum kf_rc rc, const struct bot_seen *seen, const struct kf_err *why)
{
    struct asked *a = ctx;
    struct buf b;

    if (rc) {
        turn_fail(a->turn, rc, why);
        return;
    }
    buf_init(&b, 1u << 20);
    buf_printf(&b, "{\"id\":%lld,\"account_id\":%lld,\"inbox_id\":%lld,\"status\":\"%s\",\"can_reply\":%s,\"meta\":", (long long)a->number,
               (long long)numbers_of(a, &seen->conv).site, (long long)numbers_of(a, &seen->conv).channel,
               bot_chatwoot_status(seen->conv.state), seen->conv.state == CONV_BOT ? "true" : "false");
    meta(&b, a, &seen->conv);
    buf_str(&b, ",\"messages\":");
    messages(&b, a, seen);
    buf_char(&b, '}');
    answer_buf(a->turn, &b);
}

static void show_messages(void *ctx, enum kf_rc rc, const struct bot_seen *seen, const struct kf_err *why)
{
    struct asked *a = ctx;
    struct buf b;

    if (rc) {
        turn_fail(a->turn, rc, why);
        return;
    }
    buf_init(&b, 1u << 20);
    buf_str(&b, "{\"meta\":");
    meta(&b, a, &seen->conv);
    buf_str(&b, ",\"payload\":");
    messages(&b, a, seen);
    buf_char(&b, '}');
    answer_buf(a->turn, &b);
}

static void get_conversation(struct turn *t)
{
    struct asked *a = asked_of(t);

    if (a)
        act(a, &(struct bot_act){ .does = BOT_DOES_LOOK }, show_conversation);
}

static void get_messages(struct turn *t)
{
    struct asked *a = asked_of(t);
    int64_t before = 0;

    if (!a)
        return;
    (void)number_of(turn_query(t, "before"), &before);
    act(a, &(struct bot_act){ .does = BOT_DOES_LOOK, .before = before & 0xfffff }, show_messages);
}

/* ---- what it says ---- */

/* Chatwoot answers with one message. Here several may come of one call, each card its own: the first is told, and the numbers of all. */
static void more_numbers(struct buf *b, const struct bot_numbers *n, const struct bot_seen *seen)
{
    b->n--; /* its brace */
    for (size_t i = 0; i < seen->n_messages; i++)
        buf_printf(b, "%s%lld", i ? "," : ",\"message_ids\":[", (long long)bot_message_number(n->conversation, seen->messages[i].seq));
    buf_str(b, "]}");
}

static void said(void *ctx, enum kf_rc rc, const struct bot_seen *seen, const struct kf_err *why)
{
    struct asked *a = ctx;
    struct bot_numbers n;
    struct message note = { .from = { .role = ROLE_BOT, .name = "" }, .text = SLICE("") };
    struct buf b;

    if (rc) {
        turn_fail(a->turn, rc, why);
        return;
    }
    n = numbers_of(a, &seen->conv);
    note.at = turn_ports(a->turn)->now_ms(turn_ports(a->turn)->ctx);
    buf_init(&b, 1u << 16);
    bot_chatwoot_message(&b, &n, seen->n_messages ? &seen->messages[0] : &note, "sent");
    if (seen->n_messages > 1)
        more_numbers(&b, &n, seen);
    answer_buf(a->turn, &b);
}

/* With files it comes as a form, whose fields are the members of the body otherwise. False: answered. */
static bool read_form(struct turn *t, struct slice type, struct bot_act *what, json_t **root)
{
    struct form_part parts[PARTS_MAX];
    struct bot_file *files = arena_array(t->arena, FILES_MAX, sizeof(*files));
    int n = form_read(type, t->body, parts, PARTS_MAX);

    *root = files && n >= 0 ? json_object() : NULL;
    if (!*root) {
        turn_problem(t, n < 0 ? 400 : 500, n < 0 ? "the form cannot be read" : "out of memory");
        return false;
    }
    for (int i = 0; i < n; i++) {
        const struct form_part *p = &parts[i];

        if (!p->is_file && slice_is(p->name, "private"))
            json_object_set_new(*root, "private", json_boolean(slice_is(p->bytes, "true")));
        else if (!p->is_file)
            json_object_set_new(*root, arena_text(t->arena, p->name), json_stringn(p->bytes.p, p->bytes.n));
        else if (what->n_files == FILES_MAX || !p->bytes.n) {
            turn_problem(t, 422, "at most %d files, none of them empty", FILES_MAX);
            return false;
        } else
            files[what->n_files++] = (struct bot_file){ p->filename, p->bytes };
    }
    what->files = files;
    return true;
}

bool agentbot_admits(struct api *api, const struct net_head *head, int64_t *max)
{
    struct kf_key bot;
    const struct site *site;

    if (!form_is(http_header(head->headers, head->n_headers, "content-type")))
        return false;
    site = bot_of_token(api->cfg.desk, http_header(head->headers, head->n_headers, "api_access_token"), &bot);
    if (!site)
        return false;
    *max = desk_file_max(api->cfg.desk, site) + FORM_MORE;
    return true;
}

void agentbot_says(struct turn *t)
{
    struct asked *a = asked_of(t);
    struct slice type = turn_header(t, "content-type");
    struct bot_words words[1 + BOT_CARDS_MAX];
    struct bot_act what = { .does = BOT_DOES_SAY, .says = words };
    json_t *root = NULL;
    const char *why;
    bool silent;

    if (!a)
        return;
    if (form_is(type) ? !read_form(t, type, &what, &root) : !(root = turn_body(t))) {
        json_decref(root);
        return;
    }
    silent = what.n_files && !json_string_length(json_object_get(root, "content")); /* the files are all of it */
    what.n_says = silent ? 0 : bot_chatwoot_says(t->arena, root, words, &why);
    if (!silent && !what.n_says)
        turn_problem(t, 422, "%s", why);
    else {
        if (json_is_true(json_object_get(root, "private")))
            what.does = BOT_DOES_NOTE;
        act(a, &what, said);
    }
    json_decref(root);
}

static void post_typing(struct turn *t)
{
    struct asked *a = asked_of(t);
    json_t *root = a ? turn_body(t) : NULL;
    const char *on = json_string_value(json_object_get(root, "typing_status"));

    if (root)
        act(a, &(struct bot_act){ .does = BOT_DOES_TYPE, .on = on && strcmp(on, "on") == 0 }, empty_object);
    json_decref(root);
}

/* ---- what becomes of it ---- */

static void toggled(void *ctx, enum kf_rc rc, const struct bot_seen *seen, const struct kf_err *why)
{
    const struct asked *a = ctx;

    if (rc)
        turn_fail(a->turn, rc, why);
    else
        turn_jansson(a->turn, 200,
                     json_pack("{s:{},s:{s:b,s:s,s:I}}", "meta", "payload", "success", 1, "current_status",
                               bot_chatwoot_status(seen->conv.state), "conversation_id", (json_int_t)a->number));
}

/* Until when it is put off; without a time, a day: nobody waits for ever. */
static bool snoozed_until(struct turn *t, const json_t *root, int64_t *ret)
{
    const json_t *at = json_object_get(root, "snoozed_until");
    int64_t now = turn_ports(t)->now_ms(turn_ports(t)->ctx), s = json_integer_value(at);

    *ret = now + DAY_MS;
    if (!at || json_is_null(at))
        return true;
    if (!json_is_integer(at) || s <= now / 1000 || s > (now + SNOOZE_MAX) / 1000)
        return false;
    *ret = 1000 * s;
    return true;
}

static void snooze(struct turn *t, struct asked *a, const json_t *root)
{
    struct bot_act what = { .does = BOT_DOES_PUT_OFF };

    if (snoozed_until(t, root, &what.until))
        act(a, &what, toggled);
    else
        turn_problem(t, 422, "snoozed_until must be seconds since 1970, in the next %d days", (int)(SNOOZE_MAX / DAY_MS));
}

static void post_status(struct turn *t)
{
    struct asked *a = asked_of(t);
    json_t *root = a ? turn_body(t) : NULL;
    const char *status = json_string_value(json_object_get(root, "status"));

    if (!root)
        return;
    if (status && strcmp(status, "open") == 0)
        act(a, &(struct bot_act){ .does = BOT_DOES_HAND_OVER }, toggled);
    else if (status && strcmp(status, "resolved") == 0)
        act(a, &(struct bot_act){ .does = BOT_DOES_CLOSE }, toggled);
    else if (status && strcmp(status, "pending") == 0)
        act(a, &(struct bot_act){ .does = BOT_DOES_LOOK }, toggled);
    else if (status && strcmp(status, "snoozed") == 0)
        snooze(t, a, root);
    else
        turn_problem(t, 422, "status is open, resolved, pending or snoozed");
    json_decref(root);
}

/* Whom it names is for people to decide: it goes to the queue that the bot hands over to. */
static void post_assignment(struct turn *t)
{
    struct asked *a = asked_of(t);

    if (a)
        act(a, &(struct bot_act){ .does = BOT_DOES_HAND_OVER }, empty_object);
}

struct labelling {
    struct asked asked;
    json_t *labels;
};

static void labelled(void *ctx, enum kf_rc rc, const struct bot_seen *seen, const struct kf_err *why)
{
    struct labelling *l = ctx;

    (void)seen;
    if (rc)
        turn_fail(l->asked.turn, rc, why);
    else
        turn_jansson(l->asked.turn, 200, json_pack("{s:O}", "payload", l->labels));
    json_decref(l->labels);
    free(l);
}

static void post_labels(struct turn *t)
{
    struct asked *a = asked_of(t);
    json_t *root = a ? turn_body(t) : NULL, *list = json_object_get(root, "labels");
    struct labelling *l = list ? calloc(1, sizeof(*l)) : NULL;
    const char *tags[TAGS_MAX];
    size_t n = 0;

    if (!root) {
        free(l);
        return;
    }
    while (n < json_array_size(list) && n < TAGS_MAX && json_string_length(json_array_get(list, n)) &&
           json_string_length(json_array_get(list, n)) <= 200) {
        tags[n] = json_string_value(json_array_get(list, n));
        n++;
    }
    if (!l || !n || n < json_array_size(list)) {
        free(l);
        turn_problem(t, 422, "labels must be 1 to %d texts of at most 200 bytes", TAGS_MAX);
    } else {
        *l = (struct labelling){ .asked = *a, .labels = json_incref(list) };
        desk_bot_act(turn_desk(t), &a->site, &a->bot, a->number, &(struct bot_act){ .does = BOT_DOES_TAG, .tags = tags, .n_tags = n },
                     labelled, l);
    }
    json_decref(root);
}

/* What it has found out is a note for whoever comes next. */
static void post_attributes(struct turn *t)
{
    struct asked *a = asked_of(t);
    json_t *root = a ? turn_body(t) : NULL;
    const json_t *all = json_object_get(root, "custom_attributes");
    char *text = json_is_object(all) ? json_dumps(all, JSON_COMPACT) : NULL;

    if (root && text && strlen(text) <= 4000)
        act(a, &(struct bot_act){ .does = BOT_DOES_NOTE, .says = &(struct bot_words){ .text = slice_of(text) }, .n_says = 1 },
            empty_object);
    else if (root)
        turn_problem(t, 422, "custom_attributes must be an object of at most 4000 bytes");
    free(text);
    json_decref(root);
}

const struct route_entry routes_agentbot[] = {
    { "GET", "/api/v1/accounts/*/conversations/*", GATE_OPEN, get_conversation },
    { "GET", "/api/v1/accounts/*/conversations/*/messages", GATE_OPEN, get_messages },
    { "POST", "/api/v1/accounts/*/conversations/*/messages", GATE_OPEN, agentbot_says },
    { "POST", "/api/v1/accounts/*/conversations/*/toggle_status", GATE_OPEN, post_status },
    { "POST", "/api/v1/accounts/*/conversations/*/toggle_typing_status", GATE_OPEN, post_typing },
    { "POST", "/api/v1/accounts/*/conversations/*/assignments", GATE_OPEN, post_assignment },
    { "POST", "/api/v1/accounts/*/conversations/*/labels", GATE_OPEN, post_labels },
    { "POST", "/api/v1/accounts/*/conversations/*/custom_attributes", GATE_OPEN, post_attributes },
    { NULL, NULL, GATE_OPEN, NULL }
};
