/* What remains of a talk: files, transcripts and who may read them, canned replies, who is there. */
#include "tests/support/cast.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SITE       "demo"
#define AGENT1     "agent1@demo.example"
#define AGENT2     "agent2@demo.example"
#define REVIEWER   "reviewer@demo.example"
#define SUPERVISOR "supervisor@demo.example"
#define ADMIN      "admin@demo.example"

static struct daemon d;

/* A PNG of one white pixel. */
static const unsigned char png[] = {
    0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n', 0,    0,    0, 13, 'I', 'H', 'D', 'R', 0,   0,    0,    1,    0,    0,    0,
    1,    8,   0,   0,   0,    0,    0x3a, 0x7e, 0x9b, 0x55, 0, 0,  0,   10,  'I', 'D', 'A', 'T',  0x78, 0x9c, 0x63, 0xf8, 0x0f,
    0,    1,   1,   1,   0,    0x1b, 0xb6, 0xee, 0x56, 0,    0, 0,  0,   'I', 'E', 'N', 'D', 0xae, 0x42, 0x60, 0x82,
};

static int start(void **state)
{
    (void)state;
    daemon_start(&d, &(struct daemon_options){ .demo = true, .config = "[limits]\nconversations = 1000\n" });
    return 0;
}

static int finish(void **state)
{
    (void)state;
    daemon_finish(&d);
    return 0;
}

struct scene {
    struct visitor v;
    struct staff a;
};

static void begin(struct scene *s, const char *words)
{
    memset(s, 0, sizeof(*s));
    staff_online(&s->a, &d, AGENT1, SITE);
    visitor_enter(&s->v, &d, SITE, NULL);
    (void)visitor_say(&s->v, "c1", words);
    wire_take(&s->a.wire, "{s:s,s:{s:s}}", "type", "assigned", "conversation", "id", s->v.conv);
}

static void end(struct scene *s)
{
    wire_text(&s->v.wire, "{\"type\":\"close\",\"cid\":\"the-end\"}");
    assert_string_equal(wire_verdict(&s->v.wire, "the-end"), "ack");
    staff_presence(&s->a, "offline");
    staff_free(&s->a);
    visitor_free(&s->v);
}

/* ---- files ---- */

static const char *bearer(const struct visitor *v)
{
    static char header[600];

    (void)snprintf(header, sizeof(header), "Authorization: Bearer %s\r\n", v->token);
    return header;
}

/* What uploading answers with, owned by the caller. */
static json_t *upload(const struct visitor *v, const char *name, const void *bytes, size_t n)
{
    char path[200];
    struct reply r;
    json_t *ret;

    (void)snprintf(path, sizeof(path), "/files?site=" SITE "&name=%s", name);
    r = web_expect(&d, 201, &(struct ask){ .path = path, .headers = bearer(v), .body = bytes, .n_body = n });
    ret = json_incref(r.json);
    reply_free(&r);
    return ret;
}

static void say_file(struct visitor *v, const char *cid, const char *kind, const char *file)
{
    wire_sendf(&v->wire, "{\"type\":\"message\",\"cid\":\"%s\",\"kind\":\"%s\",\"file\":\"%s\"}", cid, kind, file);
}

static const char *file_path(const char *id)
{
    static char path[64];

    (void)snprintf(path, sizeof(path), "/files/%s", id);
    return path;
}

