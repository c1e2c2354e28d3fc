/* telegram_in.c: what Telegram tells us: one update, and what it means. */
#include "protocols/sign.h"
#include "protocols/telegram_reading.h"

#define EVENTS_FEW 4
#define EVENTS_MAX 1024
/* Formatted messages nest; how deep is nowhere written. */
#define LEVELS_MAX 64

/* ---- is it from Telegram? -------------------------------------------------------------------------------------------------- */

static const char *refusal(const struct telegram *t, const struct http_req *req)
{
    struct slice word = http_header(req->headers, req->n_headers, "x-telegram-bot-api-secret-token");
    bool fits = false;

    if (!word.n)
        return "missing_signature";
    for (size_t i = 0; i < t->n_secrets; i++)
        fits |= sign_equal(t->secrets[i].p, t->secrets[i].n, word.p, word.n);
    return fits ? NULL : "bad_signature";
}

/* ---- who and where --------------------------------------------------------------------------------------------------------- */

struct slice telegram_text(struct reading *r, const json_t *obj, const char *name)
{
    return json_get_text(&r->keep, obj, name);
}

struct slice telegram_kept(struct reading *r, struct buf *b)
{
    struct slice ret = buf_copy(b, r->arena);

    r->keep.failed |= !ret.p;
    buf_finish(b);
    return ret;
}

struct slice telegram_joined(struct reading *r, struct slice a, const char *between, struct slice b)
{
    char *ret;

    if (!a.n || !b.n)
        return a.n ? a : b;
    ret = arena_printf(r->arena, "%.*s%s%.*s", (int)a.n, a.p, between, (int)b.n, b.p);
    r->keep.failed |= !ret;
    return slice_of(ret);
}

/* "CHAT[/TOPIC][@CONNECTION]". A thread of replies in a group is no topic: only `is_topic_message` says so. */
static struct slice peer_of(struct reading *r, const json_t *at)
{
    struct slice peer = telegram_text(r, json_object_get(at, "chat"), "id");

    if (json_get_bool(at, "is_topic_message", false))
        peer = telegram_joined(r, peer, "/", telegram_text(r, at, "message_thread_id"));
    return telegram_joined(r, peer, "@", telegram_text(r, at, "business_connection_id"));
}

static struct slice ref_of(struct reading *r, const json_t *chat, struct slice number)
{
    struct slice id = telegram_text(r, chat, "id");

    return id.n && number.n ? telegram_joined(r, id, ":", number) : (struct slice){ NULL, 0 };
}

/* What is known of a person beside the name. */
struct slice telegram_profile(struct reading *r, const json_t *user, struct slice phone)
{
    struct slice username = telegram_text(r, user, "username");
    struct buf b;

    if ((!username.n && !phone.n) || username.n > TELEGRAM_ID_MAX || phone.n > TELEGRAM_ID_MAX)
        return (struct slice){ NULL, 0 };
    buf_init(&b, 4096);
    buf_char(&b, '{');
    if (username.n) {
        buf_str(&b, "\"username\":");
        buf_json(&b, username);
    }
    if (phone.n) {
        buf_str(&b, username.n ? ",\"phone\":" : "\"phone\":");
        buf_json(&b, phone);
    }
    buf_char(&b, '}');
    return telegram_kept(r, &b);
}

static void read_user(struct reading *r, const json_t *user, struct inbound *in)
{
    in->user = telegram_text(r, user, "id");
    in->user_name = telegram_joined(r, telegram_text(r, user, "first_name"), " ", telegram_text(r, user, "last_name"));
    in->locale = telegram_text(r, user, "language_code");
    in->profile = telegram_profile(r, user, (struct slice){ NULL, 0 });
    in->automatic = json_get_bool(user, "is_bot", false);
}

/* Who writes for a whole group or channel has no name of their own, and looks like a bot. */
static void read_sender(struct reading *r, const json_t *message, struct inbound *in)
{
    const json_t *chat = json_object_get(message, "sender_chat");

    read_user(r, json_object_get(message, "from"), in);
    if (!json_is_object(chat))
        return;
    in->automatic = false;
    in->profile = (struct slice){ NULL, 0 };
    in->user = telegram_text(r, chat, "id");
    in->user_name = telegram_text(r, chat, "title");
}

static int64_t time_of(const json_t *obj, const char *name)
{
    int64_t s = 0;

    return json_get_i64(obj, name, &s) && s > 0 && s <= 253402300799 ? 1000 * s : 0;
}

