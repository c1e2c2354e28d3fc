#include "protocols/frame.h"

#include "core/utf8.h"
#include "protocols/json.h"

/* An answer to `history` holds no more than this. */
#define HISTORY_BYTES 65536
/* Room for what follows the last message of an answer. */
#define HISTORY_TAIL 32

#define ADD(b, lit)  buf_add((b), SLICE(lit))

/* ---- members ------------------------------------------------------------------------------------------------------------- */

/* Every member but the first of an object: `,"name":` stands in `lit`. */
static void text_member(struct buf *b, struct slice lit, const char *value)
{
    buf_add(b, lit);
    buf_json(b, slice_of(value));
}

static void number_member(struct buf *b, struct slice lit, int64_t value)
{
    buf_add(b, lit);
    buf_i64(b, value);
}

static void id_member(struct buf *b, struct slice lit, const struct kf_id *id)
{
    char text[KF_ID_TEXT];

    buf_add(b, lit);
    buf_char(b, '"');
    id_text(id, text);
    buf_add(b, (struct slice){ text, KF_ID_TEXT - 1 });
    buf_char(b, '"');
}

/* {"type":"…" and the conversation, when there is one. `head` is `{"type":"…"`. */
static void begin(struct buf *b, struct slice head, const struct kf_id *conv)
{
    buf_add(b, head);
    if (conv)
        id_member(b, SLICE(",\"conversation\":"), conv);
}

static void name_and_number(struct buf *b, const char *name, const char *number)
{
    text_member(b, SLICE("\"name\":"), name);
    if (number && *number)
        text_member(b, SLICE(",\"number\":"), number);
}

/* `id`: the person's or contact's too, which is for staff only. */
static void actor(struct buf *b, const struct actor *who, bool id)
{
    ADD(b, "{\"role\":\"");
    buf_str(b, role_name(who->role));
    ADD(b, "\",");
    if (id && !id_is_zero(&who->id)) {
        id_member(b, SLICE("\"id\":"), &who->id);
        buf_char(b, ',');
    }
    name_and_number(b, who->name, who->number);
    buf_char(b, '}');
}

/* ---- a message ----------------------------------------------------------------------------------------------------------- */

static void file_member(struct buf *b, const struct message *m)
{
    struct slice file = json_member(slice_of(m->extra), "file");

    if (file.p && m->file_url && file.n > 2) {
        text_member(b, SLICE(",\"file\":{\"url\":"), m->file_url);
        buf_char(b, ',');
        json_raw(b, (struct slice){ file.p + 1, file.n - 1 });
    } else if (file.p) {
        ADD(b, ",\"file\":");
        json_raw(b, file);
    } else if (!id_is_zero(&m->file)) {
        id_member(b, SLICE(",\"file\":{\"id\":"), &m->file);
        buf_char(b, '}');
    }
}

/* Of what stands in `extra`, only what a page shows; which rule spoke is not for visitors. */
static void shown_members(struct buf *b, const struct message *m, const char *const *names, size_t n)
{
    for (size_t i = 0; m->extra && i < n; i++) {
        struct slice v = json_member(slice_of(m->extra), names[i]);

        if (!v.p)
            continue;
        ADD(b, ",\"");
        buf_str(b, names[i]);
        ADD(b, "\":");
        json_raw(b, v);
    }
}

static void extras(struct buf *b, const struct message *m)
{
    static const char *const shown[] = { "choices", "choice", "form", "media", "lat", "lon", "speaker", "quoted", "mail", "unsupported" };

    file_member(b, m);
    shown_members(b, m, shown, sizeof(shown) / sizeof(shown[0]));
}

