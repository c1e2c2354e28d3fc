#include "cast.h"

#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>

static void keep(char *to, size_t n, const char *text)
{
    (void)snprintf(to, n, "%s", text);
}

/* ---- visitors ---- */

void visitor_enter(struct visitor *v, const struct daemon *d, const char *site, const char *extra)
{
    char path[96];
    int status;

    (void)snprintf(path, sizeof(path), "/ws/visitor?site=%s", site);
    status = wire_open(&v->wire, d, &(struct wire_options){ .path = path, .protocol = "kefu.visitor.v1" });
    if (status != 101)
        fail_msg("a visitor's socket was answered with %d", status);
    keep(v->wire.name, sizeof(v->wire.name), "visitor");
    if (*v->token)
        wire_sendf(&v->wire, "{\"type\":\"hello\",\"token\":\"%s\"%s}", v->token, extra ? extra : "");
    else
        wire_sendf(&v->wire, "{\"type\":\"hello\"%s}", extra ? extra : "");
    json_decref(v->welcome);
    v->welcome = json_incref(wire_take(&v->wire, "{s:s}", "type", "welcome"));
    if (*text_at(v->welcome, "token"))
        keep(v->token, sizeof(v->token), text_at(v->welcome, "token"));
    keep(v->id, sizeof(v->id), text_at(v->welcome, "visitor"));
    keep(v->conv, sizeof(v->conv), text_at(v->welcome, "conversation.id"));
    v->seq = number_at(v->welcome, "conversation.seq");
}

void visitor_sees_staff(struct visitor *v)
{
    if (!json_is_true(value_at(v->welcome, "site.staffed")))
        (void)wire_take(&v->wire, "{s:s,s:b}", "type", "site", "staffed", 1);
}

void visitor_leave(struct visitor *v)
{
    wire_drop(&v->wire);
}

void visitor_free(struct visitor *v)
{
    visitor_leave(v);
    json_decref(v->welcome);
    *v = (struct visitor){ 0 };
}

int64_t visitor_say(struct visitor *v, const char *cid, const char *text)
{
    const json_t *ack;

    wire_pack(&v->wire, "{s:s,s:s,s:s,s:s}", "type", "message", "cid", cid, "kind", "text", "text", text);
    ack = wire_take(&v->wire, "{s:s}", "cid", cid);
    if (strcmp(text_at(ack, "type"), "ack") != 0)
        fail_msg("a visitor's message was refused: %s", text_at(ack, "message"));
    keep(v->conv, sizeof(v->conv), text_at(ack, "conversation"));
    return number_at(ack, "seq");
}

/* ---- staff ---- */

int staff_try_sign_in(struct staff *s, const struct daemon *d, const char *email, const char *password)
{
    struct reply r;
    const char *cookie;
    char *body;
    int status;
    json_t *root = json_pack("{s:s,s:s}", "email", email, "password", password);

    body = json_dumps(root, JSON_COMPACT);
    web_ask(d, &(struct ask){ .path = "/api/v1/session", .body = body, .origin = "" }, &r);
    free(body);
    json_decref(root);
    status = r.status;
    cookie = reply_cookie(&r, "__Host-kefu_s");
    if (status == 201) {
        assert_non_null(cookie);
        (void)snprintf(s->cookie, sizeof(s->cookie), "__Host-kefu_s=%s", cookie);
        keep(s->csrf, sizeof(s->csrf), text_at(r.json, "csrf"));
        keep(s->id, sizeof(s->id), text_at(r.json, "person.id"));
        keep(s->email, sizeof(s->email), email);
        json_decref(s->session);
        s->session = json_incref(r.json);
    }
    reply_free(&r);
    return status;
}

void staff_sign_in(struct staff *s, const struct daemon *d, const char *email)
{
    const char *password = d->options.password ? d->options.password : DEMO_PASSWORD;
    int status = staff_try_sign_in(s, d, email, password);

    if (status != 201)
        fail_msg("%s: signing in was answered with %d", email, status);
}

void staff_enter(struct staff *s, const struct daemon *d, const char *site)
{
    char path[96];
    int status;

    (void)snprintf(path, sizeof(path), "/ws/agent?site=%s", site);
    status = wire_open(&s->wire, d, &(struct wire_options){ .path = path, .protocol = "kefu.agent.v1", .cookie = s->cookie, .origin = "" });
    if (status != 101)
        fail_msg("%s: the socket was answered with %d", s->email, status);
    (void)snprintf(s->wire.name, sizeof(s->wire.name), "%.31s", s->email);
    wire_text(&s->wire, "{\"type\":\"hello\"}");
    json_decref(s->welcome);
    s->welcome = json_incref(wire_take(&s->wire, "{s:s}", "type", "welcome"));
}

