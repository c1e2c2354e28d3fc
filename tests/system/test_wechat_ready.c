/* What a WeChat Official Account has ready, beside a real kefud: templates, which no window holds back, and things that go as a reply. */
#include "wechat_rig.h"

static void chooses(const char *conv, const char *cid, const char *url)
{
    wire_sendf(&agent.wire,
               "{\"type\":\"message\",\"conversation\":\"%s\",\"cid\":\"%s\",\"kind\":\"template\",\"template\":\"order\",\"fields\":{"
               "\"character_string1\":\"A-1024\",\"phrase2\":\"已发货\",\"url\":\"%s\"}}",
               conv, cid, url);
}

/* What became of a job; the platform tells it once the template has been shown, or has not. */
static void job_ends(const char *user, const char *id, const char *how)
{
    char elements[300];
    struct reply r;

    (void)snprintf(elements, sizeof(elements),
                   "<MsgType>event</MsgType><Event>TEMPLATESENDJOBFINISH</Event><MsgID>%s</MsgID><Status>%s</Status>", id, how);
    r = post(user, elements);
    reply_free(&r);
}

/* The next template that the platform is sent. */
static void takes_template(const char *user)
{
    platform_take(&p);
    assert_string_equal(p.path, "/cgi-bin/message/template/send?access_token=T2");
    assert_string_equal(text_at(p.json, "touser"), user);
    assert_string_equal(text_at(p.json, "template_id"), ORDER_ID);
    assert_string_equal(text_at(p.json, "data.character_string1.value"), "A-1024");
    assert_string_equal(text_at(p.json, "data.phrase2.value"), "已发货");
    assert_null(strstr(p.body, "\\u"));
}

static void a_template_goes_when_no_reply_is_left(void **state)
{
    struct reply r = text_from("o-6", "24565000000000020", "我的订单呢");
    const char *conv = assigned();
    const json_t *told;
    int64_t seq;

    (void)state;
    reply_free(&r);
    wire_take(&agent.wire, "{s:s,s:s,s:s,s:i,s:b}", "type", "window", "conversation", conv, "state", "open", "left", 5, "templates", 1);
    chooses(conv, "t0", "javascript:alert(1)");
    assert_string_equal(wire_verdict(&agent.wire, "t0"), "bad_request");
    assert_non_null(strstr(text_at(agent.wire.last, "message"), "fields.url: an http or https address"));

    /* It costs none of the replies, also while it is on its way. */
    wire_forget(&agent.wire);
    chooses(conv, "t1", "https://shop.example/o/1024");
    assert_string_equal(wire_verdict(&agent.wire, "t1"), "ack");
    seq = number_at(agent.wire.last, "seq");
    takes_template("o-6");
    assert_string_equal(text_at(p.json, "url"), "https://shop.example/o/1024");
    wire_take(&agent.wire, "{s:s,s:s,s:s,s:i}", "type", "window", "conversation", conv, "state", "open", "left", 5);
    platform_answer(&p, 200, NULL, "{\"errcode\":0,\"errmsg\":\"ok\",\"msgid\":3504711867345846273}");
    status(seq, "sent");
    job_ends("o-6", "3504711867345846273", "success");
    status(seq, "delivered");
    wire_sendf(&agent.wire, "{\"type\":\"history\",\"conversation\":\"%s\",\"before\":%lld,\"limit\":1}", conv, (long long)seq + 1);
    told = wire_take(&agent.wire, "{s:s,s:s}", "type", "history", "conversation", conv);
    assert_string_equal(text_at(told, "messages.0.text"), "订单号：A-1024\n状态：已发货\nhttps://shop.example/o/1024");
    for (int i = 1; i <= 5; i++) {
        char cid[16];

        (void)snprintf(cid, sizeof(cid), "m%d", i);
        replies("T2", conv, cid, "o-6", "在查");
    }

    wire_take(&agent.wire, "{s:s,s:s,s:s,s:i,s:b,s:b}", "type", "window", "conversation", conv, "state", "late", "left", 0, "late", 1,
              "templates", 1);
    wire_sendf(&agent.wire, "{\"type\":\"message\",\"conversation\":\"%s\",\"cid\":\"m6\",\"kind\":\"text\",\"text\":\"太多了\"}", conv);
    assert_string_equal(wire_verdict(&agent.wire, "m6"), "conflict");
    assert_non_null(strstr(text_at(agent.wire.last, "message"), "no reply is left: choose a template"));
    chooses(conv, "t2", "https://shop.example/o/1024");
    assert_string_equal(wire_verdict(&agent.wire, "t2"), "ack");
    seq = number_at(agent.wire.last, "seq");
    takes_template("o-6");
    platform_answer(&p, 200, NULL, "{\"errcode\":0,\"errmsg\":\"ok\",\"msgid\":3504711867345846274}");
    status(seq, "sent");
    job_ends("o-6", "3504711867345846274", "failed:user block");
    assert_string_equal(
        text_at(wire_take(&agent.wire, "{s:s,s:I,s:s}", "type", "status", "seq", (json_int_t)seq, "state", "failed"), "reason"),
        "failed:user block");
}

static void ready(const char *conv, const char *cid, const char *key, const char *fields)
{
    wire_sendf(&agent.wire,
               "{\"type\":\"message\",\"conversation\":\"%s\",\"cid\":\"%s\",\"kind\":\"template\",\"template\":\"%s\",\"fields\":{%s}}",
               conv, cid, key, fields);
}

