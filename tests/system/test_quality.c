/* Quality review from the sample to the decision, as each of the people concerned sees it. */
#include "quality_rig.h"

static const char *at(const char *id, const char *what)
{
    static char ret[128];

    (void)snprintf(ret, sizeof(ret), "/api/v1/reviews/%s%s%s", id, *what ? "/" : "", what);
    return ret;
}

static void talk(const char *words, char conv[40])
{
    talk_over(words, GREETING, conv);
}

/* ---- answers ---- */

/* All of the shipped card at its best; `more` are members that stand for some of them. */
static const char *contents(const char *more)
{
    static char ret[2048];

    (void)snprintf(
        ret, sizeof(ret),
        "{\"answers\":{\"greeting\":{\"value\":1},\"anything_else\":{\"na\":true},\"closing\":{\"value\":1},\"tone\":{\"value\":4},"
        "\"empathy\":{\"value\":2},\"waiting\":{\"value\":1},\"understanding\":{\"value\":2},\"correct\":{\"value\":4},"
        "\"promise\":{\"na\":true},\"records\":{\"value\":1}%s},\"summary\":\"不错\"}",
        more);
    return ret;
}

static const char *with_contents(int revision, const char *more, const char *items)
{
    static char ret[4096];

    (void)snprintf(ret, sizeof(ret), "{\"revision\":%d,\"contents\":%s%s%s}", revision, contents(more), items ? ",\"items\":" : "",
                   items ? items : "");
    return ret;
}

static json_t *figures(const struct staff *s, const char *query)
{
    char path[200];

    (void)snprintf(path, sizeof(path), "/api/v1/quality?site=" SITE "%s", query);
    return staff_get(s, &d, path);
}

static long long total(const char *member)
{
    json_t *f = figures(&supervisor, "");
    long long ret = json_integer_value(json_object_get(json_object_get(f, "total"), member));

    json_decref(f);
    return ret;
}

static size_t listed(const struct staff *s, const char *query)
{
    char path[200];
    json_t *list;
    size_t ret;

    (void)snprintf(path, sizeof(path), "/api/v1/reviews?site=" SITE "%s", query);
    list = staff_get(s, &d, path);
    ret = json_array_size(json_object_get(list, "items"));
    assert_int_equal(number_at(list, "count"), ret);
    json_decref(list);
    return ret;
}

/* Draws what was not drawn before; the id of the first review of it. */
static void draw(char review[40])
{
    json_t *sample = send(&reviewer, 201, "POST", "/api/v1/samples?site=" SITE,
                          "{\"name\":\"今日\",\"scorecard\":\"standard-zh\",\"n\":50,\"seed\":7}"),
           *mine;

    assert_int_equal(number_at(sample, "seed"), 7);
    assert_int_equal(number_at(sample, "unassigned"), 0);
    assert_true(number_at(sample, "drawn") > 0);
    mine = staff_get(&reviewer, &d, "/api/v1/reviews?site=" SITE "&list=mine");
    (void)snprintf(review, 40, "%s", text_at(json_array_get(json_object_get(mine, "items"), 0), "id"));
    json_decref(sample);
    json_decref(mine);
}

/* ---- what is promised ---- */

