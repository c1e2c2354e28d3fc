/* WhatsApp beside a real kefud: after a day only a template goes, the one that the settings name or one that an agent chooses. */
#include "whatsapp_rig.h"

/* Sends what an agent chose; `more`: the members beside the conversation and the cid. */
static void chooses(const char *conv, const char *cid, const char *more)
{
    wire_sendf(&r.agent.wire, "{\"type\":\"message\",\"conversation\":\"%s\",\"cid\":\"%s\",\"kind\":\"template\",%s}", conv, cid, more);
}

#define ORDER "\"template\":\"order\",\"fields\":{\"1\":\"A-1024\",\"2\":\"发货\"}"

static void after_a_day_only_a_template_goes(void **state)
{
    const char *conv;
    int64_t seq;

    (void)state;
    conv = opens("US.5", "wamid.IN8", DAY_S + 60, TEXT("I wrote yesterday"));
    wire_take(&r.agent.wire, "{s:s,s:s,s:s}", "type", "window", "conversation", conv, "state", "late");
    seq = staff_say(&r.agent, conv, "r1", "It has\narrived");
    rig_take(&r, "/" ONE "/messages", OK);
    assert_string_equal(text_at(r.p.json, "type"), "template");
    assert_string_equal(text_at(r.p.json, "template.name"), "about_your_question");
    assert_string_equal(text_at(r.p.json, "template.components.0.parameters.0.text"), "It has arrived");
    answer_id("wamid.TPL");
    rig_status(&r, seq, "sent");

    /* Without one nobody is asked in vain. */
    tells(TWO, message("US.5", "wamid.IN9", DAY_S + 60, TEXT("and you?")));
    conv = rig_assigned(&r);
    wire_take(&r.agent.wire, "{s:s,s:s,s:s}", "type", "window", "conversation", conv, "state", "closed");
    wire_sendf(&r.agent.wire, "{\"type\":\"message\",\"conversation\":\"%s\",\"cid\":\"r2\",\"kind\":\"text\",\"text\":\"too late\"}",
               conv);
    assert_string_equal(wire_verdict(&r.agent.wire, "r2"), "conflict");
}

