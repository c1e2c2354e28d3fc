#include "protocols/channel.h"
#include "core/card.h"
#include "core/utf8.h"

#include "protocols/json.h"
#include "protocols/url.h"

const struct channel_ops *channel_find(const char *name)
{
    for (size_t i = 0; channel_registry[i]; i++)
        if (strcmp(channel_registry[i]->name, name) == 0)
            return channel_registry[i];
    return NULL;
}

static const struct setting_key *find_key(const struct setting_key *keys, const char *name)
{
    for (; keys->name; keys++)
        if (strcmp(keys->name, name) == 0)
            return keys;
    return NULL;
}

static struct slice string_of(const json_t *v)
{
    return (struct slice){ json_string_value(v), json_string_length(v) };
}

/* What was pasted brings blanks or the end of its line along: then no signature fits, and nobody sees why. */
static bool pasted(struct slice s)
{
    return !utf8_one_line(s) || (s.n && (s.p[0] == ' ' || s.p[s.n - 1] == ' '));
}

static enum kf_rc check_text(const struct setting_key *k, const json_t *v, struct kf_err *why)
{
    struct url u;

    if (!json_is_string(v))
        return kf_fail(why, KF_INVALID, "%s: a string", k->name);
    if ((int64_t)json_string_length(v) < k->min || (int64_t)json_string_length(v) > k->max)
        return kf_fail(why, KF_INVALID, "%s: %lld to %lld bytes", k->name, (long long)k->min, (long long)k->max);
    if (!k->lines && pasted(string_of(v)))
        return kf_fail(why, KF_INVALID, "%s: one line, without blanks at its beginning and end", k->name);
    if (k->type == SETTING_URL && !url_parse(string_of(v), &u))
        return kf_fail(why, KF_INVALID, "%s: an address such as https://host/path", k->name);
    return KF_OK;
}

static enum kf_rc check_list(const struct setting_key *k, const json_t *v, struct kf_err *why)
{
    size_t n = json_array_size(v);

    if (!json_is_array(v))
        return kf_fail(why, KF_INVALID, "%s: a list of strings", k->name);
    if ((int64_t)n < k->min || (int64_t)n > k->max)
        return kf_fail(why, KF_INVALID, "%s: %lld to %lld entries", k->name, (long long)k->min, (long long)k->max);
    for (size_t i = 0; i < n; i++)
        if (!json_is_string(json_array_get(v, i)) || !json_string_length(json_array_get(v, i)))
            return kf_fail(why, KF_INVALID, "%s[%zu]: a string that is not empty", k->name, i);
        else if (!k->lines && pasted(string_of(json_array_get(v, i))))
            return kf_fail(why, KF_INVALID, "%s[%zu]: one line, without blanks at its beginning and end", k->name, i);
    return KF_OK;
}

static enum kf_rc check_value(const struct setting_key *k, const json_t *v, struct kf_err *why)
{
    switch (k->type) {
    case SETTING_TEXT:
    case SETTING_URL:
        return check_text(k, v, why);
    case SETTING_LIST:
        return check_list(k, v, why);
    case SETTING_INT:
        if (!json_is_integer(v) || json_integer_value(v) < k->min || json_integer_value(v) > k->max)
            return kf_fail(why, KF_INVALID, "%s: an integer from %lld to %lld", k->name, (long long)k->min, (long long)k->max);
        return KF_OK;
    case SETTING_BOOL:
        return json_is_boolean(v) ? KF_OK : kf_fail(why, KF_INVALID, "%s: true or false", k->name);
    default:
        return kf_fail(why, KF_INVALID, "%s: of a type that is not known", k->name);
    }
}

static enum kf_rc check_all(const struct channel_ops *ops, const json_t *root, struct kf_err *why)
{
    const char *name;
    json_t *v;

    json_object_foreach((json_t *)root, name, v)
    {
        const struct setting_key *k = find_key(ops->keys, name);
        enum kf_rc rc;

        if (!k)
            return kf_fail(why, KF_INVALID, "%.40s: not a setting of a %s channel", name, ops->name);
        rc = check_value(k, v, why);
        if (rc)
            return rc;
    }
    for (const struct setting_key *k = ops->keys; k->name; k++)
        if (k->required && !json_object_get(root, k->name))
            return kf_fail(why, KF_INVALID, "%s: required", k->name);
    return KF_OK;
}

enum kf_rc channel_check(const struct channel_ops *ops, struct slice settings, struct kf_err *why)
{
    struct kf_err err = { .rc = KF_OK };
    struct arena *a = arena_new(0);
    json_t *root = a ? json_read(a, settings, JSON_OF_SETTINGS, &err) : NULL;
    enum kf_rc rc;

    if (!a)
        rc = kf_fail(why, KF_NOMEM, "no memory to check settings");
    else if (!root)
        rc = kf_fail(why, err.rc, "%s", err.text);
    else
        rc = check_all(ops, root, why);
    json_decref(root);
    arena_free(a);
    return rc;
}

/* ---- opening and closing --------------------------------------------------------------------------------------------------------- */

/* What all of them begin with. */
struct channel {
    struct arena *arena;
};

enum kf_rc channel_template(const struct channel_ops *ops, const struct template *t, struct kf_err *why)
{
    enum kf_rc rc = ready_check(ops->kinds, t, why);

    return rc ? rc : ops->template(t, why);
}

int64_t channel_recall_ms(const struct channel_ops *ops, int64_t site_ms)
{
    return ops && ops->recall_ms && (!site_ms || ops->recall_ms < site_ms) ? ops->recall_ms : site_ms;
}

enum card_way channel_card(const struct channel_ops *ops, const struct message *m, struct kf_err *why)
{
    struct card_mini mini;
    struct card card;

    if (ops->card)
        return ops->card(m, why);
    if (card_read(m->text, &card) && card_mini(card.url, &mini)) {
        (void)kf_fail(why, KF_UNSUPPORTED, "url: nobody can open a mini program on this channel, send an http or https address");
        return CARD_REFUSED;
    }
    return ops->caps & CHAN_CARD ? CARD_WHOLE : CARD_AS_TEXT;
}

enum outcome_class channel_silence(const struct http_resp *resp)
{
    switch (resp->status) {
    case 0:
        return resp->sent ? OUTCOME_UNCERTAIN : OUTCOME_RETRY;
    case 200:
    case 502:
    case 504:
        return OUTCOME_UNCERTAIN;
    case 429:
        return OUTCOME_RATE_LIMITED;
    default:
        return resp->status >= 500 ? OUTCOME_RETRY : OUTCOME_FATAL;
    }
}

enum kf_rc channel_make(struct channel **ret, size_t size, struct slice settings,
                        enum kf_rc (*read)(struct channel *, const struct json_t *, struct kf_err *), struct kf_err *why)
{
    struct arena *arena = arena_new(0);
    struct channel *ch = arena ? arena_alloc(arena, size) : NULL;
    enum kf_rc rc = KF_INVALID;
    json_t *root;

    if (!ch) {
        arena_free(arena);
        return kf_fail(why, KF_NOMEM, "no memory for a channel");
    }
    ch->arena = arena;
    root = json_read(arena, settings, JSON_OF_SETTINGS, why);
    if (root)
        rc = read(ch, root, why);
    json_decref(root);
    if (rc)
        arena_free(arena);
    else
        *ret = ch;
    return rc;
}

void channel_unmake(struct channel *ch)
{
    if (ch)
        arena_free(ch->arena);
}
