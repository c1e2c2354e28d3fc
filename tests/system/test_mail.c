/* Mail beside a real kefud: in through a provider's webhook, out to a relay, and back into the same conversation. */
#include "tests/support/desk.h"
#include "tests/support/relay.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SITE    "post"
#define GUN_KEY "key-kefud-mailgun-signing-01"

static struct daemon d;
static struct relay relay;
static struct staff agent;
static char hook[64];

static const char set[] =
    "{\"site\":{\"key\":\"" SITE
    "\",\"name\":\"邮局\",\"language\":\"zh-CN\",\"file_max\":65536},\"queues\":{\"desk\":{\"name\":\"客服\"}},"
    "\"channels\":{\"web\":{\"adapter\":\"widget\",\"name\":\"网页\",\"queue\":\"desk\"},\"mail\":{\"adapter\":\"mail\",\"name\":\"邮件\","
    "\"queue\":\"desk\",\"settings\":{\"provider\":\"postmark\","
    "\"user\":\"pm\",\"password\":\"s3cr:et\",\"address\":\"support@in.kefud.example\",\"name\":\"邮局\","
    "\"token_secret\":\"sixteen bytes or more\",\"relay\":\"smtp://127.0.0.1:%d\",\"relay_user\":\"u\",\"relay_password\":\"p\"}},"
    "\"zdesk\":{\"adapter\":\"mail\",\"name\":\"Desk\",\"queue\":\"desk\",\"settings\":{\"provider\":\"postmark\",\"user\":\"pm\","
    "\"password\":\"s3cr:et\",\"address\":\"desk@in.kefud.example\",\"token_secret\":\"sixteen bytes or more\","
    "\"relay\":\"smtp://127.0.0.1:9\"}},"
    "\"zgun\":{\"adapter\":\"mail\",\"name\":\"Mailgun\",\"queue\":\"desk\",\"settings\":{\"provider\":\"mailgun\",\"signing_keys\":["
    "\"" GUN_KEY "\"],\"address\":\"help@gun.kefud.example\",\"token_secret\":\"sixteen bytes or more\",\"relay\":\"smtp://127.0.0.1:9\"}},"
    "\"zsales\":{\"adapter\":\"mail\",\"name\":\"Sales\",\"queue\":\"desk\",\"settings\":{\"provider\":\"postmark\","
    "\"user\":\"other\",\"password\":\"0therwise\",\"address\":\"Sales@gun.kefud.example\",\"aliases\":[\"info@gun.kefud.example\","
    "\"*@all.kefud.example\"],\"token_secret\":\"another sixteen bytes\",\"relay\":\"smtp://127.0.0.1:%d\",\"relay_user\":\"u\","
    "\"relay_password\":\"p\"}}},"
    "\"people\":[{\"email\":\"agent@post.example\",\"name\":\"林小姐\",\"number\":\"7\",\"roles\":[\"agent\"],\"queues\":[\"desk\"],"
    "\"capacity\":50}]}";

static int start(void **state)
{
    char config[300];

    (void)state;
    relay_open(&relay, &(struct relay_options){ .starttls = true, .auth = "PLAIN" });
    (void)snprintf(config, sizeof(config), "[channels]\nallow_private = yes\nca_file = %s\n", relay.ca);
    daemon_start(&d, &(struct daemon_options){ .demo = true, .config = config });
    site_open(&d, set, relay.port, &agent, hook);
    (void)snprintf(hook, sizeof(hook), "%s", hook_path(&d, SITE, "mail"));
    return 0;
}

static int finish(void **state)
{
    (void)state;
    staff_free(&agent);
    daemon_finish(&d);
    relay_close(&relay);
    return 0;
}

/* ---- the provider's side ---- */

static int posted(const char *user, json_t *mail)
{
    char *body = json_dumps(mail, JSON_COMPACT), *headers = NULL;
    unsigned char base[200];
    struct reply r;
    size_t n = 0;
    int ret;
    FILE *f;

    EVP_EncodeBlock(base, (const unsigned char *)user, (int)strlen(user));
    f = open_memstream(&headers, &n);
    fprintf(f, "Authorization: Basic %s\r\nContent-Type: application/json\r\n", base);
    (void)fclose(f);
    web_ask(&d, &(struct ask){ .path = hook, .headers = headers, .body = body }, &r);
    ret = r.status;
    reply_free(&r);
    free(headers);
    free(body);
    json_decref(mail);
    return ret;
}

