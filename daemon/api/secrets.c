/* secrets.c: what a document holds and nobody reads again: left out of what is shown, kept where a new body does not name it. */
#include "api/documents.h"

#include "protocols/channel.h"
#include "settings/kinds.h"

#include <stdio.h>
#include <string.h>

static void hide(void *names, json_t *object, const char *path, const char *name)
{
    if (!json_object_get(object, name))
        return;
    (void)json_object_del(object, name);
    if (names)
        (void)json_array_append_new(names, json_sprintf("%s%s", path, name));
}

/* Those of an adapter's own settings: NULL for the page's channel, and for adapters that there are no more. */
static const struct setting_key *adapter_keys(const json_t *channel)
{
    const char *name = json_string_value(json_object_get(channel, "adapter"));
    const struct channel_ops *ops = name ? channel_find(name) : NULL;

    return ops ? ops->keys : NULL;
}

void document_secrets(const char *kind, json_t *body, document_secret *each, void *ctx)
{
    int k = kind_parse(slice_of(kind));
    const struct setting_key *own = k == KIND_CHANNEL ? adapter_keys(body) : NULL;
    json_t *settings = json_object_get(body, "settings");

    for (const struct key *e = k < 0 ? NULL : kind_keys((enum kind)k); e && e->name; e++)
        if (e->secret)
            each(ctx, body, "", e->name);
    for (; json_is_object(settings) && own && own->name; own++)
        if (own->secret)
            each(ctx, settings, "settings.", own->name);
}

void document_hide(const char *kind, json_t *body, json_t *names)
{
    document_secrets(kind, body, hide, names);
}

/* The body that was there, NULL none. */
static void keep(void *before, json_t *object, const char *path, const char *name)
{
    const json_t *value = json_object_get(object, name);
    json_t *old = json_object_get(*path ? json_object_get(before, "settings") : before, name);

    if (json_is_null(value))
        (void)json_object_del(object, name);
    else if (!value && old)
        (void)json_object_set(object, name, old);
}

static void make_hook(struct turn *t, json_t *channel)
{
    const char *adapter = json_string_value(json_object_get(channel, "adapter"));
    char text[33];
    uint8_t raw[16];

    if (!adapter || strcmp(adapter, "widget") == 0 || json_object_get(channel, "hook"))
        return;
    turn_ports(t)->chance(turn_ports(t)->ctx, raw, sizeof(raw));
    for (size_t i = 0; i < sizeof(raw); i++)
        (void)snprintf(text + 2 * i, 3, "%02x", raw[i]);
    (void)json_object_set_new(channel, "hook", json_string(text));
}

void document_keep(struct turn *t, const char *kind, json_t *body, const char *old)
{
    json_t *before = old ? json_loads(old, 0, NULL) : NULL;

    document_secrets(kind, body, keep, before);
    if (kind_parse(slice_of(kind)) == KIND_CHANNEL)
        make_hook(t, body);
    json_decref(before);
}
