/* channels.c: setting up a channel: what its adapter wants to know, the address to paste, what was heard of it lately, a try. */
#include "api/api.h"
#include "protocols/channel.h"

#include <string.h>

#define EVENTS_SHOWN 20
#define TO_MAX       200
#define TEXT_MAX     500

/* ---- adapters ---- */

static json_t *key_json(const struct setting_key *k)
{
    static const char *const types[] = {
        [SETTING_TEXT] = "text", [SETTING_INT] = "number", [SETTING_BOOL] = "boolean", [SETTING_URL] = "url", [SETTING_LIST] = "texts"
    };
    json_t *ret = json_pack("{s:s,s:s,s:b,s:s}", "name", k->name, "type", types[k->type], "required", (int)k->required, "help",
                            k->help ? k->help : "");

    if (k->secret)
        (void)json_object_set_new(ret, "secret", json_true());
    if (k->def)
        (void)json_object_set_new(ret, "default", json_string(k->def));
    if (k->max) {
        (void)json_object_set_new(ret, "min", json_integer(k->min));
        (void)json_object_set_new(ret, "max", json_integer(k->max));
    }
    return ret;
}

static json_t *part_json(const struct ready_part *p)
{
    static const char *const forms[] = { [READY_TEXT] = "text", [READY_ID] = "id",         [READY_ADDRESS] = "url",
                                         [READY_PATH] = "path", [READY_TARGET] = "target", [READY_BUTTON] = "button" };

    return json_pack("{s:s,s:s,s:b,s:I,s:s}", "name", p->name, "type", forms[p->form], "required", (int)p->required, "max",
                     (json_int_t)p->max, "help", p->help);
}

/* What may stand in a template of that kind. */
static json_t *kind_json(const struct ready_kind *k)
{
    json_t *values = json_array(), *ret;

    for (const struct ready_part *p = k->parts; p && p->name; p++)
        (void)json_array_append_new(values, part_json(p));
    ret = json_pack("{s:s,s:s,s:s,s:b,s:b,s:b,s:o}", "name", k->name, "help", k->help, "name_help", k->name_help, "reply", (int)k->reply,
                    "reads", (int)(k->text_max > 0), "opens", (int)k->opens, "values", values);
    if (k->worded)
        (void)json_object_set_new(ret, "worded", json_true());
    if (k->lines)
        (void)json_object_set_new(ret, "lines", json_integer(k->lines));
    return ret;
}

static json_t *kinds_json(const struct ready_kind *kinds)
{
    json_t *ret = json_array();

    for (const struct ready_kind *k = kinds; k->name; k++)
        (void)json_array_append_new(ret, kind_json(k));
    return ret;
}

static void add_words(json_t *to, const char *name, const struct words_pair *w)
{
    (void)json_object_set_new(to, name, json_pack("{s:s,s:s}", "label", w->label, "help", w->help));
}

static json_t *words_json(const struct words *w)
{
    json_t *simplified = json_object(), *traditional = json_object();

    for (; w && w->name; w++) {
        add_words(simplified, w->name, &w->simplified);
        add_words(traditional, w->name, &w->traditional);
    }
    return json_pack("{s:o,s:o}", "zh-CN", simplified, "zh-TW", traditional);
}

static json_t *adapter_json(const struct channel_ops *ops)
{
    json_t *keys = json_array(), *ret;

    for (const struct setting_key *k = ops->keys; k && k->name; k++)
        (void)json_array_append_new(keys, key_json(k));
    ret = json_pack("{s:s,s:i,s:o,s:o}", "name", ops->name, "text_max", (int)ops->text_max, "keys", keys, "words", words_json(ops->words));
    if (ops->window_ms)
        (void)json_object_set_new(ret, "window_ms", json_integer(ops->window_ms));
    if (ops->caps & CHAN_TEMPLATES)
        (void)json_object_set_new(ret, "templates", json_true());
    if (ops->kinds)
        (void)json_object_set_new(ret, "template_kinds", kinds_json(ops->kinds));
    if (ops->window_count)
        (void)json_object_set_new(ret, "window_count", json_integer(ops->window_count));
    return ret;
}

static void get_adapters(struct turn *t)
{
    json_t *items = json_array();

    for (size_t i = 0; channel_registry[i]; i++)
        (void)json_array_append_new(items, adapter_json(channel_registry[i]));
    turn_jansson(t, 200, json_pack("{s:o}", "items", items));
}

/* ---- channels ---- */

/* The address that a platform calls is a secret: for those who may change it. */
static struct site *channels_site(struct turn *t)
{
    const struct member *m;
    struct site *site = turn_site(t, &m);

    if (site && !t->op && !permit(m, VERB_SETTINGS_WRITE, &site->key, NULL)) {
        turn_problem(t, 403, "setting up channels needs the role admin");
        return NULL;
    }
    return site;
}

static json_t *events_json(struct turn *t, const struct site *site, const struct kf_key *channel)
{
    struct channel_event all[EVENTS_SHOWN];
    size_t n = desk_channel_events(turn_desk(t), &site->key, channel, all, EVENTS_SHOWN);
    json_t *ret = json_array();

    for (size_t i = 0; i < n; i++) {
        json_t *one = json_pack("{s:I,s:s,s:i,s:i}", "at", (json_int_t)all[i].at, "verdict", all[i].verdict, "status", all[i].status,
                                "events", all[i].n);

        if (*all[i].kind)
            (void)json_object_set_new(one, "kind", json_string(all[i].kind));
        (void)json_array_append_new(ret, one);
    }
    return ret;
}