/* A mail of somebody; `more`: members of the header list, `{"Name","Value"}` in pairs, ended by NULL. */
static json_t *mail_of(const char *from, const char *to, const char *id, const char *text)
{
    return json_pack("{s:{s:s,s:s},s:s,s:s,s:s,s:[{s:s,s:s}]}", "FromFull", "Email", from, "Name", "Eva Näf", "OriginalRecipient", to,
                     "Subject", "Photo", "TextBody", text, "Headers", "Name", "Message-ID", "Value", id);
}

static void add_header(json_t *mail, const char *name, const char *value)
{
    json_array_append_new(json_object_get(mail, "Headers"), json_pack("{s:s,s:s}", "Name", name, "Value", value));
}

static void add_file(json_t *mail, const char *name, const char *type, const char *bytes)
{
    unsigned char base[4096];

    EVP_EncodeBlock(base, (const unsigned char *)bytes, (int)strlen(bytes));
    if (!json_object_get(mail, "Attachments"))
        json_object_set_new(mail, "Attachments", json_array());
    json_array_append_new(json_object_get(mail, "Attachments"),
                          json_pack("{s:s,s:s,s:s}", "Name", name, "ContentType", type, "Content", (const char *)base));
}

static void brings(json_t *mail)
{
    assert_int_equal(posted("pm:s3cr:et", mail), 200);
}

/* ---- the agent's side ---- */

static const char *assigned(void)
{
    static char conv[40];

    (void)snprintf(conv, sizeof(conv), "%s", text_at(wire_take(&agent.wire, "{s:s}", "type", "assigned"), "conversation.id"));
    return conv;
}

static const json_t *status(int64_t seq, const char *state)
{
    return wire_take(&agent.wire, "{s:s,s:I,s:s}", "type", "status", "seq", (json_int_t)seq, "state", state);
}

/* The next mail to somebody that holds `text`; what the system says before is passed over. Freed by the caller. */
static char *mail_to(const char *address, const char *text)
{
    for (;;) {
        const struct relayed *m = relay_take(&relay);
        size_t n;
        char *mail = m->data ? relayed_mail(m, &n) : NULL;

        if (mail && strstr(m->said, address) && strstr(mail, text)) {
            assert_true(m->over_tls);
            return mail;
        }
        free(mail);
    }
}

/* What stands behind "Name:" up to the end of its last line; static memory. */
static const char *head_of(const char *mail, const char *name)
{
    static char ret[1000];
    char mark[64];
    const char *p, *end;
    size_t n = 0;

    (void)snprintf(mark, sizeof(mark), "\r\n%s:", name);
    p = strstr(mail, mark);
    if (!p)
        return NULL;
    p += strlen(mark);
    end = strstr(p, "\r\n");
    while (end && (end[2] == ' ' || end[2] == '\t'))
        end = strstr(end + 2, "\r\n");
    for (; p < end && n + 1 < sizeof(ret); p++)
        if (*p != '\r' && *p != '\n' && !(n == 0 && *p == ' '))
            ret[n++] = *p;
    ret[n] = '\0';
    return ret;
}

/* ---- the tests ---- */

/* Of a thread in which several write, the copy for one has that one's words, and not what they repeat. */
static void what_is_quoted_is_no_part_of_one_s_own(const char *conv)
{
    char path[160], id[40];
    struct reply r;

    (void)snprintf(path, sizeof(path), "/api/v1/transcripts/%s", conv);
    r = web_expect(&d, 200, &(struct ask){ .path = path, .control = true });
    assert_non_null(strstr(r.body, "On Mon, Acme wrote"));
    (void)snprintf(id, sizeof(id), "%s", text_at(r.json, "conversation.visitor.id"));
    reply_free(&r);
    (void)snprintf(path, sizeof(path), "/api/v1/transcripts/%s?contact=%s", conv, id);
    r = web_expect(&d, 200, &(struct ask){ .path = path, .control = true });
    assert_string_equal(text_at(r.json, "messages.0.text"), "Photo\nWhere is it?");
    assert_null(strstr(r.body, "On Mon, Acme wrote"));
    reply_free(&r);
}

