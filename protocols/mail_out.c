/* mail_out.c: a message as a mail, and what the relay says of it. */
#include "core/utf8.h"
#include "protocols/mail_impl.h"

#include <stdio.h>
#include <strings.h>

#define HEAD_MAX    65536
#define REFS_MAX    20
#define REPLY_WORDS 400
#define MEET_MS     15000

struct writing {
    const struct mail *m;
    struct arena *a;
    const struct errand *e;
    const struct env *env;
    /* Of the mail that is answered, as mail_in.c has written it down. */
    struct slice answered, subject, refs[REFS_MAX];
    size_t n_refs;
    bool to_machine;
    struct slice from, local, domain; /* who answers: whom the mail that is answered was written to */
    struct slice to;                  /* whom it goes to */
    struct slice token, unsubscribe, id;
    struct buf b;
};

/* ---- what it answers ------------------------------------------------------------------------------------------------------------ */

/* Is it an address that can stand in an envelope? One that is not ASCII asks the relay for SMTPUTF8 (RFC 6531): who has none says so. */
static bool deliverable(struct slice s)
{
    const char *at = s.n ? memchr(s.p, '@', s.n) : NULL;

    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] <= ' ' || s.p[i] == 0x7f || strchr("<>()[],;:\\\"", s.p[i]))
            return false;
    return at && at != s.p && at + 1 < s.p + s.n && s.n <= 254 && utf8_valid(s) && utf8_one_line(s) && !slice_is(s, "unknown@invalid");
}

/* An alias, as long as it is one. In front of a token that has room only behind short names, else the address of the channel takes the
 * answers. */
static void read_from(struct writing *w, struct slice alias)
{
    const struct mail *m = w->m;
    const char *at = alias.n && mail_taking((const void *)m, alias) && deliverable(alias) ? memchr(alias.p, '@', alias.n) : NULL;

    w->from = at ? alias : m->address;
    w->local = m->local;
    w->domain = m->domain;
    if (at && at - alias.p <= MAIL_LOCAL_MAX) {
        w->local = (struct slice){ alias.p, (size_t)(at - alias.p) };
        w->domain = (struct slice){ at + 1, alias.n - w->local.n - 1 };
    }
}

static bool read_handle(struct writing *w)
{
    struct json_keep keep = { .arena = w->a };
    struct slice text = slice_of(w->e->handle);
    json_t *root = text.n ? json_read(w->a, text, JSON_OF_SETTINGS, NULL) : NULL;
    const json_t *refs = json_object_get(root, "refs");
    size_t n = json_array_size(refs);

    w->answered = json_get_text(&keep, root, "id");
    w->subject = json_get_text(&keep, root, "subject");
    w->to_machine = json_is_true(json_object_get(root, "auto"));
    read_from(w, json_get_text(&keep, root, "to"));
    for (size_t i = n > REFS_MAX - 1 ? n - (REFS_MAX - 1) : 0; i < n; i++) {
        const json_t *v = json_array_get(refs, i);
        struct slice id = arena_copy(w->a, (struct slice){ json_string_value(v) ? json_string_value(v) : "", json_string_length(v) });

        keep.failed |= !id.p;
        w->refs[w->n_refs++] = id;
    }
    if (w->answered.n)
        w->refs[w->n_refs++] = w->answered;
    json_decref(root);
    return !keep.failed;
}

/* A message of another channel's conversation, whose visitor is reached by mail. */
static bool is_detour(const struct writing *w)
{
    return slice_is(json_member(slice_of(w->e->message.extra), "mail"), "true");
}

/* The exchange, as letters in our addresses; and the name of this mail, the same for every try. */
static bool write_names(struct writing *w, bool detour)
{
    struct mail_token t = { .is_conv = detour, .conv = w->e->conv };
    char conv[KF_ID_TEXT], part[24] = "";
    struct buf b;
    bool ok;

    if ((!detour && !mail_peer_bytes(slice_of(w->e->peer), t.peer)) || !mail_address_digest(w->to, t.address))
        return false;
    buf_init(&b, 256);
    ok = mail_token_write(w->m, &t, &b);
    w->token = arena_copy(w->a, buf_slice(&b));
    t.unsubscribe = true;
    buf_clear(&b);
    ok &= mail_token_write(w->m, &t, &b) && buf_ok(&b);
    w->unsubscribe = arena_copy(w->a, buf_slice(&b));
    buf_finish(&b);
    if (w->e->part)
        (void)snprintf(part, sizeof(part), ".%d", w->e->part);
    w->id = slice_of(arena_printf(w->a, "<%s.%s.%lld%s@%.*s>", w->token.p ? w->token.p : "", id_text(&w->e->conv, conv),
                                  (long long)w->e->seq, part, (int)w->m->domain.n, w->m->domain.p));
    return ok && w->token.p && w->unsubscribe.p && w->id.n;
}

