/* Mail: the vectors, then what they do not say: threads, tokens, bounces, hostile forms, and what we write. */
#include "channel_bench.h"
#include "channel_vectors.h"

#include "core/utf8.h"
#include "protocols/mail_impl.h"

#include <stdio.h>
#include <stdlib.h>

#define TOKEN_SECRET "a-token-secret-of-tests"
#define COMMON                                                                                        \
    "\"address\":\"support@in.kefud.example\",\"name\":\"小林家居\",\"token_secret\":\"" TOKEN_SECRET \
    "\",\"relay\":\"smtp://relay.example:587\","                                                      \
    "\"relay_user\":\"u\",\"relay_password\":\"p\""

static void settings_of(const json_t *inputs, struct buf *b)
{
    const char *provider = v_text(inputs, "provider");

    buf_str(b, "{" COMMON ",\"provider\":");
    buf_json(b, slice_of(provider ? provider : "mailgun"));
    if (!provider || !strcmp(provider, "mailgun")) {
        buf_str(b, ",\"signing_keys\":[");
        buf_json(b, v_get(inputs, "signing_key") ? v_slice(inputs, "signing_key") : SLICE("some-signing-key"));
        buf_char(b, ']');
    } else if (!strcmp(provider, "sendgrid")) {
        buf_str(b, ",\"public_keys\":[");
        buf_json(b, v_slice(inputs, "public_key_spki_b64"));
        buf_char(b, ']');
    } else {
        buf_str(b, ",\"user\":");
        buf_json(b, v_slice(inputs, "basic_user"));
        buf_str(b, ",\"password\":");
        buf_json(b, v_slice(inputs, "basic_password"));
    }
    buf_char(b, '}');
}

static bool member(const json_t *want, const char *name, const struct inbound *in)
{
    if (!strcmp(name, "subject")) {
        json_t *handle = json_loadb(in->reply_token.p, in->reply_token.n, 0, NULL);

        assert_string_equal(v_text(handle, "subject"), v_text(want, name));
        json_decref(handle);
        return true;
    }
    if (strcmp(name, "conversation_hint") != 0)
        return false;
    assert_true(slice_eq(in->thread, v_slice(want, name)));
    return true;
}

static void expect_mime(struct arena *a, const json_t *inputs, const json_t *expected)
{
    const json_t *to = v_get(expected, "to"), *refs = v_get(expected, "references"), *files = v_get(expected, "attachments");
    struct mail_address from, list[8];
    struct slice ids[8], id;
    struct mail_letter l;
    int64_t at = 0;

    assert_true(mail_mime(a, v_body(a, inputs), &l));
    assert_int_equal(mail_addresses(a, http_header(l.headers, l.n_headers, "from"), &from, 1), 1);
    assert_true(slice_eq(from.address, v_slice(expected, "from")));
    assert_int_equal(mail_addresses(a, http_header(l.headers, l.n_headers, "to"), list, 8), json_array_size(to));
    for (size_t i = 0; i < json_array_size(to); i++)
        assert_true(slice_is(list[i].address, json_string_value(json_array_get(to, i))));
    assert_true(slice_eq(mail_words(a, http_header(l.headers, l.n_headers, "subject")), v_slice(expected, "subject")));
    id = mail_ids(http_header(l.headers, l.n_headers, "message-id"), ids, 8) ? ids[0] : SLICE("");
    assert_true(slice_eq(id, v_slice(expected, "message_id")));
    id = mail_ids(http_header(l.headers, l.n_headers, "in-reply-to"), ids, 8) ? ids[0] : SLICE("");
    assert_true(slice_eq(id, v_slice(expected, "in_reply_to")));
    assert_int_equal(mail_ids(http_header(l.headers, l.n_headers, "references"), ids, 8), json_array_size(refs));
    for (size_t i = 0; i < json_array_size(refs); i++)
        assert_true(slice_is(ids[i], json_string_value(json_array_get(refs, i))));
    assert_int_equal(mail_date(http_header(l.headers, l.n_headers, "date"), &at), json_is_integer(v_get(expected, "ts_ms")));
    assert_int_equal(at, v_number(expected, "ts_ms"));
    assert_true(slice_eq(mail_trimmed(l.text), v_slice(expected, "text")));
    assert_int_equal(l.n_parts, json_array_size(files));
    for (size_t i = 0; i < l.n_parts; i++) {
        const json_t *want = json_array_get(files, i);
        uint8_t digest[SIGN_SHA256];

        assert_true(slice_eq(l.parts[i].name, v_slice(want, "name")));
        assert_true(slice_eq(l.parts[i].type, v_slice(want, "mime")));
        assert_int_equal(l.parts[i].bytes.n, v_number(want, "size"));
        assert_true(sign_sha256(&l.parts[i].bytes, 1, digest));
        assert_true(sign_equal_hex(v_slice(want, "sha256"), digest, sizeof(digest)));
    }
}

static void expect_class(const struct channel *ch, struct arena *a, const json_t *inputs, const json_t *expected)
{
    struct slice reply = v_slice(inputs, "smtp_reply");
    struct http_resp resp = { .status = atoi(reply.p), .body = reply };
    struct errand e = { .kind = ERRAND_SEND, .peer = "aaaaaaaaaaaaaaaa", .user = "eva@mail.example" };
    struct outcome out;

    assert_int_equal(mail_ops.settle(ch, a, &e, &resp, &out), KF_OK);
    assert_string_equal(outcome_name(out.cls), v_text(expected, "class"));
}