/* From "seq" on, without braces. */
static void members(struct buf *b, const struct message *m, bool cid)
{
    number_member(b, SLICE("\"seq\":"), m->seq);
    number_member(b, SLICE(",\"at\":"), m->at);
    ADD(b, ",\"from\":");
    actor(b, &m->from, false);
    ADD(b, ",\"kind\":\"");
    buf_str(b, message_kind_name(m->kind));
    ADD(b, "\",\"text\":");
    buf_json(b, m->text);
    if (m->lang)
        text_member(b, SLICE(",\"lang\":"), m->lang);
    if (m->event)
        text_member(b, SLICE(",\"event\":"), m->event);
    if (m->kind != MESSAGE_REMOVED)
        extras(b, m);
    if (m->reply_to)
        number_member(b, SLICE(",\"reply_to\":"), m->reply_to);
    if (cid && m->cid)
        text_member(b, SLICE(",\"cid\":"), m->cid);
    if (m->delivery != DELIVERY_NONE)
        text_member(b, SLICE(",\"state\":"), delivery_name(m->delivery));
    if (m->reason)
        text_member(b, SLICE(",\"reason\":"), m->reason);
}

void frame_message_members(struct buf *b, const struct message *m, bool cid)
{
    buf_char(b, '{');
    members(b, m, cid);
    buf_char(b, '}');
}

void frame_message_reviewed(struct buf *b, const struct message *m)
{
    buf_char(b, '{');
    members(b, m, false);
    if (m->typed_ms)
        number_member(b, SLICE(",\"typed_ms\":"), m->typed_ms);
    buf_char(b, '}');
}

void frame_message(struct buf *b, const struct kf_id *conv, const struct message *m, bool cid)
{
    begin(b, SLICE("{\"type\":\"message\""), conv);
    buf_char(b, ',');
    members(b, m, cid);
    buf_char(b, '}');
}

void frame_changed(struct buf *b, const struct kf_id *conv, const struct message *m)
{
    begin(b, SLICE("{\"type\":\"changed\""), conv);
    number_member(b, SLICE(",\"seq\":"), m->seq);
    text_member(b, SLICE(",\"kind\":"), message_kind_name(m->kind));
    if (m->kind != MESSAGE_REMOVED) {
        ADD(b, ",\"text\":");
        buf_json(b, m->text);
        file_member(b, m); /* it may have come meanwhile, or not */
        shown_members(b, m, (const char *const[]){ "media" }, 1);
    }
    buf_char(b, '}');
}

/* How many of the newest messages fit into `room` bytes; at least one. */
static size_t fitting_from_the_end(struct buf *b, const struct message *messages, size_t n, size_t room)
{
    size_t used = 0, count = 0;

    while (count < n) {
        size_t mark = b->n, size;

        frame_message_members(b, &messages[n - 1 - count], true);
        size = b->n - mark + 1;
        b->n = mark;
        if (count && used + size > room)
            break;
        used += size;
        count++;
    }
    return count;
}

size_t frame_history(struct buf *b, const struct kf_id *conv, const struct message *messages, size_t n, bool more, bool newest_first)
{
    size_t start = b->n, from = 0, i;

    begin(b, SLICE("{\"type\":\"history\""), conv);
    ADD(b, ",\"messages\":[");
    if (newest_first)
        from = n - fitting_from_the_end(b, messages, n, HISTORY_BYTES - HISTORY_TAIL - (b->n - start));
    for (i = from; i < n; i++) {
        size_t mark = b->n;

        if (i > from)
            buf_char(b, ',');
        frame_message_members(b, &messages[i], true);
        if (i > from && b->n - start > HISTORY_BYTES - HISTORY_TAIL) {
            b->n = mark;
            break;
        }
    }
    if (more || from || i < n)
        ADD(b, "],\"more\":true}");
    else
        ADD(b, "],\"more\":false}");
    return i - from;
}

/* ---- a conversation -------------------------------------------------------------------------------------------------------- */

static const char *state_word(enum frame_side side, const struct conv *c)
{
    return side == FRAME_STAFF ? conv_state_name(c->state) : conv_state_public(c->state);
}

