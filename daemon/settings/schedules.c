/* schedules.c: samples that draw themselves, as people write them. */
#include "core/utf8.h"
#include "settings/kinds.h"

#define DRAWN_MAX 2000
#define DRAWN     2 /* neither a number nor a share is told */

static bool fits_clock(struct slice s)
{
    return s.n == 5 && s.p[2] == ':' && s.p[0] >= '0' && s.p[0] <= '2' && s.p[1] >= '0' && s.p[1] <= '9' && s.p[3] >= '0' &&
           s.p[3] <= '5' && s.p[4] >= '0' && s.p[4] <= '9' && (s.p[0] < '2' || s.p[1] < '4');
}

static bool fits_id(struct slice s)
{
    struct kf_id id;

    return id_parse(s, &id);
}

static bool fits_tag(struct slice s)
{
    return s.n && s.n <= SAMPLE_TAG_BYTES;
}

#define IN(member) .at = offsetof(struct schedule_document, schedule.member)
#define COUNT(n)   .count = offsetof(struct schedule_document, n)

const struct key schedule_keys[] = {
    { "name", KEY_TEXT, .required = true, .min = 1, .max = 80, IN(name), .help = "what reviewers read; each day's sample is called so" },
    { "off", KEY_BOOL, .def = "false", IN(off), .help = "nothing is drawn" },
    { "at", KEY_TEXT, .min = 5, .max = 5, .def = "08:00", .fits = fits_clock, .form = "a time such as 08:30",
      .at = offsetof(struct schedule_document, at), .help = "when it is drawn, in the site's time zone" },
    { "workdays", KEY_BOOL, .def = "true", IN(workdays), .help = "only on days on which the hours of the site open" },
    { "scorecard", KEY_WORD, .required = true, IN(card), .help = "what its conversations are judged by" },
    { "kind", KEY_CHOICE, .choices = "random risk", .def = "random", IN(kind),
      .help = "random stands for all; risk is what looks bad, and is counted apart" },
    { "way", KEY_CHOICE, .choices = "plain per_agent strata", .def = "per_agent", IN(way),
      .help = "so many of all, of each agent, or shared out over agent, channel and tenure" },
    { "n", KEY_SMALL, .min = 1, .max = DRAWN_MAX, IN(n), .help = "how many; 2, unless there is a share" },
    { "share", KEY_SMALL, .min = 1, .max = 100, IN(share), .help = "instead of n: so many percent, rounded up" },
    { "rating_max", KEY_SMALL, .min = 1, .max = 5, .def = "2", IN(rating_max), .help = "of a risk list: ratings up to this" },
    { "new_agents", KEY_BOOL, .def = "false", IN(new_agents), .help = "of a risk list: whatever agents have done who came within 90 days" },
    { "findings", KEY_BOOL, .def = "false", IN(findings),
      .help = "of a risk list: where a check that marks a risk has found something that nobody has dismissed" },
    { "tags", KEY_TEXTS, .max = SAMPLE_TAGS, .fits = fits_tag, .form = "a list of texts of at most 200 bytes", IN(tags),
      COUNT(schedule.n_tags), .help = "of a risk list: what has one of these tags; else complaint. [] for none" },
    { "again", KEY_BOOL, .def = "false", IN(again), .help = "also what was reviewed before" },
    { "queues", KEY_WORDS, .max = SCHEDULE_LISTED, IN(queues), COUNT(schedule.n_queues), .help = "only these queues" },
    { "channels", KEY_WORDS, .max = SCHEDULE_LISTED, IN(channels), COUNT(schedule.n_channels), .help = "only these channels" },
    { "agents", KEY_TEXTS, .max = SCHEDULE_LISTED, .fits = fits_id, .form = "a list of ids of people",
      .at = offsetof(struct schedule_document, agents), COUNT(n_agents), .help = "only these agents" },
    { "reviewers", KEY_TEXTS, .max = SCHEDULE_LISTED, .fits = fits_id, .form = "a list of ids of people",
      .at = offsetof(struct schedule_document, reviewers), COUNT(n_reviewers), .help = "who reviews; else all reviewers" },
    { 0 },
};

static enum kf_rc take_ids(const struct keys_at *at, const char *const *texts, size_t n, const struct kf_id **ret)
{
    struct kf_id *ids = arena_array(at->arena, n + 1, sizeof(*ids));

    if (!ids)
        return keys_nomem(at);
    for (size_t i = 0; i < n; i++)
        (void)id_parse(slice_of(texts[i]), &ids[i]);
    *ret = ids;
    return KF_OK;
}

/* Where nothing is said of tags, a complaint is a risk. */
static const char *const complaint[] = { SAMPLE_COMPLAINT };

enum kf_rc schedule_finish(const struct keys_at *at, const struct kf_key *key, struct schedule_document *d)
{
    struct schedule *s = &d->schedule;
    enum kf_rc rc;

    s->key = *key;
    s->minute = ((d->at[0] - '0') * 10 + d->at[1] - '0') * 60 + (d->at[3] - '0') * 10 + d->at[4] - '0';
    if ((rc = take_ids(at, d->agents, d->n_agents, &s->agents)) || (rc = take_ids(at, d->reviewers, d->n_reviewers, &s->reviewers)))
        return rc;
    s->n_agents = d->n_agents;
    s->n_reviewers = d->n_reviewers;
    if (!s->tags) {
        s->tags = complaint;
        s->n_tags = 1;
    }
    if (s->n && s->share)
        return keys_fail(at, "share is there, and n too: one of them says how many");
    if (!s->share && !s->n)
        s->n = DRAWN;
    return KF_OK;
}
