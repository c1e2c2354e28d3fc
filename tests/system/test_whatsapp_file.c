/* WhatsApp beside a real kefud: pictures, cards and other files in both directions. */
#include "whatsapp_rig.h"

static void pictures_go_both_ways(void **state)
{
    static const char gif[] = "GIF89a\x02\x01\x03\x01 and so on", png[] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x02\0\0\0\x02";
    char where[120], path[64];
    const json_t *m;
    const char *conv;
    struct reply got;
    int64_t seq;

    (void)state;
    conv = opens("US.3", "wamid.IN4", 0,
                 "\"type\":\"image\",\"image\":{\"id\":\"770011\",\"mime_type\":\"image/jpeg\",\"caption\":\"this lid\"}");
    rig_take(&r, "/v24.0/770011", OK);
    assert_string_equal(r.p.method, "GET");
    (void)snprintf(where, sizeof(where),
                   "{\"url\":\"http://127.0.0.1:%d/media?mid=770011\",\"mime_type\":\"image/jpeg\",\"file_size\":\"20\"}", r.p.port);
    platform_answer(&r.p, 200, NULL, where);
    rig_take(&r, "/media?mid=770011", OK);
    assert_string_equal(head_value(r.p.head, "Authorization"), "Bearer EAA-" ONE);
    assert_non_null(head_value(r.p.head, "User-Agent"));
    platform_answer(&r.p, 200, NULL, gif);
    m = wire_take(&r.agent.wire, "{s:s,s:s,s:s}", "type", "changed", "conversation", conv, "kind", "image");
    assert_string_equal(text_at(m, "text"), "this lid");
    (void)snprintf(path, sizeof(path), "/files/%s", text_at(m, "file.id"));
    got = web_expect(&r.d, 200, &(struct ask){ .path = path, .cookie = r.agent.cookie });
    assert_string_equal(got.body, gif);
    reply_free(&got);

    seq = rig_send_file(&r, conv, "f1", "lid.png", png, sizeof(png) - 1, "image");
    rig_take(&r, "/" ONE "/media", OK);
    assert_non_null(strstr(r.p.body, "name=\"type\"\r\n\r\nimage/png\r\n"));
    assert_non_null(strstr(r.p.body, "filename=\"lid.png\"\r\nContent-Type: image/png\r\n\r\n\x89PNG"));
    platform_answer(&r.p, 200, NULL, "{\"id\":\"4490\"}");
    for (rig_take(&r, "/" ONE "/messages", OK); strcmp(text_at(r.p.json, "type"), "image") != 0; rig_take(&r, "/" ONE "/messages", OK))
        platform_answer(&r.p, 200, NULL, OK);
    assert_string_equal(text_at(r.p.json, "image.id"), "4490");
    answer_id("wamid.PIC");
    rig_status(&r, seq, "sent");
}

static void picture_at(const char *id, const char *url)
{
    char more[300];

    (void)snprintf(more, sizeof(more),
                   "\"type\":\"image\",\"image\":{\"id\":\"77\",\"mime_type\":\"image/gif\",\"sha256\":\"AAAA\",\"url\":\"%s\"}", url);
    tells(ONE, message("US.3", id, 0, more));
}

/* The answer to an id: that place, of the platform's own. */
static void answer_place(const char *path)
{
    char body[160];

    (void)snprintf(body, sizeof(body), "{\"url\":\"http://127.0.0.1:%d%s\",\"mime_type\":\"image/gif\"}", r.p.port, path);
    platform_answer(&r.p, 200, NULL, body);
}

static void a_picture_is_fetched_where_the_message_says(void **state)
{
    static const char gif[] = "GIF89a\x02\x01\x03\x01 and so on";
    char where[120];

    (void)state;
    (void)snprintf(where, sizeof(where), "http://127.0.0.1:%d/media?now", r.p.port);
    picture_at("wamid.U1", where);
    rig_take(&r, "/media?now", OK);
    assert_string_equal(head_value(r.p.head, "Authorization"), "Bearer EAA-" ONE);
    platform_answer(&r.p, 200, NULL, gif);
    (void)wire_take(&r.agent.wire, "{s:s,s:s}", "type", "changed", "kind", "image");
    daemon_log_wait(&r.d, "event=media_differs site=" RIG_SITE " channel=one"); /* and is shown all the same */

    /* Five minutes later it is there no more, nor is that which the id gave: it is asked for another one, once. */
    picture_at("wamid.U2", where);
    rig_take(&r, "/media?now", OK);
    platform_answer(&r.p, 404, NULL, "");
    rig_take(&r, "/v24.0/77", OK);
    answer_place("/media?first");
    rig_take(&r, "/media?first", OK);
    platform_answer(&r.p, 404, NULL, "");
    rig_take(&r, "/v24.0/77", OK);
    answer_place("/media?second");
    rig_take(&r, "/media?second", OK);
    platform_answer(&r.p, 200, NULL, gif);
    (void)wire_take(&r.agent.wire, "{s:s,s:s}", "type", "changed", "kind", "image");

    /* Nobody else's place is looked at before Meta has named it. */
    picture_at("wamid.U3", "http://localhost:9/media");
    for (int i = 0; i < 2; i++) {
        rig_take(&r, "/v24.0/77", OK);
        answer_place("/media?gone");
        rig_take(&r, "/media?gone", OK);
        platform_answer(&r.p, 404, NULL, "");
    }
    (void)wire_take(&r.agent.wire, "{s:s,s:s}", "type", "changed", "text", "[image: could not be fetched, it is not there any more]");
}

