/* mail_in.c: what a mail means: a message of somebody, the fate of one of ours, a wish to hear nothing. */
#define _GNU_SOURCE /* memmem */
#include "core/utf8.h"
#include "protocols/mail_impl.h"
#include "protocols/sign.h"
#include "protocols/stamp.h"

#include <strings.h>

#define ID_MAX      255
#define REFS_KEPT   19    /* and the mail itself: 20 */
#define TEXT_MAX    10000 /* code points; what is longer is a file beside it */
#define QUOTED_MAX  4000
#define SUBJECT_MAX 300
#define FILES_MAX   20
#define NAMES_MAX   400 /* of the files beyond them */
#define RAW_MAX     (256u << 10)
#define SKEW_MS     (7 * 86400000LL)

struct reading {
    const struct mail *m;
    struct arena *a;
    const struct env *env;
    struct mail_brought b;
    struct slice body; /* of the request */
    struct slice refs[MAIL_IDS_MAX];
    size_t n_refs;
    struct slice reply_to, id, tag; /* In-Reply-To, Message-ID, what follows the + */
    struct slice to;                /* which of its addresses it was written to; "" not told */
    bool mine;                      /* is it for this channel at all? */
    bool named;                     /* and by one of its own addresses */
    struct slice others[MAIL_RECIPIENTS_MAX];
    size_t n_others;
    struct slice subject;
    struct mail_token token;
    bool has_token;
    struct inbound in;
    bool failed;
};

static struct slice header(const struct reading *r, const char *name)
{
    return http_header(r->b.letter.headers, r->b.letter.n_headers, name);
}

static struct slice checked(struct reading *r, struct slice s)
{
    r->failed |= !s.p;
    return s;
}

static struct slice printed(struct reading *r, char *text)
{
    r->failed |= !text;
    return slice_of(text);
}

/* ---- who, whom ------------------------------------------------------------------------------------------------------------------ */

struct slice mail_lower(struct arena *a, struct slice s)
{
    struct slice ret = arena_copy(a, s);

    for (size_t i = 0; ret.p && i < ret.n; i++)
        if (ret.p[i] >= 'A' && ret.p[i] <= 'Z')
            ((char *)(uintptr_t)ret.p)[i] = (char)(ret.p[i] + 32);
    return ret;
}

static bool is_bounce(const struct mail *m, struct slice account)
{
    return account.n == m->bounce.n && account.n && strncasecmp(account.p, m->bounce.p, account.n) == 0;
}

enum channel_taking mail_taking(const struct channel *ch, struct slice address)
{
    const struct mail *m = mail_of(ch);
    const char *at = address.n ? memchr(address.p, '@', address.n) : NULL;
    enum channel_taking ret = is_bounce(m, address) ? TAKES_NAMED : TAKES_NOT;

    for (size_t i = 0; at && i < m->n_aliases && ret != TAKES_NAMED; i++) {
        struct slice one = m->aliases[i], domain = { at, address.n - (size_t)(at - address.p) };

        if (slice_eq(one, address))
            ret = TAKES_NAMED;
        else if (one.p[0] == '*' && slice_eq((struct slice){ one.p + 1, one.n - 1 }, domain))
            ret = TAKES_ALL;
    }
    return ret;
}

/* Of "Support+tag@in.example" the account is "support@in.example", and then there is a tag. */
static struct slice account_of(struct reading *r, struct slice recipient, struct slice *tag)
{
    struct mail_address to;
    struct slice account;
    const char *at, *plus;

    *tag = SLICE("");
    if (mail_addresses(r->a, recipient, &to, 1) == 1)
        recipient = to.address;
    if (!utf8_valid(recipient) || !recipient.n || recipient.n > ID_MAX)
        return SLICE("unknown@invalid");
    at = memchr(recipient.p, '@', recipient.n);
    plus = at ? memchr(recipient.p, '+', (size_t)(at - recipient.p)) : NULL;
    account = recipient;
    if (plus) {
        *tag = checked(r, arena_copy(r->a, (struct slice){ plus + 1, (size_t)(at - plus) - 1 }));
        account = printed(
            r, arena_printf(r->a, "%.*s%.*s", (int)(plus - recipient.p), recipient.p, (int)(recipient.n - (size_t)(at - recipient.p)), at));
    }
    return checked(r, mail_lower(r->a, account));
}