static void an_image_is_seen_by_both_and_nobody_else(void **state)
{
    struct visitor stranger = { 0 };
    struct staff other = { 0 }, reviewer = { 0 };
    struct scene s;
    struct reply r;
    json_t *file;
    char path[64];

    (void)state;
    begin(&s, "看图");
    file = upload(&s.v, "%E6%88%AA%E5%9B%BE.png", png, sizeof(png));
    assert_string_equal(text_at(file, "mime"), "image/png");
    assert_string_equal(text_at(file, "name"), "截图.png");
    assert_int_equal(number_at(file, "size"), sizeof(png));
    assert_int_equal(number_at(file, "width"), 1);
    (void)snprintf(path, sizeof(path), "%s", file_path(text_at(file, "id")));
    say_file(&s.v, "f1", "image", text_at(file, "id"));
    assert_string_equal(wire_verdict(&s.v.wire, "f1"), "ack");
    wire_take(&s.a.wire, "{s:s,s:s,s:{s:s,s:s,s:s,s:i}}", "type", "message", "kind", "image", "file", "id", text_at(file, "id"), "name",
              "截图.png", "mime", "image/png", "size", (int)sizeof(png));

    r = web_expect(&d, 200, &(struct ask){ .path = path, .headers = bearer(&s.v) });
    assert_int_equal(r.n_body, sizeof(png));
    assert_memory_equal(r.body, png, sizeof(png));
    assert_string_equal(reply_header(&r, "Content-Type"), "image/png");
    assert_string_equal(reply_header(&r, "X-Content-Type-Options"), "nosniff");
    assert_string_equal(reply_header(&r, "Content-Security-Policy"), "sandbox; default-src 'none'");
    assert_string_equal(reply_header(&r, "Cache-Control"), "private, no-store");
    assert_true(strncmp(reply_header(&r, "Content-Disposition"), "inline;", 7) == 0);
    reply_free(&r);
    r = web_expect(&d, 200, &(struct ask){ .path = path, .cookie = s.a.cookie });
    assert_memory_equal(r.body, png, sizeof(png));
    reply_free(&r);

    /* A reviewer may, who reads transcripts; nobody else, and nobody learns that it is there. */
    staff_sign_in(&reviewer, &d, REVIEWER);
    web_status(&d, 200, &(struct ask){ .path = path, .cookie = reviewer.cookie });
    staff_sign_in(&other, &d, AGENT2);
    web_status(&d, 404, &(struct ask){ .path = path, .cookie = other.cookie });
    visitor_enter(&stranger, &d, SITE, NULL);
    web_status(&d, 404, &(struct ask){ .path = path, .headers = bearer(&stranger) });
    web_status(&d, 404, &(struct ask){ .path = path });
    /* Nor may a stranger pass it on as his own. */
    (void)visitor_say(&stranger, "c1", "你好");
    say_file(&stranger, "f1", "image", text_at(file, "id"));
    assert_string_equal(wire_verdict(&stranger.wire, "f1"), "not_found");

    json_decref(file);
    visitor_free(&stranger);
    staff_free(&other);
    staff_free(&reviewer);
    end(&s);
}

static void what_is_no_image_is_only_downloaded(void **state)
{
    static const char html[] = "<!doctype html><script>alert(1)</script>";
    static const char svg[] = "<svg xmlns=\"http://www.w3.org/2000/svg\" onload=\"alert(1)\"/>";
    const struct {
        const char *name, *bytes;
    } rows[] = { { "a.html", html }, { "a.svg", svg }, { "a.png", html } };
    struct scene s;

    (void)state;
    begin(&s, "文件");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        json_t *file = upload(&s.v, rows[i].name, rows[i].bytes, strlen(rows[i].bytes));
        struct reply r = web_expect(&d, 200, &(struct ask){ .path = file_path(text_at(file, "id")), .headers = bearer(&s.v) });

        assert_true(strncmp(reply_header(&r, "Content-Disposition"), "attachment;", 11) == 0);
        assert_null(strstr(reply_header(&r, "Content-Type"), "html"));
        assert_null(strstr(reply_header(&r, "Content-Type"), "svg"));
        reply_free(&r);
        json_decref(file);
    }
    end(&s);
}

static void an_agent_sends_a_file_with_the_csrf_token_only(void **state)
{
    struct scene s;
    struct reply r;

    (void)state;
    begin(&s, "请发报价单");
    web_status(
        &d, 403,
        &(struct ask){ .path = "/files?site=" SITE "&name=q.pdf", .cookie = s.a.cookie, .csrf = "0", .origin = "", .body = "%PDF-1.4" });
    web_status(&d, 401, &(struct ask){ .path = "/files?site=" SITE "&name=q.pdf", .body = "%PDF-1.4" });
    r = web_expect(
        &d, 201,
        &(struct ask){
            .path = "/files?site=" SITE "&name=q.pdf", .cookie = s.a.cookie, .csrf = s.a.csrf, .origin = "", .body = "%PDF-1.4" });
    wire_sendf(&s.a.wire, "{\"type\":\"message\",\"conversation\":\"%s\",\"cid\":\"m1\",\"kind\":\"file\",\"file\":\"%s\"}", s.v.conv,
               text_at(r.json, "id"));
    assert_string_equal(wire_verdict(&s.a.wire, "m1"), "ack");
    wire_take(&s.v.wire, "{s:s,s:s,s:{s:s,s:s}}", "type", "message", "kind", "file", "file", "id", text_at(r.json, "id"), "name", "q.pdf");
    web_status(&d, 200, &(struct ask){ .path = file_path(text_at(r.json, "id")), .headers = bearer(&s.v) });
    reply_free(&r);
    end(&s);
}

