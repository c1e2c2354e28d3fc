/* whatsapp_in.c: what Meta tells us: the handshake, and bodies with many messages and statuses. What a message says whatsapp_content.c reads. */
#include "core/utf8.h"
#include "protocols/sign.h"
#include "protocols/stamp.h"
#include "protocols/whatsapp_reading.h"

#define ID_MAX     255
#define LEVELS_MAX 32

/* ---- is it from Meta? ------------------------------------------------------------------------------------------------------ */

static bool signed_by(const struct whatsapp *w, struct slice hex, struct slice body)
{
    bool fits = false;

    for (size_t i = 0; i < w->n_secrets; i++) {
        uint8_t mac[SIGN_SHA256];

        fits |= sign_hmac_sha256(w->secrets[i], &body, 1, mac) && sign_equal_hex(hex, mac, sizeof(mac));
    }
    return fits;
}

/* The body as its publisher says that it has signed it: each UTF-16 unit beyond ~ as \uXXXX. False: it is that already, or no text. */
static bool escaped(struct slice body, struct buf *ret)
{
    bool any = false;

    if (!utf8_valid(body))
        return false;
    for (size_t i = 0; i < body.n;) {
        size_t from = i;
        uint32_t cp = utf8_next(body, &i);

        if (cp < 0x7f)
            buf_add(ret, (struct slice){ body.p + from, i - from });
        else if (cp > 0xffff)
            buf_printf(ret, "\\u%04x\\u%04x", 0xd800 + ((cp - 0x10000) >> 10), 0xdc00 + ((cp - 0x10000) & 0x3ff));
        else
            buf_printf(ret, "\\u%04x", cp);
        any |= cp >= 0x7f;
    }
    return any && buf_ok(ret);
}

static bool all_hex(struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!((s.p[i] >= '0' && s.p[i] <= '9') || (s.p[i] >= 'a' && s.p[i] <= 'f') || (s.p[i] >= 'A' && s.p[i] <= 'F')))
            return false;
    return true;
}

static const char *refusal(const struct whatsapp *w, const struct http_req *req)
{
    static const char scheme[] = "sha256=";
    struct slice hex = http_header(req->headers, req->n_headers, "x-hub-signature-256");
    struct buf b;
    bool fits;

    if (!hex.n)
        return "missing_signature";
    if (!slice_starts(hex, scheme) || hex.n != sizeof(scheme) - 1 + 2 * SIGN_SHA256)
        return "malformed_header";
    hex = (struct slice){ hex.p + sizeof(scheme) - 1, 2 * SIGN_SHA256 };
    if (!all_hex(hex))
        return "malformed_header";
    if (signed_by(w, hex, req->body))
        return NULL;
    buf_init(&b, 6 * req->body.n + 1);
    fits = escaped(req->body, &b) && signed_by(w, hex, buf_slice(&b));
    buf_finish(&b);
    return fits ? NULL : "bad_signature";
}

static void refuse(struct received *ret, int status, const char *reason)
{
    *ret = (struct received){ .status = status, .type = "text/plain", .body = slice_of(reason), .refused = reason };
}

static void handshake(const struct whatsapp *w, const struct http_req *req, struct received *ret)
{
    struct slice mode = http_query(req->query, req->n_query, "hub.mode"), token = http_query(req->query, req->n_query, "hub.verify_token");
    struct slice challenge = http_query(req->query, req->n_query, "hub.challenge");

    if (!token.n)
        refuse(ret, 403, "missing_signature");
    else if (!slice_is(mode, "subscribe") || !sign_equal(token.p, token.n, w->verify_token.p, w->verify_token.n))
        refuse(ret, 403, "bad_signature");
    else if (!challenge.n)
        refuse(ret, 400, "malformed_body");
    else
        *ret = (struct received){ .status = 200, .type = "text/plain", .body = challenge };
}

/* ---- members --------------------------------------------------------------------------------------------------------------- */

static int64_t time_of(struct reading *r, const json_t *obj)
{
    struct slice s = whatsapp_text(r, obj, "timestamp");
    int64_t at = 0;

    return s.n && stamp_digits(s, &at) && at > 0 && at <= 253402300799 ? 1000 * at : 0;
}

static bool same(const json_t *obj, const char *name, struct slice value)
{
    const char *s = json_string_value(json_object_get(obj, name));

    return s && value.n && slice_is(value, s);
}