/* Mail to the address, and what comes back to the sender of the envelope. */
static bool is_own(const struct mail *m, struct slice account)
{
    return slice_eq(account, m->account) || is_bounce(m, account);
}

/* Nobody says whom the envelope named: it is this channel's hook, and a header may still say which answer it is. */
static void guess_recipient(struct reading *r)
{
    struct mail_address all[MAIL_RECIPIENTS_MAX];
    size_t n = mail_addresses(r->a, r->b.to, all, MAIL_RECIPIENTS_MAX);

    r->failed |= n == SIZE_MAX;
    for (size_t i = 0; n != SIZE_MAX && i < n && !r->tag.n; i++) {
        struct slice tag, account = account_of(r, all[i].address, &tag);

        if (is_own(r->m, account) || mail_taking((const void *)r->m, account))
            r->tag = tag;
    }
    r->mine = true;
}

/* Whom the envelope names. What is for `wanted`, or for this channel's own address where nothing is wanted, is read; of others their accounts
 * are told, for whoever has them. */
static void read_recipients(struct reading *r, struct slice wanted)
{
    for (size_t i = 0; i < r->b.n_recipients; i++) {
        struct slice tag, account = account_of(r, r->b.recipients[i], &tag);
        bool known = false;

        if (wanted.n ? slice_eq(account, wanted) : is_own(r->m, account)) {
            r->mine = true;
            r->named |= is_own(r->m, account) || mail_taking((const void *)r->m, account) == TAKES_NAMED;
            if (mail_taking((const void *)r->m, account)) /* else it is `address`, or nobody's, and none to answer from */
                r->to = account;
            if (!r->tag.n)
                r->tag = tag;
            continue;
        }
        for (size_t k = 0; k < r->n_others; k++)
            known |= slice_eq(r->others[k], account);
        if (!known)
            r->others[r->n_others++] = account;
    }
    if (!r->b.n_recipients)
        guess_recipient(r);
    if (r->b.hash.n && r->mine)
        r->tag = r->b.hash;
    r->in.account = r->m->account;
}

static void read_sender(struct reading *r)
{
    struct mail_address from = { .name = SLICE("") };
    size_t n = mail_addresses(r->a, r->b.from, &from, 1);

    if (n == 0)
        n = mail_addresses(r->a, r->b.sender, &from, 1);
    r->failed |= n == SIZE_MAX;
    if (n != 1)
        from = (struct mail_address){ .name = SLICE(""), .address = SLICE("unknown@invalid") };
    r->in.user = from.address;
    r->in.user_name = from.name.n ? utf8_cut(from.name, 100) : from.address;
}

/* ---- which one, and where it belongs ---------------------------------------------------------------------------------------- */

static struct slice hash_of(struct reading *r)
{
    const struct slice parts[] = { r->in.user,  SLICE("\n"),      r->b.subject, SLICE("\n"),     header(r, "date"),
                                   SLICE("\n"), r->b.letter.text, SLICE("\n"),  r->b.letter.html };
    uint8_t digest[SIGN_SHA256];
    struct slice ret;
    struct buf hex;

    buf_init(&hex, 128);
    buf_str(&hex, "sha256:");
    if (sign_sha256(parts, sizeof(parts) / sizeof(parts[0]), digest))
        sign_hex(&hex, digest, sizeof(digest));
    else
        r->failed = true;
    ret = checked(r, arena_copy(r->a, buf_slice(&hex)));
    buf_finish(&hex);
    return ret;
}