static void expect_automatic(struct arena *a, const json_t *inputs, const json_t *expected)
{
    const json_t *cases = v_get(inputs, "cases");

    for (size_t i = 0; i < json_array_size(cases); i++) {
        const json_t *headers = json_array_get(cases, i);
        struct http_pair all[8];
        size_t n = 0;

        for (; n < json_array_size(headers); n++)
            all[n] = (struct http_pair){ slice_of(json_string_value(json_array_get(json_array_get(headers, n), 0))),
                                         slice_of(json_string_value(json_array_get(json_array_get(headers, n), 1))) };
        assert_int_equal(mail_is_automatic(a, all, n), json_is_true(json_array_get(v_get(expected, "auto"), i)));
    }
}

/* What libcurl says to a relay (dots, signing in) is held against its vectors in tests/system/test_net_smtp.c. */
static bool own(const struct channel *ch, struct arena *a, const json_t *vector)
{
    const char *kind = v_text(vector, "kind");
    const json_t *inputs = v_get(vector, "inputs"), *expected = v_get(vector, "expected");

    if (!strcmp(kind, "mime"))
        expect_mime(a, inputs, expected);
    else if (!strcmp(kind, "outbound_error"))
        expect_class(ch, a, inputs, expected);
    else if (!strcmp(kind, "table"))
        expect_automatic(a, inputs, expected);
    else if (strcmp(kind, "smtp_data") != 0 && strcmp(kind, "derive") != 0)
        return false;
    return true;
}

static const struct vector_channel vectors = { .ops = &mail_ops, .settings = settings_of, .member = member, .own = own };

/* ---- what all of them need ---------------------------------------------------------------------------------------------------- */

#define SETTINGS "{" COMMON ",\"provider\":\"mailgun\",\"signing_keys\":[\"some-signing-key\"],\"attach_max\":1000}"

static int bench_setup(void **state)
{
    return bench_open(state, &mail_ops, SETTINGS, (struct env){ .now_ms = 1789990010000 });
}

static void expect(struct slice have, const char *want)
{
    if (!slice_is(have, want))
        fail_msg("\"%.*s\", expected \"%s\"", (int)have.n, have.p, want);
}

/* ---- tokens ---------------------------------------------------------------------------------------------------------------------- */

static void a_token_survives_any_case_and_no_change(void **state)
{
    struct bench *t = *state;
    const struct mail *m = mail_of(t->ch);
    struct mail_token in = { .peer = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 250 } },
                      conv = { .is_conv = true, .conv = { { 9, 8, 7 } }, .unsubscribe = true }, out;
    struct buf b;

    assert_true(mail_address_digest(SLICE("Eva@Mail.example"), in.address));
    buf_init(&b, 256);
    assert_true(mail_token_write(m, &in, &b));
    assert_int_equal(b.n, 32);
    assert_true(mail_token_read(m, buf_slice(&b), &out));
    assert_memory_equal(out.peer, in.peer, sizeof(in.peer));
    assert_false(out.is_conv || out.unsubscribe);
    for (size_t i = 0; i < b.n; i++) { /* each letter counts */
        char c = b.p[i];

        b.p[i] = c == 'a' ? 'b' : 'a';
        assert_false(mail_token_read(m, buf_slice(&b), &out));
        b.p[i] = (char)(c >= 'a' ? c - 32 : c);
    }
    assert_true(mail_token_read(m, buf_slice(&b), &out));
    buf_clear(&b);
    assert_true(mail_token_write(m, &conv, &b));
    assert_int_equal(b.n, 43);
    assert_true(mail_token_read(m, buf_slice(&b), &out));
    assert_true(out.is_conv && out.unsubscribe && id_eq(&out.conv, &conv.conv));
    assert_false(mail_token_read(m, SLICE("conv42"), &out));
    assert_false(mail_token_read(m, SLICE(""), &out));
    buf_finish(&b);
}

/* ---- out, and in again ----------------------------------------------------------------------------------------------------------- */

static struct errand an_errand(const char *text)
{
    return (struct errand){ .kind = ERRAND_SEND,
                            .conv = { { 1, 2, 3 } },
                            .seq = 7,
                            .peer = "aaaaaaaaaaaaaaaa",
                            .user = "eva@mail.example",
                            .handle = "{\"id\":\"<m1@mail.example>\",\"refs\":[\"<m0@mail.example>\"],\"subject\":\"RE: 回复：价格\"}",
                            .handle_left = -1,
                            .message = { .from = { .role = ROLE_AGENT, .name = "林小姐" }, .text = slice_of(text) } };
}

static struct http_req encoded(struct bench *t, const struct errand *e)
{
    struct http_req req;

    assert_int_equal(mail_ops.encode(t->ch, t->arena, e, &t->env, &req), KF_OK);
    assert_non_null(req.smtp);
    for (size_t i = 0, column = 0; i < req.body.n; i++) { /* CRLF and nothing else, plain bytes, short lines */
        column = req.body.p[i] == '\n' ? 0 : column + 1;
        assert_true(column <= 998);
        assert_true(req.body.p[i] != '\n' || (i && req.body.p[i - 1] == '\r'));
        assert_true(req.body.p[i] != '\r' || (i + 1 < req.body.n && req.body.p[i + 1] == '\n'));
        assert_true((unsigned char)req.body.p[i] < 0x7f);
    }
    return req;
}