static void a_chosen_template_goes_after_a_day(void **state)
{
    const json_t *told;
    const char *conv;
    char ours[64];
    json_t *list;
    int64_t seq;

    (void)state;
    tells(THREE, message("US.30", "wamid.T1", DAY_S + 60, TEXT("我昨天问的")));
    conv = rig_assigned(&r);
    assert_null(value_at(wire_take(&r.agent.wire, "{s:s,s:s,s:s,s:b,s:b}", "type", "window", "conversation", conv, "state", "late", "late",
                                   1, "templates", 1),
                         "words"));
    wire_sendf(&r.agent.wire, "{\"type\":\"message\",\"conversation\":\"%s\",\"cid\":\"t0\",\"kind\":\"text\",\"text\":\"too late\"}",
               conv);
    assert_string_equal(wire_verdict(&r.agent.wire, "t0"), "conflict");
    assert_non_null(strstr(text_at(r.agent.wire.last, "message"), "choose a template"));

    list = staff_get(&r.agent, &r.d, "/api/v1/sites/" RIG_SITE "/templates?channel=three");
    assert_string_equal(text_at(list, "items.0.fields.1.label"), "状态");
    assert_string_equal(text_at(list, "items.1.fields.0.label"), "who");
    assert_string_equal(text_at(list, "items.2.header"), "image");
    json_decref(list);

    chooses(conv, "t1", ORDER);
    assert_string_equal(wire_verdict(&r.agent.wire, "t1"), "ack");
    seq = number_at(r.agent.wire.last, "seq");
    rig_take(&r, "/" THREE "/messages", OK);
    assert_string_equal(text_at(r.p.json, "type"), "template");
    assert_string_equal(text_at(r.p.json, "recipient"), "US.30");
    assert_string_equal(text_at(r.p.json, "template.name"), "order_update");
    assert_string_equal(text_at(r.p.json, "template.language.code"), "zh_CN");
    assert_string_equal(text_at(r.p.json, "template.components.0.type"), "body");
    assert_string_equal(text_at(r.p.json, "template.components.0.parameters.0.text"), "A-1024");
    assert_string_equal(text_at(r.p.json, "template.components.0.parameters.1.text"), "发货");
    assert_null(value_at(r.p.json, "template.components.0.parameters.0.parameter_name"));
    assert_null(value_at(r.p.json, "template.components.1"));
    (void)snprintf(ours, sizeof(ours), "%s", text_at(r.p.json, "biz_opaque_callback_data"));
    answer_id("wamid.CHOSEN");
    rig_status(&r, seq, "sent");

    /* Once, however often it is sent; in another order it is the same, with other fields it is not. */
    chooses(conv, "t1", "\"fields\":{\"2\":\"发货\",\"1\":\"A-1024\"},\"template\":\"order\"");
    assert_string_equal(wire_verdict(&r.agent.wire, "t1"), "ack");
    assert_int_equal(number_at(r.agent.wire.last, "seq"), seq);
    chooses(conv, "t1", "\"template\":\"order\",\"fields\":{\"1\":\"A-1025\",\"2\":\"发货\"}");
    assert_string_equal(wire_verdict(&r.agent.wire, "t1"), "conflict");
    assert_true(rig_quiet(&r, "/" THREE "/messages", OK, 300));

    /* It is a text like any other. */
    wire_sendf(&r.agent.wire, "{\"type\":\"history\",\"conversation\":\"%s\",\"before\":%lld,\"limit\":1}", conv, (long long)seq + 1);
    told = wire_take(&r.agent.wire, "{s:s,s:s}", "type", "history", "conversation", conv);
    assert_string_equal(text_at(told, "messages.0.text"), "您的订单 A-1024 已发货。");
    assert_string_equal(text_at(told, "messages.0.kind"), "text");
    becomes_at(THREE, "wamid.CHOSEN", "delivered", ours, NULL);
    rig_status(&r, seq, "delivered");

    chooses(conv, "t2", "\"template\":\"visit\",\"fields\":{\"time\":\"4 pm\",\"who\":\"Mr. \\\"A\\\"\"}");
    assert_string_equal(wire_verdict(&r.agent.wire, "t2"), "ack");
    rig_take(&r, "/" THREE "/messages", OK);
    assert_string_equal(text_at(r.p.json, "template.components.0.parameters.0.parameter_name"), "who");
    assert_string_equal(text_at(r.p.json, "template.components.0.parameters.0.text"), "Mr. \"A\"");
    assert_string_equal(text_at(r.p.json, "template.components.0.parameters.1.parameter_name"), "time");
    answer_id("wamid.NAMED");
}

/* Variables stand in its header and its buttons, too; what is kept is what the customer reads. */
static void a_template_with_buttons_is_filled_in_all_over(void **state)
{
    json_t *list, *adapters, *want;
    const json_t *told;
    const char *conv;
    char *made;

    (void)state;
    adapters = staff_get(&r.agent, &r.d, "/api/v1/adapters");
    want = json_array();
    for (size_t i = 0; i < json_array_size(json_object_get(adapters, "items")); i++) {
        const json_t *one = json_array_get(json_object_get(adapters, "items"), i);

        if (strcmp(text_at(one, "name"), "whatsapp") == 0)
            json_array_extend(want, json_object_get(one, "template_kinds"));
    }
    assert_string_equal(text_at(want, "0.name"), "buttons");
    assert_true(json_is_true(value_at(want, "0.worded")));
    assert_string_equal(text_at(want, "0.values.1.type"), "button");
    json_decref(want);
    json_decref(adapters);
    list = staff_get(&r.agent, &r.d, "/api/v1/sites/" RIG_SITE "/templates?channel=three");
    assert_string_equal(text_at(list, "items.3.text"), "{{2}} is cheaper\nDear {{1}}, it ends soon.");
    assert_string_equal(text_at(list, "items.3.fields.2.label"), "code");
    json_decref(list);

    tells(THREE, message("US.34", "wamid.T5", DAY_S + 60, TEXT("any news?")));
    conv = rig_assigned(&r);
    chooses(conv, "b1", "\"template\":\"deal\",\"fields\":{\"1\":\"Ann\",\"2\":\"Grüner Tee\",\"3\":\"TEA5\"}");
    assert_string_equal(wire_verdict(&r.agent.wire, "b1"), "ack");
    rig_take(&r, "/" THREE "/messages", OK);
    want = json_loads("[{\"type\":\"header\",\"parameters\":[{\"type\":\"text\",\"text\":\"Grüner Tee\"}]},"
                      "{\"type\":\"body\",\"parameters\":[{\"type\":\"text\",\"text\":\"Ann\"}]},"
                      "{\"type\":\"button\",\"sub_type\":\"url\",\"index\":\"0\",\"parameters\":[{\"type\":\"text\",\"text\":\"goods?q=Gr%"
                      "C3%BCner%20Tee\"}]},"
                      "{\"type\":\"button\",\"sub_type\":\"quick_reply\",\"index\":\"1\",\"parameters\":[{\"type\":\"payload\",\"payload\":"
                      "\"no deals\"}]},"
                      "{\"type\":\"button\",\"sub_type\":\"copy_code\",\"index\":\"2\",\"parameters\":[{\"type\":\"coupon_code\",\"coupon_"
                      "code\":\"TEA5\"}]}]",
                      0, NULL);
    assert_non_null(want);
    made = json_dumps(value_at(r.p.json, "template.components"), JSON_COMPACT);
    if (!json_equal(value_at(r.p.json, "template.components"), want))
        fail_msg("%s", made);
    free(made);
    json_decref(want);
    answer_id("wamid.DEAL");
    wire_sendf(&r.agent.wire, "{\"type\":\"history\",\"conversation\":\"%s\",\"before\":99,\"limit\":1}", conv);
    told = wire_take(&r.agent.wire, "{s:s,s:s}", "type", "history", "conversation", conv);
    assert_string_equal(text_at(told, "messages.0.text"), "Grüner Tee is cheaper\nDear Ann, it ends soon.");
}