static void read_ids(struct reading *r)
{
    struct slice id;

    r->n_refs = mail_ids(header(r, "references"), r->refs, MAIL_IDS_MAX);
    if (mail_ids(header(r, "in-reply-to"), &id, 1))
        r->reply_to = id;
    else if (r->n_refs)
        r->reply_to = r->refs[r->n_refs - 1];
    r->id = mail_ids(header(r, "message-id"), &id, 1) ? id : hash_of(r);
}

/* It was written to other addresses, too, and one of them has a token of ours: an answer to all. The conversation that it names gets it there,
 * and does not get it here once more; nor does it begin another here. */
static bool answers_elsewhere(struct reading *r)
{
    const struct slice lists[] = { r->b.to, header(r, "cc") };
    struct mail_address all[MAIL_RECIPIENTS_MAX];
    struct mail_token ignored;

    for (size_t k = 0; r->named && k < sizeof(lists) / sizeof(lists[0]); k++) {
        size_t n = mail_addresses(r->a, lists[k], all, MAIL_RECIPIENTS_MAX);

        r->failed |= n == SIZE_MAX;
        for (size_t i = 0; n != SIZE_MAX && i < n; i++) {
            struct slice tag, account = account_of(r, all[i].address, &tag);

            if (tag.n && !is_own(r->m, account) && mail_taking((const void *)r->m, account) != TAKES_NAMED &&
                mail_token_read(r->m, tag, &ignored))
                return true;
        }
    }
    return false;
}

/* Our token: in the address it was written to, else in any of the mails of its thread, the last one first, else in that which it answers. */
static void read_token(struct reading *r)
{
    r->has_token = mail_token_read(r->m, r->tag, &r->token);
    if (!r->has_token && answers_elsewhere(r))
        return;
    for (size_t i = r->n_refs; !r->has_token && i > 0; i--)
        r->has_token = mail_token_of_id(r->m, r->refs[i - 1], &r->token);
    if (!r->has_token)
        r->has_token = mail_token_of_id(r->m, r->reply_to, &r->token);
}

/* The exchange: what the token says; else the thread of that sender. */
static void read_peer(struct reading *r)
{
    struct slice root = r->n_refs ? r->refs[0] : r->reply_to.n ? r->reply_to : r->id;
    const struct slice parts[] = { SLICE("kefud mail thread\n"), root, SLICE("\n"), r->in.user };
    uint8_t digest[SIGN_SHA256], seen[2];
    char text[MAIL_PEER_TEXT];

    if (r->has_token && r->token.is_conv) {
        r->in.conversation = r->token.conv;
        r->in.proven = true;
    }
    if (r->has_token && !r->token.is_conv) {
        mail_peer_text(r->token.peer, text);
        r->in.peer = checked(r, arena_copy(r->a, slice_of(text)));
    } else if (sign_hmac_sha256(r->m->token_secret, parts, 4, digest)) {
        mail_peer_text(digest, text);
        r->in.peer = checked(r, arena_copy(r->a, slice_of(text)));
    } else
        r->failed = true;
    /* Somebody else has our answer, and writes into the talk: whoever reads it shall see that. */
    if (r->has_token && mail_address_digest(r->in.user, seen) && memcmp(seen, r->token.address, 2) != 0 &&
        !slice_eq(r->in.user_name, r->in.user))
        r->in.user_name =
            printed(r, arena_printf(r->a, "%.*s <%.*s>", (int)r->in.user_name.n, r->in.user_name.p, (int)r->in.user.n, r->in.user.p));
}

/* What its sender's clock says, if that may be so. */
static void read_time(struct reading *r)
{
    int64_t at, now = r->env->now_ms;

    if (!mail_date(header(r, "date"), &at))
        at = now;
    if (now > 0 && at > now + SKEW_MS)
        at = now + SKEW_MS;
    if (now > SKEW_MS && at < now - SKEW_MS)
        at = now - SKEW_MS;
    r->in.at = at;
}