static void an_answer_stays_in_its_thread_and_brings_the_next_one_back(void **state)
{
    char conv[40], to[200], id[200];
    const json_t *m;
    int64_t seq;
    char *mail;

    (void)state;
    brings(mail_of("eva@mail.example", "support@in.kefud.example", "<m1@mail.example>", "Where is it?\n\nOn Mon, Acme wrote:\n> soon\n"));
    (void)snprintf(conv, sizeof(conv), "%s", assigned());
    wire_sendf(&agent.wire, "{\"type\":\"history\",\"conversation\":\"%s\",\"after\":0}", conv);
    m = wire_take(&agent.wire, "{s:s,s:s}", "type", "history", "conversation", conv);
    assert_string_equal(text_at(m, "messages.0.text"), "Photo\nWhere is it?");
    assert_string_equal(text_at(m, "messages.0.quoted"), "On Mon, Acme wrote:\n> soon");
    assert_string_equal(text_at(m, "messages.0.from.name"), "Eva Näf");
    what_is_quoted_is_no_part_of_one_s_own(conv);

    seq = staff_say(&agent, conv, "r1", "在路上");
    mail = mail_to("eva@mail.example", "=E5=9C=A8=E8=B7=AF=E4=B8=8A");
    status(seq, "sent");
    assert_string_equal(head_of(mail, "Subject"), "Re: Photo");
    assert_string_equal(head_of(mail, "In-Reply-To"), "<m1@mail.example>");
    assert_string_equal(head_of(mail, "References"), "<m1@mail.example>");
    assert_null(strstr(mail, "Auto-Submitted"));
    (void)snprintf(id, sizeof(id), "%s", head_of(mail, "Message-ID"));
    (void)snprintf(to, sizeof(to), "%s", head_of(mail, "Reply-To") + 1);
    to[strlen(to) - 1] = '\0';
    free(mail);

    /* By the address alone, and by the thread alone. */
    brings(mail_of("eva@mail.example", to, "<m2@mail.example>", "thanks"));
    m = wire_take(&agent.wire, "{s:s,s:s}", "type", "message", "text", "thanks");
    assert_string_equal(text_at(m, "conversation"), conv);
    {
        json_t *next = mail_of("eva@mail.example", "support@in.kefud.example", "<m3@mail.example>", "again");

        add_header(next, "In-Reply-To", id);
        brings(next);
    }
    m = wire_take(&agent.wire, "{s:s,s:s}", "type", "message", "text", "again");
    assert_string_equal(text_at(m, "conversation"), conv);
    assert_int_equal(number_at(m, "reply_to"), seq);

    /* A guess is a new conversation. */
    brings(mail_of("mallory@mail.example", "support+aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@in.kefud.example", "<m4@mail.example>", "let me in"));
    assert_string_not_equal(assigned(), conv);
}

static void what_comes_twice_is_one_message_and_what_is_not_believed_none(void **state)
{
    const json_t *m;
    int n = 0;
    char conv[40];

    (void)state;
    assert_int_equal(posted("pm:wrong!", mail_of("z@mail.example", "support@in.kefud.example", "<z1@mail.example>", "no")), 401);
    for (int i = 0; i < 2; i++)
        brings(mail_of("once@mail.example", "support@in.kefud.example", "<once@mail.example>", "once"));
    (void)snprintf(conv, sizeof(conv), "%s", assigned());
    wire_sendf(&agent.wire, "{\"type\":\"history\",\"conversation\":\"%s\",\"after\":0}", conv);
    m = wire_take(&agent.wire, "{s:s,s:s}", "type", "history", "conversation", conv);
    for (size_t i = 0; i < json_array_size(value_at(m, "messages")); i++)
        n += strstr(text_at(json_array_get(value_at(m, "messages"), i), "text"), "once") != NULL;
    assert_int_equal(n, 1);
}

static void files_go_both_ways(void **state)
{
    static const char pdf[] = "%PDF-1.4 a small one";
    json_t *in = mail_of("files@mail.example", "support@in.kefud.example", "<f1@mail.example>", "see the file");
    char conv[40], path[80], *mail;
    const json_t *m;
    struct reply r;
    int64_t seq;

    (void)state;
    add_file(in, "..\\..\\报价.pdf", "application/octet-stream", pdf);
    add_file(in, "b.txt", "text/plain", "second");
    brings(in);
    (void)snprintf(conv, sizeof(conv), "%s", assigned());
    wire_sendf(&agent.wire, "{\"type\":\"history\",\"conversation\":\"%s\",\"after\":0}", conv);
    m = wire_take(&agent.wire, "{s:s,s:s}", "type", "history", "conversation", conv);
    assert_string_equal(text_at(m, "messages.0.text"), "Photo\nsee the file");
    assert_string_equal(text_at(m, "messages.0.file.name"), "报价.pdf");
    assert_string_equal(text_at(m, "messages.0.file.mime"), "application/pdf");
    assert_string_equal(text_at(m, "messages.1.file.name"), "b.txt");
    (void)snprintf(path, sizeof(path), "/files/%s", text_at(m, "messages.0.file.id"));
    r = web_expect(&d, 200, &(struct ask){ .path = path, .cookie = agent.cookie });
    assert_string_equal(r.body, pdf);
    reply_free(&r);

    r = web_expect(&d, 201,
                   &(struct ask){ .path = "/files?site=" SITE "&name=%E7%BB%93%E6%9E%9C.txt",
                                  .cookie = agent.cookie,
                                  .csrf = agent.csrf,
                                  .origin = "",
                                  .body = "the result" });
    wire_sendf(&agent.wire, "{\"type\":\"message\",\"conversation\":\"%s\",\"cid\":\"f1\",\"kind\":\"file\",\"file\":\"%s\"}", conv,
               text_at(r.json, "id"));
    reply_free(&r);
    seq = number_at(wire_take(&agent.wire, "{s:s,s:s}", "type", "ack", "cid", "f1"), "seq");
    mail = mail_to("files@mail.example", "multipart/mixed");
    status(seq, "sent");
    assert_non_null(strstr(mail, "filename*0*=UTF-8''%E7%BB%93%E6%9E%9C.txt"));
    assert_non_null(strstr(mail, "\r\n\r\ndGhlIHJlc3VsdA==\r\n"));
    free(mail);
}