/* ---- headers -------------------------------------------------------------------------------------------------------------------- */

/* "Re: " stands there once, however often it was put in front, and in whichever language. */
static struct slice bare_subject(struct slice s)
{
    static const char *const marks[] = { "re:", "回复:", "回复：", "回覆:", "回覆：", "答复:", "答复：", "aw:", "sv:", "antw:" };
    bool again = true;

    s = mail_trimmed(s);
    while (again) {
        again = false;
        for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
            size_t n = strlen(marks[i]);

            if (s.n >= n && strncasecmp(s.p, marks[i], n) == 0) {
                s = mail_trimmed((struct slice){ s.p + n, s.n - n });
                again = true;
            }
        }
    }
    return s;
}

static void write_subject(struct writing *w)
{
    struct slice about = bare_subject(w->subject);
    const char *text;

    if (w->answered.n && about.n)
        text = arena_printf(w->a, "Re: %.*s", (int)about.n, about.p);
    else if (about.n)
        text = arena_text(w->a, about);
    else
        text = arena_text(w->a, w->m->subject.n ? w->m->subject : w->m->name.n ? w->m->name : w->m->address);
    if (text)
        mail_write_words(&w->b, "Subject", slice_of(text));
    else
        w->b.failed = true;
}

static struct slice our_name(const struct writing *w)
{
    const struct actor *who = &w->e->message.from;

    return who->role == ROLE_AGENT && who->name && *who->name ? slice_of(who->name) : w->m->name;
}

/* Machines on the other side shall know that one has spoken, and people how to be rid of it. */
static void write_automatic(struct writing *w)
{
    const struct mail *m = w->m;

    if (w->e->message.from.role == ROLE_AGENT)
        return;
    buf_str(&w->b, "Auto-Submitted: auto-replied\r\nX-Auto-Response-Suppress: All\r\n");
    buf_printf(&w->b, "List-Id: <%.*s.%.*s>\r\n", (int)m->local.n, m->local.p, (int)m->domain.n, m->domain.p);
    buf_printf(&w->b, "List-Unsubscribe:\r\n <mailto:%.*s+%.*s@%.*s>\r\n", (int)m->local.n, m->local.p, (int)w->unsubscribe.n,
               w->unsubscribe.p, (int)m->domain.n, m->domain.p);
}

static void write_head(struct writing *w)
{
    mail_write_date(&w->b, w->env->now_ms);
    mail_write_address(&w->b, "From", our_name(w), w->from);
    mail_write_address(&w->b, "To", SLICE(""), w->to);
    buf_printf(&w->b, "Reply-To:\r\n <%.*s+%.*s@%.*s>\r\n", (int)w->local.n, w->local.p, (int)w->token.n, w->token.p, (int)w->domain.n,
               w->domain.p);
    write_subject(w);
    mail_write_ids(&w->b, "Message-ID", &w->id, 1);
    if (w->answered.n)
        mail_write_ids(&w->b, "In-Reply-To", &w->answered, 1);
    mail_write_ids(&w->b, "References", w->refs, w->n_refs);
    write_automatic(w);
    buf_str(&w->b, "MIME-Version: 1.0\r\n");
}

/* ---- body ----------------------------------------------------------------------------------------------------------------------- */

static void write_text(struct writing *w, struct slice text)
{
    buf_str(&w->b, "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n");
    mail_write_quoted_printable(&w->b, text);
}

static bool is_mime_type(const char *s)
{
    size_t slashes = 0, n = 0;

    for (; s && s[n]; n++) {
        slashes += s[n] == '/';
        if (s[n] <= ' ' || s[n] > 0x7e || strchr("()<>@,;:\\\"[]?=", s[n]))
            return false;
    }
    return n && n < 100 && slashes == 1;
}