/* A visitor hears of an agent only once one serves it. */
static bool agent_shown(enum frame_side side, const struct conv_view_json *v)
{
    return v->agent && (side == FRAME_STAFF || v->conv->state == CONV_SERVED);
}

static void agent_member(struct buf *b, enum frame_side side, const struct member *agent)
{
    ADD(b, ",\"agent\":{");
    if (side == FRAME_STAFF) {
        id_member(b, SLICE("\"id\":"), &agent->person);
        buf_char(b, ',');
    }
    name_and_number(b, agent->name, agent->number);
    buf_char(b, '}');
}

static void unattended_member(struct buf *b, const struct conv_view_json *v)
{
    if (v->unattended)
        text_member(b, SLICE(",\"unattended\":"), v->unattended);
}

static void waiting_members(struct buf *b, const struct conv_view_json *v)
{
    if (v->conv->state != CONV_WAITING && v->conv->state != CONV_OFFERED)
        return;
    if (v->position > 0)
        number_member(b, SLICE(",\"position\":"), v->position);
    if (v->wait_s >= 0)
        number_member(b, SLICE(",\"wait_s\":"), v->wait_s);
    if (v->why)
        text_member(b, SLICE(",\"why\":"), v->why);
}

/* All that staff see, from ,"state" on. */
static void staff_members(struct buf *b, const struct conv_view_json *v)
{
    const struct conv *c = v->conv;

    text_member(b, SLICE(",\"state\":"), conv_state_name(c->state));
    number_member(b, SLICE(",\"seq\":"), c->seq);
    number_member(b, SLICE(",\"epoch\":"), c->epoch);
    text_member(b, SLICE(",\"channel\":"), c->channel.s);
    text_member(b, SLICE(",\"queue\":"), c->queue.s);
    id_member(b, SLICE(",\"visitor\":{\"id\":"), &c->contact);
    text_member(b, SLICE(",\"name\":"), v->visitor_name ? v->visitor_name : c->visitor_name);
    buf_char(b, '}');
    if (v->agent)
        agent_member(b, FRAME_STAFF, v->agent);
    if (v->helper) {
        id_member(b, SLICE(",\"helper\":{\"id\":"), &v->helper->person);
        buf_char(b, ',');
        name_and_number(b, v->helper->name, v->helper->number);
        buf_char(b, '}');
    }
    if (v->customer) {
        ADD(b, ",\"customer\":");
        json_raw(b, slice_of(v->customer));
    }
    number_member(b, SLICE(",\"opened_at\":"), c->opened_at);
    number_member(b, SLICE(",\"arrived_at\":"), c->arrived_at);
    number_member(b, SLICE(",\"visitor_at\":"), c->visitor_at);
    number_member(b, SLICE(",\"staff_at\":"), c->staff_at);
    number_member(b, SLICE(",\"visitor_read\":"), c->visitor_read);
    number_member(b, SLICE(",\"staff_read\":"), c->staff_read);
    text_member(b, SLICE(",\"locale\":"), c->locale);
    number_member(b, SLICE(",\"rating\":"), c->rating);
    buf_add(b, c->invited ? SLICE(",\"invited\":true") : SLICE(",\"invited\":false"));
    number_member(b, SLICE(",\"priority\":"), c->priority);
    if (conv_weight(c) > 1)
        number_member(b, SLICE(",\"weight\":"), conv_weight(c));
    if (c->asked_at)
        number_member(b, SLICE(",\"asked_at\":"), c->asked_at);
    if (v->barred) {
        text_member(b, SLICE(",\"barred\":"), v->barred);
        if (*v->barred)
            number_member(b, SLICE(",\"barred_until\":"), v->barred_until);
    }
    if (v->reactions)
        ADD(b, ",\"reactions\":true");
    if (v->last) {
        ADD(b, ",\"last\":");
        frame_message_members(b, v->last, true);
    }
    waiting_members(b, v);
    if (c->until)
        number_member(b, SLICE(",\"until\":"), c->until);
    if (c->served_at)
        number_member(b, SLICE(",\"served_at\":"), c->served_at);
    if (c->closed_at)
        number_member(b, SLICE(",\"closed_at\":"), c->closed_at);
    if (c->wrapup_until)
        number_member(b, SLICE(",\"wrapup_until\":"), c->wrapup_until);
    if (!id_is_zero(&c->previous))
        id_member(b, SLICE(",\"previous\":"), &c->previous);
}