/* The next event of this update. */
static struct inbound *add(struct reading *r, enum inbound_kind kind)
{
    struct inbound *in = &r->all[r->n];
    char *key = r->n ? arena_printf(r->arena, "%s.%zu:%.*s", r->word, r->n, (int)r->update.n, r->update.p)
                     : arena_printf(r->arena, "%s:%.*s", r->word, (int)r->update.n, r->update.p);

    r->keep.failed |= !key;
    r->n++;
    *in = (struct inbound){ .kind = kind, .account = r->t->id, .dedupe = slice_of(key) };
    return in;
}

/* Who, where and what about are known, and of a decent length; else the last event is none. */
static void check(struct reading *r, const struct inbound *in, bool whole)
{
    if (!whole || !in->peer.n || in->peer.n > TELEGRAM_ID_MAX || in->user.n > TELEGRAM_ID_MAX || in->id.n > TELEGRAM_ID_MAX ||
        in->ref.n > TELEGRAM_ID_MAX)
        r->n--;
}

/* ---- updates --------------------------------------------------------------------------------------------------------------- */

/* What a chat says of itself; nobody wants an answer to that. */
static const char *const services[] = {
    "new_chat_members",
    "left_chat_member",
    "new_chat_title",
    "new_chat_photo",
    "delete_chat_photo",
    "group_chat_created",
    "supergroup_chat_created",
    "channel_chat_created",
    "chat_owner_left",
    "chat_owner_changed",
    "community_chat_added",
    "community_chat_joined",
    "community_chat_removed",
    "managed_bot_created",
    "message_auto_delete_timer_changed",
    "pinned_message",
    "migrate_from_chat_id",
    "chat_background_set",
    "boost_added",
    "connected_website",
    "write_access_allowed",
    "forum_topic_created",
    "forum_topic_edited",
    "forum_topic_closed",
    "forum_topic_reopened",
    "general_forum_topic_hidden",
    "general_forum_topic_unhidden",
    "giveaway_created",
    "giveaway_completed",
    "video_chat_scheduled",
    "video_chat_started",
    "video_chat_ended",
    "video_chat_participants_invited",
    "paid_message_price_changed",
    "direct_message_price_changed",
};

/* Is it there? What is null is not. */
static bool said(const json_t *message, const char *member)
{
    const json_t *v = json_object_get(message, member);

    return v && !json_is_null(v);
}

static bool is_service(const json_t *message)
{
    for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++)
        if (said(message, services[i]))
            return true;
    return false;
}

static void add_place(struct reading *r, const json_t *message, struct inbound *in)
{
    in->peer = peer_of(r, message);
    in->thread = telegram_text(r, message, "message_thread_id");
    in->at = time_of(message, "date");
}

static void read_start(struct reading *r, const json_t *message, struct slice parameter, struct inbound *in)
{
    read_sender(r, message, in);
    add_place(r, message, in);
    in->payload = parameter;
}

/* Beginning a talk by a link, "/start PARAMETER": they have come, and where from is worth telling. */
static void on_start(struct reading *r, const json_t *message, struct slice words)
{
    const char *blank = memchr(words.p, ' ', words.n);
    struct slice parameter = { blank, blank ? (size_t)(words.p + words.n - blank) : 0 };
    struct inbound *in = add(r, INBOUND_FOLLOW);

    while (parameter.n && *parameter.p == ' ')
        parameter = (struct slice){ parameter.p + 1, parameter.n - 1 };
    read_start(r, message, parameter, in);
    in->referral = parameter;
    check(r, in, true);
    if (!parameter.n)
        return;
    in = add(r, INBOUND_COMMAND);
    read_start(r, message, parameter, in);
    in->id = ref_of(r, json_object_get(message, "chat"), telegram_text(r, message, "message_id"));
    in->text = words;
    check(r, in, in->id.n > 0);
}

/* In a group it says to whom: "/start@shop_bot". */
static bool is_start(struct slice words)
{
    return slice_starts(words, "/start") && (words.n == 6 || words.p[6] == ' ' || words.p[6] == '@');
}

static void on_migration(struct reading *r, const json_t *message)
{
    struct inbound *in = add(r, INBOUND_SYSTEM);

    in->peer = telegram_text(r, message, "migrate_to_chat_id");
    in->was = telegram_text(r, json_object_get(message, "chat"), "id");
    in->at = time_of(message, "date");
    check(r, in, in->was.n > 0);
}