static void a_review_is_drawn_scored_appealed_and_decided(void **state)
{
    char conv[40], id[40];
    json_t *r, *a;

    (void)state;
    talk("灯坏了，电话13800138000", conv);
    draw(id);
    r = staff_get(&reviewer, &d, at(id, ""));
    assert_string_equal(text_at(r, "conversation"), conv);
    assert_string_equal(text_at(r, "state"), "assigned");
    assert_string_equal(text_at(json_object_get(r, "card"), "name"), "在线客服通用评分表");
    assert_true(json_is_true(json_object_get(json_object_get(r, "may"), "score")));
    json_decref(r);

    /* A draft, which nobody else sees. */
    a = send(&reviewer, 200, "PUT", at(id, "draft"), "{\"revision\":1,\"contents\":{\"answers\":{\"greeting\":{\"value\":1}}}}");
    assert_int_equal(number_at(a, "revision"), 2);
    json_decref(a);
    refused(&reviewer, 409, "PUT", at(id, "draft"), "{\"revision\":1,\"contents\":{}}");
    refused(&agent, 404, "GET", at(id, ""), NULL);
    refused(&supervisor, 404, "GET", at(id, ""), NULL);
    assert_int_equal(listed(&agent, "&list=about_me"), 0);

    /* Not before all is answered, nor with what the card does not know. */
    refused(&reviewer, 422, "POST", at(id, "submit"), "{\"revision\":2,\"contents\":{\"answers\":{\"greeting\":{\"value\":1}}}}");
    refused(&reviewer, 400, "POST", at(id, "submit"), with_contents(2, ",\"colour\":{\"value\":1}", NULL));
    refused(&reviewer, 400, "POST", at(id, "submit"), with_contents(2, ",\"rude\":{\"value\":2}", NULL));
    refused(&supervisor, 404, "POST", at(id, "submit"), with_contents(2, "", NULL));
    a = send(&reviewer, 200, "POST", at(id, "submit"), with_contents(2, ",\"rude\":{\"value\":1}", NULL));
    assert_int_equal(number_at(a, "score"), 0);
    assert_int_equal(number_at(a, "plain"), 10000);
    assert_true(json_is_true(json_object_get(a, "fatal")));
    json_decref(a);
    assert_int_equal(total("reviews"), 1);
    assert_int_equal(total("fatal_free"), 0);
    assert_int_equal(total("score_sum"), 0);
    assert_int_equal(total("plain_sum"), 10000);

    /* The agent sees it, with the card, and appeals against one item. */
    assert_int_equal(listed(&agent, "&list=about_me"), 1);
    r = staff_get(&agent, &d, at(id, ""));
    assert_true(json_is_true(json_object_get(json_object_get(r, "may"), "appeal")));
    assert_false(json_is_true(json_object_get(json_object_get(r, "may"), "score")));
    json_decref(r);
    refused(&supervisor, 409, "POST", at(id, "decide"),
            with_contents(3, "", "[{\"item\":\"rude\",\"outcome\":\"accepted\",\"text\":\"是\"}]"));
    refused(&agent, 400, "POST", at(id, "appeal"), "{\"revision\":3,\"items\":[{\"item\":\"rude\",\"text\":\"\"}]}");
    refused(&agent, 400, "POST", at(id, "appeal"), "{\"revision\":3,\"items\":[]}");
    json_decref(send(&agent, 200, "POST", at(id, "appeal"), "{\"revision\":3,\"items\":[{\"item\":\"rude\",\"text\":\"这是访客说的\"}]}"));
    refused(&agent, 409, "POST", at(id, "acknowledge"), "{\"revision\":4}");
    assert_int_equal(total("appealed"), 1);
    assert_int_equal(listed(&supervisor, "&list=appeals"), 1);

    /* Not by the first reviewer; nothing else may change; then by the supervisor. */
    refused(&reviewer, 403, "POST", at(id, "decide"),
            with_contents(4, "", "[{\"item\":\"rude\",\"outcome\":\"accepted\",\"text\":\"是\"}]"));
    refused(&supervisor, 422, "POST", at(id, "decide"),
            with_contents(4, "", "[{\"item\":\"rude\",\"outcome\":\"rejected\",\"text\":\"否\"}]"));
    refused(&supervisor, 422, "POST", at(id, "decide"),
            with_contents(4, ",\"late\":{\"value\":2}", "[{\"item\":\"rude\",\"outcome\":\"accepted\",\"text\":\"是\"}]"));
    refused(&supervisor, 400, "POST", at(id, "decide"), with_contents(4, "", "[]"));
    a = send(&supervisor, 200, "POST", at(id, "decide"),
             with_contents(4, ",\"rude\":{\"value\":0}", "[{\"item\":\"rude\",\"outcome\":\"accepted\",\"text\":\"确实是访客说的\"}]"));
    assert_int_equal(number_at(a, "score"), 10000);
    json_decref(a);
    assert_int_equal(total("fatal_free"), 1);
    assert_int_equal(total("score_sum"), 10000);
    assert_int_equal(total("overturned"), 1);
    r = staff_get(&agent, &d, at(id, ""));
    assert_string_equal(text_at(r, "state"), "final");
    assert_int_equal(number_at(r, "first_score"), 0);
    assert_int_equal(json_array_size(json_object_get(r, "versions")), 2);
    assert_string_equal(text_at(json_array_get(json_object_get(r, "appeals"), 0), "answer"), "确实是访客说的");
    json_decref(r);
    refused(&agent, 409, "POST", at(id, "appeal"), "{\"revision\":5,\"items\":[{\"item\":\"rude\",\"text\":\"再来\"}]}");

    /* Each figure opens the reviews that it was counted from. */
    assert_int_equal(listed(&supervisor, "&overturned=1"), 1);
    assert_int_equal(listed(&supervisor, "&decided=1"), 1);
    assert_int_equal(listed(&supervisor, "&passed=1"), 1);
    assert_int_equal(listed(&supervisor, "&item=rude&rated=1"), 1);
    assert_int_equal(listed(&supervisor, "&item=empathy&rated=1&fatal=1"), 0);
    assert_int_equal(listed(&supervisor, "&fatal=1"), 0);
    assert_int_equal(listed(&supervisor, "&item=rude"), 0);
    assert_int_equal(listed(&supervisor, "&kind=risk"), 0);
}