void staff_presence(struct staff *s, const char *presence)
{
    static int n;
    char cid[32];

    (void)snprintf(cid, sizeof(cid), "presence-%d", ++n);
    wire_sendf(&s->wire, "{\"type\":\"presence\",\"cid\":\"%s\",\"presence\":\"%s\"}", cid, presence);
    assert_string_equal(wire_verdict(&s->wire, cid), "ack");
}

void staff_online(struct staff *s, const struct daemon *d, const char *email, const char *site)
{
    staff_sign_in(s, d, email);
    staff_enter(s, d, site);
    staff_presence(s, "online");
}

void staff_leave(struct staff *s)
{
    wire_drop(&s->wire);
}

void staff_free(struct staff *s)
{
    staff_leave(s);
    json_decref(s->session);
    json_decref(s->welcome);
    *s = (struct staff){ 0 };
}

int64_t staff_say(struct staff *s, const char *conv, const char *cid, const char *text)
{
    const json_t *ack;

    wire_pack(&s->wire, "{s:s,s:s,s:s,s:s,s:s}", "type", "message", "conversation", conv, "cid", cid, "kind", "text", "text", text);
    ack = wire_take(&s->wire, "{s:s}", "cid", cid);
    if (strcmp(text_at(ack, "type"), "ack") != 0)
        fail_msg("%s: a message was refused: %s", s->email, text_at(ack, "message"));
    return number_at(ack, "seq");
}

void staff_upload(const struct staff *s, const struct daemon *d, const char *site, const char *name, const char *bytes, size_t n,
                  char id[40])
{
    char path[200];
    struct reply up;

    (void)snprintf(path, sizeof(path), "/files?site=%s&name=%s", site, name);
    up = web_expect(d, 201, &(struct ask){ .path = path, .cookie = s->cookie, .csrf = s->csrf, .origin = "", .body = bytes, .n_body = n });
    (void)snprintf(id, 40, "%s", text_at(up.json, "id"));
    reply_free(&up);
}

json_t *staff_get(const struct staff *s, const struct daemon *d, const char *path)
{
    struct reply r = web_expect(d, 200, &(struct ask){ .path = path, .cookie = s->cookie });
    json_t *ret = json_incref(r.json);

    assert_non_null(ret);
    reply_free(&r);
    return ret;
}

bool staff_knows_came_by(const struct staff *s, const struct daemon *d, const char *site, const char *conv, const char *scene)
{
    char path[100];
    bool ret = false;
    json_t *talk, *e;
    size_t i;

    (void)snprintf(path, sizeof(path), "/api/v1/transcripts/%s?site=%s", conv, site);
    talk = staff_get(s, d, path);
    json_array_foreach(json_object_get(talk, "timeline"), i, e) ret |=
        strcmp(text_at(e, "kind"), "follow") == 0 && strcmp(text_at(e, "data.referral"), scene) == 0;
    json_decref(talk);
    return ret;
}

json_t *staff_send(const struct staff *s, const struct daemon *d, int status, const char *method, const char *path, const char *body)
{
    struct reply r = web_expect(
        d, status, &(struct ask){ .method = method, .path = path, .cookie = s->cookie, .csrf = s->csrf, .origin = "", .body = body });
    json_t *ret = json_incref(r.json);

    reply_free(&r);
    return ret;
}

/* ---- sites ---- */

json_t *site_add(const struct daemon *d, const char *set)
{
    struct reply r = web_expect(d, 201, &(struct ask){ .path = "/api/v1/sites", .body = set, .control = true });
    json_t *ret = json_incref(r.json);

    reply_free(&r);
    return ret;
}

const char *hook_path(const struct daemon *d, const char *site, const char *channel)
{
    static char path[64];
    struct reply r = web_expect(d, 200, &(struct ask){ .path = "/api/v1/status", .control = true });
    json_t *one, *ch;
    size_t i, k;

    *path = '\0';
    json_array_foreach(value_at(r.json, "sites"), i, one)
    {
        if (strcmp(text_at(one, "key"), site) != 0)
            continue;
        json_array_foreach(value_at(one, "channels"), k, ch)
        {
            if (strcmp(text_at(ch, "key"), channel) == 0)
                keep(path, sizeof(path), text_at(ch, "hook"));
        }
    }
    reply_free(&r);
    assert_true(*path);
    return path;
}

void hmac_hex(const char *secret, const char *text, char ret[65])
{
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned n = 0;

    assert_non_null(HMAC(EVP_sha256(), secret, (int)strlen(secret), (const unsigned char *)text, strlen(text), mac, &n));
    for (unsigned i = 0; i < n; i++)
        (void)snprintf(ret + (size_t)2 * i, 3, "%02x", mac[i]);
}