static void dedupe(struct reading *r, const char *kind)
{
    r->in.dedupe = printed(r, arena_printf(r->a, "%s:%.*s:%.*s", kind, (int)r->in.account.n, r->in.account.p, (int)r->id.n, r->id.p));
}

/* ---- the text ------------------------------------------------------------------------------------------------------------------- */

static void read_text(struct reading *r)
{
    struct slice whole = r->b.letter.text, text = mail_trimmed(r->b.stripped), quoted = SLICE("");

    if (!mail_trimmed(whole).n && r->b.letter.html.n)
        whole = checked(r, mail_html_text(r->a, r->b.letter.html));
    if (!text.n)
        text = mail_unquoted(whole, &quoted);
    else
        (void)mail_unquoted(whole, &quoted);
    r->in.text = text;
    r->in.quoted = utf8_cut(quoted, QUOTED_MAX);
}

/* A thread that begins says what it is about. */
static void read_subject(struct reading *r)
{
    r->subject = utf8_cut(mail_trimmed(checked(r, mail_words(r->a, r->b.subject))), SUBJECT_MAX);
    if (!r->has_token && !r->reply_to.n)
        r->in.title = r->subject;
}

/* ---- files ---------------------------------------------------------------------------------------------------------------------- */

static enum inbound_type type_of(struct slice mime)
{
    if (slice_starts(mime, "image/"))
        return TYPE_IMAGE;
    if (slice_starts(mime, "audio/"))
        return TYPE_AUDIO;
    return slice_starts(mime, "video/") ? TYPE_VIDEO : TYPE_FILE;
}

/* No folders, no control characters: what is left of a hostile name is a name. */
static struct slice clean_name(struct reading *r, struct slice name)
{
    char *ret = arena_alloc(r->a, name.n + 1);
    size_t n = 0, i = 0;

    r->failed |= !ret;
    while (ret && i < name.n) {
        char utf8[4];
        uint32_t cp = utf8_next(name, &i);
        size_t k = utf8_put(utf8, cp);

        if (cp == '/' || cp == '\\')
            n = 0;
        else if (cp >= 0x20 && cp != 0x7f && cp != 0xfffd && n + k <= name.n) {
            memcpy(ret + n, utf8, k);
            n += k;
        }
    }
    return utf8_cut((struct slice){ ret ? ret : "", n }, 120);
}

/* Files that nobody will see: how many, and as many of their names as fit. */
static void say_left_out(struct reading *r, size_t from)
{
    const struct mail_letter *l = &r->b.letter;
    size_t n = l->n_parts - from + l->n_left_out;
    struct buf b;

    buf_init(&b, r->in.text.n + 8 * NAMES_MAX);
    buf_add(&b, r->in.text);
    buf_printf(&b, "%s[%zu more file%s left out: of one mail %d are kept", b.n ? "\n" : "", n, n == 1 ? " was" : "s were", FILES_MAX);
    for (size_t i = from, start = b.n; i < l->n_parts && b.n - start < NAMES_MAX; i++) {
        struct slice name = clean_name(r, l->parts[i].name);

        if (!name.n)
            continue;
        buf_str(&b, b.n == start ? ": " : ", ");
        buf_add(&b, name);
    }
    buf_char(&b, ']');
    r->in.text = checked(r, buf_copy(&b, r->a));
    buf_finish(&b);
}

/* Nothing can be shown of it: whoever wants to know what was meant may look at what came. */
static void read_nothing(struct reading *r)
{
    r->in.type = TYPE_UNSUPPORTED;
    r->in.raw = (struct slice){ r->body.p, r->body.n < RAW_MAX ? r->body.n : RAW_MAX };
}