static void figures_are_by_agent_item_week_and_queue(void **state)
{
    static const char *const by[] = { "agent", "reviewer", "queue", "week" };
    char conv[40], id[40], query[80];
    json_t *f, *groups;
    size_t failed = 0;

    (void)state;
    talk("发票", conv);
    draw(id);
    json_decref(send(&reviewer, 200, "POST", at(id, "submit"), with_contents(1, ",\"late\":{\"value\":4}", NULL)));
    for (size_t i = 0; i < sizeof(by) / sizeof(by[0]); i++) {
        (void)snprintf(query, sizeof(query), "&by=%s", by[i]);
        f = figures(&supervisor, query);
        groups = json_object_get(f, "groups");
        assert_int_equal(json_array_size(groups), 1);
        assert_int_equal(number_at(json_array_get(groups, 0), "reviews"), 2);
        assert_int_equal(number_at(json_array_get(groups, 0), "score_sum"), 19600);
        assert_int_equal(number_at(json_array_get(groups, 0), "median"), 9800);
        if (i == 0)
            assert_string_equal(text_at(json_object_get(json_array_get(groups, 0), "person"), "id"), agent.id);
        (void)snprintf(query, sizeof(query), "&%s=%s", by[i], text_at(json_array_get(groups, 0), "key"));
        assert_int_equal(listed(&supervisor, query), 2);
        json_decref(f);
    }
    f = figures(&supervisor, "&by=item");
    groups = json_object_get(f, "groups");
    for (size_t i = 0; i < json_array_size(groups); i++) {
        const json_t *g = json_array_get(groups, i);

        failed += (size_t)number_at(g, "failed");
        if (strcmp(text_at(g, "key"), "late") == 0) {
            assert_int_equal(number_at(g, "failed"), 1);
            assert_string_equal(text_at(g, "name"), "扣分：无故沉默超过一分钟");
        }
    }
    assert_int_equal(failed, 1);
    assert_int_equal(listed(&supervisor, "&item=late"), 1);
    assert_int_equal(listed(&supervisor, "&item=late&rated=1"), 2);
    assert_int_equal(listed(&supervisor, "&decided=1"), 1);
    refused(&supervisor, 400, "GET", "/api/v1/reviews?site=" SITE "&passed=yes", NULL);
    json_decref(f);
    f = staff_get(&agent, &d, "/api/v1/quality/mine?site=" SITE);
    assert_int_equal(number_at(json_object_get(f, "total"), "reviews"), 2);
    assert_int_equal(number_at(json_object_get(f, "team"), "median"), 9800);
    assert_int_equal(json_array_size(json_object_get(f, "weeks")), 1);
    json_decref(f);
    f = staff_get(&agent2, &d, "/api/v1/quality/mine?site=" SITE);
    assert_int_equal(number_at(json_object_get(f, "total"), "reviews"), 0);
    json_decref(f);
}