void frame_conversation(struct buf *b, enum frame_side side, const struct conv_view_json *v)
{
    id_member(b, SLICE("{\"id\":"), &v->conv->id);
    if (side == FRAME_STAFF) {
        staff_members(b, v);
    } else {
        text_member(b, SLICE(",\"state\":"), state_word(side, v->conv));
        number_member(b, SLICE(",\"seq\":"), v->conv->seq);
        unattended_member(b, v);
        if (agent_shown(side, v))
            agent_member(b, side, v->agent);
    }
    buf_char(b, '}');
}

void frame_state(struct buf *b, enum frame_side side, const struct conv_view_json *v)
{
    begin(b, SLICE("{\"type\":\"state\""), &v->conv->id);
    if (side == FRAME_STAFF) {
        staff_members(b, v);
    } else {
        text_member(b, SLICE(",\"state\":"), state_word(side, v->conv));
        waiting_members(b, v);
        unattended_member(b, v);
        if (agent_shown(side, v))
            agent_member(b, side, v->agent);
        if (v->conv->state == CONV_PARKED && v->conv->until)
            number_member(b, SLICE(",\"until\":"), v->conv->until);
    }
    buf_char(b, '}');
}

void frame_offered(struct buf *b, const struct conv_view_json *v, int64_t until)
{
    ADD(b, "{\"type\":\"offered\",\"conversation\":");
    frame_conversation(b, FRAME_STAFF, v);
    number_member(b, SLICE(",\"until\":"), until);
    buf_char(b, '}');
}

void frame_assigned(struct buf *b, const struct conv_view_json *v, const char *why)
{
    ADD(b, "{\"type\":\"assigned\",\"conversation\":");
    frame_conversation(b, FRAME_STAFF, v);
    text_member(b, SLICE(",\"why\":"), why);
    buf_char(b, '}');
}

void frame_released(struct buf *b, const struct kf_id *conv, const char *why)
{
    begin(b, SLICE("{\"type\":\"released\""), conv);
    text_member(b, SLICE(",\"why\":"), why);
    buf_char(b, '}');
}

/* ---- answers --------------------------------------------------------------------------------------------------------------- */

void frame_ack(struct buf *b, struct slice cid, const struct kf_id *conv, int64_t seq, int64_t at)
{
    frame_ack_warned(b, cid, conv, seq, at, NULL);
}

void frame_ack_warned(struct buf *b, struct slice cid, const struct kf_id *conv, int64_t seq, int64_t at, const char *warning)
{
    ADD(b, "{\"type\":\"ack\",\"cid\":");
    buf_json(b, cid);
    if (conv)
        id_member(b, SLICE(",\"conversation\":"), conv);
    if (seq)
        number_member(b, SLICE(",\"seq\":"), seq);
    number_member(b, SLICE(",\"at\":"), at);
    if (warning)
        text_member(b, SLICE(",\"warning\":"), warning);
    buf_char(b, '}');
}

const char *frame_error_code(enum kf_rc rc)
{
    switch (rc) {
    case KF_INVALID:
        return "bad_request";
    case KF_AUTH:
        return "unauthorized";
    case KF_DENIED:
    case KF_REJECTED:
        return "forbidden";
    case KF_ABSENT:
        return "not_found";
    case KF_CONFLICT:
        return "conflict";
    case KF_LIMIT:
        return "too_large";
    case KF_UNSUPPORTED:
        return "unsupported";
    case KF_RATE:
        return "rate_limited";
    case KF_AGAIN:
        return "unavailable";
    case KF_OK:
    case KF_NOMEM:
    case KF_IO:
    default:
        return "internal";
    }
}