static void what_we_write_can_be_read(void **state)
{
    static const char text[] =
        "您好！\r\n.\n..two\n=end of line \nFrom here\n\ttabs\nA very long line that goes on and on, so that it has to be "
        "wrapped somewhere, and once more, because seventy-six letters are few";
    struct bench *t = *state;
    struct errand e = an_errand(text);
    struct http_req req = encoded(t, &e);
    struct mail_letter l;
    struct mail_address a;
    struct slice ids[4];
    int64_t at;

    assert_string_equal(req.url, "smtp://relay.example:587/in.kefud.example");
    assert_string_equal(req.smtp->from, "support@in.kefud.example");
    assert_string_equal(req.smtp->to, "eva@mail.example");
    assert_false(req.smtp->plain);
    assert_true(mail_mime(t->arena, req.body, &l));
    expect(mail_trimmed(l.text),
           "您好！\n.\n..two\n=end of line \nFrom here\n\ttabs\nA very long line that goes on and on, so that it has to be "
           "wrapped somewhere, and once more, because seventy-six letters are few");
    expect(mail_words(t->arena, http_header(l.headers, l.n_headers, "subject")), "Re: 价格");
    assert_int_equal(mail_addresses(t->arena, http_header(l.headers, l.n_headers, "from"), &a, 1), 1);
    expect(a.name, "林小姐");
    expect(a.address, "support@in.kefud.example");
    assert_int_equal(mail_ids(http_header(l.headers, l.n_headers, "references"), ids, 4), 2);
    expect(ids[1], "<m1@mail.example>");
    assert_true(mail_date(http_header(l.headers, l.n_headers, "date"), &at));
    assert_int_equal(at, t->env.now_ms);
    assert_null(http_header(l.headers, l.n_headers, "auto-submitted").p);
}

static void the_same_message_has_the_same_id(void **state)
{
    struct bench *t = *state;
    struct errand e = an_errand("x");
    struct http_resp ok = { .status = 250, .body = SLICE("250 2.0.0 Ok") };
    struct slice first, second;
    struct outcome out;
    struct mail_letter l;

    assert_true(mail_mime(t->arena, encoded(t, &e).body, &l));
    first = http_header(l.headers, l.n_headers, "message-id");
    e.attempt = 3;
    t->env.now_ms += 100000;
    assert_true(mail_mime(t->arena, encoded(t, &e).body, &l));
    second = http_header(l.headers, l.n_headers, "message-id");
    assert_true(first.n && slice_eq(first, second));
    assert_int_equal(mail_ops.settle(t->ch, t->arena, &e, &ok, &out), KF_OK);
    assert_true(slice_eq(out.ref, first));
    e.seq = 8;
    assert_true(mail_mime(t->arena, encoded(t, &e).body, &l));
    assert_false(slice_eq(http_header(l.headers, l.n_headers, "message-id"), first));
}

static void headers_cannot_be_smuggled(void **state)
{
    struct bench *t = *state;
    struct errand e = an_errand("x");
    struct mail_letter l;

    e.message.from.name = "Eva\r\nBcc: b@x.example";
    e.handle = "{\"id\":\"<m1@mail.example>\",\"subject\":\"a\\r\\nBcc: c@x.example\"}";
    assert_true(mail_mime(t->arena, encoded(t, &e).body, &l));
    assert_null(http_header(l.headers, l.n_headers, "bcc").p);
    e.user = "eva@mail.example>\r\nRCPT TO:<x@y.example";
    assert_int_equal(mail_ops.encode(t->ch, t->arena, &e, &t->env, &(struct http_req){ .method = NULL }), KF_UNSUPPORTED);
}

static void a_file_goes_along_or_is_named(void **state)
{
    struct bench *t = *state;
    struct errand e = an_errand("");
    char large[2000] = { 0 };
    struct mail_letter l;

    e.message.kind = MESSAGE_FILE;
    e.file = SLICE("%PDF-1.4");
    e.file_name = "a very long name, in which there is everything: 报价单 \"2026\".pdf";
    e.file_mime = "application/pdf";
    e.file_url = "https://kefud.example/f";
    assert_true(mail_mime(t->arena, encoded(t, &e).body, &l));
    assert_int_equal(l.n_parts, 1);
    expect(l.parts[0].name, e.file_name);
    expect(l.parts[0].type, "application/pdf");
    expect(l.parts[0].bytes, "%PDF-1.4");
    e.message.text = SLICE("beside it");
    e.file_mime = "text/html\r\nX: y";
    assert_true(mail_mime(t->arena, encoded(t, &e).body, &l));
    expect(l.text, "beside it");
    expect(l.parts[0].type, "application/octet-stream");
    e.file = (struct slice){ large, sizeof(large) }; /* attach_max is 1000 */
    assert_true(mail_mime(t->arena, encoded(t, &e).body, &l));
    assert_int_equal(l.n_parts, 0);
    assert_non_null(strstr(arena_text(t->arena, l.text), "https://kefud.example/f"));
}

static void machines_say_what_they_are(void **state)
{
    struct bench *t = *state;
    struct errand e = an_errand("greetings");
    struct mail_letter l;

    e.message.from = (struct actor){ .role = ROLE_SYSTEM };
    assert_true(mail_mime(t->arena, encoded(t, &e).body, &l));
    expect(http_header(l.headers, l.n_headers, "auto-submitted"), "auto-replied");
    assert_true(http_header(l.headers, l.n_headers, "list-unsubscribe").n > 0);
    assert_true(mail_is_automatic(t->arena, l.headers, l.n_headers));
    e.handle = "{\"id\":\"<m1@mail.example>\",\"auto\":true}";
    assert_int_equal(mail_ops.encode(t->ch, t->arena, &e, &t->env, &(struct http_req){ .method = NULL }), KF_REJECTED);
    e.message.from.role = ROLE_AGENT;
    (void)encoded(t, &e);
}