/* Through a business's own account: what does not come from the customer was written by the owner, or by us. */
static bool is_of_owner(const json_t *message)
{
    int64_t from = 0, with = 0;

    return said(message, "business_connection_id") && json_get_i64(json_object_get(message, "from"), "id", &from) &&
           json_get_i64(json_object_get(message, "chat"), "id", &with) && from != with;
}

static void of_business(const json_t *message, struct inbound *in)
{
    if (!is_of_owner(message))
        return;
    in->kind = INBOUND_ECHO;
    in->agent = in->user_name;
    in->user = (struct slice){ NULL, 0 };
    in->user_name = in->profile = in->locale = in->user;
    in->automatic = false;
}

/* What a message answers. The first message of a topic stands in each of it like an answer to the topic. */
static struct slice answered(struct reading *r, const json_t *message)
{
    const json_t *to = json_object_get(message, "reply_to_message");
    struct slice number = telegram_text(r, to, "message_id");

    if (json_get_bool(message, "is_topic_message", false) && slice_eq(number, telegram_text(r, message, "message_thread_id")))
        return (struct slice){ NULL, 0 };
    return json_is_object(to) ? ref_of(r, json_object_get(message, "chat"), number) : (struct slice){ NULL, 0 };
}

/* Whose a message was before it was passed on, or answered from elsewhere. */
static struct slice origin_of(struct reading *r, const json_t *origin)
{
    const json_t *user = json_object_get(origin, "sender_user"), *chat = json_object_get(origin, "sender_chat");
    struct slice name = telegram_text(r, origin, "sender_user_name");

    if (json_is_object(user))
        return telegram_joined(r, telegram_text(r, user, "first_name"), " ", telegram_text(r, user, "last_name"));
    if (!json_is_object(chat))
        chat = json_object_get(origin, "chat");
    return json_is_object(chat) ? telegram_text(r, chat, "title") : name;
}

/* What they have marked of the message that they answer; of one of another chat, which stands nowhere here, whose it is. */
static struct slice quoted(struct reading *r, const json_t *message)
{
    const json_t *quote = json_object_get(message, "quote"), *other = json_object_get(message, "external_reply");
    struct slice words = telegram_text(r, quote, "text");

    if (json_is_object(other))
        return telegram_joined(r, origin_of(r, json_object_get(other, "origin")), ": ", words);
    return json_get_bool(quote, "is_manual", false) ? words : (struct slice){ NULL, 0 };
}

/* What is passed on are not their words: a line says so, above text and files (a place, a person says itself what it is). */
static void mark_forwarded(struct reading *r, const json_t *message, struct inbound *in)
{
    const json_t *origin = json_object_get(message, "forward_origin");
    struct slice name = origin_of(r, origin);

    if (!json_is_object(origin) || (in->type != TYPE_TEXT && in->type != TYPE_RICH && !in->n_media))
        return;
    name = telegram_joined(r, SLICE("[forwarded"), name.n ? ": " : "", telegram_joined(r, name, "", SLICE("]")));
    in->text = telegram_joined(r, name, "\n", in->text);
}

static void on_message(struct reading *r, const json_t *message)
{
    struct slice words = telegram_text(r, message, "text");
    struct inbound *in;

    if (said(message, "migrate_to_chat_id")) {
        on_migration(r, message);
        return;
    }
    if (is_service(message))
        return;
    if (words.n && is_start(words)) {
        on_start(r, message, words);
        return;
    }
    in = add(r, INBOUND_MESSAGE);
    read_sender(r, message, in);
    add_place(r, message, in);
    in->id = ref_of(r, json_object_get(message, "chat"), telegram_text(r, message, "message_id"));
    in->ref = answered(r, message);
    in->quoted = quoted(r, message);
    if (telegram_content(r, message, in)) {
        mark_forwarded(r, message, in);
    } else {
        in->raw = arena_copy(r->arena, r->raw);
        r->keep.failed |= !in->raw.p;
    }
    of_business(message, in);
    check(r, in, in->id.n > 0);
}

/* New words. A place that moves has none: where it is now, is said in figures. Those of an owner are not the customer's, whatever they stand for:
 * their message is there as they have said it, or never was. */
