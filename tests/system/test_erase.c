/* A visitor is forgotten: by asking at once, and after housekeeping by whoever reads the state directory or a dump of Redis. */
#define _GNU_SOURCE
#include "tests/support/cast.h"
#include "tests/support/redis.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define SITE    "demo"
#define NAME    "欧阳扎克斯"
#define PHONE   "13987654321"
#define CHINESE "我住在彩虹路八百号，要退掉那只铜锣"
#define ENGLISH "please send the copper gong to Zaxby Street"
#define NOTE    "he calls himself Zaxby"
#define PAPER   "Zaxby's own invoice, number 55512"
#define SHARED  "leaflet for all of our visitors"

static struct daemon d;
static struct redis redis;
static struct staff agent, admin, supervisor;

static const char *const his[] = { NAME, PHONE, CHINESE, ENGLISH, NOTE, PAPER };
static const char *const beside[] = { "letters of 1987", "was rough with" };
#define N_HIS (sizeof(his) / sizeof(his[0]))

static int start(void **state)
{
    char config[160];

    (void)state;
    redis_prepare(&redis);
    redis_start(&redis, false);
    UNTIL(redis_pong(redis.path));
    (void)snprintf(config, sizeof(config), "[redis]\nurl = unix:%s\n", redis.path);
    daemon_start(&d, &(struct daemon_options){ .demo = true, .config = config });
    staff_online(&agent, &d, "agent1@demo.example", SITE);
    staff_sign_in(&admin, &d, "admin@demo.example");
    staff_sign_in(&supervisor, &d, "supervisor@demo.example");
    return 0;
}

static int finish(void **state)
{
    (void)state;
    staff_free(&agent);
    staff_free(&admin);
    staff_free(&supervisor);
    daemon_finish(&d);
    redis_finish(&redis);
    return 0;
}

/* ---- looking into files ---- */

static bool file_has(const char *path, const char *words)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    char *bytes;
    bool ret;

    if (fd < 0)
        return false; /* it went meanwhile */
    assert_int_equal(fstat(fd, &st), 0);
    bytes = malloc((size_t)st.st_size + 1);
    assert_non_null(bytes);
    ret = read(fd, bytes, (size_t)st.st_size) == st.st_size && memmem(bytes, (size_t)st.st_size, words, strlen(words));
    free(bytes);
    close(fd);
    return ret;
}

/* The file below `dir` that has the words, in `found`; false: none. */
static bool dir_has(const char *dir, const char *words, char *found, size_t size)
{
    DIR *open_dir = opendir(dir);
    struct dirent *e;
    bool ret = false;

    assert_non_null(open_dir);
    while (!ret && (e = readdir(open_dir))) {
        char path[600];
        struct stat st;

        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        (void)snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
        if (lstat(path, &st) != 0)
            continue;
        ret = S_ISDIR(st.st_mode) ? dir_has(path, words, found, size) : S_ISREG(st.st_mode) && file_has(path, words);
        if (ret && S_ISREG(st.st_mode))
            (void)snprintf(found, size, "%s", path);
    }
    closedir(open_dir);
    return ret;
}

/* ---- asking ---- */

#define HELD    "she asked for her letters of 1987"
#define COACHED "was rough with " NAME " again"

/* What stands beside the conversation: why it was held once, and a note that names him. */
static void hold_and_coach(const struct visitor *v)
{
    char body[300], path[160];
    json_t *one;

    for (int of_conv = 0; of_conv < 2; of_conv++) {
        (void)snprintf(body, sizeof(body), "{\"%s\":\"%s\",\"reason\":\"" HELD "\"}", of_conv ? "conversation" : "visitor",
                       of_conv ? v->conv : v->id);
        one = staff_send(&supervisor, &d, 201, "POST", "/api/v1/holds?site=" SITE, body);
        (void)snprintf(path, sizeof(path), "/api/v1/holds/%s?site=" SITE, text_at(one, "id"));
        json_decref(one);
        json_decref(staff_send(&supervisor, &d, 204, "DELETE", path, NULL));
    }
    (void)snprintf(body, sizeof(body), "{\"agent\":\"%s\",\"text\":\"" COACHED "\",\"follow_at\":%lld}", agent.id,
                   (long long)(time(NULL) + 86400) * 1000);
    json_decref(staff_send(&supervisor, &d, 201, "POST", "/api/v1/coaching?site=" SITE, body));
}