static void a_large_file_comes_back_whole(void **state)
{
    size_t n = 3u << 20;
    char *bytes = malloc(n);
    struct scene s;
    struct reply r;
    json_t *file;

    (void)state;
    begin(&s, "大文件");
    for (size_t i = 0; i < n; i++)
        bytes[i] = (char)(i * 2654435761u >> 13);
    file = upload(&s.v, "big.bin", bytes, n);
    assert_int_equal(number_at(file, "size"), n);
    r = web_expect(&d, 200, &(struct ask){ .path = file_path(text_at(file, "id")), .headers = bearer(&s.v) });
    assert_int_equal(r.n_body, n);
    assert_memory_equal(r.body, bytes, n);
    reply_free(&r);
    r = web_expect(&d, 200, &(struct ask){ .method = "HEAD", .path = file_path(text_at(file, "id")), .headers = bearer(&s.v) });
    assert_int_equal(r.n_body, 0);
    reply_free(&r);
    json_decref(file);
    free(bytes);
    end(&s);
}

/* ---- transcripts ---- */

static int audited(const char *kind, const char *person, const char *conv)
{
    char path[128], like[64];
    sqlite3 *db = NULL;
    sqlite3_stmt *st = NULL;
    int n;

    (void)snprintf(path, sizeof(path), "%s/kefud.db", d.state);
    (void)snprintf(like, sizeof(like), "%%%s%%", conv);
    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, "SELECT count(*) FROM audit WHERE kind = ?1 AND name = ?2 AND data LIKE ?3", -1, &st, NULL),
                     SQLITE_OK);
    sqlite3_bind_text(st, 1, kind, -1, SQLITE_STATIC);
    sqlite3_bind_text(st, 2, person, -1, SQLITE_STATIC);
    sqlite3_bind_text(st, 3, like, -1, SQLITE_STATIC);
    assert_int_equal(sqlite3_step(st), SQLITE_ROW);
    n = sqlite3_column_int(st, 0);
    sqlite3_finalize(st);
    sqlite3_close(db);
    return n;
}

/* The index is at most a second behind: asked again until the hit is there. */
static json_t *search(const struct staff *who, const char *query, size_t want)
{
    int64_t end_at = now_mono_ms() + patience_ms();
    char path[400];
    json_t *ret;

    (void)snprintf(path, sizeof(path), "/api/v1/transcripts?site=" SITE "&%s", query);
    for (;;) {
        ret = staff_get(who, &d, path);
        if (json_array_size(value_at(ret, "items")) == want || now_mono_ms() > end_at)
            break;
        json_decref(ret);
        breathe();
    }
    assert_int_equal(json_array_size(value_at(ret, "items")), want);
    return ret;
}

/* The index takes in one message after the other: the first may be found a moment before the second. */
static json_t *search_hits(const struct staff *who, const char *query, size_t hits)
{
    int64_t end_at = now_mono_ms() + patience_ms();
    json_t *ret = search(who, query, 1);

    while (json_array_size(value_at(ret, "items.0.hits")) != hits && now_mono_ms() < end_at) {
        json_decref(ret);
        breathe();
        ret = search(who, query, 1);
    }
    return ret;
}