/* The words of a failure end where their room ends, which may be inside a character. */
static struct slice whole_characters(const char *text)
{
    struct slice s = slice_of(text);

    for (int i = 0; i < 3 && s.n && !utf8_valid(s); i++)
        s.n--;
    return utf8_valid(s) ? s : (struct slice){ "", 0 };
}

static void error_members(struct buf *b, const char *of, const struct kf_id *conv, struct slice cid, const struct kf_err *why)
{
    begin(b, SLICE("{\"type\":\"error\""), conv);
    if (of)
        text_member(b, SLICE(",\"of\":"), of);
    if (cid.n) {
        ADD(b, ",\"cid\":");
        buf_json(b, cid);
    }
    text_member(b, SLICE(",\"code\":"), frame_error_code(why->rc));
    ADD(b, ",\"message\":");
    buf_json(b, whole_characters(kf_words(why->rc, why)));
    if (why->retry_after_ms > 0)
        number_member(b, SLICE(",\"retry_after_ms\":"), why->retry_after_ms);
}

void frame_error(struct buf *b, struct slice cid, const struct kf_err *why)
{
    frame_error_of(b, NULL, NULL, cid, why);
}

void frame_error_of(struct buf *b, const char *of, const struct kf_id *conv, struct slice cid, const struct kf_err *why)
{
    error_members(b, of, conv, cid, why);
    buf_char(b, '}');
}

void frame_error_said(struct buf *b, struct slice cid, const struct kf_err *why, struct slice text)
{
    error_members(b, NULL, NULL, cid, why);
    if (*why->field)
        text_member(b, SLICE(",\"field\":"), why->field);
    if (text.n) {
        ADD(b, ",\"text\":");
        buf_json(b, text);
    }
    buf_char(b, '}');
}

void frame_wording(struct buf *b, struct slice cid, const struct forbidden_word *const *words, size_t n)
{
    const char *advice = "";

    begin(b, SLICE("{\"type\":\"error\",\"cid\":"), NULL);
    buf_json(b, cid);
    ADD(b, ",\"code\":\"forbidden\",\"message\":\"this wording should not be used: send it again with confirm to mean it\",\"words\":[");
    for (size_t i = 0; i < n; i++) {
        if (i)
            buf_char(b, ',');
        buf_json(b, slice_of(words[i]->word));
        if (!*advice)
            advice = words[i]->advice;
    }
    buf_char(b, ']');
    if (*advice)
        text_member(b, SLICE(",\"advice\":"), advice);
    buf_char(b, '}');
}

/* ---- everything else ------------------------------------------------------------------------------------------------------- */

void frame_status(struct buf *b, const struct kf_id *conv, int64_t seq, enum delivery state, const char *reason, int64_t at)
{
    begin(b, SLICE("{\"type\":\"status\""), conv);
    number_member(b, SLICE(",\"seq\":"), seq);
    text_member(b, SLICE(",\"state\":"), delivery_name(state));
    if (reason && *reason)
        text_member(b, SLICE(",\"reason\":"), reason);
    number_member(b, SLICE(",\"at\":"), at);
    buf_char(b, '}');
}

void frame_typing(struct buf *b, const struct kf_id *conv, const struct actor *who, bool on)
{
    begin(b, SLICE("{\"type\":\"typing\""), conv);
    ADD(b, ",\"from\":");
    actor(b, who, false);
    buf_add(b, on ? SLICE(",\"on\":true}") : SLICE(",\"on\":false}"));
}