static void write_with_file(struct writing *w)
{
    char boundary[KF_ID_TEXT + 8];
    const struct errand *e = w->e;
    char conv[KF_ID_TEXT];

    (void)snprintf(boundary, sizeof(boundary), "kefud=_%.24s", id_text(&e->conv, conv)); /* "=_" stands in no encoded text */
    buf_printf(&w->b, "Content-Type: multipart/mixed; boundary=\"%s\"\r\n\r\n", boundary);
    if (e->message.text.n) {
        buf_printf(&w->b, "--%s\r\n", boundary);
        write_text(w, e->message.text);
    }
    buf_printf(&w->b, "--%s\r\nContent-Type: %s\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment", boundary,
               is_mime_type(e->file_mime) ? e->file_mime : "application/octet-stream");
    mail_write_file_name(&w->b, e->file_name && *e->file_name ? slice_of(e->file_name) : SLICE("file"));
    buf_str(&w->b, "\r\n\r\n");
    mail_write_base64(&w->b, e->file);
    buf_printf(&w->b, "--%s--\r\n", boundary);
}

/* A file that is too large to go along is named, with its address. */
static struct slice text_with_address(struct writing *w)
{
    const struct errand *e = w->e;
    const char *text;

    if (!e->file_url)
        return e->message.text;
    text = arena_printf(w->a, "%.*s%s%s%s%s", (int)e->message.text.n, e->message.text.n ? e->message.text.p : "",
                        e->message.text.n ? "\n\n" : "", e->file_name ? e->file_name : "", e->file_name ? "\n" : "", e->file_url);
    w->b.failed |= !text;
    return slice_of(text);
}

static void write_body(struct writing *w)
{
    const struct errand *e = w->e;

    if (e->file.p && (int64_t)e->file.n <= w->m->attach_max)
        write_with_file(w);
    else
        write_text(w, text_with_address(w));
}

/* ---- all of it ------------------------------------------------------------------------------------------------------------------ */

static enum kf_rc finish(struct writing *w, struct http_req *ret)
{
    struct smtp_envelope *envelope = ARENA_NEW(w->a, struct smtp_envelope);
    const char *to = arena_text(w->a, w->to);
    struct slice body = buf_copy(&w->b, w->a);

    buf_finish(&w->b);
    if (!envelope || !to || !body.p)
        return KF_NOMEM;
    *envelope = (struct smtp_envelope){
        .from = w->m->bounce.p, .to = to, .user = w->m->relay_user, .password = w->m->relay_password, .plain = !w->m->relay_tls
    };
    *ret = (struct http_req){ .method = "POST", .url = w->m->relay, .body = body, .smtp = envelope, .timeout_ms = w->m->relay_wait_ms };
    return KF_OK;
}

static enum kf_rc begin(struct writing *w)
{
    w->to = slice_of(w->e->user);
    if (!read_handle(w))
        return KF_NOMEM;
    if (!deliverable(w->to))
        return KF_UNSUPPORTED;
    if (w->to_machine && w->e->message.from.role != ROLE_AGENT)
        return KF_REJECTED; /* two machines would write to each other for ever */
    return write_names(w, is_detour(w)) ? KF_OK : KF_INVALID;
}

enum kf_rc mail_encode(const struct channel *ch, struct arena *a, const struct errand *e, const struct env *env, struct http_req *ret)
{
    struct writing w = { .m = mail_of(ch), .a = a, .e = e, .env = env };
    enum kf_rc rc;

    if (env->answering || e->kind != ERRAND_SEND || (!e->message.text.n && !e->file.p && !e->file_url))
        return KF_UNSUPPORTED;
    rc = begin(&w);
    if (rc)
        return rc;
    buf_init(&w.b, HEAD_MAX + e->message.text.n * 4 + e->file.n / 3 * 5 + 4096);
    write_head(&w);
    write_body(&w);
    return finish(&w, ret);
}

/* ---- the relay's reply ---------------------------------------------------------------------------------------------------------- */

