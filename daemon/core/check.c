#include "core/check.h"

#include "core/check_inner.h"
#include "core/utf8.h"

#include <limits.h>

#define SPACED_MAX (64u << 10)
#define NEAR       8 /* words, or characters of CJK, from a negation to what it negates */
#define THANKS_CP  8 /* a visitor's "好的，谢谢" asks for nothing; what is longer may */

static const char *const types[] = { "says", "invites", "waits", "silence", "forbidden", "private", "promise", "name" };
static const char *const states[] = { "open", "taken", "dismissed" };

const char *check_type_name(enum check_type t)
{
    return (size_t)t < sizeof(types) / sizeof(types[0]) ? types[t] : "?";
}

const char *finding_state_name(enum finding_state s)
{
    return (size_t)s < sizeof(states) / sizeof(states[0]) ? states[s] : "?";
}

bool finding_state_parse(struct slice s, enum finding_state *ret)
{
    for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
        if (slice_is(s, states[i])) {
            *ret = (enum finding_state)i;
            return true;
        }
    return false;
}

/* ---- what the checks see ---------------------------------------------------------------------------------------------------------- */

bool check_says_text(const struct message *m)
{
    return m->kind != MESSAGE_EVENT && m->kind != MESSAGE_REMOVED;
}

bool check_by_person(const struct message *m)
{
    return m->from.role == ROLE_AGENT && check_says_text(m);
}

const char *check_holds(const struct check_sight *s, size_t i, const struct check_words *words)
{
    for (size_t k = 0; k < words->n; k++)
        if (words->at[k].spaced[1] && strstr(s->spaced[i], words->at[k].spaced))
            return words->at[k].word;
    return NULL;
}

static bool ends_part(uint32_t cp)
{
    return cp == ',' || cp == '.' || cp == ';' || cp == '!' || cp == '?' || cp == '\n' || cp == 0xff0c || cp == 0x3002 || cp == 0xff1b ||
           cp == 0xff01 || cp == 0xff1f;
}

static void put_parts(struct slice text, struct buf *b)
{
    size_t from = 0, at = 0;

    while (at < text.n) {
        size_t end = at;
        bool ends = ends_part(utf8_next(text, &at));

        if (!ends && at < text.n)
            continue;
        forbid_spaced((struct slice){ text.p + from, (ends ? end : at) - from }, b);
        buf_char(b, '\n');
        from = at;
    }
}

/* Does one of `except` take back what is at `at`? What is asked for is negated before, and nearby: "不要把密码发…" is, "把密码发我，不用担心" is
 * not. Forbidden wording may be excused by whatever stands in the same part of the sentence. */
static bool is_excepted(const struct check *c, const char *parts, const char *at)
{
    const char *from = at, *end = c->type == CHECK_PRIVATE ? at : strchr(at, '\n');
    int near = c->type == CHECK_PRIVATE ? NEAR : INT_MAX;

    for (int n = 0; from > parts && from[-1] != '\n' && n < near; n += *from == ' ')
        from--;
    for (size_t k = 0; k < c->except.n; k++) {
        const char *p = c->except.at[k].spaced[1] ? strstr(from, c->except.at[k].spaced) : NULL;

        if (p && p <= end)
            return true;
    }
    return false;
}

/* The first of the words that message i means: it holds it, and not only where it is negated. */
static const char *means(const struct check_sight *s, size_t i, const struct check_words *words)
{
    const char *held = check_holds(s, i, words);
    bool any = false;

    if (!held || !s->check->except.n || !s->parts[i])
        return held;
    for (size_t k = 0; k < words->n; k++) {
        const struct forbidden_word *w = &words->at[k];

        for (const char *p = s->parts[i]; w->spaced[1] && (p = strstr(p, w->spaced)); p++) {
            any = true;
            if (!is_excepted(s->check, s->parts[i], p))
                return w->word;
        }
    }
    return any ? NULL : held; /* it goes over the end of a part */
}

/* Each text once in the form in which terms are found: all checks look at it. */
static bool look(struct check_sight *s, const struct check_facts *f, struct arena *a)
{
    struct buf b;

    *s = (struct check_sight){
        .facts = f, .arena = a, .spaced = arena_array(a, f->n + 1, sizeof(*s->spaced)), .parts = arena_array(a, f->n + 1, sizeof(*s->parts))
    };
    if (!s->spaced || !s->parts)
        return false;
    buf_init(&b, SPACED_MAX);
    for (size_t i = 0; i < f->n; i++) {
        buf_clear(&b);
        forbid_text(f->messages[i].text, &b);
        s->spaced[i] = b.p ? arena_text(a, buf_slice(&b)) : NULL;
        s->parts[i] = NULL;
        if (s->spaced[i] && check_by_person(&f->messages[i])) {
            buf_clear(&b);
            put_parts(f->messages[i].text, &b);
            s->parts[i] = arena_text(a, buf_slice(&b));
            s->people++;
        }
        if (!s->spaced[i] || (check_by_person(&f->messages[i]) && !s->parts[i])) {
            buf_finish(&b);
            return false;
        }
    }
    buf_finish(&b);
    return true;
}

