/* WeCom's customer service beside a real kefud: a notice says that there is something, pages say what; who enters is welcomed, who writes is
 * answered, and a failure is told later. Two accounts share one address. */
#include "tests/support/desk.h"
#include "wx_scheme.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SITE  "kf"
#define TOKEN "Kefud2026Token"
#define KEY   "Q5saW4j2yEykBcmuGibjvr1xfHiyh0SGMirZ4uPUC0J"
#define CORP  "ww7a31f0de55c28b90"
#define ONE   "wkOne"
#define TWO   "wkTwo"

static struct daemon d;
static struct platform p;
static struct staff agent;
static char hook[64];
static int64_t clock_s;
static const struct wx_scheme scheme = { .token = TOKEN, .key = KEY, .receiver = CORP };

#define CHANNEL(key, account, more, beside)                                                                                                \
    "\"" key "\":{\"adapter\":\"wecom-kf\",\"name\":\"" key                                                                                \
    "\",\"queue\":\"desk\",\"settings\":{\"url\":\"http://127.0.0.1:%d\",\"corp_id\":\"" CORP                                              \
    "\",\"secret\":\"very-secret\",\"open_kfid\":\"" account "\",\"token\":\"" TOKEN "\",\"encoding_aes_key\":\"" KEY "\"" more "}" beside \
    "}"

#define MENU                                                                                                                                            \
    ",\"templates\":[{\"key\":\"help\",\"title\":\"自助\",\"kind\":\"msgmenu\",\"name\":\"help\",\"text\":\"请选择\\n退货说明\\n查看订单 " \
    "{{order}}\","                                                                                                                                      \
    "\"fields\":[\"订单号\"],\"values\":{\"link1\":\"https://shop.example/returns\",\"link2\":\"miniprogram:wx12/pages/"                             \
    "o.html?id={{order}}\"}}]"

static const char set[] =
    "{\"site\":{\"key\":\"" SITE "\",\"name\":\"微信客服\",\"language\":\"zh-CN\"},\"queues\":{\"desk\":{\"name\":\"客服\"}},"
    "\"channels\":{" CHANNEL("one", ONE, ",\"welcome\":\"欢迎光临\",\"welcome_choices\":[\"查订单\",\"退货\"],\"on_close\":\"end\"",
                             "") "," CHANNEL("two", TWO, ",\"names\":false",
                                             MENU) "},"
                                                   "\"people\":[{\"email\":\"agent@kf.example\",\"name\":\"接线员\",\"number\":\"7\","
                                                   "\"roles\":[\"agent\",\"admin\"],"
                                                   "\"queues\":[\"desk\"],\"capacity\":50}]}";

/* Every account asks for its token and for what it has missed, in whichever order. */
static void answer_the_beginning(void)
{
    int pulls = 0;

    while (pulls < 2) {
        platform_take(&p);
        if (strcmp(p.path, "/cgi-bin/gettoken?corpid=" CORP "&corpsecret=very-secret") == 0) {
            platform_answer(&p, 200, NULL, "{\"errcode\":0,\"errmsg\":\"ok\",\"access_token\":\"T1\",\"expires_in\":7200}");
            continue;
        }
        assert_string_equal(p.path, "/cgi-bin/kf/sync_msg?access_token=T1");
        assert_null(value_at(p.json, "cursor"));
        platform_answer(&p, 200, NULL, "{\"errcode\":0,\"next_cursor\":\"c0\",\"has_more\":0,\"msg_list\":[]}");
        pulls++;
    }
}

static int start(void **state)
{
    (void)state;
    platform_open(&p);
    daemon_start(&d, &(struct daemon_options){ .demo = true, .config = "[channels]\nallow_http = yes\nallow_private = yes\n" });
    site_open(&d, set, p.port, &agent, hook);
    clock_s = now_wall_ms() / 1000;
    answer_the_beginning();
    return 0;
}

static int finish(void **state)
{
    (void)state;
    staff_free(&agent);
    daemon_finish(&d);
    platform_close(&p);
    return 0;
}

/* ---- the platform's side ----------------------------------------------------------------------------------------------------------- */

static void says_event(const char *word, const char *more)
{
    static int nonces;
    char document[600], body[2000], path[300], at[24], nonce[16], digest[41];
    struct reply r;

    (void)snprintf(document, sizeof(document),
                   "<xml><ToUserName><![CDATA[" CORP "]]></ToUserName><CreateTime>%lld</CreateTime><MsgType><![CDATA[event]]></MsgType>"
                   "<Event><![CDATA[%s]]></Event>%s</xml>",
                   (long long)clock_s, word, more);
    (void)snprintf(body, sizeof(body),
                   "<xml><ToUserName><![CDATA[" CORP "]]></ToUserName><Encrypt><![CDATA[%s]]></Encrypt><AgentID/></xml>",
                   wx_seal(&scheme, document));
    (void)snprintf(at, sizeof(at), "%lld", (long long)clock_s);
    (void)snprintf(nonce, sizeof(nonce), "%d", 4000 + nonces++);
    wx_digest(&scheme, at, nonce, wx_element(body, "Encrypt"), digest);
    (void)snprintf(path, sizeof(path), "%s?msg_signature=%s&timestamp=%s&nonce=%s", hook, digest, at, nonce);
    web_ask(&d, &(struct ask){ .path = path, .body = body }, &r);
    assert_int_equal(r.status, 200);
    assert_int_equal(r.n_body, 0);
    reply_free(&r);
}

