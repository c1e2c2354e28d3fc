#include "settings/kinds.h"

#include "core/utf8.h"
#include "settings/calendar.h"
#include "settings/zone.h"

#include <jansson.h>
#include <strings.h>

static const char *const names[] = { "site",      "hours", "skill",   "queue", "channel",   "wording",  "rule", "canned",
                                     "forbidden", "ban",   "article", "bot",   "scorecard", "schedule", "check" };
static const char *const languages[] = { "zh-CN", "zh-TW", "en" };

#define LANGUAGES   "zh-CN zh-TW en"
#define MS_DAY      86400000LL
#define WORDING_MAX 4096

int kind_parse(struct slice s)
{
    for (int i = 0; i < KIND_COUNT; i++)
        if (slice_is(s, names[i]))
            return i;
    return -1;
}

const char *kind_name(enum kind k)
{
    return (unsigned)k < KIND_COUNT ? names[k] : "?";
}

const char *language_of_key(const struct kf_key *key)
{
    for (size_t i = 0; i < sizeof(languages) / sizeof(languages[0]); i++)
        if (strcasecmp(key->s, languages[i]) == 0)
            return languages[i];
    return NULL;
}

/* ---- forms of texts ------------------------------------------------------------------------------------------------------ */

static bool all_in(struct slice s, const char *allowed)
{
    for (size_t i = 0; i < s.n; i++)
        if (!s.p[i] || !strchr(allowed, s.p[i]))
            return false;
    return s.n > 0;
}

#define LOWER  "abcdefghijklmnopqrstuvwxyz"
#define UPPER  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"
#define HEX    "0123456789abcdefABCDEF"

static bool fits_language(struct slice s)
{
    for (size_t i = 0; i < sizeof(languages) / sizeof(languages[0]); i++)
        if (slice_is(s, languages[i]))
            return true;
    return false;
}

static bool fits_color(struct slice s)
{
    return s.n == 7 && s.p[0] == '#' && all_in((struct slice){ s.p + 1, 6 }, HEX);
}

/* It goes into a header (frame-ancestors), so it is an origin and nothing else. */
static bool fits_origin(struct slice s)
{
    size_t scheme = slice_starts(s, "https://") ? 8 : slice_starts(s, "http://") ? 7 : 0;
    struct slice host = { s.p + scheme, s.n - scheme };
    const char *colon;

    if (!scheme || s.n > 255)
        return false;
    if (slice_starts(host, "*."))
        host = (struct slice){ host.p + 2, host.n - 2 };
    colon = host.n ? memchr(host.p, ':', host.n) : NULL;
    if (colon) {
        struct slice port = { colon + 1, host.n - (size_t)(colon - host.p) - 1 };

        if (port.n > 5 || !all_in(port, DIGITS))
            return false;
        host.n = (size_t)(colon - host.p);
    }
    return all_in(host, LOWER UPPER DIGITS "-.") && host.p[0] != '.' && host.p[0] != '-';
}

static bool fits_host(struct slice s)
{
    return s.n < 254 && all_in(s, LOWER DIGITS "-.") && s.p[0] != '.' && memchr(s.p, '.', s.n);
}

static bool fits_hook(struct slice s)
{
    return s.n == 32 && all_in(s, DIGITS "abcdef");
}

static bool fits_notice(struct slice s)
{
    static const char *const events[] = { "joined", "transferred", "returned", "reopened", "closed" };

    for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
        if (slice_is(s, events[i]))
            return true;
    return false;
}

static bool fits_code(struct slice s)
{
    struct kf_key key;

    return key_parse(s, &key);
}

static bool fits_id(struct slice s)
{
    struct kf_id id;

    return id_parse(s, &id);
}

static bool fits_word(struct slice s)
{
    return s.n && s.n <= 200;
}

static bool fits_initials(struct slice s)
{
    return s.n == 0 || all_in(s, LOWER DIGITS);
}