static void a_file_that_is_too_large_says_so(void **state)
{
    json_t *in = mail_of("large@mail.example", "support@in.kefud.example", "<l1@mail.example>", "");
    char *large = malloc(100001), *base = malloc(140000);
    const char *conv;
    const json_t *m;

    (void)state;
    memset(large, 'x', 100000);
    large[100000] = '\0';
    EVP_EncodeBlock((unsigned char *)base, (const unsigned char *)large, 100000);
    json_object_set_new(in, "Attachments",
                        json_pack("[{s:s,s:s,s:s}]", "Name", "l.bin", "ContentType", "application/octet-stream", "Content", base));
    json_object_set_new(in, "Subject", json_string(""));
    brings(in);
    free(large);
    free(base);
    conv = assigned();
    wire_sendf(&agent.wire, "{\"type\":\"history\",\"conversation\":\"%s\",\"after\":0}", conv);
    m = wire_take(&agent.wire, "{s:s,s:s}", "type", "history", "conversation", conv);
    assert_string_equal(text_at(m, "messages.0.text"), "[file: could not be fetched, too large]");
    assert_string_equal(text_at(m, "messages.0.media.reason"), "too_large");
}

static void what_the_relay_refuses_and_what_comes_back_is_seen(void **state)
{
    char conv[40], id[200], *mail;
    json_t *bounce;
    int64_t seq;

    (void)state;
    brings(mail_of("gone@mail.example", "support@in.kefud.example", "<g1@mail.example>", "hello"));
    (void)snprintf(conv, sizeof(conv), "%s", assigned());
    free(mail_to("gone@mail.example", "Auto-Submitted: auto-replied")); /* the greeting */
    relay_options(&relay, &(struct relay_options){ .starttls = true, .auth = "PLAIN", .rcpt = "550 5.1.1 User unknown" });
    seq = staff_say(&agent, conv, "r1", "first");
    assert_string_equal(text_at(status(seq, "failed"), "reason"), "550: 5.1.1 User unknown");
    relay_options(&relay, &(struct relay_options){ .starttls = true, .auth = "PLAIN", .drop_at_dot = true });
    seq = staff_say(&agent, conv, "r2", "second");
    status(seq, "uncertain");
    relay_options(&relay, &(struct relay_options){ .starttls = true, .auth = "PLAIN" });

    seq = staff_say(&agent, conv, "r3", "third");
    mail = mail_to("gone@mail.example", "third");
    status(seq, "sent");
    (void)snprintf(id, sizeof(id), "Message-ID: %s\r\n\r\n", head_of(mail, "Message-ID"));
    free(mail);
    bounce = mail_of("mailer-daemon@relay.example", "support@in.kefud.example", "<b1@relay.example>", "It could not be delivered.");
    add_header(bounce, "Content-Type", "multipart/report; report-type=delivery-status; boundary=x");
    add_header(bounce, "Return-Path", "<>");
    add_file(bounce, "", "message/delivery-status",
             "Reporting-MTA: dns; relay.example\r\n\r\nFinal-Recipient: rfc822; gone@mail.example\r\nAction: failed\r\nStatus: 5.1.1\r\n"
             "Diagnostic-Code: smtp; 550 5.1.1 no such user\r\n");
    add_file(bounce, "", "text/rfc822-headers", id);
    brings(bounce);
    assert_string_equal(text_at(status(seq, "failed"), "reason"), "smtp; 550 5.1.1 no such user");
}