/* "There is something for that account." */
static void notice(const char *account, const char *token)
{
    char more[200];

    (void)snprintf(more, sizeof(more), "<Token><![CDATA[%s]]></Token><OpenKfId><![CDATA[%s]]></OpenKfId>", token, account);
    says_event("kf_msg_or_event", more);
}

static int greetings;

/* The next request that is no greeting. */
static void takes_next(void)
{
    char answer[120];

    for (platform_take(&p); strncmp(p.path, "/cgi-bin/kf/send_msg?", 21) == 0; platform_take(&p)) {
        greetings++;
        (void)snprintf(answer, sizeof(answer), "{\"errcode\":0,\"errmsg\":\"ok\",\"msgid\":\"%s\"}", text_at(p.json, "msgid"));
        platform_answer(&p, 200, NULL, answer);
    }
}

static void takes_pull(const char *account, const char *token, const char *cursor)
{
    takes_next();
    assert_string_equal(p.path, "/cgi-bin/kf/sync_msg?access_token=T1");
    assert_string_equal(text_at(p.json, "open_kfid"), account);
    assert_string_equal(text_at(p.json, "token"), token);
    assert_string_equal(text_at(p.json, "cursor"), cursor);
}

static void gives_page(const char *items, const char *cursor, int more)
{
    char page[3000];

    (void)snprintf(page, sizeof(page), "{\"errcode\":0,\"errmsg\":\"ok\",\"next_cursor\":\"%s\",\"has_more\":%d,\"msg_list\":[%s]}", cursor,
                   more, items);
    platform_answer(&p, 200, NULL, page);
}

/* Static memory, until the next but one. */
static const char *text_item(const char *account, const char *user, const char *id, const char *text)
{
    static char ret[2][500];
    static int next;
    char *to = ret[next++ % 2];

    (void)snprintf(to, sizeof(ret[0]),
                   "{\"msgid\":\"%s\",\"open_kfid\":\"%s\",\"external_userid\":\"%s\",\"send_time\":%lld,\"origin\":3,\"msgtype\":\"text\","
                   "\"text\":{\"content\":\"%s\"}}",
                   id, account, user, (long long)clock_s, text);
    return to;
}

static const char *event_item(const char *user, const char *id, const char *type, const char *more)
{
    static char ret[500];

    (void)snprintf(
        ret, sizeof(ret),
        "{\"msgid\":\"%s\",\"send_time\":%lld,\"origin\":4,\"msgtype\":\"event\",\"event\":{\"event_type\":\"%s\",\"open_kfid\":\"" ONE
        "\",\"external_userid\":\"%s\"%s}}",
        id, (long long)now_wall_ms() / 1000, type, user, more);
    return ret;
}

static void gives_names(const char *user, const char *name)
{
    char answer[300];

    takes_next();
    assert_string_equal(p.path, "/cgi-bin/kf/customer/batchget?access_token=T1");
    (void)snprintf(answer, sizeof(answer),
                   "{\"errcode\":0,\"customer_list\":[{\"external_userid\":\"%s\",\"nickname\":\"%s\",\"unionid\":\"o-%s\"}]}", user, name,
                   user);
    platform_answer(&p, 200, NULL, answer);
}

/* The next message that goes out; its msgid, in static memory. */
static const char *takes_message(const char *account, const char *user, const char *text)
{
    static char msgid[40];

    platform_take(&p);
    assert_string_equal(p.path, "/cgi-bin/kf/send_msg?access_token=T1");
    assert_string_equal(text_at(p.json, "open_kfid"), account);
    assert_string_equal(text_at(p.json, "touser"), user);
    if (text)
        assert_string_equal(text_at(p.json, "text.content"), text);
    (void)snprintf(msgid, sizeof(msgid), "%s", text_at(p.json, "msgid"));
    assert_in_range(strlen(msgid), 1, 32);
    return msgid;
}

static void accepts(const char *msgid)
{
    char answer[120];

    (void)snprintf(answer, sizeof(answer), "{\"errcode\":0,\"errmsg\":\"ok\",\"msgid\":\"%s\"}", msgid);
    platform_answer(&p, 200, NULL, answer);
}

/* ---- the agent's side -------------------------------------------------------------------------------------------------------------- */

static const char *assigned(const char *channel)
{
    static char conv[40];

    (void)snprintf(
        conv, sizeof(conv), "%s",
        text_at(wire_take(&agent.wire, "{s:s,s:{s:s}}", "type", "assigned", "conversation", "channel", channel), "conversation.id"));
    return conv;
}

static void status(int64_t seq, const char *state)
{
    wire_take(&agent.wire, "{s:s,s:I,s:s}", "type", "status", "seq", (json_int_t)seq, "state", state);
}

/* ---- the tests ----------------------------------------------------------------------------------------------------------------------- */