static const char *upload(const struct visitor *v, const char *bytes)
{
    static char id[40];
    char header[600];
    struct reply r;

    (void)snprintf(header, sizeof(header), "Authorization: Bearer %s\r\n", v->token);
    r = web_expect(&d, 201, &(struct ask){ .path = "/files?site=" SITE "&name=paper.txt", .headers = header, .body = bytes });
    (void)snprintf(id, sizeof(id), "%s", text_at(r.json, "id"));
    reply_free(&r);
    return id;
}

static void send_paper(struct visitor *v, const char *cid, const char *bytes)
{
    wire_sendf(&v->wire, "{\"type\":\"message\",\"cid\":\"%s\",\"kind\":\"file\",\"file\":\"%s\"}", cid, upload(v, bytes));
    assert_string_equal(wire_verdict(&v->wire, cid), "ack");
}

static void leave(struct visitor *v)
{
    wire_text(&v->wire, "{\"type\":\"close\",\"cid\":\"the-end\"}");
    assert_string_equal(wire_verdict(&v->wire, "the-end"), "ack");
}

static int64_t found(const char *terms)
{
    char path[200];
    json_t *answer;
    int64_t n;

    (void)snprintf(path, sizeof(path), "/api/v1/transcripts?site=" SITE "&q=%s", terms);
    answer = staff_get(&supervisor, &d, path);
    n = (int64_t)json_array_size(json_object_get(answer, "items"));
    json_decref(answer);
    return n;
}

static void nothing_of_him(const char *text)
{
    for (size_t i = 0; i < N_HIS; i++)
        if (strstr(text, his[i]))
            fail_msg("%s is in %s", his[i], text);
}

static void ask_erase(const struct staff *who, const char *visitor, int status, struct reply *ret)
{
    char path[120];

    (void)snprintf(path, sizeof(path), "/api/v1/visitors/%s/erase?site=" SITE, visitor);
    *ret = web_expect(&d, status, &(struct ask){ .path = path, .cookie = who->cookie, .csrf = who->csrf, .origin = "", .body = "{}" });
}

static void keep_search(const char *name, const char *filter, const char *value)
{
    char body[400];

    (void)snprintf(body, sizeof(body), "{\"name\":\"%s\",\"shared\":true,\"filter\":{\"%s\":\"%s\"}}", name, filter, value);
    json_decref(staff_send(&supervisor, &d, 201, "POST", "/api/v1/searches?site=" SITE, body));
}

static void only_this_search_is_left(const char *name)
{
    json_t *answer = staff_get(&supervisor, &d, "/api/v1/searches?site=" SITE), *items = json_object_get(answer, "items");

    assert_int_equal(json_array_size(items), 1);
    assert_string_equal(text_at(json_array_get(items, 0), "name"), name);
    json_decref(answer);
}

static char *transcript(const char *conv)
{
    char path[120], *text;
    json_t *answer;

    (void)snprintf(path, sizeof(path), "/api/v1/transcripts/%s?reveal=1", conv);
    answer = staff_get(&supervisor, &d, path);
    text = json_dumps(answer, JSON_COMPACT);
    json_decref(answer);
    return text;
}

/* What his page, which is still open, can still ask for. */
static void his_page_finds_nothing(struct visitor *v)
{
    wire_forget(&v->wire);
    wire_sendf(&v->wire, "{\"type\":\"history\",\"conversation\":\"%s\",\"after\":0,\"limit\":50}", v->conv);
    wire_text(&v->wire, "{\"type\":\"ping\"}");
    wire_take(&v->wire, "{s:s}", "type", "pong");
    for (size_t i = 0; i < json_array_size(v->wire.inbox); i++) {
        char *text = json_dumps(json_array_get(v->wire.inbox, i), JSON_COMPACT);

        nothing_of_him(text);
        free(text);
    }
}

/* The copy that he may ask for: what he said, what is known of him, his files; and nothing of others. */
static void all_of_him_is_copied(const struct visitor *v)
{
    char dir[300], where[600], path[160], *said;
    struct reply r;
    const char *argv[] = { daemon_program("kefuctl"), "--state", d.state, "export", v->id, dir, "--site", SITE, NULL };

    (void)snprintf(dir, sizeof(dir), "%s/copy", d.dir);
    assert_int_equal(program_run(argv, NULL, &said), 0);
    assert_non_null(strstr(said, "1 conversations, 2 files"));
    free(said);
    for (size_t i = 0; i < N_HIS; i++)
        if (!dir_has(dir, his[i], where, sizeof(where)))
            fail_msg("%s is not in the copy", his[i]);
    assert_true(dir_has(dir, SHARED, where, sizeof(where)));
    assert_false(dir_has(dir, "somebody else here", where, sizeof(where)));
    assert_int_equal(program_run(argv, NULL, &said), 1); /* over another copy: never */
    assert_non_null(strstr(said, "File exists"));
    free(said);
    /* In a group others speak, too: who asks for one gets nobody else's words. */
    (void)snprintf(path, sizeof(path), "/api/v1/transcripts/%s?contact=%s", v->conv, argv[4] = "01936b2e-0000-7000-8000-000000000000");
    r = web_expect(&d, 200, &(struct ask){ .path = path, .control = true });
    nothing_of_him(r.body);
    assert_non_null(strstr(r.body, "\"role\":\"system\""));
    reply_free(&r);
    assert_int_equal(program_run(argv, NULL, &said), 1);
    assert_non_null(strstr(said, "no such visitor"));
    free(said);
}