static bool shows(const struct staff *s, const char *path, const char *words)
{
    json_t *r = staff_get(s, &d, path);
    char *text = json_dumps(r, 0);
    bool ret = strstr(text, words) != NULL;

    json_decref(r);
    free(text);
    return ret;
}

static void personal_data_is_masked_and_shown_by_right_and_written_down(void **state)
{
    char conv[40], path[120], open[140];
    long long before = audited("transcript_revealed");

    (void)state;
    talk("我的电话是１３９-0013-9000，邮箱 wang.fang@example.com", conv);
    (void)snprintf(path, sizeof(path), "/api/v1/transcripts/%s", conv);
    (void)snprintf(open, sizeof(open), "%s?reveal=1", path);
    assert_true(shows(&reviewer, path, "１３９-****-9000"));
    assert_true(shows(&reviewer, path, "w********@example.com"));
    assert_false(shows(&supervisor, path, "wang.fang"));
    assert_true(shows(&agent, path, "wang.fang@example.com")); /* who has talked to him knows */
    assert_int_equal(audited("transcript_revealed"), before);
    refused(&reviewer, 403, "GET", open, NULL);
    refused(&agent2, 404, "GET", open, NULL);
    assert_int_equal(audited("transcript_revealed"), before);
    assert_true(shows(&supervisor, open, "１３９-0013-9000"));
    assert_int_equal(audited("transcript_revealed"), before + 1);
}

static void what_is_found_is_masked_too(void **state)
{
    static const char path[] = "/api/v1/transcripts?site=" SITE "&q=%E8%BD%A6%E7%89%8C";
    char conv[40];

    (void)state;
    talk("车牌 京A12345，卡 6222 0212 3456 7894", conv);
    UNTIL(shows(&reviewer, path, "车牌"));
    assert_true(shows(&reviewer, path, "京A***45"));
    assert_false(shows(&reviewer, path, "12345"));
}

/* Its last message has one, the one after that is none, and what another conversation has more of is no help. */
/* A result without words has the last line of each, masked and no longer than a row; whose they are is written down. */
static void what_is_listed_has_its_last_line(void **state)
{
    char conv[40], words[1000] = "我的手机是13800138000，";
    long long before = audited("transcripts_searched");
    json_t *r;

    (void)state;
    while (strlen(words) < 800)
        (void)strcat(words, "长");
    talk_over("在吗", words, conv);
    r = staff_get(&reviewer, &d, "/api/v1/transcripts?site=" SITE "&limit=1");
    assert_string_equal(text_at(r, "items.0.conversation.id"), conv);
    assert_non_null(strstr(text_at(r, "items.0.conversation.last.text"), "我的手机是138****8000，长"));
    assert_int_equal(strlen(text_at(r, "items.0.conversation.last.text")), strlen("我的手机是") + 11 + (160 - 5 - 11) * strlen("长"));
    json_decref(r);
    assert_int_equal(audited("transcripts_searched"), before + 1);
    r = staff_get(&agent, &d, "/api/v1/transcripts?site=" SITE "&limit=1");
    assert_non_null(strstr(text_at(r, "items.0.conversation.last.text"), "13800138000"));
    json_decref(r);
    assert_int_equal(audited("transcripts_searched"), before + 1);
}