bool check_hit(struct check_sight *s, struct check_hit hit)
{
    struct check_hit *more;

    if (s->of_check == CHECK_HITS_MAX)
        return true;
    more = arena_more(s->arena, s->found->hits, s->found->n, sizeof(*more));
    if (!more)
        return false;
    s->found->hits = more;
    hit.check = s->check;
    more[s->found->n++] = hit;
    s->of_check++;
    return true;
}

/* The first or the last message of a person; there is one. */
static const struct message *of_person(const struct check_sight *s, bool last)
{
    const struct message *ret = NULL;

    for (size_t i = 0; i < s->facts->n && (last || !ret); i++)
        if (check_by_person(&s->facts->messages[i]))
            ret = &s->facts->messages[i];
    return ret;
}

/* ---- what must be said -------------------------------------------------------------------------------------------------------------- */

/* Is message i among those that are looked at? `nth` is its number among those of people, from 1. */
static bool in_place(const struct check_sight *s, size_t nth)
{
    const struct check *c = s->check;

    if (c->place == CHECK_FIRST)
        return nth <= (size_t)c->messages;
    return c->place == CHECK_ANYWHERE || nth + (size_t)c->messages > s->people;
}

static bool says(struct check_sight *s)
{
    const struct check_facts *f = s->facts;
    const struct message *cited;
    size_t nth = 0;

    if (!s->people)
        return true;
    for (size_t i = 0; i < f->n; i++) {
        const struct message *m = &f->messages[i];
        bool person = check_by_person(m);

        nth += person;
        if (!person && !(s->check->machines && m->from.role != ROLE_VISITOR && m->kind != MESSAGE_REMOVED))
            continue;
        if (in_place(s, nth) && check_holds(s, i, &s->check->words))
            return true;
    }
    cited = of_person(s, s->check->place != CHECK_FIRST);
    return check_hit(s, (struct check_hit){ .seq = cited->seq, .agent = cited->from.id });
}

static bool invites(struct check_sight *s)
{
    const struct message *cited = of_person(s, true);

    if (!cited || s->facts->conv->invited || s->facts->conv->rating)
        return true;
    return check_hit(s, (struct check_hit){ .seq = cited->seq, .agent = cited->from.id });
}

/* ---- what must not be said ---------------------------------------------------------------------------------------------------------- */

static bool forbidden(struct check_sight *s)
{
    const struct check_facts *f = s->facts;
    const struct check_words site = { f->forbidden, f->n_forbidden };

    for (size_t i = 0; i < f->n; i++) {
        const struct message *m = &f->messages[i];
        const char *word;

        if (!check_by_person(m))
            continue;
        word = means(s, i, &site);
        if (!word)
            word = means(s, i, &s->check->words);
        if (word && !check_hit(s, (struct check_hit){ .seq = m->seq, .agent = m->from.id, .word = word }))
            return false;
    }
    return true;
}

static bool private_data(struct check_sight *s)
{
    const struct check *c = s->check;

    for (size_t i = 0; i < s->facts->n; i++) {
        const struct message *m = &s->facts->messages[i];
        const char *word = check_by_person(m) ? means(s, i, &c->words) : NULL;

        if (!word || (c->with.n && !means(s, i, &c->with)))
            continue;
        if (!check_hit(s, (struct check_hit){ .seq = m->seq, .agent = m->from.id, .word = word }))
            return false;
    }
    return true;
}

/* ---- how long it took --------------------------------------------------------------------------------------------------------------- */

/* Somebody waits since then, for what was said in message `asked`. */
struct waiting {
    const struct message *asked; /* NULL: nobody waits */
    int64_t since;
    struct kf_id person; /* who has the conversation; zero: nobody */
};

/* Too long, up to now? */
static bool too_long(struct check_sight *s, const struct waiting *w, int64_t now)
{
    if (!w->asked || now - w->since <= s->check->after_ms)
        return true;
    return check_hit(s, (struct check_hit){ .seq = w->asked->seq, .agent = w->person, .ms = now - w->since });
}

/* "好的，谢谢" asks for nothing. */
static bool asks(const struct check_sight *s, size_t i)
{
    const struct message *m = &s->facts->messages[i];

    if (!check_says_text(m) || m->from.role != ROLE_VISITOR)
        return false;
    for (size_t at = 0; at < m->text.n;) {
        uint32_t cp = utf8_next(m->text, &at);

        if (cp == '?' || cp == 0xff1f)
            return true;
    }
    return utf8_length(m->text) > THANKS_CP || !check_holds(s, i, &s->check->except);
}