static void who_is_forgotten_is_found_nowhere(void **state)
{
    struct visitor v = { 0 }, other = { 0 };
    char where[600] = "", *text;
    struct reply r;

    (void)state;
    visitor_enter(&other, &d, SITE, NULL);
    (void)visitor_say(&other, "c1", "hello, somebody else here");
    send_paper(&other, "f1", SHARED);
    visitor_enter(&v, &d, SITE, ",\"profile\":{\"name\":\"" NAME "\",\"phone\":\"" PHONE "\",\"plan\":\"service\"}");
    (void)visitor_say(&v, "c1", CHINESE);
    wire_take(&agent.wire, "{s:s,s:{s:s}}", "type", "assigned", "conversation", "id", v.conv);
    (void)visitor_say(&v, "c2", ENGLISH);
    wire_sendf(&agent.wire, "{\"type\":\"note\",\"conversation\":\"%s\",\"cid\":\"n1\",\"text\":\"" NOTE "\"}", v.conv);
    assert_string_equal(wire_verdict(&agent.wire, "n1"), "ack");
    send_paper(&v, "f1", PAPER);
    send_paper(&v, "f2", SHARED);
    all_of_him_is_copied(&v);
    ask_erase(&admin, v.id, 409, &r); /* the conversation is open */
    reply_free(&r);
    leave(&v);
    UNTIL(found("gong") == 1);
    for (size_t i = 0; i < N_HIS; i++)
        if (!dir_has(d.state, his[i], where, sizeof(where)))
            fail_msg("the test looks for what was never there: %s", his[i]);

    hold_and_coach(&v);
    for (size_t i = 0; i < 2; i++)
        assert_true(dir_has(d.state, beside[i], where, sizeof(where)));
    keep_search("找" NAME, "q", "gong");
    keep_search("电话", "q", "\\\"" PHONE "\\\" -fax");
    keep_search("他的", "contact", v.id);
    keep_search("别人", "queue", "service"); /* which his profile says, too */
    ask_erase(&supervisor, v.id, 403, &r);
    reply_free(&r);
    ask_erase(&admin, v.id, 200, &r);
    nothing_of_him(r.body);
    assert_int_equal(number_at(r.json, "conversations"), 1);
    reply_free(&r);

    only_this_search_is_left("别人");
    assert_int_equal(found("gong"), 0);
    text = transcript(v.conv);
    nothing_of_him(text);
    assert_non_null(strstr(text, "\"by\":\"erasure\""));
    free(text);
    his_page_finds_nothing(&v);

    r = web_expect(&d, 200, &(struct ask){ .method = "POST", .path = "/api/v1/housekeep", .control = true });
    assert_string_equal(text_at(r.json, "wipe"), "done");
    reply_free(&r);
    assert_true(redis_do(&redis, "SAVE"));
    for (size_t i = 0; i < N_HIS; i++)
        if (dir_has(d.state, his[i], where, sizeof(where)) || dir_has(redis.dir, his[i], where, sizeof(where)))
            fail_msg("%s is still in %s", his[i], where);
    for (size_t i = 0; i < 2; i++)
        if (dir_has(d.state, beside[i], where, sizeof(where)))
            fail_msg("%s is still in %s", beside[i], where);
    assert_true(dir_has(d.state, SHARED, where, sizeof(where)));
    text = daemon_log(&d);
    nothing_of_him(text);
    free(text);
    r = web_expect(&d, 200, &(struct ask){ .path = "/api/v1/audit/verify", .body = "{}", .control = true });
    assert_true(json_is_true(json_object_get(r.json, "ok")));
    reply_free(&r);

    /* He comes back with the same page: somebody new. */
    visitor_leave(&v);
    visitor_enter(&v, &d, SITE, NULL);
    (void)visitor_say(&v, "d1", "it is me again");
    visitor_free(&v);
    visitor_free(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(who_is_forgotten_is_found_nowhere) };

    return cmocka_run_group_tests(tests, start, finish);
}