static void on_edit(struct reading *r, const json_t *message)
{
    struct inbound *in, said = { .kind = INBOUND_EDIT };
    bool bare;

    if (is_of_owner(message))
        return;
    in = add(r, INBOUND_EDIT);
    read_sender(r, message, in);
    add_place(r, message, in);
    in->ref = ref_of(r, json_object_get(message, "chat"), telegram_text(r, message, "message_id"));
    in->at = time_of(message, "edit_date");
    (void)telegram_content(r, message, &said);
    in->text = said.text;
    bare = !said.text.n && said.n_media > 0;
    if (!in->text.n && said.type == TYPE_LOCATION) {
        in->text = slice_of(arena_printf(r->arena, "%.6f, %.6f", said.lat, said.lon));
        r->keep.failed |= !in->text.n;
    }
    check(r, in, in->ref.n > 0 && (in->text.n > 0 || bare)); /* the words below a picture may be taken away */
}

/* What stands on the button that was tapped: the message that it belongs to still shows it. */
static struct slice label_of(struct reading *r, const json_t *message, struct slice data)
{
    const json_t *rows = json_object_get(json_object_get(message, "reply_markup"), "inline_keyboard");

    for (size_t i = 0; i < json_array_size(rows); i++)
        for (size_t k = 0; k < json_array_size(json_array_get(rows, i)); k++) {
            const json_t *button = json_array_get(json_array_get(rows, i), k);
            const json_t *v = json_object_get(button, "callback_data");

            if (json_is_string(v) && slice_is(data, json_string_value(v)))
                return telegram_text(r, button, "text");
        }
    return (struct slice){ NULL, 0 };
}

static void on_callback(struct reading *r, const json_t *query)
{
    const json_t *message = json_object_get(query, "message");
    struct slice data = telegram_text(r, query, "data");
    struct inbound *in;

    r->callback = telegram_text(r, query, "id");
    if (!data.n)
        return; /* of a game */
    in = add(r, INBOUND_POSTBACK);
    read_user(r, json_object_get(query, "from"), in);
    add_place(r, message, in);
    if (!json_is_object(message)) /* it is too old to be told: in a talk with a bot the chat is the person */
        in->peer = in->user;
    in->at = r->env->now_ms; /* it says no time, and that of the message is another */
    in->id = r->callback;
    in->ref = ref_of(r, json_object_get(message, "chat"), telegram_text(r, message, "message_id"));
    in->payload = data;
    in->text = label_of(r, message, data);
    if (!in->text.n)
        in->text = data;
    check(r, in, in->id.n > 0);
}

static bool is_out(const json_t *member)
{
    const char *status = json_string_value(json_object_get(member, "status"));

    return status && (strcmp(status, "kicked") == 0 || strcmp(status, "left") == 0);
}

/* They have blocked the bot or unblocked it; a group has taken it in or put it out. */
static void on_member(struct reading *r, const json_t *v)
{
    bool was = is_out(json_object_get(v, "old_chat_member")), now = is_out(json_object_get(v, "new_chat_member"));
    struct inbound *in;

    if (was == now)
        return;
    in = add(r, now ? INBOUND_UNFOLLOW : INBOUND_FOLLOW);
    read_user(r, json_object_get(v, "from"), in);
    add_place(r, v, in);
    check(r, in, true);
}

static bool same_emoji(const json_t *a, const json_t *b)
{
    static const char *const members[] = { "type", "emoji", "custom_emoji_id" };

    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        const char *x = json_string_value(json_object_get(a, members[i])), *y = json_string_value(json_object_get(b, members[i]));

        if (!x != !y || (x && strcmp(x, y) != 0))
            return false;
    }
    return true;
}

static bool among(const json_t *list, const json_t *v)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        if (same_emoji(json_array_get(list, i), v))
            return true;
    return false;
}

/* Those of `list` that are not among `others`. */
static void each_reaction(struct reading *r, const json_t *v, const json_t *list, const json_t *others, bool on)
{
    const json_t *user = json_object_get(v, "user");

    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *one = json_array_get(list, i);
        struct inbound *in;

        if (among(others, one) || r->n == r->max)
            continue;
        in = add(r, INBOUND_REACTION);
        read_user(r, user ? user : json_object_get(v, "actor_chat"), in);
        add_place(r, v, in);
        in->ref = ref_of(r, json_object_get(v, "chat"), telegram_text(r, v, "message_id"));
        in->text = telegram_text(r, one, "emoji");
        if (!in->text.n)
            in->text = slice_is(telegram_text(r, one, "type"), "paid") ? SLICE("\xe2\xad\x90") : SLICE("[emoji]");
        in->on = on;
        check(r, in, in->ref.n > 0);
    }
}

