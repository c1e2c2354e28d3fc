#include "tests/support/shop.h"

#include <stdio.h>
#include <string.h>

json_t *shop_found(const struct daemon *d, const char *set, const char *site)
{
    char line[80];
    json_t *made = site_add(d, set);

    (void)snprintf(line, sizeof(line), "event=live_rebuilt site=%s ", site);
    daemon_log_wait(d, line);
    return made;
}

void shop_enter(const struct daemon *d, struct staff *who, const json_t *made, int i, const char *site, const char *presence)
{
    char path[16];
    const json_t *one;

    (void)snprintf(path, sizeof(path), "people.%d", i);
    one = value_at(made, path);
    assert_int_equal(staff_try_sign_in(who, d, text_at(one, "email"), text_at(one, "password")), 201);
    staff_enter(who, d, site);
    if (presence)
        staff_presence(who, presence);
}

void shop_ask(const struct daemon *d, struct visitor *v, const char *site)
{
    visitor_enter(v, d, site, NULL);
    (void)visitor_say(v, "c1", "有人吗");
}

void shop_leave(struct visitor *v)
{
    wire_text(&v->wire, "{\"type\":\"close\",\"cid\":\"the-end\"}");
    (void)wire_verdict(&v->wire, "the-end");
    visitor_free(v);
}

const char *staff_act(struct staff *who, const char *conv, const char *what, const char *more)
{
    static int n;
    char cid[16];

    (void)snprintf(cid, sizeof(cid), "act%d", ++n);
    wire_sendf(&who->wire, "{\"type\":\"%s\",\"conversation\":\"%s\",\"cid\":\"%s\"%s}", what, conv, cid, more);
    return wire_verdict(&who->wire, cid);
}

void shop_close(struct staff *who, struct visitor *v)
{
    assert_string_equal(staff_act(who, v->conv, "close", ""), "ack");
    assert_string_equal(staff_act(who, v->conv, "ready", ""), "ack");
    visitor_free(v);
}

void staff_takes(struct staff *who, const char *conv, const char *why)
{
    wire_take(&who->wire, "{s:s,s:{s:s,s:s},s:s}", "type", "assigned", "conversation", "id", conv, "state", "served", "why", why);
}

json_t *shop_why(const struct daemon *d, struct staff *who, const char *site, const char *conv)
{
    char path[160];

    (void)snprintf(path, sizeof(path), "/api/v1/sites/%s/conversations/%s/why", site, conv);
    return staff_get(who, d, path);
}

const json_t *decision_in(const json_t *why, const char *kind)
{
    const json_t *list = value_at(why, "decisions"), *ret = NULL;

    for (size_t i = 0; i < json_array_size(list); i++)
        if (strcmp(text_at(json_array_get(list, i), "kind"), kind) == 0)
            ret = json_array_get(list, i);
    return ret;
}