/* "550 5.1.1 …": class, subject and detail; false if there are none. */
static bool enhanced(struct slice text, int ret[3])
{
    size_t i = 4;

    for (int k = 0; k < 3; k++) {
        int v = 0, digits = 0;

        for (; i < text.n && text.p[i] >= '0' && text.p[i] <= '9' && digits < 3; i++, digits++)
            v = v * 10 + text.p[i] - '0';
        if (!digits || (k < 2 && (i >= text.n || text.p[i] != '.')))
            return false;
        ret[k] = v;
        i++;
    }
    return true;
}

static enum outcome_class class_of_reply(int code, struct slice text)
{
    int status[3] = { 0 };
    bool known = enhanced(text, status);

    if (code < 400)
        return OUTCOME_SENT;
    if (code < 500)
        return OUTCOME_RETRY;
    if (code == 530 || code == 534 || code == 535 || code == 538)
        return OUTCOME_AUTH;
    if (code == 551 || code == 553 || (known && status[1] == 1 && status[2] != 7 && status[2] != 8)) /* those are about us, who send */
        return OUTCOME_NO_SUCH_USER;
    if (known && status[1] == 7)
        return OUTCOME_REJECTED;
    if (known && status[1] == 2 && status[2] == 2)
        return OUTCOME_RETRY; /* the mailbox is full */
    if (code == 523 || (known && status[1] == 3 && status[2] == 4))
        return OUTCOME_TOO_LARGE;
    return OUTCOME_FATAL;
}

/* The words of all lines of the reply, without the codes in front. */
static struct slice reply_words(struct arena *a, struct slice text)
{
    struct slice utf8 = text.n > 4 ? mail_utf8(a, (struct slice){ text.p + 4, text.n - 4 }, SLICE("utf-8")) : SLICE("");

    return utf8_cut(utf8.p ? mail_trimmed(utf8) : SLICE(""), REPLY_WORDS);
}

enum kf_rc mail_settle(const struct channel *ch, struct arena *a, const struct errand *e, const struct http_resp *resp, struct outcome *ret)
{
    struct env env = { .now_ms = 0 };
    struct writing w = { .m = mail_of(ch), .a = a, .e = e, .env = &env };

    if (!resp->status) {
        *ret = (struct outcome){ .cls = resp->sent ? OUTCOME_UNCERTAIN : OUTCOME_RETRY,
                                 .text = slice_of(resp->failure ? resp->failure : "no answer") };
        return KF_OK;
    }
    *ret = (struct outcome){ .cls = class_of_reply(resp->status, resp->body) };
    if (ret->cls != OUTCOME_SENT) {
        ret->code = slice_of(arena_printf(a, "%d", resp->status));
        ret->text = reply_words(a, resp->body);
    } else if (begin(&w) == KF_OK)
        ret->ref = w.id;
    return KF_OK;
}

/* ---- setting up ------------------------------------------------------------------------------------------------------------------ */

enum kf_rc mail_meet(const struct channel *ch, struct arena *a, const struct env *env, const char *hook, bool tell,
                     const struct http_resp *last, struct http_req *ret, struct kf_err *why)
{
    const struct mail *m = mail_of(ch);
    struct smtp_envelope *envelope;
    struct slice words;

    (void)env;
    (void)hook;
    (void)tell; /* where mail is brought to is not the relay's to know */
    if (!last) {
        envelope = ARENA_NEW(a, struct smtp_envelope);
        if (!envelope)
            return KF_NOMEM;
        *envelope = (struct smtp_envelope){ .user = m->relay_user, .password = m->relay_password, .plain = !m->relay_tls };
        *ret = (struct http_req){ .method = "POST", .url = m->relay, .smtp = envelope, .timeout_ms = MEET_MS };
        return KF_AGAIN;
    }
    if (!last->status)
        return kf_fail(why, KF_IO, "no answer from the relay: %s", last->failure ? last->failure : "");
    words = reply_words(a, last->body);
    words.n = words.n < 200 ? words.n : 200;
    if (class_of_reply(last->status, last->body) == OUTCOME_AUTH)
        return kf_fail(why, KF_AUTH, "the relay does not let us in: %d %.*s", last->status, (int)words.n, words.n ? words.p : "");
    if (last->status >= 400)
        return kf_fail(why, KF_REJECTED, "the relay says: %d %.*s", last->status, (int)words.n, words.n ? words.p : "");
    return kf_fail(why, KF_OK, m->relay_user ? "the relay lets us in as %s" : "the relay is there%s", m->relay_user ? m->relay_user : "");
}
