#include "desk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char people[] = "\"people\":[{\"email\":\"agent@shop.example\",\"name\":\"Ann\",\"number\":\"7\",\"roles\":[\"agent\"],"
                             "\"queues\":[\"desk\"],\"capacity\":50}]";

/* Each %d of `text` becomes the port. */
static char *with_port(const char *text, int port)
{
    char *ret = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&ret, &n);

    assert_non_null(f);
    for (; *text; text++)
        if (strncmp(text, "%d", 2) == 0) {
            (void)fprintf(f, "%d", port);
            text++;
        } else {
            (void)fputc(*text, f);
        }
    (void)fclose(f);
    return ret;
}

static const char *first_hook(const json_t *made)
{
    const json_t *channels = value_at(made, "channels");
    const char *ret = "";

    for (size_t i = 0; !*ret && i < json_array_size(channels); i++)
        ret = text_at(json_array_get(channels, i), "hook");
    return ret;
}

void site_open(const struct daemon *d, const char *set, int port, struct staff *agent, char hook[64])
{
    char *text = with_port(set, port), line[80];
    json_t *made = site_add(d, text);

    free(text);
    (void)snprintf(hook, 64, "%s", first_hook(made));
    assert_int_equal(staff_try_sign_in(agent, d, text_at(made, "people.0.email"), text_at(made, "people.0.password")), 201);
    staff_enter(agent, d, text_at(made, "site"));
    staff_presence(agent, "online");
    (void)snprintf(line, sizeof(line), "event=live_rebuilt site=%s ", text_at(made, "site"));
    daemon_log_wait(d, line);
    json_decref(made);
}

void rig_open(struct desk_rig *r, const char *channels)
{
    char *mine, *set = NULL;
    size_t n = 0;
    json_t *made;
    FILE *f;

    platform_open(&r->p);
    daemon_start(&r->d, &(struct daemon_options){ .config = "[channels]\nallow_http = yes\nallow_private = yes\n" });
    mine = with_port(channels, r->p.port);
    f = open_memstream(&set, &n);
    assert_non_null(f);
    (void)fprintf(f,
                  "{\"site\":{\"key\":\"" RIG_SITE "\",\"name\":\"Shop\",\"language\":\"en\"},\"queues\":{\"desk\":{\"name\":\"Desk\"}},"
                  "\"channels\":{%s},%s}",
                  mine, people);
    (void)fclose(f);
    made = site_add(&r->d, set);
    assert_int_equal(staff_try_sign_in(&r->agent, &r->d, "agent@shop.example", text_at(made, "people.0.password")), 201);
    json_decref(made);
    free(set);
    free(mine);
    staff_enter(&r->agent, &r->d, RIG_SITE);
    staff_presence(&r->agent, "online");
}

void rig_close(struct desk_rig *r)
{
    staff_free(&r->agent);
    daemon_finish(&r->d);
    platform_close(&r->p);
}

static bool ends_with(const char *s, const char *tail)
{
    size_t n = strlen(s), k = strlen(tail);

    return n >= k && strcmp(s + n - k, tail) == 0;
}

void rig_take(struct desk_rig *r, const char *tail, const char *ok)
{
    for (platform_take(&r->p); !ends_with(r->p.path, tail); platform_take(&r->p))
        platform_answer(&r->p, 200, NULL, ok);
}

bool rig_quiet(struct desk_rig *r, const char *tail, const char *ok, int ms)
{
    int64_t end = now_mono_ms() + ms;

    for (int64_t left = ms; left > 0; left = end - now_mono_ms()) {
        if (!platform_take_within(&r->p, (int)left))
            return true;
        if (ends_with(r->p.path, tail))
            return false;
        platform_answer(&r->p, 200, NULL, ok);
    }
    return true;
}

struct reply rig_post(struct desk_rig *r, const char *path, const char *headers, const char *body)
{
    struct reply ret;

    web_ask(&r->d, &(struct ask){ .path = path, .headers = headers, .body = body }, &ret);
    return ret;
}

const char *rig_assigned(struct desk_rig *r)
{
    static char conv[2][40];
    static int turn;

    turn ^= 1;
    (void)snprintf(conv[turn], sizeof(conv[turn]), "%s",
                   text_at(wire_take(&r->agent.wire, "{s:s}", "type", "assigned"), "conversation.id"));
    return conv[turn];
}

const json_t *rig_status(struct desk_rig *r, int64_t seq, const char *state)
{
    return wire_take(&r->agent.wire, "{s:s,s:I,s:s}", "type", "status", "seq", (json_int_t)seq, "state", state);
}

const json_t *rig_told(struct desk_rig *r, const char *text)
{
    return wire_take(&r->agent.wire, "{s:s,s:s}", "type", "message", "text", text);
}

int64_t rig_send_file(struct desk_rig *r, const char *conv, const char *cid, const char *name, const char *bytes, size_t n,
                      const char *kind)
{
    char id[40];

    staff_upload(&r->agent, &r->d, RIG_SITE, name, bytes, n, id);
    wire_sendf(&r->agent.wire, "{\"type\":\"message\",\"conversation\":\"%s\",\"cid\":\"%s\",\"kind\":\"%s\",\"file\":\"%s\"}", conv, cid,
               kind, id);
    return number_at(wire_take(&r->agent.wire, "{s:s,s:s}", "type", "ack", "cid", cid), "seq");
}