/* A mail in Mailgun's form, signed; `fields`: the rest of it. */
static struct received brought_with(struct bench *t, const char *recipient, const char *fields)
{
    static const struct http_pair type[] = { { SLICE("Content-Type"), SLICE("application/x-www-form-urlencoded") } };
    const struct slice parts[] = { SLICE("1789990006"), SLICE("token") };
    struct http_req req = { .method = "POST", .headers = type, .n_headers = 1 };
    uint8_t digest[SIGN_SHA256];
    struct received ret;
    struct buf b;

    assert_true(sign_hmac_sha256(SLICE("some-signing-key"), parts, 2, digest));
    buf_init(&b, 1u << 20);
    buf_str(&b, "timestamp=1789990006&token=token&signature=");
    sign_hex(&b, digest, sizeof(digest));
    buf_str(&b, "&recipient=");
    url_escape(&b, slice_of(recipient));
    buf_char(&b, '&');
    buf_str(&b, fields);
    req.body = arena_copy(t->arena, buf_slice(&b));
    buf_finish(&b);
    assert_int_equal(mail_ops.receive(t->ch, t->arena, &req, &t->env, &ret), KF_OK);
    assert_int_equal(ret.status, 200);
    return ret;
}

static struct received brought(struct bench *t, const char *recipient, const char *raw)
{
    struct received ret;
    struct buf b;

    buf_init(&b, 1u << 20);
    buf_str(&b, "body-mime=");
    url_escape(&b, slice_of(raw));
    ret = brought_with(t, recipient, arena_text(t->arena, buf_slice(&b)));
    buf_finish(&b);
    return ret;
}

static const char *header_line(struct bench *t, struct slice mail, const char *name)
{
    struct mail_letter l;
    struct slice v;

    assert_true(mail_mime(t->arena, mail, &l));
    v = http_header(l.headers, l.n_headers, name);
    return arena_text(t->arena, v);
}

/* An answer to what we sent comes back to where it was said, by the address, by the thread, and from whomever. */
static void an_answer_finds_its_conversation(void **state)
{
    struct bench *t = *state;
    struct errand e = an_errand("x");
    struct slice mail = encoded(t, &e).body;
    struct mail_address reply_to;
    const char *id = header_line(t, mail, "message-id");
    struct received got;

    assert_int_equal(mail_addresses(t->arena, slice_of(header_line(t, mail, "reply-to")), &reply_to, 1), 1);
    got = brought(t, reply_to.address.p, "From: Eva <eva@mail.example>\nMessage-ID: <r1@mail.example>\n\nyes");
    expect(got.inbound->peer, "aaaaaaaaaaaaaaaa");
    expect(got.inbound->user_name, "Eva");
    expect(got.inbound->account, "support@in.kefud.example");
    got = brought(t, "support@in.kefud.example",
                  arena_printf(t->arena, "From: Eva <eva@mail.example>\nReferences: <x@y> %s <z@y>\n\nyes", id));
    expect(got.inbound->peer, "aaaaaaaaaaaaaaaa");
    /* Of two of ours in one thread the newest of its References counts, whatever else it says that it answers. */
    e.peer = "bbbbbbbbbbbbbbbb";
    got = brought(t, "support@in.kefud.example",
                  arena_printf(t->arena, "From: Eva <eva@mail.example>\nReferences: %s <z@y>\nIn-Reply-To: %s\n\nyes", id,
                               header_line(t, encoded(t, &e).body, "message-id")));
    expect(got.inbound->peer, "aaaaaaaaaaaaaaaa");
    e.peer = "aaaaaaaaaaaaaaaa";
    got = brought(t, reply_to.address.p, "From: Eva <mallory@mail.example>\nMessage-ID: <r2@mail.example>\n\nyes");
    expect(got.inbound->peer, "aaaaaaaaaaaaaaaa");
    expect(got.inbound->user_name, "Eva <mallory@mail.example>"); /* not whom we wrote to */
}

static void threads_without_us_are_told_apart(void **state)
{
    struct bench *t = *state;
    struct slice first = brought(t, "support@in.kefud.example", "From: a@x.example\nMessage-ID: <1@x>\n\nx").inbound->peer;

    assert_int_equal(first.n, 16);
    assert_true(slice_eq(
        brought(t, "support@in.kefud.example", "From: a@x.example\nMessage-ID: <2@x>\nReferences: <1@x>\n\nx").inbound->peer, first));
    assert_true(slice_eq(
        brought(t, "support@in.kefud.example", "From: a@x.example\nMessage-ID: <2@x>\nIn-Reply-To: <1@x>\n\nx").inbound->peer, first));
    assert_false(slice_eq(
        brought(t, "support@in.kefud.example", "From: b@x.example\nMessage-ID: <3@x>\nReferences: <1@x>\n\nx").inbound->peer, first));
    assert_false(slice_eq(brought(t, "support@in.kefud.example", "From: a@x.example\nMessage-ID: <4@x>\n\nx").inbound->peer, first));
}

static void what_is_unsubscribed_is_opted_out(void **state)
{
    struct bench *t = *state;
    struct errand e = an_errand("x");
    const char *line, *end;
    struct received got;

    e.message.from.role = ROLE_BOT;
    line = strstr(header_line(t, encoded(t, &e).body, "list-unsubscribe"), "mailto:") + 7;
    end = strchr(line, '>');
    got = brought(t, arena_text(t->arena, (struct slice){ line, (size_t)(end - line) }), "From: eva@mail.example\nMessage-ID: <u@x>\n\n");
    assert_int_equal(got.n, 1);
    assert_int_equal(got.inbound->kind, INBOUND_OPTOUT);
    expect(got.inbound->peer, "aaaaaaaaaaaaaaaa");
}