/* No greeting, no waiting notice: the first mail to that address is the agent's. */
static void a_machine_is_never_answered_by_one(void **state)
{
    json_t *in = mail_of("robot@mail.example", "support@in.kefud.example", "<a1@mail.example>", "I am away");
    const struct relayed *m;
    char conv[40];

    (void)state;
    add_header(in, "Auto-Submitted", "auto-replied");
    brings(in);
    (void)snprintf(conv, sizeof(conv), "%s", assigned());
    status(staff_say(&agent, conv, "r1", "from a person"), "sent");
    do
        m = relay_take(&relay);
    while (!strstr(m->said, "robot@mail.example"));
    assert_non_null(strstr(m->data, "from a person"));
}

/* The visitor has left a mail address and the page: the answer goes there, says so, and what comes back is in the same conversation. */
/* To the address with the token, and to another channel of the same secret: there it is a mail of its own, and not the same answer once more. */
static void answers_all(const char *conv, const char *to, const char *ours)
{
    const char *const whom[] = { to, "desk@in.kefud.example" };

    for (int i = 0; i < 4; i++) {
        json_t *answer = mail_of("wang@mail.example", whom[i % 2], "<w3@mail.example>", "to all of you");

        json_object_set_new(answer, "To", json_sprintf("<%s>, Desk <%s>", to, whom[1]));
        add_header(answer, "In-Reply-To", ours);
        brings(answer);
    }
    wire_take(&agent.wire, "{s:s,s:s,s:s}", "type", "message", "conversation", conv, "text", "to all of you");
    assert_string_equal(text_at(wire_take(&agent.wire, "{s:s}", "type", "assigned"), "conversation.channel"), "zdesk");
    wire_none(&agent.wire, "{s:s,s:s}", "type", "message", "text", "to all of you");
}

static void who_is_gone_is_answered_by_mail(void **state)
{
    struct visitor v = { 0 };
    char conv[40], to[200], id[300], returned[330], *mail;
    const json_t *m;
    json_t *bounce;
    char cid[16];
    int64_t seq;
    int n = 0;

    (void)state;
    visitor_enter(&v, &d, SITE, NULL);
    wire_sendf(&v.wire, "{\"type\":\"message\",\"cid\":\"c1\",\"kind\":\"form\",\"form\":{\"name\":\"王\",\"email\":\"wang@Mail.example\","
                        "\"text\":\"请回信\"}}");
    (void)snprintf(conv, sizeof(conv), "%s", assigned());
    seq = staff_say(&agent, conv, "w1", "您还在吗");
    wire_none(&agent.wire, "{s:s,s:s}", "type", "status", "conversation", conv); /* the page is open: no mail */
    visitor_leave(&v);
    do { /* until the daemon has noticed */
        (void)snprintf(cid, sizeof(cid), "b%d", n++);
        seq = staff_say(&agent, conv, cid, cid);
    } while (n < 50 && !wire_take_within(&agent.wire, 500, "{s:s,s:I,s:s}", "type", "status", "seq", (json_int_t)seq, "state", "sent"));
    mail = mail_to("wang@mail.example", cid);
    assert_string_equal(head_of(mail, "To"), "<wang@mail.example>");
    (void)snprintf(to, sizeof(to), "%s", head_of(mail, "Reply-To") + 1);
    to[strlen(to) - 1] = '\0';
    (void)snprintf(id, sizeof(id), "%s", head_of(mail, "Message-ID"));
    (void)snprintf(returned, sizeof(returned), "Message-ID: %s\r\n\r\n", id);
    free(mail);
    wire_sendf(&agent.wire, "{\"type\":\"history\",\"conversation\":\"%s\",\"after\":%lld}", conv, (long long)seq - 1);
    m = wire_take(&agent.wire, "{s:s,s:s}", "type", "history", "conversation", conv);
    assert_true(json_is_true(value_at(m, "messages.0.mail")));

    brings(mail_of("wang@mail.example", to, "<w1@mail.example>", "got it"));
    m = wire_take(&agent.wire, "{s:s,s:s}", "type", "message", "text", "got it");
    assert_string_equal(text_at(m, "conversation"), conv);
    assert_true(json_is_true(value_at(m, "mail")));
    answers_all(conv, to, id);

    bounce = mail_of("mailer-daemon@relay.example", "support@in.kefud.example", "<w2@relay.example>", "It could not be delivered.");
    add_header(bounce, "Content-Type", "multipart/report; report-type=delivery-status; boundary=x");
    add_file(bounce, "", "message/delivery-status", "Final-Recipient: rfc822; wang@mail.example\r\nAction: failed\r\nStatus: 5.2.1\r\n");
    add_file(bounce, "", "text/rfc822-headers", returned);
    brings(bounce);
    assert_string_equal(text_at(status(seq, "failed"), "reason"), "5.2.1");
    visitor_free(&v);
}