static bool fits_secret(struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] <= ' ' || s.p[i] > '~')
            return false;
    return true;
}

static bool fits_email(struct slice s)
{
    const char *at = s.n ? memchr(s.p, '@', s.n) : NULL;
    size_t host;

    if (!at || at == s.p)
        return false;
    host = s.n - (size_t)(at - s.p) - 1;
    return all_in((struct slice){ s.p, (size_t)(at - s.p) }, LOWER DIGITS "!#$%&'*+-/=?^_`{|}~.") &&
           all_in((struct slice){ at + 1, host }, LOWER DIGITS "-.");
}

/* ---- the tables ---------------------------------------------------------------------------------------------------------- */

#define IN_SITE(member) .at = offsetof(struct site, member)

static const struct key site_keys[] = {
    { "name", KEY_TEXT, .required = true, .min = 1, .max = 80, IN_SITE(name), .help = "what visitors read as the name of the house" },
    { "language", KEY_TEXT, .min = 2, .max = 8, .def = "zh-CN", .fits = fits_language, .form = "zh-CN, zh-TW or en", IN_SITE(language),
      .help = "the language of those who speak none of ours" },
    { "zone", KEY_TEXT, .min = 1, .max = 64, .def = "Asia/Shanghai", IN_SITE(zone), .help = "time zone of reports and of business hours" },
    { "hours", KEY_WORD, IN_SITE(hours_key), .help = "business hours of queues that have none; without them they are open day and night" },
    { "color", KEY_TEXT, .min = 7, .max = 7, .def = "#0b5fd0", .fits = fits_color, .form = "a colour such as #0b5fd0", IN_SITE(color),
      .help = "the colour of the chat window" },
    { "embed", KEY_TEXTS, .max = 64, .fits = fits_origin, .form = "a list of origins such as https://www.example.com", IN_SITE(embed),
      .count = offsetof(struct site, n_embed), .help = "web sites that may embed the chat window" },
    { "identity_secret", KEY_TEXT, .secret = true, .min = 16, .max = 256, .fits = fits_secret, .form = "printable ASCII without blanks",
      IN_SITE(identity_secret), .help = "the key with which your web site signs who its visitors are; without it nobody is believed" },
    { "token_secret", KEY_TEXT, .secret = true, .min = 32, .max = 256, .fits = fits_secret, .form = "printable ASCII without blanks",
      IN_SITE(token_secret), .help = "signs visitors' tokens and the addresses of files; made at the first start" },
    { "token_secret_old", KEY_TEXT, .secret = true, .min = 32, .max = 256, .fits = fits_secret, .form = "printable ASCII without blanks",
      IN_SITE(token_secret_old), .help = "the token_secret before the present one: what it has signed still holds" },
    { "text_max", KEY_SMALL, .min = 1, .max = 20000, .def = "4096", IN_SITE(text_max), .help = "characters of a message" },
    { "file_max", KEY_INT, .min = 0, .max = 1LL << 30, .def = "10485760", IN_SITE(file_max),
      .help = "bytes of a file that is sent; 0: none" },
    { "reopen_ms", KEY_INT, .min = 0, .max = 30 * MS_DAY, .def = "600000", IN_SITE(reopen_ms),
      .help = "a conversation closed less than this ago is reopened by a new message" },
    { "grace_ms", KEY_INT, .min = 0, .max = 600000, .def = "30000", IN_SITE(grace_ms),
      .help = "how long an agent may be off the net before the visitors are given to others" },
    { "wrapup_ms", KEY_INT, .min = 0, .max = 3600000, .def = "0", IN_SITE(wrapup_ms),
      .help = "how long a closed conversation holds its agent's place" },
    { "sticky_ms", KEY_INT, .min = 0, .max = 600000, .def = "20000", IN_SITE(sticky_ms),
      .help = "how long a visitor waits for the agent who knows the matter" },
    { "missed_max", KEY_SMALL, .min = 0, .max = 20, .def = "2", IN_SITE(missed_max),
      .help = "an agent who has let so many offers in a row pass is set to away; 0: never" },
    { "refused_ms", KEY_INT, .min = 0, .max = 3600000, .def = "30000", IN_SITE(refused_ms),
      .help = "who has refused a conversation is not asked for it again for so long" },
    { "returning_ms", KEY_INT, .min = 0, .max = MS_DAY, .def = "0", IN_SITE(returning_ms),
      .help = "a visitor whose last conversation ended less than this ago counts as returning; 0: nobody does" },
    { "returning_priority", KEY_SMALL, .min = -60, .max = 60, .def = "0", IN_SITE(returning_priority),
      .help = "minutes of waiting that such a visitor is ahead" },
    { "vip_priority", KEY_SMALL, .min = -60, .max = 60, .def = "0", IN_SITE(vip_priority),
      .help = "minutes of waiting for each level in vip of a profile whose identity is proven" },
    { "recall_ms", KEY_INT, .min = 0, .max = MS_DAY, .def = "120000", IN_SITE(recall_ms),
      .help = "how long an agent may take back a message" },
    { "links", KEY_CHOICE, .choices = "any listed none", .def = "any", IN_SITE(links), .help = "which links visitors may write" },
    { "link_hosts", KEY_TEXTS, .max = 64, .fits = fits_host, .form = "a list of names such as example.com", IN_SITE(link_hosts),
      .count = offsetof(struct site, n_link_hosts), .help = "the hosts of listed links, with all below them" },
    { "duplicate_max", KEY_SMALL, .min = 0, .max = 1000, .def = "20", IN_SITE(duplicate_max),
      .help = "how often a visitor may say the same within a minute; 0: without end" },
    { "message_burst", KEY_SMALL, .min = 0, .max = 1000, .def = "0", IN_SITE(message_burst),
      .help = "messages a visitor may send at once; 0: as the installation says" },
    { "message_rate", KEY_SMALL, .min = 0, .max = 1000, .def = "0", IN_SITE(message_rate),
      .help = "messages a second after that; 0: as the installation says" },
    { 0 },
};