/* Whom `contacts` speaks of with that id or that phone; where it speaks of one only, that is who it is. */
static const json_t *contact_of(const struct reading *r, struct slice id, struct slice phone)
{
    for (size_t i = 0; i < json_array_size(r->contacts); i++) {
        const json_t *c = json_array_get(r->contacts, i);

        if (same(c, "user_id", id) || same(c, "wa_id", phone))
            return c;
    }
    return json_array_size(r->contacts) == 1 && !id.n && !phone.n ? json_array_get(r->contacts, 0) : NULL;
}

static struct slice profile_of(struct reading *r, struct slice phone, struct slice username)
{
    struct buf b;

    if ((!phone.n && !username.n) || phone.n > ID_MAX || username.n > ID_MAX)
        return (struct slice){ NULL, 0 };
    buf_init(&b, 4096);
    buf_char(&b, '{');
    if (phone.n) {
        buf_str(&b, "\"phone\":");
        buf_json(&b, whatsapp_put(r, "+", phone, "", SLICE("")));
    }
    if (username.n) {
        buf_str(&b, phone.n ? ",\"username\":" : "\"username\":");
        buf_json(&b, username);
    }
    buf_char(&b, '}');
    return whatsapp_kept(r, &b);
}

static void read_sender(struct reading *r, const json_t *message, struct inbound *in)
{
    struct slice id = whatsapp_text(r, message, "from_user_id"), phone = whatsapp_text(r, message, "from");
    const json_t *c = contact_of(r, id, phone), *profile = json_object_get(c, "profile");
    struct slice group = whatsapp_text(r, message, "group_id");

    if (!id.n)
        id = whatsapp_text(r, c, "user_id");
    if (!phone.n)
        phone = whatsapp_text(r, c, "wa_id");
    in->user = id.n ? id : phone;
    in->user_name = whatsapp_text(r, profile, "name");
    in->profile = profile_of(r, phone, whatsapp_text(r, profile, "username"));
    in->peer = group.n ? whatsapp_put(r, WHATSAPP_GROUP, group, "", SLICE("")) : in->user;
}

/* ---- messages -------------------------------------------------------------------------------------------------------------- */

/* An event; the last one of `all` is overwritten when there are more than were counted, which cannot be. */
static struct inbound *add(struct reading *r, enum inbound_kind kind, const json_t *v)
{
    struct inbound *in = &r->all[r->n < r->max ? r->n++ : r->max - 1];

    *in = (struct inbound){ .kind = kind, .account = r->account, .id = whatsapp_text(r, v, "id"), .at = time_of(r, v) };
    return in;
}

static void check(struct reading *r, const struct inbound *in, bool whole)
{
    if (!whole || !in->id.n || in->id.n > ID_MAX || in->user.n > ID_MAX || in->peer.n > ID_MAX || in->ref.n > ID_MAX || in->was.n > ID_MAX)
        r->n--;
}

/* Meta calls somebody otherwise from now on: by a new id, or by a new number where there is no id. */
static void on_system(struct reading *r, const json_t *message)
{
    const json_t *v = json_object_get(message, "system");
    struct inbound *in = add(r, INBOUND_SYSTEM, message);

    in->user = whatsapp_text(r, v, "user_id");
    in->was = whatsapp_text(r, v, "previous_user_id");
    if (!in->user.n && !in->was.n) {
        in->user = whatsapp_text(r, v, "wa_id");
        in->was = whatsapp_text(r, message, "from");
    }
    in->code = SLICE("user_id_changed");
    in->text = whatsapp_text(r, v, "body");
    in->dedupe = whatsapp_put(r, "system:", in->id, "", SLICE(""));
    check(r, in, in->user.n && in->was.n && !slice_eq(in->user, in->was));
}