/* Posts a form as Mailgun does: its signature is over the two, and not over the mail. `to` is escaped. */
static int gun_posted_to(const char *to, const char *at, const char *token, const char *id, const char *text)
{
    char body[1200], both[120], proof[65];
    struct reply r;
    int ret;

    (void)snprintf(both, sizeof(both), "%s%s", at, token);
    hmac_hex(GUN_KEY, both, proof);
    (void)snprintf(body, sizeof(body),
                   "recipient=%s&sender=kim%%40mail.example&from=kim%%40mail.example&subject=Hi&body-plain=%s"
                   "&message-headers=[[%%22Message-Id%%22,%%22%s%%22]]&timestamp=%s&token=%s&signature=%s",
                   to, text, id, at, token, proof);
    web_ask(&d,
            &(struct ask){
                .path = hook_path(&d, SITE, "zgun"), .headers = "Content-Type: application/x-www-form-urlencoded\r\n", .body = body },
            &r);
    ret = r.status;
    reply_free(&r);
    return ret;
}

static int gun_posted(const char *at, const char *token, const char *id, const char *text)
{
    return gun_posted_to("help%40gun.kefud.example", at, token, id, text);
}

/* Who has seen a signed request go by can sign nothing else with it; its repeat, and the same mail signed anew, are the same mail. */
static void a_signature_is_good_for_one_mail(void **state)
{
    const char *token = "0123456789abcdef0123456789abcdef0123456789abcdef01", *other = "1123456789abcdef0123456789abcdef0123456789abcdef01";
    char at[24], conv[40];

    (void)state;
    (void)snprintf(at, sizeof(at), "%lld", (long long)(now_wall_ms() / 1000));
    assert_int_equal(gun_posted(at, token, "<gun-1@mail.example>", "genuine"), 200);
    (void)snprintf(conv, sizeof(conv), "%s", assigned());
    assert_int_equal(gun_posted(at, token, "<gun-1@mail.example>", "genuine"), 200);
    assert_int_equal(gun_posted(at, token, "<gun-2@mail.example>", "forged"), 200);
    daemon_log_wait(&d, "reason=replayed_token");
    assert_int_equal(gun_posted(at, other, "<gun-1@mail.example>", "genuine"), 200);
    assert_int_equal(gun_posted(at, other, "<gun-3@mail.example>", "forged+too"), 200);
    wire_none(&agent.wire, "{s:s}", "type", "assigned");
    wire_none(&agent.wire, "{s:s,s:s}", "type", "message", "text", "genuine");
    assert_int_equal(gun_posted(at, "2123456789", "<gun-4@mail.example>", "another"), 200);
    assert_string_not_equal(assigned(), conv);
}

/* ---- whom it is for ---- */

static void assigned_of(const char *channel, char conv[40])
{
    (void)snprintf(
        conv, 40, "%s",
        text_at(wire_take(&agent.wire, "{s:s,s:{s:s}}", "type", "assigned", "conversation", "channel", channel), "conversation.id"));
}

/* One route of a provider may bring all of a domain to one hook: each mail is of the channel that has its address, and goes out as that. */
static void mail_to_another_channel_is_that_one_s(void **state)
{
    json_t *with_file = mail_of("files2@mail.example", "SALES@gun.kefud.example", "<s2@mail.example>", "our order");
    char at[24], conv[40], *mail;
    const json_t *m;

    (void)state;
    (void)snprintf(at, sizeof(at), "%lld", (long long)(now_wall_ms() / 1000));
    assert_int_equal(gun_posted_to("sales%2Bx%40GUN.kefud.example", at, "3123456789", "<s1@mail.example>", "for+sales"), 200);
    assigned_of("zsales", conv);
    staff_say(&agent, conv, "s1", "sales speaks");
    mail = mail_to("kim@mail.example", "sales speaks");
    assert_non_null(strstr(head_of(mail, "From"), "<Sales@gun.kefud.example>"));
    assert_non_null(strstr(head_of(mail, "Reply-To"), "<Sales+"));
    free(mail);

    add_file(with_file, "order.txt", "text/plain", "three chairs");
    brings(with_file);
    assigned_of("zsales", conv);
    wire_sendf(&agent.wire, "{\"type\":\"history\",\"conversation\":\"%s\",\"after\":0}", conv);
    m = wire_take(&agent.wire, "{s:s,s:s}", "type", "history", "conversation", conv);
    assert_string_equal(text_at(m, "messages.0.file.name"), "order.txt");
    wire_none(&agent.wire, "{s:s}", "type", "assigned");
}

