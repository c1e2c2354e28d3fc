#include "desk/speak.h"

#define SPEAK_MAX  16384
#define VALUES_MAX 8

bool outward(const struct site *site, const struct conv *conv)
{
    const struct site_channel *ch = site_channel(site, &conv->channel);

    return ch && strcmp(ch->adapter, "widget") != 0;
}

const struct kf_key *mail_channel(const struct site *site)
{
    for (size_t i = 0; i < site->n_channels; i++)
        if (!site->channels[i].off && strcmp(site->channels[i].adapter, "mail") == 0)
            return &site->channels[i].key;
    return NULL;
}

static bool tells(const struct site_channel *ch, const char *event)
{
    for (size_t i = 0; i < ch->n_notices; i++)
        if (strcmp(ch->notices[i], event) == 0)
            return true;
    return false;
}

/* Events are what pages show beside the talk; on a platform they are words, and use up replies that are counted there: they go out only on
 * channels whose documents name them. Which channel it is may be for the store to know. */
static void let_out(const struct site *site, struct change *c, struct act *act, const char *event)
{
    struct kf_key *to = arena_array(c->arena, site->n_channels + 1, sizeof(*to));

    if (!to) {
        c->failed = true;
        return;
    }
    for (size_t i = 0; i < site->n_channels; i++)
        if (strcmp(site->channels[i].adapter, "widget") != 0 && tells(&site->channels[i], event))
            to[act->n_to++] = site->channels[i].key;
    act->to = to;
    act->errand = act->n_to > 0;
}

struct act *speak_mutely(const struct site *site, struct change *c, const char *event)
{
    struct act *act = change_act(c, ACT_MESSAGE);

    act->u.message = (struct message){
        .at = c->at,
        .from = { .role = ROLE_SYSTEM, .name = change_text(c, slice_of(site->name)) },
        .kind = event ? MESSAGE_EVENT : MESSAGE_TEXT,
        .event = event,
    };
    return act;
}

struct act *speak(const struct site *site, struct change *c, const struct conv *conv, const char *wording, const char *event,
                  const struct wording_value *values, size_t n)
{
    const char *lang = wording_language(conv->locale ? conv->locale : "", site->language);
    const struct wording *w = wording_find(site->wordings, site->n_wordings, wording, lang, site->language);
    struct wording_value all[VALUES_MAX] = { { "site", site->name } };
    struct act *act;
    struct buf b;

    if (!event && (!w || !*w->text))
        return NULL;
    for (size_t i = 0; i < n && i + 1 < VALUES_MAX; i++)
        all[i + 1] = values[i];
    act = speak_mutely(site, c, event);
    if (event && w && *w->text)
        let_out(site, c, act, event);
    else if (!event && outward(site, conv)) {
        act->errand = true;
        act->u.message.delivery = DELIVERY_SENDING;
    }
    if (!w)
        return act;
    buf_init(&b, SPEAK_MAX);
    wording_fill(w->text, all, n + 1 < VALUES_MAX ? n + 1 : VALUES_MAX, &b);
    act->u.message.text = change_slice(c, buf_slice(&b));
    act->u.message.lang = change_text(c, slice_of(w->lang));
    buf_finish(&b);
    return act;
}