/* A form is masked as the lines of its text are: numbers, lists, and what only its name tells apart. */
static void a_form_is_masked_as_its_text_is(void **state)
{
    static const char *const rows[][2] = { { "phone", "138****8000" }, { "tel", "139****9000" },    { "微信", "ab*******" },
                                           { "text", "退货" },         { "more.0", "137****7000" }, { "card", "************1111" } };
    struct visitor v = { 0 };
    json_t *r, *form;

    (void)state;
    visitor_enter(&v, &d, SITE, NULL);
    (void)visitor_say(&v, "c1", "留个联系方式");
    wire_take(&agent.wire, "{s:s,s:{s:s}}", "type", "assigned", "conversation", "id", v.conv);
    wire_text(&v.wire,
              "{\"type\":\"message\",\"cid\":\"f1\",\"kind\":\"form\",\"form\":{\"phone\":\"13800138000\",\"tel\":13900139000,"
              "\"card\":4111111111111111.0,\"微信\":\"abc_xyz99\",\"more\":[\"13700137000\",7],\"text\":\"退货\",\"13600136000\":\"我\"}}");
    assert_string_equal(wire_verdict(&v.wire, "f1"), "ack");
    r = staff_get(&reviewer, &d, "/api/v1/transcripts?site=" SITE "&limit=1");
    assert_string_equal(text_at(r, "items.0.conversation.last.text"), "phone: 138****8000\n微信: ab*******\ntext: 退货\n136****6000: 我");
    form = value_at(r, "items.0.conversation.last.form");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_string_equal(text_at(form, rows[i][0]), rows[i][1]);
    assert_int_equal(number_at(form, "more.1"), 7);
    assert_string_equal(text_at(form, "136****6000"), "我");
    assert_null(json_object_get(form, "13600136000"));
    json_decref(r);
    wire_text(&v.wire, "{\"type\":\"close\",\"cid\":\"the-end\"}");
    assert_string_equal(wire_verdict(&v.wire, "the-end"), "ack");
    visitor_free(&v);
}

static void only_its_own_messages_have_comments(const char *id, const char *conv)
{
    char body[200], path[120], words[120];
    json_t *r, *a;
    int last;

    (void)snprintf(path, sizeof(path), "/api/v1/transcripts/%s", conv);
    r = staff_get(&supervisor, &d, path);
    last = (int)number_at(r, "conversation.seq");
    json_decref(r);
    (void)snprintf(body, sizeof(body), "{\"text\":\"?\",\"seq\":%d}", last + 1);
    (void)snprintf(words, sizeof(words), "seq: there is no message %d in the conversation of this review, which has 1 to %d", last + 1,
                   last);
    a = send(&agent, 400, "POST", at(id, "comments"), body);
    assert_string_equal(text_at(a, "detail"), words);
    json_decref(a);
}

static void comments_stand_at_a_message_and_are_answered(void **state)
{
    char conv[40], id[40], body[200];
    json_t *a, *r;

    (void)state;
    talk("退货", conv);
    draw(id);
    a = send(&reviewer, 201, "POST", at(id, "comments"), "{\"seq\":2,\"text\":\"问候很好\"}");
    (void)snprintf(body, sizeof(body), "{\"parent\":\"%s\",\"text\":\"谢谢\"}", text_at(a, "id"));
    json_decref(a);
    refused(&agent, 404, "POST", at(id, "comments"), body);
    json_decref(send(&reviewer, 200, "POST", at(id, "submit"), with_contents(1, "", NULL)));
    json_decref(send(&agent, 201, "POST", at(id, "comments"), body));
    refused(&agent, 400, "POST", at(id, "comments"), "{\"text\":\"\"}");
    refused(&agent, 400, "POST", at(id, "comments"), "{\"text\":\"?\",\"seq\":0}");
    refused(&agent, 400, "POST", at(id, "comments"), "{\"text\":\"?\",\"seq\":9007199254740993}");
    only_its_own_messages_have_comments(id, conv);
    r = staff_get(&agent, &d, at(id, ""));
    assert_int_equal(json_array_size(json_object_get(r, "comments")), 2);
    assert_int_equal(number_at(json_array_get(json_object_get(r, "comments"), 0), "seq"), 2);
    json_decref(r);
    json_decref(send(&agent, 200, "POST", at(id, "acknowledge"), "{\"revision\":2}"));
}