void frame_read(struct buf *b, const struct kf_id *conv, enum role who, int64_t seq)
{
    begin(b, SLICE("{\"type\":\"read\""), conv);
    text_member(b, SLICE(",\"role\":"), role_name(who));
    number_member(b, SLICE(",\"seq\":"), seq);
    buf_char(b, '}');
}

void frame_pong(struct buf *b)
{
    ADD(b, "{\"type\":\"pong\"}");
}

void frame_entry(struct buf *b, const struct entry *e)
{
    number_member(b, SLICE("{\"id\":"), e->id);
    number_member(b, SLICE(",\"after_seq\":"), e->after_seq);
    number_member(b, SLICE(",\"at\":"), e->at);
    text_member(b, SLICE(",\"kind\":"), e->kind);
    ADD(b, ",\"by\":");
    actor(b, &e->by, true);
    ADD(b, ",\"data\":");
    json_raw(b, slice_of(e->data && *e->data ? e->data : "{}"));
    buf_char(b, '}');
}

void frame_timeline(struct buf *b, const struct kf_id *conv, const struct entry *e)
{
    begin(b, SLICE("{\"type\":\"timeline\""), conv);
    ADD(b, ",\"entry\":");
    frame_entry(b, e);
    buf_char(b, '}');
}

void frame_site(struct buf *b, int64_t at, bool hours_open, bool staffed)
{
    number_member(b, SLICE("{\"type\":\"site\",\"at\":"), at);
    buf_add(b, hours_open ? SLICE(",\"hours_open\":true") : SLICE(",\"hours_open\":false"));
    buf_add(b, staffed ? SLICE(",\"staffed\":true}") : SLICE(",\"staffed\":false}"));
}

void frame_alarm(struct buf *b, const struct kf_id *conv, const struct member *agent, int64_t since)
{
    begin(b, agent ? SLICE("{\"type\":\"alert\"") : SLICE("{\"type\":\"reminder\""), conv);
    if (agent) {
        ADD(b, ",\"kind\":\"silent\"");
        agent_member(b, FRAME_STAFF, agent);
    }
    number_member(b, SLICE(",\"since\":"), since);
    buf_char(b, '}');
}

void frame_notice(struct buf *b)
{
    ADD(b, "{\"type\":\"notice\",\"about\":\"quality\"}");
}

void frame_presence(struct buf *b, enum presence presence, const char *reason, int64_t at)
{
    text_member(b, SLICE("{\"type\":\"presence\",\"presence\":"), presence_name(presence));
    if (reason && *reason)
        text_member(b, SLICE(",\"reason\":"), reason);
    number_member(b, SLICE(",\"at\":"), at);
    buf_char(b, '}');
}

void frame_window(struct buf *b, const struct kf_id *conv, const struct reply_window *w, enum reply_state state)
{
    static const char *const words[] = { [REPLY_FREE] = "open", [REPLY_OPEN] = "open", [REPLY_LATE] = "late", [REPLY_CLOSED] = "closed" };

    begin(b, SLICE("{\"type\":\"window\""), conv);
    text_member(b, SLICE(",\"state\":"), words[state]);
    if (w->until)
        number_member(b, SLICE(",\"until\":"), w->until);
    if (w->left >= 0)
        number_member(b, SLICE(",\"left\":"), w->left);
    if (w->late || w->templates)
        ADD(b, ",\"late\":true");
    if (w->late)
        ADD(b, ",\"words\":true");
    if (w->templates)
        ADD(b, ",\"templates\":true");
    if (w->ready)
        ADD(b, ",\"ready\":true");
    if (w->texts)
        ADD(b, ",\"texts\":true");
    buf_char(b, '}');
}

void frame_queue(struct buf *b, int64_t waiting, int64_t longest_ms)
{
    number_member(b, SLICE("{\"type\":\"queue\",\"waiting\":"), waiting);
    number_member(b, SLICE(",\"longest_ms\":"), longest_ms);
    buf_char(b, '}');
}
