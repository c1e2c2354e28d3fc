/* A queue where nobody is promises nobody: to whoever hands over, and to whoever waits. */
#include "tests/support/shop.h"

#include <stdio.h>
#include <string.h>

static struct daemon d;

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

static const char shut[] = "{" SITE_OF("shut", ",\"duplicate_max\":0")
    WEB("q") "\"skills\":{\"none\":{\"name\":\"无\"}},"
             "\"queues\":{\"q\":{\"name\":\"客服\"},\"open\":{\"name\":\"维修组\",\"department\":\"some\"},"
             "\"empty\":{\"name\":\"空\",\"skills\":[\"none\"],\"department\":\"none\"},"
             "\"empty2\":{\"name\":\"空二\",\"skills\":[\"none\"],\"department\":\"some\"},"
             "\"late\":{\"name\":\"夜班\",\"hours\":{\"week\":{}}},"
             "\"night\":{\"name\":\"夜\",\"skills\":[\"none\"],\"hours\":{\"week\":{}}}},"
             "\"people\":[" PERSON("giver@shut.example", "1", "\"agent\"", "") "," PERSON("taker@shut.example", "2", "\"agent\"", "") "]}";

static struct staff giver, taker;

static int open_shut(void **state)
{
    json_t *made = shop_found(&d, shut, "shut");

    (void)state;
    shop_enter(&d, &giver, made, 0, "shut", "online");
    shop_enter(&d, &taker, made, 1, "shut", "busy"); /* somebody is in the queue "open", and takes nothing */
    json_decref(made);
    return 0;
}

static int close_shut(void **state)
{
    (void)state;
    staff_free(&giver);
    staff_free(&taker);
    return 0;
}

/* What the giver's page says of the queue before anything is handed over. */
static void list_warns(const char *queue, const char *warning)
{
    json_t *list = staff_get(&giver, &d, "/api/v1/sites/shut/colleagues");
    const json_t *queues = json_object_get(list, "queues");
    size_t k = 0;

    while (k < json_array_size(queues) && strcmp(text_at(json_array_get(queues, k), "key"), queue) != 0)
        k++;
    assert_string_equal(text_at(json_array_get(queues, k), "warning"), warning);
    json_decref(list);
}

/* Who hands a visitor to a queue learns before and with the ack that nobody is there, and the visitor is told that alone. */
static void a_queue_where_nobody_is_promises_nobody(void **state)
{
    static const struct {
        const char *queue, *warning, *said, *then;
    } rows[] = {
        { "open", "", "您的咨询已经转接给维修组，请稍候，同事会尽快接待您。", NULL },
        { "late", "", "您的咨询已经转接给夜班，请稍候，同事会尽快接待您。", NULL }, /* the doors are shut, and somebody is still there */
        { "empty", "nobody", "", "抱歉，客服暂时都不在线" },
        { "night", "closed", "", "您好，现在是非工作时间" },
    };
    struct visitor v = { 0 };
    const json_t *m;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char to[64];

        list_warns(rows[i].queue, rows[i].warning);
        shop_ask(&d, &v, "shut");
        staff_takes(&giver, v.conv, "only_one");
        (void)wire_take(&v.wire, "{s:s,s:s}", "type", "state", "state", "served");
        wire_forget(&v.wire);
        (void)snprintf(to, sizeof(to), ",\"to\":{\"queue\":\"%s\"}", rows[i].queue);
        assert_string_equal(staff_act(&giver, v.conv, "transfer", to), "ack");
        assert_string_equal(text_at(giver.wire.last, "warning"), rows[i].warning);
        m = wire_take(&v.wire, "{s:s,s:s}", "type", "message", "event", "transferred");
        assert_string_equal(text_at(m, "text"), rows[i].said);
        /* and the page need not believe that somebody comes, because somebody is where it let the visitor in */
        m = wire_take(&v.wire, "{s:s,s:s}", "type", "state", "state", "waiting");
        assert_string_equal(text_at(m, "unattended"), rows[i].warning);
        if (rows[i].then) {
            m = wire_take(&v.wire, "{s:s,s:s}", "type", "message", "form", "contact");
            assert_int_equal(strncmp(text_at(m, "text"), rows[i].then, strlen(rows[i].then)), 0);
        }
        shop_leave(&v);
    }
}

