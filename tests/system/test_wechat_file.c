/* Files of a WeChat Official Account beside a real kefud: what comes is fetched, and what goes is taken there first. */
#include "wechat_rig.h"

static void a_voice_is_fetched_and_a_refusal_is_no_file(void **state)
{
    static const char amr[] = "#!AMR\nand so on";
    char disposition[] = "Content-Disposition: attachment; filename=\"v.amr\"\r\n";
    struct reply r = post("o-3", "<MsgType>voice</MsgType><MediaId>V1</MediaId><Format>amr</Format><Recognition>我想退货</Recognition>"
                                 "<MsgId>24565000000000003</MsgId>");
    const char *conv = assigned();

    (void)state;
    reply_free(&r);
    platform_take(&p);
    assert_string_equal(p.path, "/cgi-bin/media/get?access_token=T2&media_id=V1");
    platform_answer(&p, 200, NULL, "{\"errcode\":-1,\"errmsg\":\"system error\"}");
    platform_take(&p);
    platform_answer(&p, 200, disposition, amr);
    wire_take(&agent.wire, "{s:s,s:s,s:s,s:s,s:{s:s,s:s}}", "type", "changed", "conversation", conv, "kind", "audio", "text", "我想退货",
              "file", "name", "v.amr", "mime", "audio/amr");
    r = post("o-3", "<MsgType>voice</MsgType><MediaId>V2</MediaId><MsgId>24565000000000004</MsgId>");
    reply_free(&r);
    platform_take(&p);
    platform_answer(&p, 200, NULL, "{\"errcode\":40007,\"errmsg\":\"invalid media_id\"}");
    wire_take(&agent.wire, "{s:s,s:s,s:{s:s,s:s}}", "type", "changed", "conversation", conv, "media", "state", "failed", "reason", "gone");
}

static void a_picture_goes_there_first(void **state)
{
    static const char gif[] = "GIF89a\x02\x01\x03\x01 and so on";
    struct reply r = text_from("o-4", "24565000000000005", "有图吗");
    char id[40], frame[300];
    const char *conv = assigned();
    int64_t seq;

    (void)state;
    reply_free(&r);
    staff_upload(&agent, &d, SITE, "a.gif", gif, sizeof(gif) - 1, id);
    (void)snprintf(frame, sizeof(frame), "{\"type\":\"message\",\"conversation\":\"%s\",\"cid\":\"f1\",\"kind\":\"image\",\"file\":\"%s\"}",
                   conv, id);
    wire_text(&agent.wire, frame);
    assert_string_equal(wire_verdict(&agent.wire, "f1"), "ack");
    seq = number_at(agent.wire.last, "seq");
    platform_take(&p);
    assert_string_equal(p.path, "/cgi-bin/media/upload?access_token=T2&type=image");
    assert_non_null(strstr(p.body, "GIF89a"));
    platform_answer(&p, 200, NULL, "{\"type\":\"image\",\"media_id\":\"M0\",\"created_at\":1718000000}");
    platform_take(&p);
    assert_string_equal(text_at(p.json, "image.media_id"), "M0");
    platform_answer(&p, 200, NULL, "{\"errcode\":40007,\"errmsg\":\"invalid media_id\"}"); /* lost there: it is taken once more */
    platform_take(&p);
    assert_string_equal(p.path, "/cgi-bin/media/upload?access_token=T2&type=image");
    platform_answer(&p, 200, NULL, "{\"type\":\"image\",\"media_id\":\"M1\",\"created_at\":1718000000}");
    platform_take(&p);
    assert_string_equal(text_at(p.json, "msgtype"), "image");
    assert_string_equal(text_at(p.json, "image.media_id"), "M1");
    platform_answer(&p, 200, NULL, "{\"errcode\":0}");
    status(seq, "sent");
}

/* Posts a text and leaves the answer to be read; the connection. */
static int text_open(const char *user, const char *id, const char *text)
{
    char elements[600], body[9000], path[300], request[10000];
    int fd = web_connect(&d, false);

    text_elements(id, text, elements);
    sealed_post(user, elements, path, body);
    (void)snprintf(request, sizeof(request), "POST %s HTTP/1.1\r\nHost: kefud\r\nContent-Type: text/xml\r\nContent-Length: %zu\r\n\r\n%s",
                   path, strlen(body), body);
    web_send(fd, request, strlen(request));
    return fd;
}

/* True: the picture rode in the answer to that post, which waits while it is taken there. Else it went by the API: the machine was slower
 * than the two seconds that an answer may wait. */
static bool picture_rides(const char *conv, const char *file, int turn)
{
    char id[40], cid[16], words[24];
    int64_t seq;
    int fd;
    struct reply r;
    bool rode;

    (void)snprintf(id, sizeof(id), "2456500000000009%d", turn);
    (void)snprintf(cid, sizeof(cid), "p%d", turn);
    (void)snprintf(words, sizeof(words), "再来%d", turn);
    fd = text_open("o-11", id, words);
    wire_take(&agent.wire, "{s:s,s:s,s:s}", "type", "message", "conversation", conv, "text", words);
    wire_sendf(&agent.wire, "{\"type\":\"message\",\"conversation\":\"%s\",\"cid\":\"%s\",\"kind\":\"image\",\"file\":\"%s\"}", conv, cid,
               file);
    assert_string_equal(wire_verdict(&agent.wire, cid), "ack");
    seq = number_at(agent.wire.last, "seq");
    platform_take(&p);
    assert_string_equal(p.path, "/cgi-bin/media/upload?access_token=T2&type=image");
    platform_answer(&p, 200, NULL, "{\"type\":\"image\",\"media_id\":\"M9\",\"created_at\":1718000000}");
    assert_true(web_read(fd, false, &r));
    assert_int_equal(r.status, 200);
    (void)close(fd);
    rode = strcmp(r.body, "success") != 0;
    if (rode) {
        const char *document = wx_unseal(&scheme, r.body);

        assert_string_equal(wx_element(document, "ToUserName"), "o-11");
        assert_string_equal(wx_element(document, "MsgType"), "image");
        assert_string_equal(wx_element(document, "MediaId"), "M9");
    } else {
        platform_take(&p);
        assert_string_equal(text_at(p.json, "image.media_id"), "M9");
        platform_answer(&p, 200, NULL, "{\"errcode\":0}");
    }
    status(seq, "sent");
    reply_free(&r);
    return rode;
}