/* `aliases` belong to a channel, and answers go out as the one that was written to; an answer to those comes back. */
static void an_alias_answers_as_itself(void **state)
{
    char conv[40], at[24], to[200], *mail;
    const json_t *m;

    (void)state;
    (void)snprintf(at, sizeof(at), "%lld", (long long)(now_wall_ms() / 1000));
    assert_int_equal(gun_posted_to("Info%40gun.kefud.example", at, "4123456789", "<i1@mail.example>", "info+please"), 200);
    assigned_of("zsales", conv);
    staff_say(&agent, conv, "i1", "info speaks");
    mail = mail_to("kim@mail.example", "info speaks");
    assert_non_null(strstr(head_of(mail, "From"), "<info@gun.kefud.example>"));
    (void)snprintf(to, sizeof(to), "%s", head_of(mail, "Reply-To") + 1);
    to[strlen(to) - 1] = '\0';
    free(mail);
    assert_memory_equal(to, "info+", 5);
    brings(mail_of("kim@mail.example", to, "<i2@mail.example>", "thank you, info"));
    m = wire_take(&agent.wire, "{s:s,s:s}", "type", "message", "text", "thank you, info");
    assert_string_equal(text_at(m, "conversation"), conv);

    brings(mail_of("kim@mail.example", "whoever@all.kefud.example", "<i3@mail.example>", "to all of a domain"));
    assigned_of("zsales", conv);
    staff_say(&agent, conv, "i2", "all speak");
    mail = mail_to("kim@mail.example", "all speak");
    assert_non_null(strstr(head_of(mail, "From"), "<whoever@all.kefud.example>"));
    free(mail);
}

/* By account, as email.md has it: who writes to two channels has written to both, once each, whatever way the provider brings it; and an answer
 * to all goes on in each of the two talks, and neither stands twice in one of them nor begins a third. */
static void mail_to_two_channels_is_one_message_in_each(void **state)
{
    char support[40], desk[40], to[200], id[200], refs[300], *mail;
    const char *const whom[] = { "support@in.kefud.example", "desk@in.kefud.example" };

    (void)state;
    for (int i = 0; i < 4; i++)
        brings(mail_of("lu@mail.example", whom[i % 2], "<two-1@mail.example>", "to both of you"));
    assigned_of("mail", support);
    assigned_of("zdesk", desk);
    wire_none(&agent.wire, "{s:s}", "type", "assigned");
    wire_none(&agent.wire, "{s:s,s:s}", "type", "message", "text", "to both of you");

    staff_say(&agent, support, "two1", "support speaks");
    mail = mail_to("lu@mail.example", "support speaks");
    (void)snprintf(to, sizeof(to), "%s", head_of(mail, "Reply-To"));
    (void)snprintf(id, sizeof(id), "%s", head_of(mail, "Message-ID"));
    (void)snprintf(refs, sizeof(refs), "<two-1@mail.example> %s", id);
    free(mail);
    for (int i = 0; i < 4; i++) {
        char bare[200];
        json_t *answer;

        (void)snprintf(bare, sizeof(bare), "%s", to + 1); /* without its brackets */
        bare[strlen(bare) - 1] = '\0';
        answer = mail_of("lu@mail.example", i % 2 ? whom[1] : bare, "<two-2@mail.example>", "thanks to you all");
        json_object_set_new(answer, "To", json_sprintf("%s, Desk <%s>", to, whom[1]));
        add_header(answer, "In-Reply-To", id);
        add_header(answer, "References", refs);
        brings(answer);
    }
    wire_take(&agent.wire, "{s:s,s:s,s:s}", "type", "message", "conversation", support, "text", "thanks to you all");
    wire_take(&agent.wire, "{s:s,s:s,s:s}", "type", "message", "conversation", desk, "text", "thanks to you all");
    wire_none(&agent.wire, "{s:s,s:s}", "type", "message", "text", "thanks to you all");
    wire_none(&agent.wire, "{s:s}", "type", "assigned");

    /* Two addresses of one channel are one. */
    brings(mail_of("lu@mail.example", "sales@gun.kefud.example", "<two-3@mail.example>", "to one of you"));
    brings(mail_of("lu@mail.example", "info@gun.kefud.example", "<two-3@mail.example>", "to one of you"));
    assigned_of("zsales", desk);
    wire_none(&agent.wire, "{s:s}", "type", "assigned");
    wire_none(&agent.wire, "{s:s,s:s}", "type", "message", "text", "to one of you");
}