static void read_files(struct reading *r)
{
    const struct mail_letter *l = &r->b.letter;
    bool long_text = utf8_cut(r->in.text, TEXT_MAX).n < r->in.text.n;
    struct media *all = arena_array(r->a, FILES_MAX + 1, sizeof(*all));
    size_t n = 0, i = 0;

    if (!all) {
        r->failed = true;
        return;
    }
    if (long_text)
        all[n++] = (struct media){
            .type = TYPE_FILE, .name = SLICE("message.txt"), .mime = SLICE("text/plain"), .bytes = r->in.text, .size = (int64_t)r->in.text.n
        };
    for (; i < l->n_parts && n < FILES_MAX; i++) {
        const struct mail_part *p = &l->parts[i];

        all[n++] = (struct media){
            .type = type_of(p->type), .name = clean_name(r, p->name), .mime = p->type, .bytes = p->bytes, .size = (int64_t)p->bytes.n
        };
        if (p->url.n) {
            all[n - 1].url = p->url;
            all[n - 1].size = p->size;
        }
    }
    if (long_text)
        r->in.text = utf8_cut(r->in.text, TEXT_MAX);
    if (i < l->n_parts || l->n_left_out)
        say_left_out(r, i);
    r->in.media = n ? all : NULL;
    r->in.n_media = n;
    if (!r->in.text.n && !r->in.title.n && n)
        r->in.type = all[0].type;
    if (!r->in.text.n && !r->in.title.n && !n)
        r->in.text = r->subject;
    if (!r->in.text.n && !r->in.title.n && !n)
        read_nothing(r);
}

/* ---- what an answer needs ------------------------------------------------------------------------------------------------------- */

static void add_id(struct buf *b, struct slice id)
{
    if (b->p[b->n - 1] != '[')
        buf_char(b, ',');
    buf_json(b, id);
}

/* Kept as the conversation's handle: what an answer answers, its thread, what it is about. */
static void write_handle(struct reading *r)
{
    size_t first = r->n_refs > REFS_KEPT ? r->n_refs - REFS_KEPT : 0;
    struct buf b;

    buf_init(&b, 65536);
    buf_str(&b, "{\"id\":");
    buf_json(&b, r->id.p[0] == '<' ? r->id : SLICE(""));
    buf_str(&b, ",\"refs\":[");
    if (!r->n_refs && r->reply_to.n)
        add_id(&b, r->reply_to);
    for (size_t i = first; i < r->n_refs; i++)
        add_id(&b, r->refs[i]);
    buf_str(&b, "],\"subject\":");
    buf_json(&b, r->subject);
    if (r->in.automatic)
        buf_str(&b, ",\"auto\":true");
    if (r->to.n && !is_own(r->m, r->to)) {
        buf_str(&b, ",\"to\":");
        buf_json(&b, r->to);
    }
    buf_char(&b, '}');
    r->in.reply_token = checked(r, buf_copy(&b, r->a));
    buf_finish(&b);
}

static void write_profile(struct reading *r)
{
    struct buf b;

    if (slice_is(r->in.user, "unknown@invalid"))
        return;
    buf_init(&b, 4096);
    buf_str(&b, "{\"email\":");
    buf_json(&b, r->in.user);
    buf_char(&b, '}');
    r->in.profile = checked(r, buf_copy(&b, r->a));
    buf_finish(&b);
}

/* ---- bounces -------------------------------------------------------------------------------------------------------------------- */

/* One of our mails: its id is the state's. */
static bool is_ours(const struct reading *r, struct slice id)
{
    struct mail_token t;

    return mail_token_of_id(r->m, id, &t);
}

/* A mail of ours into a conversation of another channel says which message it is. */
static void read_place(struct reading *r, struct slice id)
{
    const char *conv = memchr(id.p, '.', id.n), *seq = conv ? memchr(conv + 1, '.', id.n - (size_t)(conv + 1 - id.p)) : NULL;
    const char *end = seq ? memchr(seq, '@', id.n - (size_t)(seq - id.p)) : NULL;
    struct mail_token t;

    r->in.conversation = (struct kf_id){ { 0 } };
    r->in.proven = false;
    if (!end || !mail_token_of_id(r->m, id, &t) || !t.is_conv ||
        !stamp_digits((struct slice){ seq + 1, (size_t)(end - seq) - 1 }, &r->in.seq))
        return;
    r->in.conversation = t.conv;
    r->in.proven = true;
}