static void each_of_many_is_told_whether_somebody_is_there(void **state)
{
    static const struct {
        const char *to, *warning;
    } rows[] = { { "\"queue\":\"night\"", "closed" }, { "\"department\":\"none\"", "nobody" }, { "\"department\":\"some\"", "" } };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct visitor v = { 0 };
        char body[200];
        json_t *done;

        shop_ask(&d, &v, "shut");
        staff_takes(&giver, v.conv, "only_one");
        (void)snprintf(body, sizeof(body), "{\"conversations\":[\"%s\",\"%s\"],\"to\":{%s}}", v.conv, giver.id, rows[i].to);
        done = staff_send(&giver, &d, 200, "POST", "/api/v1/sites/shut/conversations/transfer", body);
        assert_true(json_is_true(value_at(done, "items.0.done")));
        assert_string_equal(text_at(done, "items.0.warning"), rows[i].warning);
        assert_string_equal(text_at(done, "items.1.warning"), ""); /* there is no such conversation: nothing was done */
        json_decref(done);
        shop_leave(&v);
    }
}

/* The next word on its state that the visitor gets: is there anybody to wait for? */
static void waits_for(struct visitor *v, const char *unattended)
{
    const json_t *f;

    do
        f = wire_take(&v->wire, "{s:s,s:s,s:s}", "type", "state", "conversation", v->conv, "state", "waiting");
    while (strcmp(text_at(f, "unattended"), unattended) != 0);
}

/* No rule takes a message here, so that nothing becomes of the conversation itself. */
static void who_waits_is_told_when_somebody_comes_and_the_last_one_goes(void **state)
{
    static const char set[] = "{" SITE_OF("lonely", "") "\"queues\":{\"q\":{\"name\":\"Q\"}}," WEB(
        "q") "\"rules\":[{\"key\":\"nobody\",\"event\":\"nobody\",\"actions\":[\"say\"],\"wording\":\"nobody\",\"off\":true}],"
             "\"people\":[" PERSON("lonely1@x.example", "1", "\"agent\"", "") "]}";
    json_t *made = shop_found(&d, set, "lonely");
    struct staff one = { 0 };
    struct visitor v = { 0 }, again = { 0 };

    (void)state;
    shop_enter(&d, &one, made, 0, "lonely", "offline");
    shop_ask(&d, &v, "lonely");
    waits_for(&v, "nobody");
    memcpy(again.token, v.token, sizeof(again.token));
    visitor_enter(&again, &d, "lonely", NULL); /* a second page of the same visitor */
    assert_string_equal(text_at(again.welcome, "conversation.unattended"), "nobody");
    visitor_free(&again);
    staff_presence(&one, "busy"); /* takes nothing, but is there */
    waits_for(&v, "");
    staff_presence(&one, "offline");
    waits_for(&v, "nobody");
    staff_presence(&one, "online");
    staff_takes(&one, v.conv, "only_one");
    assert_string_equal(text_at(wire_take(&v.wire, "{s:s,s:s}", "type", "state", "state", "served"), "unattended"), "");
    shop_close(&one, &v);
    json_decref(made);
    staff_free(&one);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_queue_where_nobody_is_promises_nobody, open_shut),
        cmocka_unit_test_teardown(each_of_many_is_told_whether_somebody_is_there, close_shut),
        cmocka_unit_test(who_waits_is_told_when_somebody_comes_and_the_last_one_goes),
    };

    return cmocka_run_group_tests(tests, start, finish);
}