static void the_address_is_proved_by_decrypting(void **state)
{
    char path[500], digest[41], escaped[300] = "";
    const char *sealed = wx_seal(&scheme, "8230174652901837465");
    struct reply r;
    size_t n = 0;

    (void)state;
    for (const char *c = sealed; *c; c++)
        n += (size_t)snprintf(escaped + n, sizeof(escaped) - n, strchr("+/=", *c) ? "%%%02X" : "%c", (unsigned char)*c);
    wx_digest(&scheme, "1718100000", "31415926", sealed, digest);
    (void)snprintf(path, sizeof(path), "%s?msg_signature=%s&timestamp=1718100000&nonce=31415926&echostr=%s", hook, digest, escaped);
    web_ask(&d, &(struct ask){ .path = path }, &r);
    assert_int_equal(r.status, 200);
    assert_string_equal(r.body, "8230174652901837465");
    reply_free(&r);
    (void)snprintf(path, sizeof(path), "%s?msg_signature=%s&timestamp=1718100001&nonce=31415926&echostr=%s", hook, digest, escaped);
    web_ask(&d, &(struct ask){ .path = path }, &r);
    assert_int_equal(r.status, 403);
    reply_free(&r);
}

static void who_enters_is_welcomed(void **state)
{
    (void)state;
    notice(ONE, "n-0");
    takes_pull(ONE, "n-0", "c0");
    gives_page(event_item("wmA", "e-1", "enter_session",
                          ",\"scene\":\"shop\",\"scene_param\":\"order%3D7\",\"welcome_code\":\"WC1\","
                          "\"wechat_channels\":{\"nickname\":\"小店\",\"shop_nickname\":\"家具店\",\"scene\":4}"),
               "c1", 0);
    platform_take(&p);
    assert_string_equal(p.path, "/cgi-bin/kf/send_msg_on_event?access_token=T1");
    assert_string_equal(text_at(p.json, "code"), "WC1");
    assert_string_equal(text_at(p.json, "msgmenu.head_content"), "欢迎光临");
    assert_string_equal(text_at(p.json, "msgmenu.list.1.click.content"), "退货");
    platform_answer(&p, 200, NULL, "{\"errcode\":0}");
}

#define CARD(cid, more) \
    "{\"type\":\"message\",\"conversation\":\"%s\",\"cid\":\"" cid "\",\"kind\":\"card\",\"title\":\"退货说明\"," more "}"

static int64_t stored(const char *cid)
{
    return number_at(wire_take(&agent.wire, "{s:s,s:s}", "type", "ack", "cid", cid), "seq");
}

/* Its picture is taken there first; a place needs none. */
static void cards_go_as_what_they_are(const char *conv)
{
    static const char png[] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\2\0\0\0";
    static const char taken[] = "{\"errcode\":0,\"errmsg\":\"ok\",\"type\":\"image\",\"media_id\":\"COVER\",\"created_at\":\"1380000000\"}";
    char file[40];
    struct reply r = web_expect(&d, 201,
                                &(struct ask){ .path = "/files?site=" SITE "&name=a.png",
                                               .cookie = agent.cookie,
                                               .csrf = agent.csrf,
                                               .origin = "",
                                               .body = png,
                                               .n_body = sizeof(png) - 1 });
    int64_t seq;

    (void)snprintf(file, sizeof(file), "%s", text_at(r.json, "id"));
    reply_free(&r);
    wire_sendf(&agent.wire, CARD("k1", "\"text\":\"七天\",\"url\":\"https://shop.example/r\",\"file\":\"%s\""), conv, file);
    seq = stored("k1");
    platform_take(&p);
    assert_string_equal(p.path, "/cgi-bin/media/upload?access_token=T1&type=image");
    platform_answer(&p, 200, NULL, taken);
    accepts(takes_message(ONE, "wmA", NULL));
    assert_string_equal(text_at(p.json, "msgtype"), "link");
    assert_string_equal(text_at(p.json, "link.title"), "退货说明");
    assert_string_equal(text_at(p.json, "link.desc"), "七天");
    assert_string_equal(text_at(p.json, "link.url"), "https://shop.example/r");
    assert_string_equal(text_at(p.json, "link.thumb_media_id"), "COVER");
    status(seq, "sent");

    wire_sendf(&agent.wire, CARD("k2", "\"text\":\"人民大道\",\"lat\":31.2304,\"lon\":121.4737"), conv);
    seq = stored("k2");
    accepts(takes_message(ONE, "wmA", NULL));
    assert_string_equal(text_at(p.json, "msgtype"), "location");
    assert_string_equal(text_at(p.json, "location.address"), "人民大道");
    assert_true(json_number_value(value_at(p.json, "location.longitude")) == 121.4737);
    status(seq, "sent");

    /* What would not go is refused before it is stored: nothing is asked of the platform. */
    wire_sendf(&agent.wire, CARD("k3", "\"url\":\"miniprogram:wx12/pages/a.html\""), conv);
    assert_string_equal(wire_verdict(&agent.wire, "k3"), "unsupported");
    assert_non_null(strstr(text_at(agent.wire.last, "message"), "has to have a picture"));
    wire_sendf(&agent.wire, CARD("k4", "\"url\":\"miniprogram:wx12/pages/a\",\"file\":\"%s\""), conv, file);
    assert_string_equal(wire_verdict(&agent.wire, "k4"), "unsupported");
    assert_non_null(strstr(text_at(agent.wire.last, "message"), ".html"));
    wire_sendf(&agent.wire, CARD("k5", "\"url\":\"miniprogram:wx12/pages/a.html\",\"file\":\"%s\""), conv, file);
    seq = stored("k5");
    platform_take(&p);
    assert_string_equal(p.path, "/cgi-bin/media/upload?access_token=T1&type=image");
    platform_answer(&p, 200, NULL, taken);
    accepts(takes_message(ONE, "wmA", NULL));
    assert_string_equal(text_at(p.json, "msgtype"), "miniprogram");
    assert_string_equal(text_at(p.json, "miniprogram.appid"), "wx12");
    assert_string_equal(text_at(p.json, "miniprogram.pagepath"), "pages/a.html");
    assert_string_equal(text_at(p.json, "miniprogram.thumb_media_id"), "COVER");
    status(seq, "sent");
}