static json_t *channel_json(struct turn *t, const struct site *site, const struct site_channel *ch, const struct query *gone)
{
    json_t *ret = json_pack("{s:s,s:s,s:s,s:b,s:s}", "key", ch->key.s, "name", ch->name ? ch->name : "", "adapter", ch->adapter, "off",
                            (int)ch->off, "queue", ch->queue.s);
    struct channel_state s;

    if (!channel_find(ch->adapter)) /* the web page's own */
        return ret;
    desk_channel_state(turn_desk(t), &site->key, &ch->key, &s);
    (void)json_object_set_new(ret, "opens", json_boolean(s.opens));
    if (ch->hook)
        (void)json_object_set_new(ret, "callback", json_sprintf("%s/hooks/%s", s.public_url, ch->hook));
    if (s.has_token) {
        json_t *token = json_pack("{s:b}", "held", (int)s.token_held);

        if (s.token_expires_ms)
            (void)json_object_set_new(token, "renew_at", json_integer(s.token_expires_ms));
        (void)json_object_set_new(ret, "token", token);
    }
    if (s.late)
        (void)json_object_set_new(ret, "late", json_true());
    for (size_t i = 0; i < gone->n_counts; i++)
        if (key_eq(&gone->counts[i].key, &ch->key) && gone->counts[i].words)
            (void)json_object_set_new(ret, "rejected",
                                      json_pack("{s:I,s:s}", "at", (json_int_t)gone->counts[i].n, "reason", gone->counts[i].words));
        else if (key_eq(&gone->counts[i].key, &ch->key))
            (void)json_object_set_new(ret, "gone_at", json_integer(gone->counts[i].n));
    (void)json_object_set_new(ret, "events", events_json(t, site, &ch->key));
    return ret;
}

static void have_gone(void *ctx, enum kf_rc rc, struct query *gone, const struct kf_err *why)
{
    struct turn *t = ctx;
    struct site *site = rc ? NULL : channels_site(t); /* it may have been changed meanwhile */
    json_t *items;

    if (rc)
        turn_fail(t, rc, why);
    if (!site)
        return;
    items = json_array();
    for (size_t i = 0; i < site->n_channels; i++)
        (void)json_array_append_new(items, channel_json(t, site, &site->channels[i], gone));
    turn_jansson(t, 200, json_pack("{s:o}", "items", items));
}

static void get_channels(struct turn *t)
{
    const struct site *site = channels_site(t);
    struct query *q = site ? query_new(QUERY_CHANNELS_GONE) : NULL;

    if (!site)
        return;
    if (!q) {
        turn_problem(t, 500, "out of memory");
        return;
    }
    q->site = site->key;
    turn_ports(t)->read(turn_ports(t)->ctx, q, have_gone, t);
}

static void tried(void *ctx, const struct channel_try *r)
{
    struct turn *t = ctx;
    json_t *steps = json_array();
    bool ok = r->n > 0;

    for (size_t i = 0; i < r->n; i++) {
        json_t *one = json_pack("{s:s,s:b}", "step", r->steps[i].name, "good", (int)r->steps[i].ok);

        ok &= r->steps[i].ok;
        if (r->steps[i].reason)
            (void)json_object_set_new(one, "reason", json_string(r->steps[i].reason));
        (void)json_array_append_new(steps, one);
    }
    turn_jansson(t, 200, json_pack("{s:b,s:o}", "good", (int)ok, "steps", steps));
}

static void post_test(struct turn *t)
{
    struct site *site = channels_site(t);
    const struct site_channel *ch = NULL;
    const char *to, *text;
    struct kf_key key;
    json_t *root;

    if (!site)
        return;
    if (key_parse(t->segment[1], &key))
        ch = site_channel(site, &key);
    if (!ch || !channel_find(ch->adapter)) {
        turn_problem(t, 404, ch ? "nothing is sent anywhere from this channel" : "no such channel");
        return;
    }
    root = turn_body(t);
    if (!root)
        return;
    to = json_string_value(json_object_get(root, "to"));
    text = json_string_value(json_object_get(root, "text"));
    if ((json_object_get(root, "to") && (!to || !*to || strlen(to) > TO_MAX)) ||
        (json_object_get(root, "text") && (!text || !*text || strlen(text) > TEXT_MAX)))
        turn_problem(t, 400, "to: what the platform calls somebody, at most %d bytes; text: at most %d", TO_MAX, TEXT_MAX);
    else if (json_object_get(root, "register") && !json_is_boolean(json_object_get(root, "register")))
        turn_problem(t, 400, "register: true or false");
    else
        desk_channel_try(turn_desk(t), &site->key, &key, json_is_true(json_object_get(root, "register")), slice_of(to ? to : ""),
                         slice_of(text ? text : "kefud: test 测试"), tried, t);
    json_decref(root);
}

const struct route_entry routes_channels[] = { { "GET", "/api/v1/adapters", GATE_EITHER, get_adapters },
                                               { "GET", "/api/v1/sites/*/channels", GATE_EITHER_KEY, get_channels },
                                               { "POST", "/api/v1/sites/*/channels/*/test", GATE_EITHER_KEY, post_test },
                                               { NULL, NULL, GATE_OPEN, NULL } };