static bool silence_message(struct check_sight *s, struct waiting *w, size_t i)
{
    const struct message *m = &s->facts->messages[i];
    bool served = !id_is_zero(&w->person);

    if (check_by_person(m)) {
        if (served && !too_long(s, w, m->at))
            return false;
        w->person = m->from.id;
        /* "Please wait a moment" answers nothing: they wait on, from now. */
        w->asked = w->asked && check_holds(s, i, &s->check->words) ? m : NULL;
        w->since = m->at;
    } else if (m->from.role == ROLE_VISITOR) {
        if (!w->asked && asks(s, i)) {
            w->asked = m;
            w->since = m->at;
        }
    } else if (s->check->machines && check_says_text(m) && w->asked) {
        if (served && !too_long(s, w, m->at))
            return false;
        w->since = m->at;
    }
    return true;
}

/* It changes hands: whose silence it was until then is one thing, and the next one's begins now. */
static bool silence_turn(struct check_sight *s, struct waiting *w, const struct check_turn *t)
{
    if (!id_is_zero(&w->person) && !too_long(s, w, t->at))
        return false;
    w->person = t->person;
    w->since = t->at;
    return true;
}

static bool silence(struct check_sight *s)
{
    const struct check_facts *f = s->facts;
    struct waiting w = { .asked = NULL };
    size_t turn = 0;

    for (size_t i = 0; i < f->n; i++) {
        for (; turn < f->n_turns && f->turns[turn].after_seq < f->messages[i].seq; turn++)
            if (!silence_turn(s, &w, &f->turns[turn]))
                return false;
        if (!silence_message(s, &w, i))
            return false;
    }
    return id_is_zero(&w.person) || too_long(s, &w, f->conv->closed_at);
}

/* A person's word tells, a bot's answers; of the system only what says that one has to wait. */
static bool tells(const struct check_sight *s, size_t i)
{
    const struct message *m = &s->facts->messages[i];

    if (m->kind == MESSAGE_EVENT)
        return m->event && strcmp(m->event, "joined") == 0;
    if (m->from.role == ROLE_VISITOR || m->kind == MESSAGE_REMOVED)
        return false;
    return m->from.role != ROLE_SYSTEM || !s->check->words.n || check_holds(s, i, &s->check->words);
}

static bool waits(struct check_sight *s)
{
    const struct check_facts *f = s->facts;
    struct waiting w = { .asked = NULL };
    bool served = false, told = false;
    size_t turn = 0;

    for (size_t i = 0; i < f->n; i++) {
        const struct message *m = &f->messages[i];

        for (; turn < f->n_turns && f->turns[turn].after_seq < m->seq; turn++) {
            if (!told && !too_long(s, &w, f->turns[turn].at))
                return false;
            served = !id_is_zero(&f->turns[turn].person);
            told = served; /* back in the line it begins again */
            w.asked = NULL;
        }
        if (tells(s, i)) {
            if (!told && !too_long(s, &w, m->at))
                return false;
            told = true;
            w.asked = NULL;
        } else if (m->from.role == ROLE_VISITOR && check_says_text(m) && !served && !told && !w.asked) {
            w.asked = m;
            w.since = m->at;
        }
    }
    return told || too_long(s, &w, f->conv->closed_at);
}

/* ---- all of them -------------------------------------------------------------------------------------------------------------------- */

static bool among(const struct rule_words *words, const struct kf_key *key)
{
    for (size_t i = 0; i < words->n; i++)
        if (key_eq(&words->at[i], key))
            return true;
    return words->n == 0;
}

static bool speaks(const struct check *c, const char *language)
{
    static const char *const languages[] = { "zh-CN", "zh-TW", "en" };

    for (unsigned i = 0; i < 3; i++)
        if (c->languages >> i & 1 && language && strcmp(language, languages[i]) == 0)
            return true;
    return c->languages == 0;
}

static bool run_one(struct check_sight *s)
{
    switch (s->check->type) {
    case CHECK_SAYS:
        return says(s);
    case CHECK_INVITES:
        return invites(s);
    case CHECK_WAITS:
        return waits(s);
    case CHECK_SILENCE:
        return silence(s);
    case CHECK_FORBIDDEN:
        return forbidden(s);
    case CHECK_PRIVATE:
        return private_data(s);
    case CHECK_PROMISE:
        return check_promises(s);
    case CHECK_NAME:
    default:
        return check_names(s);
    }
}

bool check_run(const struct check *checks, size_t n, const struct check_facts *facts, struct arena *a, struct check_found *ret)
{
    struct check_sight s;

    *ret = (struct check_found){ .n = 0 };
    if (!look(&s, facts, a))
        return false;
    s.found = ret;
    for (size_t i = 0; i < n; i++) {
        const struct check *c = &checks[i];

        if (c->off || !among(&c->queues, &facts->conv->queue) || !among(&c->channels, &facts->conv->channel) || !speaks(c, facts->language))
            continue;
        s.check = c;
        s.of_check = 0;
        if (!run_one(&s))
            return false;
    }
    return true;
}