static void a_picture_stands_above_a_template(void **state)
{
    static const char png[] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x02\0\0\0\x02";
    const char *conv;
    char more[200];
    const json_t *told;
    char id[40];
    int64_t seq;

    (void)state;
    tells(THREE, message("US.31", "wamid.T2", DAY_S + 60, TEXT("anything new?")));
    conv = rig_assigned(&r);
    chooses(conv, "p1", "\"template\":\"new\",\"fields\":{\"1\":\"tea\"}");
    assert_string_equal(wire_verdict(&r.agent.wire, "p1"), "bad_request");
    assert_non_null(strstr(text_at(r.agent.wire.last, "message"), "file: required"));
    staff_upload(&r.agent, &r.d, RIG_SITE, "a.txt", "text", 4, id);
    (void)snprintf(more, sizeof(more), "\"template\":\"new\",\"fields\":{\"1\":\"tea\"},\"file\":\"%s\"", id);
    chooses(conv, "p2", more);
    assert_string_equal(wire_verdict(&r.agent.wire, "p2"), "unsupported");
    assert_non_null(strstr(text_at(r.agent.wire.last, "message"), "JPEG or PNG"));
    staff_upload(&r.agent, &r.d, RIG_SITE, "tea.png", png, sizeof(png) - 1, id);
    (void)snprintf(more, sizeof(more), "\"template\":\"new\",\"fields\":{\"1\":\"tea\"},\"file\":\"%s\"", id);
    chooses(conv, "p3", more);
    assert_string_equal(wire_verdict(&r.agent.wire, "p3"), "ack");
    seq = number_at(r.agent.wire.last, "seq");
    rig_take(&r, "/" THREE "/media", OK);
    assert_non_null(strstr(r.p.body, "filename=\"tea.png\"\r\nContent-Type: image/png\r\n\r\n\x89PNG"));
    platform_answer(&r.p, 200, NULL, "{\"id\":\"4491\"}");
    rig_take(&r, "/" THREE "/messages", OK);
    assert_string_equal(text_at(r.p.json, "template.components.0.type"), "header");
    assert_string_equal(text_at(r.p.json, "template.components.0.parameters.0.type"), "image");
    assert_string_equal(text_at(r.p.json, "template.components.0.parameters.0.image.id"), "4491");
    assert_string_equal(text_at(r.p.json, "template.components.1.parameters.0.text"), "tea");
    answer_id("wamid.ABOVE");
    rig_status(&r, seq, "sent");
    wire_sendf(&r.agent.wire, "{\"type\":\"history\",\"conversation\":\"%s\",\"before\":%lld,\"limit\":1}", conv, (long long)seq + 1);
    told = wire_take(&r.agent.wire, "{s:s,s:s}", "type", "history", "conversation", conv);
    assert_string_equal(text_at(told, "messages.0.text"), "Look: tea");
    assert_string_equal(text_at(told, "messages.0.file.name"), "tea.png");
}