static void nobody_reaches_what_is_not_his(void **state)
{
    const struct staff *all[] = { &agent, &agent2, &reviewer, &supervisor, &admin };
    static const struct {
        const char *path;
        int status[5];
    } rows[] = {
        { "/api/v1/scorecards?site=" SITE, { 403, 403, 200, 200, 403 } },
        { "/api/v1/samples?site=" SITE, { 403, 403, 200, 200, 403 } },
        { "/api/v1/reviews?site=" SITE, { 403, 403, 200, 200, 403 } },
        { "/api/v1/reviews?site=" SITE "&list=appeals", { 403, 403, 200, 200, 403 } },
        { "/api/v1/reviews?site=" SITE "&list=about_me", { 200, 200, 200, 200, 200 } },
        { "/api/v1/quality?site=" SITE, { 403, 403, 200, 200, 403 } },
        { "/api/v1/quality?site=" SITE "&fatal=2", { 403, 403, 400, 400, 403 } },
        { "/api/v1/quality?site=" SITE "&week=2026-47", { 403, 403, 400, 400, 403 } },
        { "/api/v1/quality?site=" SITE "&week=2026-W54", { 403, 403, 400, 400, 403 } },
        { "/api/v1/quality?site=" SITE "&week=2026-W47&overturned=1", { 403, 403, 200, 200, 403 } },
        { "/api/v1/examples?site=" SITE "&good=yes", { 400, 400, 400, 400, 403 } },
        { "/api/v1/examples?site=" SITE "&item=A!", { 400, 400, 400, 400, 403 } },
        { "/api/v1/coaching?site=" SITE "&list=some", { 400, 400, 400, 400, 400 } },
        { "/api/v1/transcripts/01936b2e-0000-7000-8000-000000000001?reveal=yes", { 400, 400, 400, 400, 400 } },
        { "/api/v1/quality/mine?site=" SITE, { 200, 200, 200, 200, 200 } },
        { "/api/v1/reviews?site=elsewhere", { 404, 404, 404, 404, 404 } },
        { "/api/v1/reviews/01936b2e-0000-7000-8000-000000000001", { 404, 404, 404, 404, 404 } },
        { "/api/v1/reviews/x", { 404, 404, 404, 404, 404 } },
    };
    char conv[40], id[40];

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        for (size_t k = 0; k < 5; k++)
            refused(all[k], rows[i].status[k], "GET", rows[i].path, NULL);
    refused(&agent, 403, "POST", "/api/v1/samples?site=" SITE, "{\"scorecard\":\"standard-zh\"}");
    refused(&reviewer, 400, "POST", "/api/v1/samples?site=" SITE, "{\"scorecard\":\"none\"}");
    refused(&reviewer, 422, "POST", "/api/v1/samples?site=" SITE, "{\"scorecard\":\"standard-zh\",\"to\":1000,\"from\":0}");
    talk("改地址", conv);
    draw(id);
    json_decref(send(&reviewer, 200, "POST", at(id, "submit"), with_contents(1, "", NULL)));
    refused(&agent2, 404, "GET", at(id, ""), NULL);
    refused(&admin, 404, "GET", at(id, ""), NULL);
    refused(&agent, 403, "POST", at(id, "decide"), "{}");
    refused(&reviewer, 403, "POST", at(id, "acknowledge"), "{}");
    web_status(
        &d, 403,
        &(struct ask){ .path = at(id, "acknowledge"), .cookie = agent.cookie, .csrf = "0", .origin = "", .body = "{\"revision\":2}" });
    web_status(&d, 401, &(struct ask){ .path = at(id, "") });
}