/* Two pages, a name, the greeting by a rule, the agent's words, an answer that is lost, and a failure that is told later. */
static void a_customer_is_answered(void **state)
{
    char conv[40], msgid[40], items[1100], more[100];
    const json_t *page;
    int64_t seq;
    int n = 0;

    (void)state;
    notice(ONE, "n-1");
    takes_pull(ONE, "n-1", "c1");
    gives_page(text_item(ONE, "wmA", "kfm_1", "你好😀"), "c2", 1);
    gives_names("wmA", "张三");
    takes_pull(ONE, "n-1", "c2");
    (void)snprintf(items, sizeof(items), "%s,%s", text_item(ONE, "wmA", "kfm_1", "你好😀"), text_item(ONE, "wmA", "kfm_2", "在吗"));
    gives_page(items, "c3", 0);
    (void)snprintf(conv, sizeof(conv), "%s", assigned("one"));
    assert_true(staff_knows_came_by(&agent, &d, SITE, conv, "shop order%3D7 小店 · 家具店 · 4"));
    gives_names("wmA", "张三");
    if (!greetings)
        accepts(takes_message(ONE, "wmA", NULL));
    wire_take(&agent.wire, "{s:s,s:s}", "type", "message", "text", "在吗");
    wire_sendf(&agent.wire, "{\"type\":\"history\",\"conversation\":\"%s\",\"after\":0}", conv);
    page = wire_take(&agent.wire, "{s:s,s:s}", "type", "history", "conversation", conv);
    for (size_t i = 0; i < json_array_size(value_at(page, "messages")); i++)
        n += strcmp(text_at(json_array_get(value_at(page, "messages"), i), "text"), "你好😀") == 0;
    assert_int_equal(n, 1);
    assert_string_equal(text_at(value_at(page, "messages.0"), "from.name"), "张三");
    assert_null(value_at(value_at(page, "messages.0"), "speaker")); /* it is no group */

    seq = staff_say(&agent, conv, "r1", "稍等");
    (void)snprintf(msgid, sizeof(msgid), "%s", takes_message(ONE, "wmA", "稍等"));
    platform_drop(&p); /* it may have arrived: the same name makes a repeat harmless */
    assert_string_equal(takes_message(ONE, "wmA", "稍等"), msgid);
    platform_answer(&p, 200, NULL, "{\"errcode\":95033,\"errmsg\":\"msgid repeated\"}");
    status(seq, "sent");
    cards_go_as_what_they_are(conv);

    notice(ONE, "n-2");
    takes_pull(ONE, "n-2", "c3");
    (void)snprintf(more, sizeof(more), ",\"fail_msgid\":\"%s\",\"fail_type\":6", msgid);
    gives_page(event_item("wmA", "e-2", "msg_send_fail", more), "c4", 0);
    assert_non_null(
        strstr(text_at(wire_take(&agent.wire, "{s:s,s:I,s:s}", "type", "status", "seq", (json_int_t)seq, "state", "failed"), "reason"),
               "5 messages"));
    wire_take(&agent.wire, "{s:s,s:s,s:s}", "type", "window", "conversation", conv, "state", "closed"); /* and no next one is tried */
    wire_sendf(&agent.wire, "{\"type\":\"message\",\"conversation\":\"%s\",\"cid\":\"r2\",\"kind\":\"text\",\"text\":\"还在吗\"}", conv);
    assert_string_equal(wire_verdict(&agent.wire, "r2"), "conflict");
    wire_sendf(&agent.wire, "{\"type\":\"close\",\"conversation\":\"%s\",\"cid\":\"bye\"}", conv);
    wire_take(&agent.wire, "{s:s,s:s}", "type", "ack", "cid", "bye");
    platform_take(&p);
    assert_string_equal(p.path, "/cgi-bin/kf/service_state/trans?access_token=T1");
    assert_int_equal(number_at(p.json, "service_state"), 4);
    platform_answer(&p, 200, NULL, "{\"errcode\":0,\"msg_code\":\"MC\"}");
}