/* ---- hours: a document of its own, or written into the queue that keeps them ---- */

static enum kf_rc take_calendar(const struct keys_at *at, const struct key *k, json_t *value, void *into)
{
    return calendar_member(at, k->name, value, &((struct site_hours *)into)->hours);
}

#define IN_HOURS(member) .at = offsetof(struct site_hours, member)

static const struct key hours_keys[] = {
    { "name", KEY_TEXT, .required = true, .min = 1, .max = 80, IN_HOURS(name), .help = "what the staff read" },
    { "zone", KEY_TEXT, .min = 1, .max = 64, IN_HOURS(zone), .help = "their time zone; else the site's" },
    { "week", KEY_OTHER, .take = take_calendar, .help = "for each day a list of spans; a day that is not named is closed" },
    { "special", KEY_OTHER, .take = take_calendar, .help = "holidays and extra working days" },
    { "closed", KEY_ANY, .take = take_calendar, .help = "closed for a while, whatever the calendar says" },
    { 0 },
};

static enum kf_rc take_hours(const struct keys_at *at, const struct key *k, json_t *value, void *into)
{
    struct site_queue *q = into;
    struct keys_at inner = *at;

    inner.path = "hours.";
    if (json_is_string(value) && key_parse((struct slice){ json_string_value(value), json_string_length(value) }, &q->hours_key))
        return KF_OK;
    if (!json_is_object(value))
        return keys_fail(at, "%s must be an object, or the key of a document of the kind hours", k->name);
    q->own_hours = true;
    return calendar_read(&inner, value, &q->hours);
}

#define IN_QUEUE(member) .at = offsetof(struct site_queue, member)