static void a_talk_is_found_by_a_word_of_two_characters(void **state)
{
    struct staff reviewer = { 0 }, other = { 0 };
    struct scene s;
    struct reply r;
    json_t *found;
    char path[120], conv[40];

    (void)state;
    begin(&s, "我的订单想要开具专票，谢谢");
    (void)staff_say(&s.a, s.v.conv, "a1", "专票需要一般纳税人资格。");
    (void)snprintf(conv, sizeof(conv), "%s", s.v.conv);
    end(&s);
    staff_sign_in(&reviewer, &d, REVIEWER);
    found = search_hits(&reviewer, "q=%E4%B8%93%E7%A5%A8", 2);
    assert_string_equal(text_at(found, "items.0.conversation.id"), conv);
    assert_int_equal(json_array_size(value_at(found, "items.0.hits")), 2);
    assert_int_equal(number_at(found, "count"), 1);
    json_decref(found);
    found = search(&reviewer, "q=%E4%B8%93%E5%88%A9", 0); /* 专利: one of the characters is not enough */
    json_decref(found);

    /* The words of others were shown: that is on record, what was looked for is not. */
    assert_true(audited("transcripts_searched", "何静怡", conv) > 0);
    assert_int_equal(audited("transcripts_searched", "何静怡", "专票"), 0);
    (void)snprintf(path, sizeof(path), "/api/v1/transcripts/%s", conv);
    assert_int_equal(audited("transcript_read", "何静怡", conv), 0);
    found = staff_get(&reviewer, &d, path);
    assert_string_equal(text_at(found, "messages.0.text"), "我的订单想要开具专票，谢谢");
    assert_true(json_array_size(value_at(found, "timeline")) > 0);
    json_decref(found);
    assert_int_equal(audited("transcript_read", "何静怡", conv), 1);

    /* Who served it may read it, and finds it; another agent neither. */
    staff_sign_in(&s.a, &d, AGENT1);
    found = search(&s.a, "q=%E4%B8%93%E7%A5%A8", 1);
    json_decref(found);
    found = staff_get(&s.a, &d, path);
    json_decref(found);
    staff_sign_in(&other, &d, AGENT2);
    found = search(&other, "q=%E4%B8%93%E7%A5%A8", 0);
    json_decref(found);
    r = web_expect(&d, 404, &(struct ask){ .path = path, .cookie = other.cookie });
    assert_null(strstr(r.body, "专票"));
    reply_free(&r);
    staff_free(&reviewer);
    staff_free(&other);
    staff_free(&s.a);
}

static void transcripts_are_filtered_and_paged(void **state)
{
    struct staff reviewer = { 0 };
    json_t *page, *next;
    char query[200];

    (void)state;
    for (int i = 0; i < 3; i++) {
        struct scene s;

        begin(&s, "蓝色沙发有货吗");
        if (i == 0) {
            wire_sendf(&s.v.wire, "{\"type\":\"rate\",\"cid\":\"rt\",\"conversation\":\"%s\",\"score\":4}", s.v.conv);
            assert_string_equal(wire_verdict(&s.v.wire, "rt"), "ack");
        }
        end(&s);
    }
    staff_sign_in(&reviewer, &d, REVIEWER);
    page = search(&reviewer, "q=%E6%B2%99%E5%8F%91", 3);
    json_decref(page);
    page = search(&reviewer, "q=%E6%B2%99%E5%8F%91&limit=2", 2);
    assert_int_equal(number_at(page, "count"), 3);
    (void)snprintf(query, sizeof(query), "q=%%E6%%B2%%99%%E5%%8F%%91&limit=2&cursor=%s", text_at(page, "cursor"));
    next = search(&reviewer, query, 1);
    assert_string_not_equal(text_at(next, "items.0.conversation.id"), text_at(page, "items.0.conversation.id"));
    assert_string_not_equal(text_at(next, "items.0.conversation.id"), text_at(page, "items.1.conversation.id"));
    assert_true(json_is_null(value_at(next, "cursor")));
    json_decref(next);
    json_decref(page);
    page = search(&reviewer, "q=%E6%B2%99%E5%8F%91&rating=4", 1);
    json_decref(page);
    (void)snprintf(query, sizeof(query), "q=%%E6%%B2%%99%%E5%%8F%%91&to=%lld", (long long)(now_wall_ms() - 3600000));
    page = search(&reviewer, query, 0);
    json_decref(page);
    web_status(&d, 400, &(struct ask){ .path = "/api/v1/transcripts?site=" SITE "&limit=0", .cookie = reviewer.cookie });
    web_status(&d, 400, &(struct ask){ .path = "/api/v1/transcripts?site=" SITE "&q=%ff", .cookie = reviewer.cookie });
    web_status(&d, 400, &(struct ask){ .path = "/api/v1/transcripts?site=" SITE "&cursor=xx", .cookie = reviewer.cookie });
    staff_free(&reviewer);
}

/* ---- beside the socket ---- */