/* Where somebody came from who came by an advertisement, and which product of the catalogue they ask about. */
static void on_referral(struct reading *r, const json_t *message, const struct inbound *of)
{
    const json_t *v = json_object_get(message, "referral");
    const json_t *product = json_object_get(json_object_get(message, "context"), "referred_product");
    struct inbound *in;
    struct buf b;

    if (!json_is_object(v) && !json_is_object(product))
        return;
    buf_init(&b, LINES_MAX);
    whatsapp_line(r, &b, v, "headline");
    whatsapp_line(r, &b, v, "source_url");
    if (!b.n)
        whatsapp_line(r, &b, v, "source_id");
    whatsapp_line(r, &b, product, "product_retailer_id");
    in = add(r, INBOUND_SYSTEM, message);
    in->code = SLICE("referral");
    in->user = of->user;
    in->peer = of->peer;
    in->user_name = of->user_name;
    in->referral = whatsapp_kept(r, &b);
    in->dedupe = whatsapp_put(r, "referral:", in->id, "", SLICE(""));
    check(r, in, in->user.n > 0 && in->referral.n > 0);
}

/* Other things that the platform says of somebody are told as what they are: not understood. */
static bool is_rename(struct reading *r, const json_t *message)
{
    struct slice word = whatsapp_text(r, json_object_get(message, "system"), "type");

    return slice_is(whatsapp_text(r, message, "type"), "system") &&
           (slice_is(word, "user_changed_number") || slice_is(word, "user_changed_user_id"));
}

static void on_message(struct reading *r, const json_t *message)
{
    size_t before = r->n;
    struct inbound *in;

    if (is_rename(r, message)) {
        on_system(r, message);
        return;
    }
    in = add(r, INBOUND_MESSAGE, message);
    read_sender(r, message, in);
    in->ref = whatsapp_text(r, json_object_get(message, "context"), "id");
    whatsapp_content(r, message, in);
    in->dedupe = whatsapp_put(r, "message:", in->id, "", SLICE(""));
    if (in->kind == INBOUND_MESSAGE || in->kind == INBOUND_POSTBACK) {
        in->reply_token = in->id; /* the day within which we may answer freely begins with it */
        in->reply_expires_ms = in->at + WHATSAPP_WINDOW_MS;
    }
    check(r, in, in->user.n > 0);
    if (r->n > before)
        on_referral(r, message, in);
}

/* ---- statuses -------------------------------------------------------------------------------------------------------------- */

static bool delivery_of(struct slice word, enum delivery *ret)
{
    static const struct {
        const char *word;
        enum delivery to;
    } words[] = {
        { "sent", DELIVERY_SENT },   { "delivered", DELIVERY_DELIVERED }, { "read", DELIVERY_READ },
        { "played", DELIVERY_READ }, { "failed", DELIVERY_FAILED },
    };

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (slice_is(word, words[i].word)) {
            *ret = words[i].to;
            return true;
        }
    return false;
}

/* "CONVERSATION-SEQ": what we have sent along; behind a reaction to that message "/EMOJI". */
static void read_our_id(struct slice ours, struct inbound *in)
{
    const char *mark = ours.n ? memchr(ours.p, *WHATSAPP_REACTED, ours.n) : NULL;
    const size_t n = KF_ID_TEXT - 1;
    struct kf_id conv;
    int64_t seq;

    if (mark) {
        in->text = (struct slice){ mark + 1, ours.n - (size_t)(mark + 1 - ours.p) };
        in->of_reaction = true;
        ours.n = (size_t)(mark - ours.p);
    }

    if (ours.n > n + 1 && ours.p[n] == '-' && id_parse((struct slice){ ours.p, n }, &conv) &&
        stamp_digits((struct slice){ ours.p + n + 1, ours.n - n - 1 }, &seq) && seq > 0) {
        in->conversation = conv;
        in->seq = seq;
    }
}

static void read_failure(struct reading *r, const json_t *v, struct inbound *in)
{
    const json_t *error = json_array_get(json_object_get(v, "errors"), 0);
    struct slice words = whatsapp_text(r, json_object_get(error, "error_data"), "details");
    int64_t code;

    in->code = whatsapp_text(r, error, "code");
    in->window_over = stamp_digits(in->code, &code) && whatsapp_class(code, 0) == OUTCOME_WINDOW_CLOSED;
    if (!words.n)
        words = whatsapp_text(r, error, "title");
    if (in->code.n || words.n)
        in->reason = whatsapp_put(r, "", in->code, in->code.n && words.n ? ": " : "", words);
}

