/* whatsapp_rig.h: three WhatsApp numbers of one app beside a real kefud, and an agent who is online: what the tests of them share.
 * protocols/whatsapp.h says how Meta speaks. */
#ifndef KF_TESTS_WHATSAPP_RIG_H
#define KF_TESTS_WHATSAPP_RIG_H

#include "tests/support/desk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RIG_UNUSED __attribute__((unused))

/* The first has a template for what is written too late, the second has none, the third has some to choose from. */
#define ONE    "209715200000002"
#define TWO    "209715200000099"
#define THREE  "209715200000077"
#define SECRET "kefud-wa-app-secret-01"
#define OK     "{\"messages\":[{\"id\":\"wamid.GREETING\"}]}"
#define DAY_S  86400

static struct desk_rig r;
static char hook[64];

#define NUMBER(key, id, more)                                                                                      \
    "\"" key "\":{\"adapter\":\"whatsapp\",\"name\":\"" key "\",\"queue\":\"desk\",\"settings\":{\"number\":\"" id \
    "\",\"token\":\"EAA-" id "\",\"app_secrets\":[\"" SECRET "\"],\"verify_token\":\"kefud-verify-01\"," more      \
    "\"url\":\"http://127.0.0.1:%d\"}}"

/* Wording that Meta has approved: numbered, named, and below a picture. */
#define TEMPLATES                                                                                                                   \
    ",\"templates\":[{\"key\":\"order\",\"title\":\"订单进度\",\"name\":\"order_update\",\"language\":\"zh_CN\","               \
    "\"text\":\"您的订单 {{1}} 已{{2}}。\",\"fields\":[\"订单号\",\"状态\"]},"                                           \
    "{\"key\":\"visit\",\"title\":\"Visit\",\"name\":\"visit_soon\",\"language\":\"en\",\"text\":\"{{who}} comes at {{time}}.\"},"  \
    "{\"key\":\"new\",\"title\":\"New\",\"name\":\"new_goods\",\"language\":\"en\",\"text\":\"Look: {{1}}\",\"header\":\"image\"}," \
    "{\"key\":\"deal\",\"kind\":\"buttons\",\"title\":\"Deal\",\"name\":\"autumn_deal\",\"language\":\"en\","                       \
    "\"text\":\"Dear {{1}}, it ends soon.\",\"fields\":[\"name\",\"goods\",\"code\"],\"values\":{\"header\":\"{{2}} is cheaper\","  \
    "\"button_1\":\"url:goods?q={{2}}\",\"button_2\":\"reply:no deals\",\"button_3\":\"code:{{3}}\"}}]"

static const char channels[] = NUMBER("one", ONE, "\"template\":\"about_your_question\",") "," NUMBER(
    "two", TWO, "") ","
                    "\"three\":{\"adapter\":\"whatsapp\",\"name\":\"three\",\"queue\":\"desk\",\"settings\":{\"number\":\"" THREE
                    "\",\"token\":\"EAA-" THREE "\",\"app_secrets\":[\"" SECRET
                    "\"],\"verify_token\":\"kefud-verify-01\",\"url\":\"http://127.0.0.1:%d\"}" TEMPLATES "}";

RIG_UNUSED static int start(void **state)
{
    (void)state;
    rig_open(&r, channels);
    (void)snprintf(hook, sizeof(hook), "%s", hook_path(&r.d, RIG_SITE, "one"));
    return 0;
}

RIG_UNUSED static int finish(void **state)
{
    (void)state;
    rig_close(&r);
    return 0;
}

/* ---- what Meta says ---- */

RIG_UNUSED static int post_signed(const char *secret, const char *body)
{
    char hex[65], header[120];
    struct reply got;
    int status;

    hmac_hex(secret, body, hex);
    (void)snprintf(header, sizeof(header), "X-Hub-Signature-256: sha256=%s\r\n", hex);
    got = rig_post(&r, hook, header, body);
    status = got.status;
    reply_free(&got);
    return status;
}

/* A change of a number, with these members of its value. */
RIG_UNUSED static char *change_of(const char *number, const char *members)
{
    char *ret = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&ret, &n);

    assert_non_null(f);
    (void)fprintf(f, "{\"field\":\"messages\",\"value\":{\"messaging_product\":\"whatsapp\",\"metadata\":{\"phone_number_id\":\"%s\"},%s}}",
                  number, members);
    (void)fclose(f);
    return ret;
}

RIG_UNUSED static void changes(const char *const *all, size_t count)
{
    char *body = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&body, &n);

    assert_non_null(f);
    (void)fprintf(f, "{\"object\":\"whatsapp_business_account\",\"entry\":[{\"id\":\"1\",\"changes\":[");
    for (size_t i = 0; i < count; i++)
        (void)fprintf(f, "%s%s", i ? "," : "", all[i]);
    (void)fprintf(f, "]}]}");
    (void)fclose(f);
    assert_int_equal(post_signed(SECRET, body), 200);
    free(body);
}

RIG_UNUSED static void tells(const char *number, const char *members)
{
    char *one = change_of(number, members);

    changes((const char *const[]){ one }, 1);
    free(one);
}

/* A message of somebody, so many seconds ago; `more`: its type and content. Static memory. */
RIG_UNUSED static const char *message(const char *user, const char *id, int64_t ago_s, const char *more)
{
    static char text[900];

    (void)snprintf(text, sizeof(text),
                   "\"contacts\":[{\"profile\":{\"name\":\"Mika\"},\"wa_id\":\"15550142233\",\"user_id\":\"%s\"}],"
                   "\"messages\":[{\"from\":\"15550142233\",\"from_user_id\":\"%s\",\"id\":\"%s\",\"timestamp\":\"%lld\",%s}]",
                   user, user, id, (long long)(now_wall_ms() / 1000 - ago_s), more);
    return text;
}

/* The conversation that the message begins. */
RIG_UNUSED static const char *opens(const char *user, const char *id, int64_t ago_s, const char *more)
{
    tells(ONE, message(user, id, ago_s, more));
    return rig_assigned(&r);
}

#define TEXT(words) "\"type\":\"text\",\"text\":{\"body\":\"" words "\"}"

RIG_UNUSED static void becomes_at(const char *number, const char *id, const char *status, const char *ours, const char *more)
{
    char text[500];

    (void)snprintf(text, sizeof(text),
                   "\"statuses\":[{\"id\":\"%s\",\"status\":\"%s\",\"timestamp\":\"%lld\",\"recipient_id\":\"15550142233\","
                   "\"biz_opaque_callback_data\":\"%s\"%s}]",
                   id, status, (long long)(now_wall_ms() / 1000), ours ? ours : "", more ? more : "");
    tells(number, text);
}

RIG_UNUSED static void becomes(const char *id, const char *status, const char *ours, const char *more)
{
    becomes_at(ONE, id, status, ours, more);
}

/* ---- what Meta hears ---- */

/* Our next message with that text. */
RIG_UNUSED static void take_text(const char *text)
{
    for (rig_take(&r, "/" ONE "/messages", OK); strcmp(text_at(r.p.json, "text.body"), text) != 0; rig_take(&r, "/" ONE "/messages", OK))
        platform_answer(&r.p, 200, NULL, OK);
}

RIG_UNUSED static void answer_id(const char *id)
{
    char body[120];

    (void)snprintf(body, sizeof(body), "{\"messaging_product\":\"whatsapp\",\"messages\":[{\"id\":\"%s\"}]}", id);
    platform_answer(&r.p, 200, NULL, body);
}

#endif
