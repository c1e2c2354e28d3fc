/* kinds.c: which members the documents of each kind have, for forms. */
#include "api/api.h"

#include "settings/kinds.h"

static const char *type_name(enum key_type type)
{
    switch (type) {
    case KEY_INT:
    case KEY_SMALL:
        return "number";
    case KEY_BOOL:
        return "boolean";
    case KEY_CHOICE:
        return "choice";
    case KEY_CHOICES:
        return "choices";
    case KEY_WORD:
        return "key";
    case KEY_WORDS:
        return "keys";
    case KEY_TEXTS:
        return "texts";
    case KEY_OBJECT:
    case KEY_OTHER:
    case KEY_ANY:
        return "object";
    case KEY_TEXT:
    default:
        return "text";
    }
}

static json_t *keys_json_of(const struct key *table)
{
    json_t *ret = json_array();

    for (const struct key *k = table; k && k->name; k++) {
        json_t *one = json_pack("{s:s,s:s,s:b,s:s}", "name", k->name, "type", type_name(k->type), "required", (int)k->required, "help",
                                k->help ? k->help : "");

        if (k->secret)
            (void)json_object_set_new(one, "secret", json_true());
        if (k->def)
            (void)json_object_set_new(one, "default", json_string(k->def));
        if (k->choices)
            (void)json_object_set_new(one, "choices", json_string(k->choices));
        if (k->max) {
            (void)json_object_set_new(one, "min", json_integer(k->min));
            (void)json_object_set_new(one, "max", json_integer(k->max));
        }
        (void)json_array_append_new(ret, one);
    }
    return ret;
}

static void get_kinds(struct turn *t)
{
    json_t *items = json_array();

    for (int k = 0; k < KIND_COUNT; k++)
        (void)json_array_append_new(
            items, json_pack("{s:s,s:o}", "kind", kind_name((enum kind)k), "members", keys_json_of(kind_keys((enum kind)k))));
    turn_jansson(t, 200, json_pack("{s:o}", "items", items));
}

const struct route_entry routes_kinds[] = { { "GET", "/api/v1/kinds", GATE_EITHER, get_kinds }, { NULL, NULL, GATE_OPEN, NULL } };