static const struct key queue_keys[] = {
    { "name", KEY_TEXT, .required = true, .min = 1, .max = 80, IN_QUEUE(name), .help = "what agents and visitors read" },
    { "offer", KEY_BOOL, .def = "false", IN_QUEUE(offer), .help = "agents accept or refuse; else conversations are theirs at once" },
    { "offer_ms", KEY_INT, .min = 5000, .max = 600000, .def = "30000", IN_QUEUE(offer_ms), .help = "how long an offer stands" },
    { "skills", KEY_WORDS, .max = 8, IN_QUEUE(skills), .count = offsetof(struct site_queue, n_skills),
      .help = "what its agents must know" },
    { "language", KEY_BOOL, .def = "false", IN_QUEUE(language),
      .help = "its agents must speak the visitor's language, if they say which they speak" },
    { "ring1_ms", KEY_INT, .min = 0, .max = MS_DAY, .def = "0", IN_QUEUE(ring_ms[0]),
      .help = "after so long in it the skills of ring1 are not needed; 0: never" },
    { "ring1", KEY_WORDS, .max = 8, IN_QUEUE(ring1), .count = offsetof(struct site_queue, n_ring1),
      .help = "skills, and the word language" },
    { "ring2_ms", KEY_INT, .min = 0, .max = MS_DAY, .def = "0", IN_QUEUE(ring_ms[1]), .help = "the same for ring2, later" },
    { "ring2", KEY_WORDS, .max = 8, IN_QUEUE(ring2), .count = offsetof(struct site_queue, n_ring2),
      .help = "skills, and the word language" },
    { "overflow_ms", KEY_INT, .min = 0, .max = MS_DAY, .def = "0", IN_QUEUE(overflow_ms),
      .help = "after so long in it a visitor goes on to the queue of overflow; 0: never" },
    { "overflow", KEY_WORD, IN_QUEUE(overflow), .help = "the queue that takes who has waited too long here" },
    { "limit_ms", KEY_INT, .min = 0, .max = MS_DAY, .def = "0", IN_QUEUE(limit_ms),
      .help = "after so long in it a message is taken instead; 0: never" },
    { "retry_ms", KEY_INT, .min = 60000, .max = MS_DAY, .def = "900000", IN_QUEUE(retry_ms),
      .help = "when such a message is brought back to agents" },
    { "remind_ms", KEY_INT, .min = 0, .max = MS_DAY, .def = "60000", IN_QUEUE(silent_ms[0]),
      .help = "an agent who has not answered for so long is reminded; 0: never" },
    { "alert_ms", KEY_INT, .min = 0, .max = MS_DAY, .def = "120000", IN_QUEUE(silent_ms[1]),
      .help = "after so long supervisors are told; 0: never" },
    { "requeue_ms", KEY_INT, .min = 0, .max = MS_DAY, .def = "0", IN_QUEUE(silent_ms[2]),
      .help = "after so long the visitor goes back to the line, to the old place; 0: never" },
    { "wrapup_ms", KEY_INT, .min = -1, .max = 3600000, .def = "-1", IN_QUEUE(wrapup_ms),
      .help = "how long a closed conversation holds its agent's place; -1: as the site says" },
    { "priority", KEY_SMALL, .min = -60, .max = 60, .def = "0", IN_QUEUE(priority), .help = "each point is worth a minute of waiting" },
    { "bot", KEY_WORD, IN_QUEUE(bot), .help = "the bot that talks first to who comes here" },
    { "department", KEY_WORD, IN_QUEUE(department), .help = "queues of one department are one goal of a transfer" },
    { "paused", KEY_BOOL, .def = "false", IN_QUEUE(paused), .help = "nobody gets anything from it; who waits goes on waiting" },
    { "zone", KEY_TEXT, .min = 1, .max = 64, IN_QUEUE(zone), .help = "time zone of its hours; else the site's" },
    { "hours", KEY_ANY, .take = take_hours, .help = "business hours, or the key of a document of them; else the site's" },
    { 0 },
};

