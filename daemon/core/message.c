#include "core/message.h"

#include "core/arena.h"

static const char *const roles[] = { "visitor", "agent", "bot", "system" };
static const char *const kinds[] = { "text", "image", "file", "audio", "card", "event", "removed" };
static const char *const deliveries[] = { "none", "sending", "sent", "delivered", "read", "failed", "uncertain" };

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const char *name_of(const char *const *names, size_t n, unsigned i)
{
    return i < n ? names[i] : "?";
}

static bool find(const char *const *names, size_t n, struct slice s, unsigned *ret)
{
    for (unsigned i = 0; i < n; i++)
        if (slice_is(s, names[i])) {
            *ret = i;
            return true;
        }
    return false;
}

const char *role_name(enum role role)
{
    return name_of(roles, COUNT(roles), (unsigned)role);
}

const char *message_kind_name(enum message_kind kind)
{
    return name_of(kinds, COUNT(kinds), (unsigned)kind);
}

const char *delivery_name(enum delivery d)
{
    return name_of(deliveries, COUNT(deliveries), (unsigned)d);
}

bool role_parse(struct slice s, enum role *ret)
{
    unsigned i;

    if (!find(roles, COUNT(roles), s, &i))
        return false;
    *ret = (enum role)i;
    return true;
}

bool message_kind_parse(struct slice s, enum message_kind *ret)
{
    unsigned i;

    if (!find(kinds, COUNT(kinds), s, &i))
        return false;
    *ret = (enum message_kind)i;
    return true;
}

bool delivery_parse(struct slice s, enum delivery *ret)
{
    unsigned i;

    if (!find(deliveries, COUNT(deliveries), s, &i))
        return false;
    *ret = (enum delivery)i;
    return true;
}

/* The road goes sending, sent, delivered, read; a failure can only hit what is not yet known to have arrived. An uncertain
 * message may turn out to be anything. */
bool delivery_may(enum delivery from, enum delivery to)
{
    switch (to) {
    case DELIVERY_FAILED:
        return from == DELIVERY_SENDING || from == DELIVERY_SENT || from == DELIVERY_UNCERTAIN;
    case DELIVERY_UNCERTAIN:
        return from == DELIVERY_SENDING;
    case DELIVERY_SENDING: /* sent again by hand */
        return from == DELIVERY_FAILED || from == DELIVERY_UNCERTAIN || from == DELIVERY_NONE;
    case DELIVERY_SENT:
    case DELIVERY_DELIVERED:
    case DELIVERY_READ:
        return from == DELIVERY_FAILED ? false : from == DELIVERY_UNCERTAIN || from < to;
    case DELIVERY_NONE:
    default:
        return false;
    }
}

static bool text_copy(struct arena *a, const char **text)
{
    if (*text)
        *text = arena_text(a, slice_of(*text));
    return *text != NULL;
}

bool message_copy(struct arena *a, const struct message *m, struct message *ret)
{
    const char **const texts[] = { &ret->from.name, &ret->from.number, &ret->lang, &ret->event,
                                   &ret->extra,     &ret->cid,         &ret->ref,  &ret->reason };
    bool ok = true;

    *ret = *m;
    ret->text = arena_copy(a, m->text);
    for (size_t i = 0; i < COUNT(texts); i++)
        ok = (!*texts[i] || text_copy(a, texts[i])) && ok;
    return ok && ret->text.p;
}