static void a_card_that_is_changed_leaves_its_reviews_alone(void **state)
{
    static const char card[] =
        "{\"name\":\"新表\",\"sections\":[{\"key\":\"a\",\"name\":\"甲\",\"weight\":100,\"items\":[{\"key\":\"one\",\"name\":"
        "\"一\",\"type\":\"yesno\",\"points\":%d}]}]}";
    char conv[40], id[40], body[400];
    struct reply r;
    json_t *sample, *mine, *one;

    (void)state;
    talk("保修", conv);
    for (int version = 1; version <= 2; version++) {
        (void)snprintf(body, sizeof(body), card, version * 10);
        r = web_expect(&d, version == 1 ? 201 : 200,
                       &(struct ask){ .method = "PUT",
                                      .path = "/api/v1/sites/" SITE "/documents/scorecard/short",
                                      .cookie = supervisor.cookie,
                                      .csrf = supervisor.csrf,
                                      .origin = "",
                                      .headers = version == 1 ? "If-None-Match: *\r\n" : "If-Match: \"1\"\r\n",
                                      .body = body });
        reply_free(&r);
        if (version == 1) {
            sample = send(&supervisor, 201, "POST", "/api/v1/samples?site=" SITE, "{\"scorecard\":\"short\",\"n\":1}");
            assert_int_equal(number_at(sample, "drawn"), 1);
            json_decref(sample);
        }
    }
    one = staff_get(&admin, &d, "/api/v1/sites/" SITE "/set");
    assert_int_equal(json_object_size(json_object_get(one, "scorecards")), 1); /* those of its own, and none that is shipped */
    json_decref(one);
    mine = staff_get(&reviewer, &d, "/api/v1/reviews?site=" SITE "&list=mine");
    (void)snprintf(id, sizeof(id), "%s", text_at(json_array_get(json_object_get(mine, "items"), 0), "id"));
    json_decref(mine);
    one = staff_get(&reviewer, &d, at(id, ""));
    assert_int_equal(number_at(json_object_get(one, "scorecard"), "version"), 1);
    assert_int_equal(
        number_at(json_array_get(json_object_get(json_array_get(json_object_get(json_object_get(one, "card"), "sections"), 0), "items"), 0),
                  "points"),
        10);
    json_decref(one);
}

/* A dry run of `wish`: what it tells of `what`. */
static int64_t would(const char *wish, const char *what)
{
    char body[400];
    json_t *r;
    int64_t ret;

    (void)snprintf(body, sizeof(body), "{\"scorecard\":\"standard-zh\",\"dry_run\":true,\"again\":true,%s}", wish);
    r = send(&supervisor, 200, "POST", "/api/v1/samples?site=" SITE, body);
    ret = number_at(r, what);
    json_decref(r);
    return ret;
}

static void a_sample_is_a_share_of_what_fits(void **state)
{
    static const char *const wrong[] = { "\"share\":0", "\"share\":101", "\"share\":\"10\"", "\"share\":2.5", "\"share\":10,\"n\":10" };
    char conv[40], body[300];
    int64_t all;

    (void)state;
    talk("抽检比例", conv);
    talk("抽检比例二", conv);
    all = would("\"n\":1", "population");
    assert_true(all >= 2);
    assert_int_equal(would("\"share\":100", "drawn"), all);
    assert_int_equal(would("\"share\":1", "drawn"), 1);
    assert_int_equal(would("\"share\":50", "drawn"), (all + 1) / 2);
    assert_int_equal(would("\"share\":50,\"from\":0,\"to\":1", "population"), 0);
    assert_int_equal(would("\"share\":50,\"from\":0,\"to\":1", "drawn"), 0);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        (void)snprintf(body, sizeof(body), "{\"scorecard\":\"standard-zh\",\"dry_run\":true,%s}", wrong[i]);
        refused(&supervisor, 400, "POST", "/api/v1/samples?site=" SITE, body);
    }
}