static void a_bounce_is_the_state_of_its_message(void **state)
{
    static const char form[] =
        "From: mailer-daemon@relay.example\nMessage-ID: <b@relay.example>\nContent-Type: multipart/report; report-type=delivery-status; "
        "boundary=b\n\n"
        "--b\n\nIt could not be delivered.\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; relay.example\n\n"
        "Final-Recipient: rfc822; eva@mail.example\nAction: %s\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 no\n--b\n"
        "Content-Type: message/rfc822\n\nMessage-ID: %s\nSubject: x\n\nx\n--b--\n";
    struct bench *t = *state;
    struct errand e = an_errand("x");
    const char *id = header_line(t, encoded(t, &e).body, "message-id");
    struct received got = brought(t, "support@in.kefud.example", arena_printf(t->arena, form, "failed", id));

    assert_int_equal(got.n, 1);
    assert_int_equal(got.inbound->kind, INBOUND_STATUS);
    assert_int_equal(got.inbound->delivery, DELIVERY_FAILED);
    expect(got.inbound->ref, id);
    expect(got.inbound->code, "5.1.1");
    expect(got.inbound->reason, "smtp; 550 no");
    assert_int_equal(brought(t, "support@in.kefud.example", arena_printf(t->arena, form, "delayed", id)).n, 0);
    got = brought(t, "support@in.kefud.example", arena_printf(t->arena, form, "failed", "<not-ours@x>"));
    assert_int_equal(got.inbound->kind, INBOUND_MESSAGE); /* somebody should look at it, but no machine answers */
    assert_true(got.inbound->automatic);
}

/* Postmark does not name the sender among the headers. */
static void a_mail_server_that_speaks_through_postmark_is_a_machine(void **state)
{
    static const char form[] = "{\"From\":\"%s\",\"FromFull\":{\"Email\":\"%s\",\"Name\":\"\"},\"OriginalRecipient\":"
                               "\"support@in.kefud.example\",\"Subject\":\"x\",\"TextBody\":\"x\",\"Headers\":[{\"Name\":"
                               "\"Message-ID\",\"Value\":\"<1@x>\"}]}";
    static const char settings[] = "{" COMMON ",\"provider\":\"postmark\",\"user\":\"hook\",\"password\":\"secret\"}";
    static const struct http_pair basic[] = { { SLICE("Authorization"), SLICE("Basic aG9vazpzZWNyZXQ=") } };
    static const struct {
        const char *from;
        bool automatic;
    } rows[] = { { "eva@x.example", false }, { "MAILER-DAEMON@x.example", true }, { "postmaster@x.example", true } };
    struct bench *t = *state;
    struct channel *ch;
    struct kf_err why;

    assert_int_equal(mail_ops.open(&ch, slice_of(settings), &why), KF_OK);
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *body = arena_printf(t->arena, form, rows[i].from, rows[i].from);
        struct http_req req = { .method = "POST", .headers = basic, .n_headers = 1, .body = slice_of(body) };
        struct received got;

        assert_int_equal(mail_ops.receive(ch, t->arena, &req, &t->env, &got), KF_OK);
        assert_int_equal(got.n, 1);
        row_int_equal(rows[i].from, got.inbound->automatic, rows[i].automatic);
    }
    mail_ops.close(ch);
}

/* SendGrid leaves the fields in the charsets of the mail, and says beside them in which; files may stand before the words. */
static void sendgrid_says_in_which_charset_each_field_is(void **state)
{
    static const char settings[] = "{" COMMON ",\"provider\":\"sendgrid\",\"user\":\"hook\",\"password\":\"secret\"}";
    static const struct http_pair headers[] = { { SLICE("Authorization"), SLICE("Basic aG9vazpzZWNyZXQ=") },
                                                { SLICE("Content-Type"), SLICE("multipart/form-data; boundary=b") } };
    static const char body[] =
        "--b\r\nContent-Disposition: form-data; name=attachment1; filename=a.txt\r\nContent-Type: text/plain\r\n\r\n--bb\r\n"
        "--b\r\nContent-Disposition: form-data; name=envelope\r\n\r\n{\"to\":[\"support@in.kefud.example\"],\"from\":\"\"}\r\n"
        "--b\r\nContent-Disposition: form-data; name=headers\r\n\r\nMessage-ID: <1@x>\nFrom: a@x.example\n\r\n"
        "--b\r\nContent-Disposition: form-data; name=from\r\n\r\n\xb7\xfc <a@x.example>\r\n"
        "--b\r\nContent-Disposition: form-data; name=subject\r\n\r\n\xc4\xfa\xba\xc3\r\n"
        "--b\r\nContent-Disposition: form-data; name=text\r\n\r\nGr\xfc\xdf\x65\r\n"
        "--b\r\nContent-Disposition: form-data; name=charsets\r\n\r\n"
        "{\"from\":\"big5\",\"subject\":\"GB2312\",\"text\":\"iso-8859-1\"}\r\n--b--\r\n";
    struct bench *t = *state;
    struct http_req req = { .method = "POST", .headers = headers, .n_headers = 2, .body = slice_of(body) };
    struct received got;
    struct channel *ch;
    struct kf_err why;

    assert_int_equal(mail_ops.open(&ch, slice_of(settings), &why), KF_OK);
    assert_int_equal(mail_ops.receive(ch, t->arena, &req, &t->env, &got), KF_OK);
    assert_int_equal(got.n, 1);
    expect(got.inbound->title, "您好");
    expect(got.inbound->text, "Grüße");
    expect(got.inbound->user, "a@x.example");
    expect(got.inbound->user_name, "睦");
    assert_true(got.inbound->automatic); /* the envelope names no sender */
    assert_int_equal(got.inbound->n_media, 1);
    expect(got.inbound->media->bytes, "--bb");
    mail_ops.close(ch);
}