static void a_picture_rides_in_the_answer_when_it_is_there_in_time(void **state)
{
    struct reply r = text_from("o-11", "24565000000000090", "有图吗");
    char conv[40], id[40];
    int turn = 1;

    (void)state;
    reply_free(&r);
    (void)snprintf(conv, sizeof(conv), "%s", assigned());
    staff_upload(&agent, &d, SITE, "c.jpg", "\xff\xd8\xff\xe0 and so on", sizeof("\xff\xd8\xff\xe0 and so on") - 1, id);
    wire_forget(&agent.wire);
    while (!picture_rides(conv, id, turn))
        assert_true(++turn < 9);
    wire_take(&agent.wire, "{s:s,s:s,s:s,s:i}", "type", "window", "conversation", conv, "state", "open", "left", 5); /* it used up none */
}

/* The platform has no place for words beside a picture: they are not lost. */
static void words_of_a_picture_follow_it(void **state)
{
    static const char gif[] = "GIF89a\x02\x01\x03\x01 and more";
    struct reply r = text_from("o-5", "24565000000000006", "是哪一款");
    char id[40], frame[400];
    const char *conv = assigned();
    int64_t seq;

    (void)state;
    reply_free(&r);
    staff_upload(&agent, &d, SITE, "b.gif", gif, sizeof(gif) - 1, id);
    (void)snprintf(frame, sizeof(frame),
                   "{\"type\":\"message\",\"conversation\":\"%s\",\"cid\":\"w1\",\"kind\":\"image\",\"text\":\"是这一款\",\"file\":\"%s\"}",
                   conv, id);
    wire_text(&agent.wire, frame);
    assert_string_equal(wire_verdict(&agent.wire, "w1"), "ack");
    seq = number_at(agent.wire.last, "seq");
    platform_take(&p);
    assert_string_equal(p.path, "/cgi-bin/media/upload?access_token=T2&type=image");
    platform_answer(&p, 200, NULL, "{\"type\":\"image\",\"media_id\":\"M2\",\"created_at\":1718000000}");
    platform_take(&p);
    assert_string_equal(text_at(p.json, "image.media_id"), "M2");
    platform_answer(&p, 200, NULL, "{\"errcode\":0}");
    takes_message("T2", "o-5", "是这一款");
    platform_answer(&p, 200, NULL, "{\"errcode\":0}");
    status(seq, "sent");
}

/* Two files are taken there for it, and one message shows both. */
static void a_film_goes_with_a_cover(void **state)
{
    struct reply r = text_from("o-8", "24565000000000061", "怎么装");
    char conv[40], id[40];
    int64_t seq;

    (void)state;
    reply_free(&r);
    (void)snprintf(conv, sizeof(conv), "%s", assigned());
    staff_upload(&agent, &d, SITE, "%E5%BC%80%E7%AE%B1", "....ftypisom and so on", sizeof("....ftypisom and so on") - 1, id);
    wire_sendf(&agent.wire, "{\"type\":\"message\",\"conversation\":\"%s\",\"cid\":\"f1\",\"kind\":\"file\",\"file\":\"%s\"}", conv, id);
    assert_string_equal(wire_verdict(&agent.wire, "f1"), "ack");
    seq = number_at(agent.wire.last, "seq");
    platform_take(&p);
    assert_string_equal(p.path, "/cgi-bin/media/upload?access_token=T2&type=thumb");
    platform_answer(&p, 200, NULL, "{\"type\":\"thumb\",\"thumb_media_id\":\"T8\",\"created_at\":1718000000}");
    platform_take(&p);
    assert_string_equal(p.path, "/cgi-bin/media/upload?access_token=T2&type=video");
    assert_non_null(strstr(p.body, "开箱.mp4\""));
    platform_answer(&p, 200, NULL, "{\"type\":\"video\",\"media_id\":\"V8\",\"created_at\":1718000000}");
    platform_take(&p);
    assert_string_equal(text_at(p.json, "msgtype"), "video");
    assert_string_equal(text_at(p.json, "video.media_id"), "V8");
    assert_string_equal(text_at(p.json, "video.thumb_media_id"), "T8");
    platform_answer(&p, 200, NULL, "{\"errcode\":0}");
    status(seq, "sent");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_voice_is_fetched_and_a_refusal_is_no_file),
        cmocka_unit_test(a_picture_goes_there_first),
        cmocka_unit_test(a_picture_rides_in_the_answer_when_it_is_there_in_time),
        cmocka_unit_test(words_of_a_picture_follow_it),
        cmocka_unit_test(a_film_goes_with_a_cover),
    };

    return cmocka_run_group_tests(tests, start_with_token, finish);
}