/* What belongs on it: bad ratings, complaints, and what checks have found; here there are no ratings. */
static void a_risk_list_has_complaints(void **state)
{
    static const char *const wrong[] = { "\"tags\":\"complaint\"", "\"tags\":[\"\"]", "\"tags\":[1]" };
    char conv[40], body[300];
    int64_t before = would("\"kind\":\"risk\"", "population");

    (void)state;
    talk("请问怎么开发票", conv);
    talk("我要投诉你们，太差了", conv);
    assert_int_equal(would("\"kind\":\"risk\"", "population"), before + 1);
    assert_int_equal(would("\"kind\":\"risk\",\"tags\":[\"vip\",\"complaint\"]", "population"), before + 1);
    assert_int_equal(would("\"kind\":\"risk\",\"tags\":[\"vip\"]", "population"), before);
    assert_int_equal(would("\"kind\":\"risk\",\"tags\":[]", "population"), before);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        (void)snprintf(body, sizeof(body), "{\"scorecard\":\"standard-zh\",\"kind\":\"risk\",\"dry_run\":true,%s}", wrong[i]);
        refused(&supervisor, 400, "POST", "/api/v1/samples?site=" SITE, body);
    }
}

/* Forbidden wording and a long silence come in by what checks have found. */
static void a_risk_list_has_what_checks_find(void **state)
{
    static const char wish[] = "\"kind\":\"risk\",\"tags\":[],\"findings\":true";
    char conv[40];
    int64_t before = would(wish, "population");

    (void)state;
    talk_over("怎么退款", "这不归我管", conv);
    UNTIL(would(wish, "population") == before + 1);
    assert_int_equal(would("\"kind\":\"risk\",\"tags\":[]", "population"), 0);
}

/* A wish that is not understood must not be passed over: "dry_run": "yes" would draw, "strike": "王" keep the name. */
static void what_is_of_the_wrong_type_is_refused(void **state)
{
    static const char *const samples[] = { "\"dry_run\":\"true\"", "\"dry_run\":1",    "\"dry_run\":null",
                                           "\"again\":\"no\"",     "\"new_agents\":1", "\"findings\":0",
                                           "\"queues\":\"sales\"", "\"channels\":{}",  "\"agents\":\"x\"",
                                           "\"reviewers\":1",      "\"name\":5" },
                             *const examples[] = { "\"dry_run\":\"true\"", "\"dry_run\":true,\"strike\":\"王\"",
                                                   "\"dry_run\":true,\"strike\":[5]", "\"good\":true,\"title\":\"x\",\"note\":5",
                                                   "\"good\":true,\"title\":\"x\",\"collection\":[]" };
    char conv[40], body[300];

    (void)state;
    talk("类型不对", conv);
    for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
        (void)snprintf(body, sizeof(body), "{\"scorecard\":\"standard-zh\",%s}", samples[i]);
        refused(&supervisor, 400, "POST", "/api/v1/samples?site=" SITE, body);
    }
    for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
        (void)snprintf(body, sizeof(body), "{\"conversation\":\"%s\",\"seqs\":[1],%s}", conv, examples[i]);
        refused(&supervisor, 400, "POST", "/api/v1/examples?site=" SITE, body);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(a_review_is_drawn_scored_appealed_and_decided),
                                        cmocka_unit_test(figures_are_by_agent_item_week_and_queue),
                                        cmocka_unit_test(personal_data_is_masked_and_shown_by_right_and_written_down),
                                        cmocka_unit_test(a_sample_is_a_share_of_what_fits),
                                        cmocka_unit_test(a_risk_list_has_complaints),
                                        cmocka_unit_test(a_risk_list_has_what_checks_find),
                                        cmocka_unit_test(what_is_found_is_masked_too),
                                        cmocka_unit_test(what_is_listed_has_its_last_line),
                                        cmocka_unit_test(a_form_is_masked_as_its_text_is),
                                        cmocka_unit_test(comments_stand_at_a_message_and_are_answered),
                                        cmocka_unit_test(nobody_reaches_what_is_not_his),
                                        cmocka_unit_test(what_is_of_the_wrong_type_is_refused),
                                        cmocka_unit_test(a_card_that_is_changed_leaves_its_reviews_alone) };

    return cmocka_run_group_tests(tests, start, finish);
}