/* A route that stores brings addresses. Nothing but Mailgun's own is asked, whoever has signed. */
static void stored_files_are_fetched_from_mailgun_only(void **state)
{
    static const struct {
        const char *key, *hosts, *url;
        bool fetched;
    } rows[] = {
        { "key-0123456789", "", "https://storage-us-east4.api.mailgun.net/v3/domains/x/messages/AB/attachments/0", true },
        { "key-0123456789", "", "https://api.eu.mailgun.net/v3/x", true },
        { "key-0123456789", "", "http://storage-us-east4.api.mailgun.net/v3/x", false },
        { "key-0123456789", "", "https://storage-us-east4.api.mailgun.net:8443/v3/x", false },
        { "key-0123456789", "", "https://evilapi.mailgun.net/v3/x", false },
        { "key-0123456789", "", "https://api.mailgun.net.evil.example/v3/x", false },
        { "key-0123456789", "", "https://u@api.mailgun.net/x", false },
        { "key-0123456789", "", "file:///etc/passwd", false },
        { "key-0123456789", "files.example:8443", "https://files.example:8443/x", true },
        { "key-0123456789", "files.example:8443", "https://api.mailgun.net/x", false },
        { "", "", "https://api.mailgun.net/x", false },
    };
    struct bench *t = *state;
    struct received got =
        brought_with(t, "support@in.kefud.example",
                     "sender=a%40x.example&from=a%40x.example&body-plain=see&attachments="
                     "%5B%7B%22url%22%3A%22https%3A%2F%2Fapi.mailgun.net%2F0%22%2C%22content-type%22%3A%22image%2Fpng%22%2C"
                     "%22name%22%3A%22..%2Fa.png%22%2C%22size%22%3A7%7D%2C%7B%22name%22%3A%22b%22%7D%5D");

    assert_int_equal(got.inbound->n_media, 1);
    assert_int_equal(got.inbound->media->type, TYPE_IMAGE);
    assert_int_equal(got.inbound->media->size, 7);
    expect(got.inbound->media->url, "https://api.mailgun.net/0");
    expect(got.inbound->media->name, "a.png");
    expect(got.inbound->text, "see\n[1 more file was left out: of one mail 20 are kept]");
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *settings =
            arena_printf(t->arena, "{" COMMON ",\"provider\":\"mailgun\",\"signing_keys\":[\"some-signing-key\"]%s%s%s%s%s%s}",
                         *rows[i].key ? ",\"api_key\":\"" : "", rows[i].key, *rows[i].key ? "\"" : "",
                         *rows[i].hosts ? ",\"storage_hosts\":[\"" : "", rows[i].hosts, *rows[i].hosts ? "\"]" : "");
        const struct media m = { .type = TYPE_FILE, .url = slice_of(rows[i].url) };
        struct channel *ch;
        struct kf_err why = { 0 };
        struct http_req req;
        enum kf_rc rc;

        assert_int_equal(mail_ops.open(&ch, slice_of(settings), &why), KF_OK);
        rc = mail_ops.media(ch, t->arena, &t->env, &m, NULL, &req);
        row_int_equal(rows[i].url, rc, rows[i].fetched ? KF_OK : KF_DENIED);
        if (!rc) {
            assert_string_equal(req.url, rows[i].url);
            assert_true(slice_is(http_header(req.headers, req.n_headers, "authorization"), "Basic YXBpOmtleS0wMTIzNDU2Nzg5"));
        }
        mail_ops.close(ch);
    }
}

/* Relays answer with a code of SMTP and, more often than not, an enhanced one. */
static void each_reply_has_its_class(void **state)
{
    static const struct {
        enum outcome_class cls;
        const char *replies[9];
    } rows[] = {
        { OUTCOME_SENT, { "250 queued as 4AB", "251 will forward" } },
        { OUTCOME_RETRY,
          { "421 4.7.0 closing", "450 greylisted", "451 4.3.0 x", "452 4.2.2 x", "454 x", "499 x", "552 5.2.2 full", "550 5.2.2 full" } },
        { OUTCOME_NO_SUCH_USER, { "550 5.1.1 x", "550 5.1.10 x", "551 x", "553 x" } },
        { OUTCOME_REJECTED, { "550 5.7.1 spam", "554 5.7.1 spam", "554 5.7.26 x" } },
        { OUTCOME_TOO_LARGE, { "552 5.3.4 x", "523 x" } },
        { OUTCOME_AUTH, { "530 5.7.0 x", "534 5.7.9 x", "535 5.7.8 x", "538 x" } },
        { OUTCOME_FATAL, { "500 x", "550 x", "552 x", "554 x", "555 5.5.4 x", "550 5.1.7 our address", "550 5.1.8 our domain" } },
    };
    struct bench *t = *state;
    struct errand e = an_errand("x");

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        for (const char *const *reply = rows[i].replies; *reply; reply++) {
            struct http_resp resp = { .status = atoi(*reply), .body = slice_of(*reply) };
            struct outcome out;

            assert_int_equal(mail_ops.settle(t->ch, t->arena, &e, &resp, &out), KF_OK);
            if (out.cls != rows[i].cls)
                fail_msg("%s is %s, expected %s", *reply, outcome_name(out.cls), outcome_name(rows[i].cls));
        }
}