/* A coupon, and a page of a mini program: replies like others, which no call is made for once they are used up. */
static void what_is_ready_goes_as_a_reply_and_is_counted(void **state)
{
    struct reply r = text_from("o-10", "24565000000000030", "有优惠吗");
    const char *conv = assigned();
    const json_t *told;
    int64_t seq;

    (void)state;
    reply_free(&r);
    wire_take(&agent.wire, "{s:s,s:s,s:i,s:b,s:b}", "type", "window", "conversation", conv, "left", 5, "templates", 1, "ready", 1);
    ready(conv, "r0", "track", "");
    assert_string_equal(wire_verdict(&agent.wire, "r0"), "bad_request");
    assert_non_null(strstr(text_at(agent.wire.last, "message"), "fields.order: required (订单号)"));

    wire_forget(&agent.wire);
    ready(conv, "r1", "coupon", "");
    assert_string_equal(wire_verdict(&agent.wire, "r1"), "ack");
    seq = number_at(agent.wire.last, "seq");
    platform_take(&p);
    assert_string_equal(p.path, "/cgi-bin/message/custom/send?access_token=T2");
    assert_string_equal(text_at(p.json, "touser"), "o-10");
    assert_string_equal(text_at(p.json, "msgtype"), "wxcard");
    assert_string_equal(text_at(p.json, "wxcard.card_id"), "pFS7Fjg8kV1I");
    wire_take(&agent.wire, "{s:s,s:s,s:i}", "type", "window", "conversation", conv, "left", 4); /* on its way */
    platform_answer(&p, 200, NULL, "{\"errcode\":0}");
    status(seq, "sent");
    ready(conv, "r2", "track", "\"order\":\"A 1\"");
    assert_string_equal(wire_verdict(&agent.wire, "r2"), "ack");
    seq = number_at(agent.wire.last, "seq");
    platform_take(&p);
    assert_string_equal(text_at(p.json, "miniprogrampage.title"), "查看订单 A 1");
    assert_string_equal(text_at(p.json, "miniprogrampage.pagepath"), "pages/order?id=A%201");
    assert_string_equal(text_at(p.json, "miniprogrampage.thumb_media_id"), "M-cover");
    platform_answer(&p, 200, NULL, "{\"errcode\":0}");
    status(seq, "sent");
    wire_sendf(&agent.wire, "{\"type\":\"history\",\"conversation\":\"%s\",\"before\":%lld,\"limit\":2}", conv, (long long)seq + 1);
    told = wire_take(&agent.wire, "{s:s,s:s}", "type", "history", "conversation", conv);
    assert_string_equal(text_at(told, "messages.0.text"), "九折券，到店出示");
    assert_string_equal(text_at(told, "messages.1.text"), "查看订单 A 1");

    for (int i = 1; i <= 3; i++) {
        char cid[16];

        (void)snprintf(cid, sizeof(cid), "n%d", i);
        replies("T2", conv, cid, "o-10", "请看");
    }
    wire_take(&agent.wire, "{s:s,s:s,s:s,s:i}", "type", "window", "conversation", conv, "state", "late", "left", 0);
    ready(conv, "r3", "coupon", "");
    assert_string_equal(wire_verdict(&agent.wire, "r3"), "conflict");
    assert_non_null(strstr(text_at(agent.wire.last, "message"), "no reply is left"));
    chooses(conv, "r4", "https://shop.example/o/1024"); /* the next thing that the platform is asked: the coupon never came there */
    takes_template("o-10");
    platform_answer(&p, 200, NULL, "{\"errcode\":0,\"msgid\":3504711867345846275}");

    ready(conv, "r5", "stock", "\"thing1\":\"灯\""); /* whoever has asked for it gets it all the same */
    assert_string_equal(wire_verdict(&agent.wire, "r5"), "ack");
    seq = number_at(agent.wire.last, "seq");
    platform_take(&p);
    assert_string_equal(p.path, "/cgi-bin/message/subscribe/bizsend?access_token=T2");
    assert_string_equal(text_at(p.json, "template_id"), "S-stock");
    assert_string_equal(text_at(p.json, "data.thing1.value"), "灯");
    platform_answer(&p, 200, NULL, "{\"errcode\":0,\"msgid\":1700827132819554304}");
    status(seq, "sent");
    r = post("o-10", "<MsgType>event</MsgType><Event>subscribe_msg_sent_event</Event><SubscribeMsgSentEvent><List><TemplateId>S-stock"
                     "</TemplateId><MsgID>1700827132819554304</MsgID><ErrorCode>0</ErrorCode><ErrorStatus>success</ErrorStatus></List>"
                     "</SubscribeMsgSentEvent>");
    reply_free(&r);
    status(seq, "delivered");

    ready(conv, "r6", "ship", "\"character_string1\":\"A 1\"");
    assert_string_equal(wire_verdict(&agent.wire, "r6"), "ack");
    platform_take(&p);
    assert_string_equal(p.path, "/cgi-bin/message/template/send?access_token=T2");
    assert_string_equal(text_at(p.json, "miniprogram.appid"), "wx12");
    assert_string_equal(text_at(p.json, "miniprogram.pagepath"), "pages/o?id=A%201");
    assert_string_equal(text_at(p.json, "data.character_string1.value"), "A 1");
    platform_answer(&p, 200, NULL, "{\"errcode\":0,\"msgid\":3504711867345846276}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_template_goes_when_no_reply_is_left),
        cmocka_unit_test(what_is_ready_goes_as_a_reply_and_is_counted),
    };

    return cmocka_run_group_tests(tests, start_with_token, finish);
}