/* The mail that came back, whole or its headers; else any id of ours that stands somewhere. */
static bool returned_id(struct reading *r, struct slice *ret)
{
    struct slice ids[MAIL_IDS_MAX];
    size_t n, body;

    for (size_t i = 0; i < r->b.letter.n_parts; i++) {
        const struct mail_part *p = &r->b.letter.parts[i];
        struct http_pair *headers;

        if (!slice_is(p->type, "message/rfc822") && !slice_is(p->type, "text/rfc822-headers"))
            continue;
        if (!mail_head_read(r->a, p->bytes, &headers, &n, &body)) {
            r->failed = true;
            return false;
        }
        if (mail_ids(http_header(headers, n, "message-id"), ret, 1) && is_ours(r, *ret))
            return true;
    }
    if (r->reply_to.n && is_ours(r, r->reply_to)) {
        *ret = r->reply_to;
        return true;
    }
    n = mail_ids(r->b.letter.text, ids, MAIL_IDS_MAX);
    for (size_t i = 0; i < n; i++)
        if (is_ours(r, ids[i])) {
            *ret = ids[i];
            return true;
        }
    return false;
}

/* The fields of the recipient: the second block of message/delivery-status, or the only one. */
static bool report_of(struct reading *r, const struct mail_part *p, struct http_pair **headers, size_t *n)
{
    struct slice rest = p->bytes;

    for (int i = 0; i < 8 && rest.n; i++) {
        size_t body = 0;

        if (!mail_head_read(r->a, rest, headers, n, &body)) {
            r->failed = true;
            return false;
        }
        if (http_header(*headers, *n, "action").p)
            return true;
        rest = (struct slice){ rest.p + body, rest.n - body };
    }
    return false;
}

static const struct mail_part *report_part(const struct reading *r)
{
    for (size_t i = 0; i < r->b.letter.n_parts; i++)
        if (slice_is(r->b.letter.parts[i].type, "message/delivery-status"))
            return &r->b.letter.parts[i];
    return NULL;
}

/* True: it is a report about one of ours; `in` is that, or *silent: nothing that anybody has to know. */
static bool read_report(struct reading *r, bool *silent)
{
    const struct mail_part *p = report_part(r);
    struct http_pair *headers;
    struct slice id, action, to;
    struct mail_address whom;
    size_t n;

    if (!p || !returned_id(r, &id) || !report_of(r, p, &headers, &n))
        return false;
    action = checked(r, mail_value(r->a, http_header(headers, n, "action")));
    r->in.kind = INBOUND_STATUS;
    read_place(r, id);
    r->in.ref = checked(r, arena_copy(r->a, id));
    r->in.code = checked(r, mail_value(r->a, http_header(headers, n, "status")));
    r->in.reason = utf8_cut(checked(r, mail_words(r->a, http_header(headers, n, "diagnostic-code"))), SUBJECT_MAX);
    if (!r->in.reason.n)
        r->in.reason = r->in.code;
    to = http_header(headers, n, "final-recipient");
    if (to.n && memchr(to.p, ';', to.n)) {
        const char *semicolon = memchr(to.p, ';', to.n);

        if (mail_addresses(r->a, (struct slice){ semicolon + 1, to.n - (size_t)(semicolon + 1 - to.p) }, &whom, 1) == 1)
            r->in.user = whom.address;
    }
    r->in.delivery = slice_is(action, "failed") ? DELIVERY_FAILED : slice_is(action, "delivered") ? DELIVERY_DELIVERED : DELIVERY_NONE;
    *silent = r->in.delivery == DELIVERY_NONE; /* delayed: the relay goes on trying */
    dedupe(r, "report");
    return true;
}

/* ---- all of it ------------------------------------------------------------------------------------------------------------------ */