#define IN_CHANNEL(member) .at = offsetof(struct site_channel, member)

static const struct key channel_keys[] = {
    { "adapter", KEY_TEXT, .required = true, .min = 1, .max = 32, .fits = fits_code, .form = "widget, or the name of an adapter",
      IN_CHANNEL(adapter), .help = "widget for the web page, else the adapter that speaks to the platform" },
    { "name", KEY_TEXT, .required = true, .min = 1, .max = 80, IN_CHANNEL(name), .help = "what agents read" },
    { "off", KEY_BOOL, .def = "false", IN_CHANNEL(off), .help = "takes and sends nothing" },
    { "queue", KEY_WORD, .required = true, IN_CHANNEL(queue), .help = "the queue that its conversations go to" },
    { "weight", KEY_SMALL, .min = 1, .max = 20, .def = "1", IN_CHANNEL(weight),
      .help = "places that one of its conversations takes of an agent" },
    { "priority", KEY_SMALL, .min = -60, .max = 60, .def = "0", IN_CHANNEL(priority), .help = "each point is worth a minute of waiting" },
    { "hook", KEY_TEXT, .secret = true, .min = 32, .max = 32, .fits = fits_hook, .form = "32 of 0-9 and a-f, by chance", IN_CHANNEL(hook),
      .help = "the last part of the address that the platform calls" },
    { "settings", KEY_OBJECT, .def = "{}", IN_CHANNEL(settings), .help = "what its adapter needs" },
    { "notices", KEY_TEXTS, .max = 8, .fits = fits_notice, .form = "a list of joined, transferred, returned, reopened, closed",
      IN_CHANNEL(notices), .count = offsetof(struct site_channel, n_notices),
      .help = "events that visitors on this platform are told in words; each may use up a reply that is counted there" },
    { "templates", KEY_ANY, .take = templates_take,
      .help = "wording that the platform has approved, which goes out after its time for replies" },
    { 0 },
};

#define IN_CANNED(member) .at = offsetof(struct site_canned, member)

static const struct key canned_keys[] = {
    { "code", KEY_TEXT, .required = true, .min = 1, .max = 32, .fits = fits_code, .form = "1 to 32 of a-z, 0-9, _ and -", IN_CANNED(code),
      .help = "what an agent types after the slash" },
    { "initials", KEY_TEXT, .max = 32, .def = "", .fits = fits_initials, .form = "letters a-z and digits", IN_CANNED(initials),
      .help = "pinyin initials of the title" },
    { "title", KEY_TEXT, .required = true, .min = 1, .max = 80, IN_CANNED(title), .help = "what it is for" },
    { "text", KEY_TEXT, .required = true, .min = 1, .max = 4096, IN_CANNED(text), .help = "what is sent" },
    { "lang", KEY_TEXT, .min = 2, .max = 8, .fits = fits_language, .form = "zh-CN, zh-TW or en", IN_CANNED(lang), .help = "its language" },
    { "folder", KEY_TEXT, .max = 80, .def = "", IN_CANNED(folder),
      .help = "where it stands in the list; a slash makes a folder in a folder" },
    { "queues", KEY_WORDS, .min = 1, .max = 8, IN_CANNED(queues), .count = offsetof(struct site_canned, n_queues),
      .help = "shown to the agents of these queues; without it to all" },
    { "person", KEY_TEXT, .min = 36, .max = 36, .fits = fits_id, .form = "the id of a person", IN_CANNED(person),
      .help = "shown to nobody else" },
    { 0 },
};

#define IN_SKILL(member) .at = offsetof(struct site_skill, member)

static const struct key skill_keys[] = {
    { "name", KEY_TEXT, .required = true, .min = 1, .max = 80, IN_SKILL(name), .help = "what the staff read" },
    { 0 },
};

#define IN_FORBIDDEN(member) .at = offsetof(struct site_forbidden, member)