static void canned_replies_and_colleagues_are_told(void **state)
{
    struct staff a = { 0 };
    json_t *got, *one;
    size_t i;
    bool seen = false;

    (void)state;
    staff_online(&a, &d, AGENT1, SITE);
    got = staff_get(&a, &d, "/api/v1/sites/" SITE "/canned");
    assert_true(json_array_size(value_at(got, "items")) > 12); /* those of the demo, then the shipped ones */
    assert_string_equal(text_at(got, "items.11.folder"), "");
    assert_string_not_equal(text_at(got, "items.12.folder"), "");
    json_array_foreach(value_at(got, "items"), i, one) seen |=
        strcmp(text_at(one, "code"), "refund") == 0 && strcmp(text_at(one, "initials"), "thtk") == 0;
    assert_true(seen);
    assert_string_equal(text_at(got, "forms.貨"), "货"); /* how else the characters of them are written */
    assert_string_equal(text_at(got, "forms.請"), "请");
    assert_null(value_at(got, "forms.龍"));
    json_decref(got);
    got = staff_get(&a, &d, "/api/v1/sites/" SITE "/colleagues");
    assert_int_equal(json_array_size(value_at(got, "agents")), 3);
    assert_int_equal(json_array_size(value_at(got, "queues")), 2);
    assert_string_equal(text_at(got, "channels.0.key"), "api");
    assert_null(json_object_get(got, "left")); /* for those who read everybody's transcripts */
    json_decref(got);
    staff_presence(&a, "offline");
    staff_free(&a);
}

static void who_has_left_is_told_to_those_who_look_for_what_he_said(void **state)
{
    struct staff admin = { 0 }, reviewer = { 0 };
    const char *someone;
    char path[120];
    json_t *got;

    (void)state;
    staff_sign_in(&admin, &d, "admin@demo.example");
    staff_sign_in(&reviewer, &d, "reviewer@demo.example");
    got = staff_send(&admin, &d, 201, "POST", "/api/v1/people",
                     "{\"site\":\"" SITE
                     "\",\"email\":\"gone@demo.example\",\"name\":\"老周\",\"number\":\"1099\",\"password\":\"a password that is "
                     "long\",\"roles\":[\"agent\"]}");
    someone = text_at(got, "id");
    (void)snprintf(path, sizeof(path), "/api/v1/people/%s/disable?site=" SITE, someone);
    json_decref(got);
    got = staff_get(&reviewer, &d, "/api/v1/sites/" SITE "/colleagues");
    assert_int_equal(json_array_size(value_at(got, "left")), 0);
    assert_int_equal(json_array_size(value_at(got, "agents")), 4);
    json_decref(got);
    json_decref(staff_send(&admin, &d, 204, "POST", path, "{}"));
    got = staff_get(&reviewer, &d, "/api/v1/sites/" SITE "/colleagues");
    assert_int_equal(json_array_size(value_at(got, "agents")), 3);
    assert_string_equal(text_at(got, "left.0.name"), "老周");
    assert_string_equal(text_at(got, "left.0.number"), "1099");
    json_decref(got);
    staff_free(&admin);
    staff_free(&reviewer);
}

static void who_waits_is_listed_for_those_who_may_take_it(void **state)
{
    struct visitor v = { 0 };
    struct staff a = { 0 };
    json_t *got;

    (void)state;
    staff_online(&a, &d, AGENT1, SITE);
    staff_presence(&a, "busy");
    visitor_enter(&v, &d, SITE, NULL);
    (void)visitor_say(&v, "c1", "有人吗");
    got = staff_get(&a, &d, "/api/v1/sites/" SITE "/conversations?state=waiting");
    assert_string_equal(text_at(got, "items.0.id"), v.conv);
    json_decref(got);
    wire_sendf(&a.wire, "{\"type\":\"accept\",\"conversation\":\"%s\",\"cid\":\"t1\"}", v.conv);
    assert_string_equal(wire_verdict(&a.wire, "t1"), "ack");
    wire_take(&a.wire, "{s:s,s:{s:s,s:s}}", "type", "assigned", "conversation", "id", v.conv, "state", "served");
    wire_take(&v.wire, "{s:s,s:s}", "type", "state", "state", "served");
    wire_text(&v.wire, "{\"type\":\"close\",\"cid\":\"x\"}");
    assert_string_equal(wire_verdict(&v.wire, "x"), "ack");
    staff_presence(&a, "offline");
    staff_free(&a);
    visitor_free(&v);
}

/* ---- one person, several devices ---- */