/* Our own mail, come back by a list or a forwarder. */
static bool is_echo(const struct reading *r)
{
    return is_ours(r, r->id) || (r->in.user.n == r->m->address.n && strncasecmp(r->in.user.p, r->m->address.p, r->in.user.n) == 0);
}

/* Mailgun signs a token and not the mail: who has seen one could send anything under it. It is good for the mail with which it came. */
static void read_once(struct reading *r)
{
    if (!r->b.token.n)
        return;
    r->in.once = r->b.token;
    r->in.once_for = checked(r, arena_copy(r->a, r->id));
}

/* False: nothing happened that anybody has to know. */
static bool read_letter(struct reading *r)
{
    bool silent = false;

    read_sender(r);
    read_ids(r);
    read_token(r);
    read_once(r);
    read_time(r);
    read_peer(r);
    r->in.automatic =
        r->b.bounced_path || mail_is_daemon(r->a, r->b.sender) || mail_is_automatic(r->a, r->b.letter.headers, r->b.letter.n_headers);
    if (read_report(r, &silent))
        return !silent;
    if (is_echo(r))
        return false;
    if (r->has_token && r->token.unsubscribe) {
        r->in.kind = INBOUND_OPTOUT;
        dedupe(r, "optout");
        return true;
    }
    r->in.kind = INBOUND_MESSAGE;
    r->in.id = checked(r, arena_copy(r->a, r->id));
    r->in.ref = checked(r, arena_copy(r->a, r->reply_to));
    r->in.thread = r->tag.n ? r->tag : r->n_refs ? r->refs[0] : SLICE("");
    dedupe(r, "message");
    read_subject(r);
    read_text(r);
    read_files(r);
    write_handle(r);
    write_profile(r);
    return true;
}

static void refuse(const struct mail *m, struct received *ret, const char *reason)
{
    int status = strcmp(reason, "malformed_body") == 0 ? 400 : m->provider == MAIL_MAILGUN ? 406 : 401;

    *ret = (struct received){ .status = status, .type = "text/plain", .body = slice_of(reason), .refused = reason };
}

/* What was read, and of the others only that they were named: who has such an account reads the mail with its own secret. */
static enum kf_rc tell(struct reading *r, bool others, struct received *ret)
{
    struct inbound *all = arena_array(r->a, r->n_others + 1, sizeof(*all));

    if (!all)
        return KF_NOMEM;
    if (r->mine && read_letter(r))
        all[ret->n++] = r->in;
    for (size_t i = 0; others && i < r->n_others; i++)
        all[ret->n++] = (struct inbound){ .kind = INBOUND_MESSAGE, .account = r->others[i] };
    ret->inbound = all;
    return r->failed ? KF_NOMEM : KF_OK;
}

enum kf_rc mail_receive_for(const struct channel *ch, const struct channel *believed, struct slice account, struct arena *a,
                            const struct http_req *req, const struct env *env, struct received *ret)
{
    struct reading *r = ARENA_NEW(a, struct reading);
    const char *refused = NULL;
    enum kf_rc rc;

    if (!r)
        return KF_NOMEM;
    r->m = mail_of(ch);
    r->a = a;
    r->env = env;
    r->body = req->body;
    r->to = r->tag = SLICE("");
    *ret = (struct received){ .status = 200 };
    if (strcmp(req->method, "POST") != 0) {
        *ret = (struct received){ .status = 405, .type = "text/plain", .body = SLICE("wrong_method"), .refused = "wrong_method" };
        return KF_OK;
    }
    rc = mail_bring(mail_of(believed), a, req, env->now_ms, &r->b, &refused);
    if (rc)
        return rc;
    if (refused) {
        refuse(r->m, ret, refused);
        return KF_OK;
    }
    read_recipients(r, account);
    return tell(r, !account.n, ret);
}

enum kf_rc mail_receive(const struct channel *ch, struct arena *a, const struct http_req *req, const struct env *env, struct received *ret)
{
    return mail_receive_for(ch, ch, SLICE(""), a, req, env, ret);
}