static void an_address_beyond_ascii_is_answered(void **state)
{
    struct bench *t = *state;
    struct errand e = an_errand("x");
    struct http_req req;
    const char *line;

    e.user = "用户@例子.example";
    expect(brought(t, "support@in.kefud.example", "From: 用户 <用户@例子.Example>\nMessage-ID: <1@x>\n\nx").inbound->user, e.user);
    assert_int_equal(mail_ops.encode(t->ch, t->arena, &e, &t->env, &req), KF_OK);
    assert_string_equal(req.smtp->to, e.user);
    line = header_line(t, req.body, "to");
    assert_string_equal(line, "<用户@例子.example>");
    for (size_t i = 0; i < 3; i++) {
        static const char *const wrong[] = { "\xff@x.example", "a\xe2\x80\xae@x.example", "a\xc2\x80@x.example" };

        e.user = wrong[i];
        assert_int_equal(mail_ops.encode(t->ch, t->arena, &e, &t->env, &req), KF_UNSUPPORTED);
    }
}

static void our_own_mail_is_not_answered(void **state)
{
    struct bench *t = *state;
    struct errand e = an_errand("x");

    assert_int_equal(brought(t, "support@in.kefud.example", arena_text(t->arena, encoded(t, &e).body)).n, 0);
    assert_int_equal(brought(t, "support@in.kefud.example", "From: Support@in.kefud.example\nMessage-ID: <x@y>\n\nloop").n, 0);
}

static void hostile_mail_yields_something(void **state)
{
    struct bench *t = *state;
    struct received got = brought(t, "support@in.kefud.example", "Subject: =?utf-8?B?4pyT?=\nDate: Mon, 21 Sep 2099 13:26:40 +0200\n\n");

    assert_int_equal(got.n, 1);
    expect(got.inbound->user, "unknown@invalid");
    expect(got.inbound->title, "✓");
    assert_int_equal(got.inbound->at, t->env.now_ms + 7 * 86400000LL);
    assert_true(slice_starts(got.inbound->id, "sha256:"));
    got = brought(t, "",
                  "From: a@x.example\nTo: Support+x@IN.kefud.example\nContent-Type: application/pdf; name=\"../../etc/passwd\"\n\n%PDF");
    expect(got.inbound->account, "support@in.kefud.example");
    assert_int_equal(got.inbound->n_media, 1);
    expect(got.inbound->media[0].name, "passwd");
    assert_int_equal(got.inbound->type, TYPE_FILE);
}

/* Nothing is shown as if nothing had come: a subject stands there once, and what cannot be read is kept as it came. */
static void a_mail_without_words_says_what_it_is(void **state)
{
    struct bench *t = *state;
    struct received got =
        brought(t, "support@in.kefud.example", "From: a@x.example\nSubject: =?utf-8?B?5rWL6K+V?= x\nMessage-ID: <1@x>\n\n");

    expect(got.inbound->title, "测试 x");
    assert_int_equal(got.inbound->text.n, 0);
    assert_int_equal(got.inbound->type, TYPE_TEXT);
    got = brought(t, "support@in.kefud.example", "\xff\xfe\x81\x92\x7f\xc1");
    assert_int_equal(got.n, 1);
    assert_int_equal(got.inbound->type, TYPE_UNSUPPORTED);
    assert_true(got.inbound->raw.n > 0);
    assert_non_null(strstr(arena_text(t->arena, got.inbound->raw), "body-mime="));
}

/* The first twenty are kept; of the others there is a line with their names. */
static void files_beyond_the_bound_are_named(void **state)
{
    struct bench *t = *state;
    struct received got;
    struct buf b;

    buf_init(&b, 65536);
    buf_str(&b, "From: a@x.example\nMessage-ID: <1@x>\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nall of them\n");
    for (int i = 1; i <= 23; i++)
        buf_printf(&b, "--b\nContent-Type: text/plain; name=f%d.txt\nContent-Disposition: attachment\n\n%d\n", i, i);
    buf_str(&b, "--b--\n");
    got = brought(t, "support@in.kefud.example", arena_text(t->arena, buf_slice(&b)));
    buf_finish(&b);
    assert_int_equal(got.inbound->n_media, 20);
    expect(got.inbound->text, "all of them\n[3 more files were left out: of one mail 20 are kept: f21.txt, f22.txt, f23.txt]");
}

static void a_long_text_is_a_file_too(void **state)
{
    struct bench *t = *state;
    char *text = arena_alloc(t->arena, 50000);
    struct received got;

    memset(text, 'x', 30000);
    got = brought(t, "support@in.kefud.example", arena_printf(t->arena, "From: a@x.example\nMessage-ID: <1@x>\n\n%s", text));
    assert_int_equal(utf8_length(got.inbound->text), 10000);
    assert_int_equal(got.inbound->n_media, 1);
    expect(got.inbound->media[0].name, "message.txt");
    assert_int_equal(got.inbound->media[0].bytes.n, 30000);
}