/* Such as a provider's own address, to which a mail server forwards: it is read where it was brought to, and answered as that one. */
static void mail_to_an_address_that_nobody_has_is_lost_to_nobody(void **state)
{
    char conv[40], *mail;

    (void)state;
    brings(mail_of("kim@mail.example", "451d9b70cf@inbound.kefud.example", "<n1@mail.example>", "anybody there?"));
    assigned_of("mail", conv);
    staff_say(&agent, conv, "n1", "we are");
    mail = mail_to("kim@mail.example", "we are");
    assert_null(strstr(head_of(mail, "From"), "inbound"));
    assert_non_null(strstr(head_of(mail, "From"), "@in.kefud.example>"));
    free(mail);
}

/* Two shops at one provider: each believes by its own secret what comes to the other's hook. */
static void mail_to_another_site_is_believed_there(void **state)
{
    static const char other[] =
        "{\"site\":{\"key\":\"post2\",\"name\":\"Two\",\"language\":\"en\"},\"queues\":{\"desk\":{\"name\":\"Desk\"}},\"channels\":{"
        "\"gun2\":{\"adapter\":\"mail\",\"name\":\"Two\",\"queue\":\"desk\",\"settings\":{\"provider\":\"mailgun\",\"signing_keys\":["
        "\"" GUN_KEY
        "\"],\"address\":\"two@gun.kefud.example\",\"token_secret\":\"sixteen bytes or more\",\"relay\":\"smtp://127.0.0.1:%d\"}},"
        "\"gun3\":{\"adapter\":\"mail\",\"name\":\"Three\",\"queue\":\"desk\",\"settings\":{\"provider\":\"mailgun\",\"signing_keys\":["
        "\"key-of-somebody-else\"],\"address\":\"three@gun.kefud.example\",\"token_secret\":\"sixteen bytes or more\","
        "\"relay\":\"smtp://127.0.0.1:9\"}},"
        "\"gun4\":{\"adapter\":\"mail\",\"name\":\"Four\",\"queue\":\"desk\",\"settings\":{\"provider\":\"mailgun\",\"signing_keys\":["
        "\"" GUN_KEY
        "\"],\"address\":\"info@gun.kefud.example\",\"token_secret\":\"sixteen bytes or more\",\"relay\":\"smtp://127.0.0.1:9\"}}},"
        "\"people\":[{\"email\":\"agent@post2.example\",\"name\":\"Two\",\"number\":\"8\",\"roles\":[\"agent\"],\"queues\":[\"desk\"]}]}";
    struct staff two = { 0 };
    char at[24], ignored[64], conv[40];

    (void)state;
    site_open(&d, other, relay.port, &two, ignored);
    (void)snprintf(at, sizeof(at), "%lld", (long long)(now_wall_ms() / 1000));
    assert_int_equal(gun_posted_to("two%40gun.kefud.example", at, "5123456789", "<t1@mail.example>", "hello+two"), 200);
    wire_take(&two.wire, "{s:s,s:{s:s}}", "type", "assigned", "conversation", "channel", "gun2");
    assert_int_equal(gun_posted_to("three%40gun.kefud.example", at, "6123456789", "<t2@mail.example>", "hello+three"), 200);
    daemon_log_wait(&d, "event=hook_passed_over site=" SITE " channel=zgun reason=bad_signature events=1");
    wire_none(&two.wire, "{s:s}", "type", "assigned");
    assigned_of("zgun", conv); /* it was brought here, and is lost to nobody */
    assert_int_equal(gun_posted_to("info%40gun.kefud.example", at, "7123456789", "<t3@mail.example>", "hello+info"), 200);
    assigned_of("zsales", conv); /* who names it here goes before another site that has it */
    wire_none(&two.wire, "{s:s}", "type", "assigned");
    staff_free(&two);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_stays_in_its_thread_and_brings_the_next_one_back),
        cmocka_unit_test(what_comes_twice_is_one_message_and_what_is_not_believed_none),
        cmocka_unit_test(a_signature_is_good_for_one_mail),
        cmocka_unit_test(files_go_both_ways),
        cmocka_unit_test(a_file_that_is_too_large_says_so),
        cmocka_unit_test(what_the_relay_refuses_and_what_comes_back_is_seen),
        cmocka_unit_test(a_machine_is_never_answered_by_one),
        cmocka_unit_test(who_is_gone_is_answered_by_mail),
        cmocka_unit_test(mail_to_another_channel_is_that_one_s),
        cmocka_unit_test(an_alias_answers_as_itself),
        cmocka_unit_test(mail_to_two_channels_is_one_message_in_each),
        cmocka_unit_test(mail_to_an_address_that_nobody_has_is_lost_to_nobody),
        cmocka_unit_test(mail_to_another_site_is_believed_there),
    };

    return cmocka_run_group_tests(tests, start, finish);
}