static const char identity_site[] =
    "{\"site\":{\"key\":\"shop\",\"name\":\"商城\",\"language\":\"zh-CN\",\"identity_secret\":\"0123456789abcdef0123456789abcdef\"},"
    "\"queues\":{\"main\":{\"name\":\"客服\"}},\"channels\":{\"web\":{\"adapter\":\"widget\",\"name\":\"官网\",\"queue\":\"main\"}},"
    "\"people\":[]}";

static void a_proven_identity_is_one_conversation_on_all_devices(void **state)
{
    struct visitor phone = { 0 }, laptop = { 0 }, late = { 0 }, liar = { 0 };
    char hash[65], extra[400], file[64];
    struct reply r;
    json_t *site;

    (void)state;
    site = site_add(&d, identity_site);
    hmac_hex("0123456789abcdef0123456789abcdef", "u-77", hash);
    (void)snprintf(extra, sizeof(extra), ",\"identity\":{\"id\":\"u-77\",\"hash\":\"%s\"}", hash);
    visitor_enter(&phone, &d, "shop", extra);
    assert_int_equal(visitor_say(&phone, "c1", "手机上写的"), 1);
    visitor_enter(&laptop, &d, "shop", extra);
    assert_string_equal(laptop.conv, phone.conv);
    assert_string_equal(laptop.id, phone.id);
    (void)visitor_say(&laptop, "c1-laptop", "电脑上写的");
    wire_take(&phone.wire, "{s:s,s:s}", "type", "message", "text", "电脑上写的");

    /* Files belong to the person, too. */
    r = web_expect(
        &d, 201,
        &(struct ask){
            .path = "/files?site=shop&name=a.png", .headers = bearer(&phone), .body = (const char *)png, .n_body = sizeof(png) });
    say_file(&phone, "f1", "image", text_at(r.json, "id"));
    (void)snprintf(file, sizeof(file), "%s", file_path(text_at(r.json, "id")));
    reply_free(&r);
    assert_string_equal(wire_verdict(&phone.wire, "f1"), "ack");
    wire_take(&laptop.wire, "{s:s,s:s}", "type", "message", "kind", "image");
    web_status(&d, 200, &(struct ask){ .path = file, .headers = bearer(&laptop) });

    /* A page that learns later who its visitor is. */
    visitor_enter(&late, &d, "shop", NULL);
    assert_string_equal(late.conv, "");
    web_status(&d, 404, &(struct ask){ .path = file, .headers = bearer(&late) });
    wire_sendf(&late.wire, "{\"type\":\"profile\",\"cid\":\"p1\"%s}", extra);
    assert_string_equal(wire_verdict(&late.wire, "p1"), "ack");
    wire_take(&late.wire, "{s:s,s:s,s:{s:s}}", "type", "welcome", "visitor", phone.id, "conversation", "id", phone.conv);
    web_status(&d, 200, &(struct ask){ .path = file, .headers = bearer(&late) });
    (void)visitor_say(&laptop, "c2-laptop", "三处都看得到");
    wire_take(&late.wire, "{s:s,s:s}", "type", "message", "text", "三处都看得到");

    hash[0] = hash[0] == '0' ? '1' : '0';
    (void)snprintf(extra, sizeof(extra), ",\"identity\":{\"id\":\"u-77\",\"hash\":\"%s\"}", hash);
    visitor_enter(&liar, &d, "shop", extra);
    wire_take(&liar.wire, "{s:s,s:s}", "type", "error", "code", "unauthorized");
    assert_string_equal(liar.conv, "");
    assert_string_not_equal(liar.id, phone.id);
    visitor_free(&liar);
    visitor_free(&late);
    visitor_free(&phone);
    visitor_free(&laptop);
    json_decref(site);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_image_is_seen_by_both_and_nobody_else),
        cmocka_unit_test(what_is_no_image_is_only_downloaded),
        cmocka_unit_test(an_agent_sends_a_file_with_the_csrf_token_only),
        cmocka_unit_test(a_large_file_comes_back_whole),
        cmocka_unit_test(a_talk_is_found_by_a_word_of_two_characters),
        cmocka_unit_test(transcripts_are_filtered_and_paged),
        cmocka_unit_test(canned_replies_and_colleagues_are_told),
        cmocka_unit_test(who_has_left_is_told_to_those_who_look_for_what_he_said),
        cmocka_unit_test(who_waits_is_listed_for_those_who_may_take_it),
        cmocka_unit_test(a_proven_identity_is_one_conversation_on_all_devices),
    };

    return cmocka_run_group_tests(tests, start, finish);
}