static void another_account_is_asked_for_its_own(void **state)
{
    (void)state;
    notice(TWO, "n-3");
    takes_pull(TWO, "n-3", "c0");
    gives_page(text_item(TWO, "wmB", "kfm_1", "第二个账号"), "d1", 0); /* ids are unique only within an account */
    (void)assigned("two");
    notice("wkNobody", "n-4");
    daemon_log_wait(&d, "reason=unknown_account");
}

/* A page has what is not of its account, what nobody can read, and what has an id that is longer than we keep any: each goes where it belongs,
 * and nothing is held up or silently gone. */
static void items_of_another_account_go_to_its_channel(void **state)
{
    char items[2500], longer[301], conv[40];

    (void)state;
    memset(longer, 'x', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';
    (void)snprintf(items, sizeof(items), "%s,", text_item(ONE, "wmX", "kfm_one", "给一号"));
    (void)snprintf(items + strlen(items), sizeof(items) - strlen(items), "%s,", text_item("wkNobody", "wmY", "kfm_nobody", "没有这个账号"));
    (void)snprintf(items + strlen(items), sizeof(items) - strlen(items), "%s,", text_item(TWO, "wmZ", longer, "编号太长"));
    (void)snprintf(items + strlen(items), sizeof(items) - strlen(items), "%s,", text_item(TWO, "", "kfm_nobodys", "没有人"));
    (void)snprintf(items + strlen(items), sizeof(items) - strlen(items), "%s", text_item(TWO, "wmZ", "kfm_two", "给二号"));
    notice(TWO, "n-5");
    takes_pull(TWO, "n-5", "d1");
    gives_page(items, "d2", 0);
    (void)assigned("one");
    (void)snprintf(conv, sizeof(conv), "%s", assigned("two"));
    wire_sendf(&agent.wire, "{\"type\":\"history\",\"conversation\":\"%s\",\"after\":0,\"limit\":1}", conv);
    assert_string_equal(text_at(wire_take(&agent.wire, "{s:s,s:s}", "type", "history", "conversation", conv), "messages.0.text"),
                        "编号太长");
    daemon_log_wait(&d, "event=pull_passed_over site=" SITE " channel=two reason=another_account events=1");
    daemon_log_wait(&d, "event=pull_passed_over site=" SITE " channel=two reason=unknown_account events=1");
    daemon_log_wait(&d, "event=pull_unread site=" SITE " channel=two items=1");
    notice(ONE, "n-6"); /* its own page has it, too: it is known */
    takes_pull(ONE, "n-6", "c4");
    gives_page(text_item(ONE, "wmX", "kfm_one", "给一号"), "c4", 0);
    gives_names("wmX", "小新");
    wire_none(&agent.wire, "{s:s,s:s}", "type", "message", "text", "给一号");
    notice(TWO, "n-7");
    takes_pull(TWO, "n-7", "d2");
    gives_page("", "d1", 0); /* where the tests that follow begin */
}

/* What the channel's page shows of its credentials; freed by the caller. */
static json_t *rejected(const char *channel)
{
    struct reply r = web_expect(&d, 200, &(struct ask){ .path = "/api/v1/sites/" SITE "/channels", .control = true });
    json_t *ret = NULL, *one;
    size_t i;

    json_array_foreach(value_at(r.json, "items"), i, one) if (strcmp(text_at(one, "key"), channel) == 0) ret =
        json_incref(json_object_get(one, "rejected"));
    reply_free(&r);
    return ret;
}

static bool says(const char *channel, const char *words)
{
    json_t *r = rejected(channel);
    bool ret = words ? r && strstr(text_at(r, "reason"), words) : !r;

    json_decref(r);
    return ret;
}

/* What the agent, who is an administrator as well, is told of the channels; the notice's id, or "" if there is none. Static memory. */
static const char *told(const char *words)
{
    static char id[40];
    struct reply r = web_expect(&d, 200, &(struct ask){ .path = "/api/v1/notices?site=" SITE, .cookie = agent.cookie });
    json_t *items = json_object_get(r.json, "items");

    id[0] = '\0';
    assert_int_equal(number_at(r.json, "unseen"), json_array_size(items));
    if (json_array_size(items)) {
        assert_int_equal(json_array_size(items), 1);
        assert_string_equal(text_at(r.json, "items.0.kind"), "channel_refused");
        assert_string_equal(text_at(r.json, "items.0.channel"), "two");
        assert_string_equal(text_at(r.json, "items.0.by.name"), "two");
        assert_non_null(strstr(text_at(r.json, "items.0.text"), words));
        (void)snprintf(id, sizeof(id), "%s", text_at(r.json, "items.0.id"));
    }
    reply_free(&r);
    return id;
}

/* Nobody else would notice that nothing comes any more. And what passes costs seconds, not a minute. */
static void a_pull_that_is_refused_is_told_and_soon_tried_again(void **state)
{
    char first[40];
    int64_t began;

    (void)state;
    notice(TWO, "n-20");
    takes_pull(TWO, "n-20", "d1");
    platform_answer(&p, 200, NULL, "{\"errcode\":60020,\"errmsg\":\"not allow to access from your ip\"}");
    daemon_log_wait(&d, "credentials_refused site=" SITE " channel=two reason=\"60020: not allow to access from your ip\"");
    while (!says("two", "60020: not allow")) { /* not stored yet, or something of before was still answered well */
        takes_pull(TWO, "n-20", "d1");
        platform_answer(&p, 200, NULL, "{\"errcode\":60020,\"errmsg\":\"not allow to access from your ip\"}");
    }
    began = p.at;
    assert_true(says("one", NULL));
    wire_take(&agent.wire, "{s:s}", "type", "notice");
    (void)snprintf(first, sizeof(first), "%s", told("60020: not allow"));
    assert_string_not_equal(first, "");
    takes_pull(TWO, "n-20", "d1");
    platform_answer(&p, 502, NULL, "<html>");
    takes_pull(TWO, "n-20", "d1");
    assert_true(p.at - began < 15000);
    assert_string_equal(told("60020: not allow"), first);
    wire_none(&agent.wire, "{s:s}", "type", "notice");
    gives_page(text_item(TWO, "wmB", "kfm_20", "还在吗"), "d1", 0);
    wire_take(&agent.wire, "{s:s,s:s}", "type", "message", "text", "还在吗");
    UNTIL(says("two", NULL));
    wire_take(&agent.wire, "{s:s}", "type", "notice");
    assert_string_equal(told(""), "");
}

/* An account is taken from the app: nobody writes any more, so it is asked for at once, and what the platform says of it the owner reads. */
static void a_withdrawn_account_is_told(void **state)
{
    (void)state;
    says_event("kf_account_auth_change", "<AuthDelOpenKfId><![CDATA[" TWO "]]></AuthDelOpenKfId>");
    takes_pull(TWO, "", "d1");
    platform_answer(&p, 200, NULL, "{\"errcode\":95017,\"errmsg\":\"api is occupied by another app\"}");
    while (!says("two", "95017: api is occupied")) { /* as above */
        takes_pull(TWO, "", "d1");
        platform_answer(&p, 200, NULL, "{\"errcode\":95017,\"errmsg\":\"api is occupied by another app\"}");
    }
    wire_take(&agent.wire, "{s:s}", "type", "notice");
    assert_string_not_equal(told("95017: api is occupied"), "");
    takes_pull(TWO, "", "d1"); /* and it is given back */
    gives_page("", "d1", 0);
    UNTIL(says("two", NULL));
    wire_take(&agent.wire, "{s:s}", "type", "notice");
    assert_string_equal(told(""), "");
}

/* The bytes of a file that the fake platform has: what stands where is told by its place. */
#define FILE_SIZE (9 * 1024 * 1024 + 5)

static char *file_bytes(size_t from, size_t n)
{
    char *ret = malloc(n + 1);

    assert_non_null(ret);
    for (size_t i = 0; i < n; i++)
        ret[i] = (char)('a' + (from + i) / 1000 % 26);
    ret[n] = '\0';
    return ret;
}

static void is_asked_for(const char *id, const char *range)
{
    char path[100];

    takes_next();
    (void)snprintf(path, sizeof(path), "/cgi-bin/media/get?access_token=T1&media_id=%s", id);
    assert_string_equal(p.path, path);
    if (range)
        assert_string_equal(head_value(p.head, "Range"), range);
    else
        assert_null(head_value(p.head, "Range"));
}

static void gives_piece(size_t from, size_t n, size_t total)
{
    char headers[200], *bytes = file_bytes(from, n);

    (void)snprintf(headers, sizeof(headers),
                   "Content-Type: text/plain\r\nContent-Range: bytes %zu-%zu/%zu\r\n"
                   "Content-Disposition: attachment; filename=\"large.txt\"\r\n",
                   from, from + n - 1, total);
    platform_answer(&p, 206, headers, bytes);
    free(bytes);
}

static const char file_item[] =
    "{\"msgid\":\"%s\",\"open_kfid\":\"" TWO "\",\"external_userid\":\"wmB\",\"send_time\":%lld,\"origin\":3,\"msgtype\":\"file\","
    "\"file\":{\"media_id\":\"%s\"}}";

static void sends_file(const char *token, const char *was, const char *id, const char *cursor)
{
    char item[400];

    notice(TWO, token);
    takes_pull(TWO, token, was);
    (void)snprintf(item, sizeof(item), file_item, id, (long long)clock_s, id);
    gives_page(item, cursor, 0);
    is_asked_for(id, NULL);
    platform_answer(&p, 200, NULL, "{\"errcode\":830002,\"errmsg\":\"file too large, use Range\"}");
}

/* A large file is given in pieces only; the sum of them counts. */
static void a_large_file_is_fetched_in_pieces(void **state)
{
    const size_t piece = 4 << 20;
    char path[80], *want = file_bytes(0, FILE_SIZE);
    struct reply r;

    (void)state;
    sends_file("n-5", "d1", "F1", "d2");
    is_asked_for("F1", "bytes=0-4194303");
    gives_piece(0, piece, FILE_SIZE);
    is_asked_for("F1", "bytes=4194304-8388607");
    gives_piece(piece, piece, FILE_SIZE);
    is_asked_for("F1", "bytes=8388608-12582911");
    gives_piece(2 * piece, FILE_SIZE - 2 * piece, FILE_SIZE);
    (void)snprintf(
        path, sizeof(path), "/files/%s",
        text_at(wire_take(&agent.wire, "{s:s,s:{s:s,s:I}}", "type", "changed", "file", "name", "large.txt", "size", (json_int_t)FILE_SIZE),
                "file.id"));
    r = web_expect(&d, 200, &(struct ask){ .path = path, .cookie = agent.cookie });
    assert_int_equal(r.n_body, FILE_SIZE);
    assert_memory_equal(r.body, want, FILE_SIZE);
    reply_free(&r);
    free(want);

    sends_file("n-6", "d2", "F2", "d3");
    is_asked_for("F2", "bytes=0-4194303");
    gives_piece(0, piece, 19u << 20); /* each piece would be small enough, all of them are not */
    wire_take(&agent.wire, "{s:s,s:s}", "type", "changed", "text", "[file: could not be fetched, too large]");

    sends_file("n-7", "d3", "F3", "d4");
    is_asked_for("F3", "bytes=0-4194303");
    gives_piece(16, piece, FILE_SIZE); /* not what was asked for */
    wire_take(&agent.wire, "{s:s,s:s}", "type", "changed", "text", "[file: could not be fetched, the platform does not give it]");

    sends_file("n-9", "d4", "F5", "d4-2");
    is_asked_for("F5", "bytes=0-4194303");
    gives_piece(0, piece, FILE_SIZE);
    is_asked_for("F5", "bytes=4194304-8388607");
    platform_answer(&p, 404, "Content-Type: text/html\r\n", "<html>gone</html>"); /* a part of it is not the file */
    wire_take(&agent.wire, "{s:s,s:s}", "type", "changed", "text", "[file: could not be fetched, it is not there any more]");

    sends_file("n-8", "d4-2", "F4", "d5");
    is_asked_for("F4", "bytes=0-4194303");
    platform_answer(&p, 200, NULL, "{\"errcode\":830002,\"errmsg\":\"file too large, use Range\"}"); /* and so for ever? */
    wire_take(&agent.wire, "{s:s,s:s}", "type", "changed", "text", "[file: could not be fetched, it is not there any more]");
}

/* A meeting is told as one, though nothing of it comes; and a menu that stands ready goes as a reply. */
static void a_menu_that_is_ready_is_sent(void **state)
{
    char conv[40], items[900];
    const json_t *page;
    int64_t seq, left;
    int meetings = 0;

    (void)state;
    notice(TWO, "n-10");
    takes_pull(TWO, "n-10", "d5");
    (void)snprintf(items, sizeof(items),
                   "%s,{\"msgid\":\"kfm_11\",\"open_kfid\":\"" TWO
                   "\",\"external_userid\":\"wmM\",\"send_time\":%lld,\"origin\":3,\"msgtype\":"
                   "\"meeting\",\"meeting\":{}}",
                   text_item(TWO, "wmM", "kfm_10", "怎么退货"), (long long)clock_s);
    gives_page(items, "d6", 0);
    (void)snprintf(conv, sizeof(conv), "%s", assigned("two"));
    wire_sendf(&agent.wire, "{\"type\":\"history\",\"conversation\":\"%s\",\"after\":0}", conv);
    page = wire_take(&agent.wire, "{s:s,s:s}", "type", "history", "conversation", conv);
    for (size_t i = 0; i < json_array_size(value_at(page, "messages")); i++)
        meetings += strcmp(text_at(json_array_get(value_at(page, "messages"), i), "text"), "[meeting]") == 0;
    assert_int_equal(meetings, 1);
    left = number_at(wire_take(&agent.wire, "{s:s,s:s,s:b}", "type", "window", "conversation", conv, "ready", 1), "left");
    assert_in_range(left, 4, 5); /* a greeting may be on its way */
    wire_sendf(&agent.wire,
               "{\"type\":\"message\",\"conversation\":\"%s\",\"cid\":\"m1\",\"kind\":\"template\",\"template\":\"help\",\"fields\":{"
               "\"order\":\"A 1\"}}",
               conv);
    seq = stored("m1");
    for (platform_take(&p); strcmp(text_at(p.json, "msgtype"), "msgmenu") != 0; platform_take(&p))
        accepts(text_at(p.json, "msgid")); /* the greeting */
    assert_string_equal(text_at(p.json, "touser"), "wmM");
    assert_string_equal(text_at(p.json, "msgmenu.head_content"), "请选择");
    assert_string_equal(text_at(p.json, "msgmenu.list.0.view.url"), "https://shop.example/returns");
    assert_string_equal(text_at(p.json, "msgmenu.list.1.miniprogram.pagepath"), "pages/o.html?id=A%201");
    assert_string_equal(text_at(p.json, "msgmenu.list.1.miniprogram.content"), "查看订单 A 1");
    accepts(text_at(p.json, "msgid"));
    status(seq, "sent");

    /* Nothing is wrong with the message: whoever runs the account has to hear of it. */
    seq = staff_say(&agent, conv, "m2", "还有吗");
    (void)takes_message(TWO, "wmM", "还有吗");
    platform_answer(&p, 200, NULL, "{\"errcode\":95011,\"errmsg\":\"not allow to use this secret\"}");
    status(seq, "failed");
    UNTIL(says("two", "95011: not allow to use"));
}

/* A colleague in WeCom takes the session from its pool: nothing goes by the five any more, and one text by the code of that event. Once he has
 * ended it, and the customer writes, there are five again. */
static void a_session_that_a_colleague_takes_leaves_one_text(void **state)
{
    char conv[40];
    const json_t *window;
    int64_t seq;

    (void)state;
    greetings = 0;
    notice(ONE, "n-20");
    takes_pull(ONE, "n-20", "c4");
    gives_page(text_item(ONE, "wmT", "kfm_20", "我的包裹呢"), "c5", 0);
    gives_names("wmT", "李四");
    (void)snprintf(conv, sizeof(conv), "%s", assigned("one"));
    if (!greetings)
        accepts(takes_message(ONE, "wmT", NULL));

    notice(ONE, "n-21");
    takes_pull(ONE, "n-21", "c5");
    gives_page(
        event_item("wmT", "e-20", "session_status_change", ",\"change_type\":1,\"new_servicer_userid\":\"ZhangSan\",\"msg_code\":\"MC20\""),
        "c6", 0);
    window =
        wire_take(&agent.wire, "{s:s,s:s,s:s,s:i,s:b}", "type", "window", "conversation", conv, "state", "open", "left", 1, "texts", 1);
    assert_true(number_at(window, "until") > now_wall_ms() + 47 * 3600000LL);
    wire_sendf(&agent.wire, CARD("t0", "\"text\":\"人民大道\",\"lat\":31.2304,\"lon\":121.4737"), conv);
    assert_string_equal(wire_verdict(&agent.wire, "t0"), "conflict");
    assert_non_null(strstr(text_at(agent.wire.last, "message"), "only a text"));
    seq = staff_say(&agent, conv, "t1", "同事马上回复您");
    takes_next();
    assert_string_equal(p.path, "/cgi-bin/kf/send_msg_on_event?access_token=T1");
    assert_string_equal(text_at(p.json, "code"), "MC20");
    assert_string_equal(text_at(p.json, "text.content"), "同事马上回复您");
    accepts(text_at(p.json, "msgid"));
    status(seq, "sent");
    wire_take(&agent.wire, "{s:s,s:s,s:s}", "type", "window", "conversation", conv, "state", "closed");
    wire_sendf(&agent.wire, "{\"type\":\"message\",\"conversation\":\"%s\",\"cid\":\"t2\",\"kind\":\"text\",\"text\":\"还有\"}", conv);
    assert_string_equal(wire_verdict(&agent.wire, "t2"), "conflict");

    notice(ONE, "n-22");
    takes_pull(ONE, "n-22", "c6");
    gives_page(
        event_item("wmT", "e-21", "session_status_change", ",\"change_type\":3,\"old_servicer_userid\":\"ZhangSan\",\"msg_code\":\"MC21\""),
        "c7", 0);
    wire_forget(&agent.wire);
    notice(ONE, "n-23");
    takes_pull(ONE, "n-23", "c7");
    gives_page(text_item(ONE, "wmT", "kfm_21", "谢谢"), "c8", 0);
    gives_names("wmT", "李四");
    window = wire_take(&agent.wire, "{s:s,s:s,s:s,s:i}", "type", "window", "conversation", conv, "state", "open", "left", 5);
    assert_null(value_at(window, "texts"));
    seq = staff_say(&agent, conv, "t3", "不客气");
    accepts(takes_message(ONE, "wmT", "不客气"));
    status(seq, "sent");
}

/* What a notice said stays known: after a death the page is asked for from where the last has ended. */
static void the_cursor_survives(void **state)
{
    bool one = false, two = false;

    (void)state;
    staff_leave(&agent);
    daemon_kill(&d);
    daemon_restart(&d);
    staff_enter(&agent, &d, SITE);
    while (!one || !two) {
        platform_take(&p);
        if (strstr(p.path, "/cgi-bin/kf/sync_msg")) {
            bool first = strcmp(text_at(p.json, "open_kfid"), ONE) == 0;

            assert_string_equal(text_at(p.json, "cursor"), first ? "c8" : "d6");
            one |= first;
            two |= !first;
            gives_page("", first ? "c8" : "d6", 0);
        } else if (strstr(p.path, "/send_msg?")) {
            accepts(text_at(p.json, "msgid")); /* the greeting of the second account */
        } else
            fail_msg("unexpected: %s", p.path);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_address_is_proved_by_decrypting),
        cmocka_unit_test(who_enters_is_welcomed),
        cmocka_unit_test(a_customer_is_answered),
        cmocka_unit_test(another_account_is_asked_for_its_own),
        cmocka_unit_test(items_of_another_account_go_to_its_channel),
        cmocka_unit_test(a_pull_that_is_refused_is_told_and_soon_tried_again),
        cmocka_unit_test(a_withdrawn_account_is_told),
        cmocka_unit_test(a_large_file_is_fetched_in_pieces),
        cmocka_unit_test(a_menu_that_is_ready_is_sent),
        cmocka_unit_test(a_session_that_a_colleague_takes_leaves_one_text),
        cmocka_unit_test(the_cursor_survives),
    };

    return cmocka_run_group_tests(tests, start, finish);
}