static void memory_that_runs_out_loses_nothing(void **state)
{
    static const struct http_pair headers[] = { { SLICE("Content-Type"), SLICE("multipart/form-data; boundary=b") } };
    struct bench *t = *state;
    const struct slice parts[] = { SLICE("1789990006"), SLICE("token") };
    uint8_t digest[SIGN_SHA256];
    struct http_req req = { .method = "POST", .headers = headers, .n_headers = 1 };
    struct buf b;

    assert_true(sign_hmac_sha256(SLICE("some-signing-key"), parts, 2, digest));
    buf_init(&b, 65536);
    buf_str(&b, "--b\r\nContent-Disposition: form-data; name=timestamp\r\n\r\n1789990006\r\n--b\r\nContent-Disposition: form-data; "
                "name=token\r\n\r\n"
                "token\r\n--b\r\nContent-Disposition: form-data; name=signature\r\n\r\n");
    sign_hex(&b, digest, sizeof(digest));
    buf_str(
        &b,
        "\r\n--b\r\nContent-Disposition: form-data; name=body-mime\r\n\r\nFrom: =?gbk?B?vNs=?= <a@x.example>\nMessage-ID: <1@x>\nSubject: "
        "=?utf-8?Q?x?=\nContent-Type: multipart/mixed; boundary=c\n\n--c\nContent-Type: text/html; charset=gbk\n\n<p>words</p>\n--c\n"
        "Content-Type: image/png; name=a.png\nContent-Transfer-Encoding: base64\n\nUE5HREFUQQ==\n--c--\r\n--b--\r\n");
    req.body = buf_slice(&b);
    for (size_t max = 100000; max < 400000; max += 997) {
        struct arena *a = arena_new(max);
        struct received got;
        enum kf_rc rc = mail_ops.receive(t->ch, a, &req, &t->env, &got);

        assert_true(rc == KF_NOMEM ||
                    (rc == KF_OK && got.status == 200 && got.n == 1 && slice_is(got.inbound->text, "words") && got.inbound->n_media == 1 &&
                     got.inbound->media->bytes.n == 7 && slice_is(got.inbound->user_name, "价")));
        arena_free(a);
    }
    buf_finish(&b);
}

static void wrong_settings_are_named(void **state)
{
#define REST "\"address\":\"s@x.example\",\"token_secret\":\"0123456789abcdef\",\"relay\":\"smtp://r:25\""
    static const struct settings_row rows[] = {
        { "{}", "provider: required" },
        { "{" REST ",\"provider\":\"pigeons\"}", "provider: mailgun" },
        { "{" REST ",\"provider\":\"mailgun\"}", "signing_keys: at least one" },
        { "{" REST ",\"provider\":\"postmark\",\"user\":\"u\"}", "user: user and password" },
        { "{" REST ",\"provider\":\"sendgrid\"}", "public_keys: at least one" },
        { "{" REST ",\"provider\":\"sendgrid\",\"public_keys\":[\"AAAA\"]}", "public_keys[0]" },
        { "{" REST ",\"provider\":\"mailgun\",\"signing_keys\":[\"short\"]}", "signing_keys[0]" },
        { "{\"address\":\"s+t@x.example\",\"token_secret\":\"0123456789abcdef\",\"relay\":\"smtp://"
          "r:25\",\"provider\":\"postmark\",\"user\":\"u\","
          "\"password\":\"123456\"}",
          "address: name@domain" },
        { "{\"address\":\"a-very-long-name-indeed@x.example\",\"token_secret\":\"0123456789abcdef\",\"relay\":\"smtp://r:25\",\"provider\":"
          "\"postmark\",\"user\":\"u\",\"password\":\"123456\"}",
          "address: at most 20" },
        { "{\"address\":\"s@x.example\",\"token_secret\":\"0123456789abcdef\",\"relay\":\"http://"
          "r:25\",\"provider\":\"postmark\",\"user\":\"u\","
          "\"password\":\"123456\"}",
          "relay: smtps://" },
        { "{\"address\":\"s@x.example\",\"token_secret\":\"0123456789abcdef\",\"relay\":\"smtp://"
          "u:p@r:25\",\"provider\":\"postmark\",\"user\":\"u\","
          "\"password\":\"123456\"}",
          "relay: smtps://" },
    };

    (void)state;
    settings_are_refused(&mail_ops, rows, COUNT(rows));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH(a_token_survives_any_case_and_no_change),
        BENCH(what_we_write_can_be_read),
        BENCH(the_same_message_has_the_same_id),
        BENCH(headers_cannot_be_smuggled),
        BENCH(a_file_goes_along_or_is_named),
        BENCH(machines_say_what_they_are),
        BENCH(an_answer_finds_its_conversation),
        BENCH(threads_without_us_are_told_apart),
        BENCH(what_is_unsubscribed_is_opted_out),
        BENCH(a_bounce_is_the_state_of_its_message),
        BENCH(a_mail_server_that_speaks_through_postmark_is_a_machine),
        BENCH(sendgrid_says_in_which_charset_each_field_is),
        BENCH(stored_files_are_fetched_from_mailgun_only),
        BENCH(each_reply_has_its_class),
        BENCH(an_address_beyond_ascii_is_answered),
        BENCH(our_own_mail_is_not_answered),
        BENCH(hostile_mail_yields_something),
        BENCH(a_mail_without_words_says_what_it_is),
        BENCH(files_beyond_the_bound_are_named),
        BENCH(a_long_text_is_a_file_too),
        BENCH(memory_that_runs_out_loses_nothing),
        cmocka_unit_test(wrong_settings_are_named),
    };
    int failed = vectors_run("email", &vectors);

    return failed + cmocka_run_group_tests(tests, NULL, NULL);
}
