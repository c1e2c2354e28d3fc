/* standing.c: does a channel's platform take our credentials? When it does not, only a person can mend it, so it is said where people look: a line
 * in the log and, until the platform takes them again, the channel's page and the notices of the site's administrators. Once for each change,
 * whoever writes how much meanwhile. */
#include "core/permit.h"
#include "core/utf8.h"
#include "desk/outlet.h"

#include <stdlib.h>

#define WORDS_MAX 200

/* Those who can mend it look again at what they are told of. */
static void tell_administrators(struct desk *d, struct desk_site *ds)
{
    for (size_t i = 0; i < ds->n_members; i++)
        if (permit(&ds->members[i], VERB_SETTINGS_WRITE, &ds->site->key, NULL))
            desk_notice(d, &ds->site->key, &ds->members[i].person);
}

static void noted(void *ctx, enum kf_rc rc, const struct news *news, const struct kf_err *why)
{
    struct call *call = ctx;
    struct desk_site *ds = site_of(call->d, &call->site);
    struct outlet *o = rc && ds ? outlet_of(call->d, ds, &call->queue) : NULL;

    (void)news;
    (void)why;
    if (o)
        o->standing = STANDING_UNKNOWN; /* the next answer says it again */
    if (!rc && ds && call->n)
        tell_administrators(call->d, ds);
    desk_call_end(call);
}

static void note(struct desk *d, struct desk_site *ds, struct outlet *o, struct slice words, bool tell)
{
    struct change *c = change_new(&ds->site->key, now(d));
    struct call *call = c ? desk_call(d, ds) : NULL;
    struct act *act;

    if (!call) {
        change_free(c);
        o->standing = STANDING_UNKNOWN;
        return;
    }
    call->queue = o->channel;
    call->n = tell;
    act = change_act(c, ACT_CHANNEL_STATE);
    act->u.blob.channel = o->channel;
    act->u.blob.name = "refused";
    act->u.blob.bytes = words.n ? change_slice(c, words) : words;
    d->ports.commit(d->ports.ctx, c, noted, call);
}

/* They are somebody else's words: in a line of the log they end where the line says so. */
static void log_refused(struct desk *d, const struct desk_site *ds, const struct outlet *o, struct slice words)
{
    char said[4 * WORDS_MAX];
    size_t n = words.n < sizeof(said) - 1 ? words.n : sizeof(said) - 1;

    for (size_t i = 0; i < n; i++)
        said[i] = (char)((unsigned char)words.p[i] < ' ' || words.p[i] == '"' || words.p[i] == '\\' ? '\'' : words.p[i]);
    said[n] = '\0';
    log_event(d, 3, "desk event=credentials_refused site=%s channel=%s reason=\"%s\"", ds->site->key.s, o->channel.s, said);
}

void standing_refused(struct desk *d, struct desk_site *ds, struct outlet *o, const char *words)
{
    struct slice said = slice_of(words && *words ? words : "the platform refuses the credentials");

    if (o->standing == STANDING_REFUSED)
        return;
    o->standing = STANDING_REFUSED;
    said = utf8_valid(said) ? utf8_cut(said, WORDS_MAX) : SLICE("the platform refuses the credentials");
    log_refused(d, ds, o, said);
    note(d, ds, o, said, true);
}

void standing_good(struct desk *d, struct desk_site *ds, struct outlet *o)
{
    enum standing before = o->standing;

    if (before == STANDING_GOOD)
        return;
    o->standing = STANDING_GOOD;
    if (before == STANDING_REFUSED)
        log_event(d, 1, "desk event=credentials_taken site=%s channel=%s", ds->site->key.s, o->channel.s);
    note(d, ds, o, SLICE(""),
         before == STANDING_REFUSED); /* also where we do not know: another node may have said it, or we before a restart */
}