static void what_is_wrong_with_a_template_is_said(void **state)
{
    static const struct {
        const char *more, *code, *words;
    } rows[] = {
        { "\"template\":\"other\",\"fields\":{}", "bad_request",
          "template: there is no \"other\" here; allowed are order, visit, new, deal" },
        { "\"fields\":{}", "bad_request", "template: required" },
        { "\"template\":\"A b\",\"fields\":{}", "bad_request", "template: 1 to 32 of a-z 0-9 _ -" },
        { "\"template\":\"order\"", "bad_request", "fields.1: required (订单号)" },
        { "\"template\":\"order\",\"fields\":{\"1\":\"A\"}", "bad_request", "fields.2: required (状态)" },
        { "\"template\":\"order\",\"fields\":{\"1\":\"A\",\"2\":\"  \"}", "bad_request", "fields.2: empty (状态)" },
        { "\"template\":\"order\",\"fields\":{\"1\":\"A\",\"2\":\"B\",\"3\":\"C\"}", "bad_request",
          "fields.3: this template has no such field; it has 1, 2" },
        { "\"template\":\"order\",\"fields\":{\"1\":\"A\\nB\",\"2\":\"C\"}", "bad_request", "fields.1: one line" },
        { "\"template\":\"order\",\"fields\":{\"1\":7,\"2\":\"C\"}", "bad_request", "fields.1: names of 1 to 32 bytes, values are texts" },
        { "\"template\":\"order\",\"fields\":[\"A\"]", "bad_request", "fields: an object of at most" },
        { "\"template\":\"order\",\"fields\":{\"1\":\"A\",\"2\":\"B\"},\"file\":\"0197f7a2-0000-7000-8000-000000000001\"", "bad_request",
          "file: nothing stands above this template" },
    };
    char more[1200], value[600];
    const char *conv;

    (void)state;
    tells(THREE, message("US.32", "wamid.T3", 60, TEXT("hello")));
    conv = rig_assigned(&r);
    wire_take(&r.agent.wire, "{s:s,s:s,s:s,s:b}", "type", "window", "conversation", conv, "state", "open", "templates", 1);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char cid[8];

        (void)snprintf(cid, sizeof(cid), "w%zu", i);
        chooses(conv, cid, rows[i].more);
        assert_string_equal(wire_verdict(&r.agent.wire, cid), rows[i].code);
        if (!strstr(text_at(r.agent.wire.last, "message"), rows[i].words))
            fail_msg("%s: %s", rows[i].more, text_at(r.agent.wire.last, "message"));
    }
    memset(value, 'x', 513);
    value[513] = '\0';
    (void)snprintf(more, sizeof(more), "\"template\":\"order\",\"fields\":{\"1\":\"%s\",\"2\":\"B\"}", value);
    chooses(conv, "l1", more);
    assert_string_equal(wire_verdict(&r.agent.wire, "l1"), "too_large");
    (void)snprintf(more, sizeof(more), "\"template\":\"order\",\"fields\":{\"1\":\"%.512s\",\"2\":\"%.512s\"}", value, value);
    chooses(conv, "l2", more);
    assert_string_equal(wire_verdict(&r.agent.wire, "l2"), "too_large");
    assert_non_null(strstr(text_at(r.agent.wire.last, "message"), "allowed are 1024"));

    tells(TWO, message("US.33", "wamid.T4", 0, TEXT("hello")));
    conv = rig_assigned(&r);
    chooses(conv, "n1", ORDER);
    assert_string_equal(wire_verdict(&r.agent.wire, "n1"), "unsupported");
    assert_non_null(strstr(text_at(r.agent.wire.last, "message"), "no templates are set up for this channel"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(after_a_day_only_a_template_goes),
        cmocka_unit_test(a_chosen_template_goes_after_a_day),
        cmocka_unit_test(a_template_with_buttons_is_filled_in_all_over),
        cmocka_unit_test(a_picture_stands_above_a_template),
        cmocka_unit_test(what_is_wrong_with_a_template_is_said),
    };

    return cmocka_run_group_tests(tests, start, finish);
}