static const struct key forbidden_keys[] = {
    { "name", KEY_TEXT, .required = true, .min = 1, .max = 80, IN_FORBIDDEN(name),
      .help = "what kind of wording it is: rude, cold, evasive" },
    { "words", KEY_TEXTS, .required = true, .min = 1, .max = 500, .fits = fits_word, .form = "a list of words, each of at most 200 bytes",
      IN_FORBIDDEN(words), .count = offsetof(struct site_forbidden, n_words), .help = "what no agent should say" },
    { "advice", KEY_TEXT, .max = 200, .def = "", IN_FORBIDDEN(advice), .help = "what to say instead" },
    { "off", KEY_BOOL, .def = "false", IN_FORBIDDEN(off), .help = "not checked" },
    { 0 },
};

#define IN_BAN(member) .at = offsetof(struct site_ban, member)

static const struct key ban_keys[] = {
    { "visitor", KEY_TEXT, .min = 36, .max = 36, .fits = fits_id, .form = "the id of a visitor", IN_BAN(visitor), .help = "who is meant" },
    { "address", KEY_TEXT, .min = 2, .max = 64, IN_BAN(address), .help = "or: all from this address or range, 203.0.113.0/24" },
    { "channel", KEY_WORD, IN_BAN(channel), .help = "or: on this channel …" },
    { "user", KEY_TEXT, .min = 1, .max = 200, IN_BAN(user), .help = "… whom its platform calls by this name" },
    { "mute", KEY_BOOL, .def = "false", IN_BAN(mute), .help = "for a while rather than for good: the visitor is told so" },
    { "reason", KEY_TEXT, .required = true, .min = 1, .max = 200, IN_BAN(reason), .help = "why; for the staff" },
    { "until", KEY_INT, .min = 0, .max = INT64_MAX, .def = "0", IN_BAN(until),
      .help = "when it ends, in ms since 1970; 0: when it is taken back" },
    { 0 },
};

static enum kf_rc finish_ban(const struct keys_at *at, const struct kf_key *key, struct site_ban *b)
{
    bool identity = b->user && b->channel.s[0];

    b->key = *key;
    if ((b->visitor != NULL) + (b->address != NULL) + identity != 1 || (!identity && (b->user || b->channel.s[0])))
        return keys_fail(at, "visitor, address, or channel and user must be there: one of the three");
    b->has_network = b->address != NULL;
    if (b->address && !network_parse(b->address, &b->network))
        return keys_fail(at, "address must be an address or a range such as 203.0.113.0/24");
    return KF_OK;
}

#define IN_PERSON(member) .at = offsetof(struct site_person, member)

/* The order of the roles is that of their bits in person.h. */
const struct key person_keys[] = {
    { "email", KEY_TEXT, .required = true, .min = 3, .max = 254, .fits = fits_email, .form = "a mail address in lower case",
      IN_PERSON(email), .help = "the name to sign in with" },
    { "name", KEY_TEXT, .required = true, .min = 1, .max = 80, IN_PERSON(name), .help = "what visitors read" },
    { "number", KEY_TEXT, .max = 16, .def = "", IN_PERSON(number), .help = "the agent's number" },
    { "roles", KEY_CHOICES, .required = true, .min = 1, .max = 4, .choices = "agent supervisor reviewer admin", IN_PERSON(roles),
      .help = "what the person may do" },
    { "capacity", KEY_SMALL, .min = 0, .max = 100, .def = "5", IN_PERSON(capacity), .help = "conversations at a time" },
    { "queues", KEY_WORDS, .max = 32, IN_PERSON(queues), .count = offsetof(struct site_person, n_queues), .help = "queues to work in" },
    { "skills", KEY_SKILLS, .max = 32, IN_PERSON(skills), .count = offsetof(struct site_person, n_skills),
      .levels = offsetof(struct site_person, levels),
      .help = "what the person knows, and how well: refund:4; lang-en is a language, on-web a channel to be served" },
    { 0 },
};