static void on_status(struct reading *r, const json_t *v)
{
    struct slice word = whatsapp_text(r, v, "status"), phone = whatsapp_text(r, v, "recipient_id"), group = SLICE("group");
    struct inbound *in = add(r, INBOUND_STATUS, v);
    bool known = delivery_of(word, &in->delivery);

    in->ref = in->id;
    in->user = whatsapp_text(r, v, "recipient_user_id");
    if (slice_eq(whatsapp_text(r, v, "recipient_type"), group)) {
        in->peer = whatsapp_put(r, WHATSAPP_GROUP, phone, "", SLICE(""));
    } else {
        if (!in->user.n)
            in->user = whatsapp_text(r, contact_of(r, (struct slice){ NULL, 0 }, phone), "user_id");
        if (!in->user.n)
            in->user = phone;
        in->peer = in->user;
    }
    read_our_id(whatsapp_text(r, v, "biz_opaque_callback_data"), in);
    if (in->delivery == DELIVERY_FAILED)
        read_failure(r, v, in);
    in->dedupe = whatsapp_put(r, "status:", in->id, ":", word);
    if (in->of_reaction) /* that it has gone the staff believe anyway */
        known = in->delivery == DELIVERY_FAILED && in->seq > 0;
    check(r, in, known && (in->peer.n > 0 || in->seq > 0));
}

/* ---- a body ---------------------------------------------------------------------------------------------------------------- */

/* Calls `take` for the `value` of each change that is about messages. */
static void each_value(struct reading *r, const json_t *root, void (*take)(struct reading *r, const json_t *value))
{
    const json_t *entries = json_object_get(root, "entry");

    for (size_t i = 0; i < json_array_size(entries); i++) {
        const json_t *changes = json_object_get(json_array_get(entries, i), "changes");

        for (size_t k = 0; k < json_array_size(changes); k++) {
            const json_t *change = json_array_get(changes, k);

            if (same(change, "field", SLICE("messages")))
                take(r, json_object_get(change, "value"));
        }
    }
}

static void count_value(struct reading *r, const json_t *value)
{
    r->max += 2 * json_array_size(json_object_get(value, "messages")) + json_array_size(json_object_get(value, "statuses"));
}

static void read_value(struct reading *r, const json_t *value)
{
    const json_t *messages = json_object_get(value, "messages"), *statuses = json_object_get(value, "statuses");

    r->account = whatsapp_text(r, json_object_get(value, "metadata"), "phone_number_id");
    r->contacts = json_object_get(value, "contacts");
    for (size_t i = 0; i < json_array_size(messages) && !r->keep.failed; i++)
        on_message(r, json_array_get(messages, i));
    for (size_t i = 0; i < json_array_size(statuses) && !r->keep.failed; i++)
        on_status(r, json_array_get(statuses, i));
}

static enum kf_rc read_body(struct reading *r, const json_t *root, struct received *ret)
{
    *ret = (struct received){ .status = 200, .type = "text/plain", .body = SLICE("") };
    if (!same(root, "object", SLICE("whatsapp_business_account")))
        return KF_OK;
    each_value(r, root, count_value);
    if (!r->max)
        return KF_OK;
    r->all = arena_array(r->arena, r->max, sizeof(*r->all));
    if (!r->all)
        return KF_NOMEM;
    each_value(r, root, read_value);
    ret->inbound = r->all;
    ret->n = r->n;
    return r->keep.failed ? KF_NOMEM : KF_OK;
}

enum kf_rc whatsapp_receive(const struct channel *ch, struct arena *a, const struct http_req *req, const struct env *env,
                            struct received *ret)
{
    struct reading r = { .arena = a, .keep = { .arena = a } };
    struct kf_err why = { .rc = KF_OK };
    const char *reason;
    json_t *root;
    enum kf_rc rc;

    (void)env;
    if (strcmp(req->method, "GET") == 0) {
        handshake(whatsapp_of(ch), req, ret);
        return KF_OK;
    }
    if (strcmp(req->method, "POST") != 0) {
        refuse(ret, 405, "wrong_method");
        return KF_OK;
    }
    reason = refusal(whatsapp_of(ch), req);
    if (reason) {
        refuse(ret, 401, reason);
        return KF_OK;
    }
    root = json_read_within(a, req->body, JSON_OF_PLATFORMS, LEVELS_MAX, &why);
    if (!root) {
        refuse(ret, 400, "malformed_body");
        return why.rc == KF_NOMEM ? KF_NOMEM : KF_OK;
    }
    rc = read_body(&r, root, ret);
    json_decref(root);
    return rc;
}