/* There is nothing here that a card could be: what stands on it is said. */
static void a_card_goes_as_its_text(void **state)
{
    const char *conv;
    int64_t seq;

    (void)state;
    conv = opens("US.card", "wamid.CARD", 0, TEXT("how do returns work?"));
    wire_sendf(
        &r.agent.wire,
        "{\"type\":\"message\",\"conversation\":\"%s\",\"cid\":\"k1\",\"kind\":\"card\",\"title\":\"Returns\",\"text\":\"Seven days.\","
        "\"url\":\"https://shop.example/r\"}",
        conv);
    seq = number_at(wire_take(&r.agent.wire, "{s:s,s:s}", "type", "ack", "cid", "k1"), "seq");
    take_text("Returns\nSeven days.\nhttps://shop.example/r");
    answer_id("wamid.OUTCARD");
    rig_status(&r, seq, "sent");
}

/* Meta fetches it from the address; whoever has that needs no session. */
static void the_picture_of_a_card_goes_with_it(void **state)
{
    static const char png[] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x02\0\0\0\x02";
    const char *conv, *path;
    struct reply got;
    int64_t seq;

    (void)state;
    conv = opens("US.cardpic", "wamid.CARDPIC", 0, TEXT("what does it look like?"));
    got = web_expect(&r.d, 201,
                     &(struct ask){ .path = "/files?site=" RIG_SITE "&name=tea.png",
                                    .cookie = r.agent.cookie,
                                    .csrf = r.agent.csrf,
                                    .origin = "",
                                    .body = png,
                                    .n_body = sizeof(png) - 1 });
    wire_sendf(&r.agent.wire,
               "{\"type\":\"message\",\"conversation\":\"%s\",\"cid\":\"k2\",\"kind\":\"card\",\"title\":\"Tea\",\"text\":\"Green\","
               "\"url\":\"https://shop.example/tea\",\"file\":\"%s\"}",
               conv, text_at(got.json, "id"));
    reply_free(&got);
    seq = number_at(wire_take(&r.agent.wire, "{s:s,s:s}", "type", "ack", "cid", "k2"), "seq");
    for (rig_take(&r, "/" ONE "/messages", OK); strcmp(text_at(r.p.json, "type"), "image") != 0; rig_take(&r, "/" ONE "/messages", OK))
        platform_answer(&r.p, 200, NULL, OK); /* the greeting */
    assert_string_equal(text_at(r.p.json, "image.caption"), "Tea\nGreen\nhttps://shop.example/tea");
    path = strstr(text_at(r.p.json, "image.link"), "/files/");
    assert_non_null(path);
    got = web_expect(&r.d, 200, &(struct ask){ .path = path });
    assert_int_equal(got.n_body, sizeof(png) - 1);
    assert_memory_equal(got.body, png, sizeof(png) - 1);
    reply_free(&got);
    answer_id("wamid.OUTPIC");
    rig_status(&r, seq, "sent");
}

#define VCARD(name, phone) "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:" name "\r\nTEL;TYPE=CELL:" phone "\r\nEND:VCARD\r\n"

static void people_in_a_file_go_as_contacts(void **state)
{
    static const char both[] = VCARD("Ann", "12015550123") VCARD("王芳", "13800138000"),
                      nobody[] = "BEGIN:VCARD\r\nFN:Ann\r\nEND:VCARD\r\n";
    const char *conv;
    int64_t seq;

    (void)state;
    conv = opens("US.81", "wamid.VC1", 5, TEXT("Whom do I call?"));
    seq = rig_send_file(&r, conv, "v1", "both.vcf", both, sizeof(both) - 1, "file");
    do
        rig_take(&r, "/" ONE "/messages", OK);
    while (strcmp(text_at(r.p.json, "type"), "contacts") != 0 && (platform_answer(&r.p, 200, NULL, OK), true));
    assert_string_equal(text_at(r.p.json, "contacts.1.name.formatted_name"), "王芳");
    assert_string_equal(text_at(r.p.json, "contacts.1.phones.0.phone"), "13800138000");
    answer_id("wamid.VC2");
    rig_status(&r, seq, "sent");
    becomes("wamid.VC2", "failed", NULL, ",\"errors\":[{\"code\":131009,\"title\":\"Parameter value is not valid\"}]");
    assert_non_null(strstr(text_at(rig_status(&r, seq, "failed"), "reason"), "131009"));

    /* Whoever has no number is no contact: it is taken there as a file. */
    (void)rig_send_file(&r, conv, "v2", "nobody.vcf", nobody, sizeof(nobody) - 1, "file");
    rig_take(&r, "/" ONE "/media", OK);
    assert_non_null(strstr(r.p.body, "filename=\"nobody.vcf\""));
    platform_answer(&r.p, 200, NULL, "{\"id\":\"4491\"}");
    rig_take(&r, "/" ONE "/messages", OK);
    assert_string_equal(text_at(r.p.json, "document.id"), "4491");
    answer_id("wamid.VC3");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pictures_go_both_ways),           cmocka_unit_test(a_picture_is_fetched_where_the_message_says),
        cmocka_unit_test(a_card_goes_as_its_text),         cmocka_unit_test(the_picture_of_a_card_goes_with_it),
        cmocka_unit_test(people_in_a_file_go_as_contacts),
    };

    return cmocka_run_group_tests(tests, start, finish);
}