const struct key *kind_keys(enum kind k)
{
    static const struct key *const tables[] = { site_keys,    hours_keys, skill_keys,     queue_keys,     channel_keys,
                                                NULL,         rule_keys,  canned_keys,    forbidden_keys, ban_keys,
                                                article_keys, bot_keys,   scorecard_keys, schedule_keys,  check_keys };

    return (unsigned)k < KIND_COUNT ? tables[k] : NULL;
}

/* ---- documents ----------------------------------------------------------------------------------------------------------- */

bool document_deleted(json_t *body)
{
    return json_object_size(body) == 1 && json_is_true(json_object_get(body, "deleted"));
}

static enum kf_rc finish_zone(const struct keys_at *at, const char *zone)
{
    struct kf_err err = { 0 };
    struct arena *scratch;
    struct zone *z;
    enum kf_rc rc;

    if (!zone)
        return KF_OK;
    scratch = arena_new(0);
    if (!scratch)
        return keys_nomem(at);
    rc = zone_load(&z, scratch, zone, &err);
    arena_free(scratch);
    return rc == KF_INVALID ? keys_fail(at, "zone: %s", err.text) : rc ? keys_nomem(at) : KF_OK;
}

enum kf_rc document_read(const struct keys_at *at, enum kind k, const struct kf_key *key, json_t *body, union filled *ret)
{
    enum kf_rc rc;

    memset(ret, 0, sizeof(*ret));
    rc = keys_read(at, kind_keys(k), body, ret);
    if (rc)
        return rc;
    switch (k) {
    case KIND_SITE:
        return finish_zone(at, ret->site.zone);
    case KIND_HOURS:
        ret->hours.key = *key;
        return finish_zone(at, ret->hours.zone);
    case KIND_QUEUE:
        ret->queue.key = *key;
        return finish_zone(at, ret->queue.zone);
    case KIND_CHANNEL:
        ret->channel.key = *key;
        return KF_OK;
    case KIND_RULE:
        return rule_finish(at, key, body, &ret->rule);
    case KIND_CANNED:
        ret->canned.key = *key;
        return KF_OK;
    case KIND_SKILL:
        ret->skill.key = *key;
        return KF_OK;
    case KIND_FORBIDDEN:
        ret->forbidden.key = *key;
        return KF_OK;
    case KIND_BAN:
        return finish_ban(at, key, &ret->ban);
    case KIND_SCORECARD:
        ret->scorecard.key = *key;
        return KF_OK;
    case KIND_SCHEDULE:
        return schedule_finish(at, key, &ret->schedule);
    case KIND_CHECK:
        return check_finish(at, key, &ret->check);
    case KIND_ARTICLE:
        return article_finish(at, key, &ret->article);
    case KIND_BOT:
        return bot_finish(at, key, &ret->bot);
    case KIND_WORDING:
    case KIND_COUNT:
    default:
        return keys_fail(at, "has no table");
    }
}

/* An empty text is allowed: then nothing is said. */
enum kf_rc wordings_read(const struct keys_at *at, json_t *body, enum kf_rc (*each)(void *ctx, const char *key, const char *text),
                         void *ctx)
{
    const char *name;
    json_t *value;

    if (!json_is_object(body))
        return keys_fail(at, "must be an object");
    json_object_foreach(body, name, value)
    {
        struct kf_key key;
        enum kf_rc rc;

        if (!key_parse(slice_of(name), &key))
            return keys_fail(at, "\"%.40s\" is not a key; allowed are 1 to 32 of a-z, 0-9, _ and -", name);
        if (!json_is_string(value))
            return keys_fail(at, "%s must be a text", name);
        if (utf8_length(slice_of(json_string_value(value))) > WORDING_MAX)
            return keys_fail(at, "%s has more than %d characters", name, WORDING_MAX);
        if (each && (rc = each(ctx, name, json_string_value(value))))
            return rc;
    }
    return KF_OK;
}