static void on_reaction(struct reading *r, const json_t *v)
{
    const json_t *was = json_object_get(v, "old_reaction"), *now = json_object_get(v, "new_reaction");

    each_reaction(r, v, now, was, true);
    each_reaction(r, v, was, now, false);
}

static void on_deleted(struct reading *r, const json_t *v)
{
    const json_t *ids = json_object_get(v, "message_ids");

    for (size_t i = 0; i < json_array_size(ids); i++) {
        const json_t *one = json_array_get(ids, i);
        struct inbound *in;
        char number[24];

        if (!json_is_integer(one) || r->n == r->max)
            continue;
        in = add(r, INBOUND_DELETE);
        (void)snprintf(number, sizeof(number), "%lld", (long long)json_integer_value(one));
        in->peer = peer_of(r, v);
        in->user = telegram_text(r, json_object_get(v, "chat"), "id");
        in->ref = ref_of(r, json_object_get(v, "chat"), slice_of(number));
        check(r, in, in->ref.n > 0);
    }
}

static const struct {
    const char *member;
    void (*read)(struct reading *r, const json_t *v);
} updates[] = {
    { "message", on_message },
    { "edited_message", on_edit },
    { "callback_query", on_callback },
    { "my_chat_member", on_member },
    { "message_reaction", on_reaction },
    { "business_message", on_message },
    { "edited_business_message", on_edit },
    { "deleted_business_messages", on_deleted },
};

/* ---- a request --------------------------------------------------------------------------------------------------------------- */

static void refuse(struct received *ret, int status, const char *reason)
{
    *ret = (struct received){ .status = status, .type = "text/plain", .body = slice_of(reason), .refused = reason };
}

/* How many events there may be in it. */
static size_t events_of(const json_t *root)
{
    const json_t *reaction = json_object_get(root, "message_reaction");
    size_t n = EVENTS_FEW + json_array_size(json_object_get(json_object_get(root, "deleted_business_messages"), "message_ids")) +
               json_array_size(json_object_get(reaction, "old_reaction")) + json_array_size(json_object_get(reaction, "new_reaction"));

    return n < EVENTS_MAX ? n : EVENTS_MAX;
}

static enum kf_rc read_update(struct reading *r, const json_t *root, struct received *ret)
{
    struct buf b;

    r->update = telegram_text(r, root, "update_id");
    if (r->keep.failed)
        return KF_NOMEM;
    if (!r->update.n || r->update.n > TELEGRAM_ID_MAX) {
        refuse(ret, 400, "malformed_body");
        return KF_OK;
    }
    r->max = events_of(root);
    r->all = arena_array(r->arena, r->max, sizeof(*r->all));
    if (!r->all)
        return KF_NOMEM;
    for (size_t i = 0; i < sizeof(updates) / sizeof(updates[0]); i++) {
        const json_t *v = json_object_get(root, updates[i].member);

        r->word = updates[i].member;
        if (!json_is_object(v))
            continue;
        updates[i].read(r, v);
        break; /* an update has one */
    }
    *ret = (struct received){ .inbound = r->all, .n = r->n, .status = 200, .type = "application/json", .body = SLICE("{}") };
    if (r->callback.n) {
        buf_init(&b, 4096);
        buf_str(&b, "{\"method\":\"answerCallbackQuery\",\"callback_query_id\":");
        buf_json(&b, r->callback);
        buf_char(&b, '}');
        ret->body = telegram_kept(r, &b);
    }
    return r->keep.failed ? KF_NOMEM : KF_OK;
}

enum kf_rc telegram_receive(const struct channel *ch, struct arena *a, const struct http_req *req, const struct env *env,
                            struct received *ret)
{
    struct reading r = { .arena = a, .keep = { .arena = a }, .t = telegram_of(ch), .env = env, .raw = req->body };
    const char *reason = refusal(r.t, req);
    struct kf_err why = { .rc = KF_OK };
    json_t *root;
    enum kf_rc rc;

    if (strcmp(req->method, "POST") != 0) {
        refuse(ret, 405, "wrong_method");
        return KF_OK;
    }
    if (reason) {
        refuse(ret, 401, reason);
        return KF_OK;
    }
    root = json_read_within(a, req->body, JSON_OF_PLATFORMS, LEVELS_MAX, &why);
    if (!root) {
        refuse(ret, 400, "malformed_body");
        return why.rc == KF_NOMEM ? KF_NOMEM : KF_OK;
    }
    rc = read_update(&r, root, ret);
    json_decref(root);
    return rc;
}
