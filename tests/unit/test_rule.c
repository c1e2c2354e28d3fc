#include "tests/unit/unit.h"

#include "core/arena.h"
#include "core/rule.h"

#define NOW 1763740800000

static const struct message visitor_first = { .seq = 1, .from = { .role = ROLE_VISITOR } };
static const struct message visitor_later = { .seq = 5, .from = { .role = ROLE_VISITOR } };
static const struct message agent_says = { .seq = 6, .from = { .role = ROLE_AGENT } };
static const struct message joined = { .seq = 2, .kind = MESSAGE_EVENT, .event = "joined", .from = { .role = ROLE_SYSTEM } };
static const struct message returned = { .seq = 8, .kind = MESSAGE_EVENT, .event = "returned", .from = { .role = ROLE_SYSTEM } };
static const struct message closed = { .seq = 9, .kind = MESSAGE_EVENT, .event = "closed", .from = { .role = ROLE_SYSTEM } };

static const struct message transferred = { .seq = 7, .kind = MESSAGE_EVENT, .event = "transferred", .from = { .role = ROLE_SYSTEM } };
static const struct message came_back = { .seq = 11, .at = NOW - 10000, .from = { .role = ROLE_VISITOR } };

/* One rule alone, with what it may know: does it fire, and for what cause? */
struct row {
    const char *what;
    struct rule rule;
    struct conv conv;
    struct rule_facts facts;
    const char *cause; /* NULL: it does not fire */
};

static void check(const struct row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct rule_facts f = rows[i].facts;
        struct rule_firing firing[2];
        size_t fired;

        f.conv = &rows[i].conv;
        f.now_ms = NOW;
        fired = rule_match(&rows[i].rule, 1, &f, firing, 2);
        if (fired && firing[0].verdict == RULE_HELD)
            fired = 0;
        row_int_equal(rows[i].what, fired, rows[i].cause != NULL);
        if (fired)
            row_string_equal(rows[i].what, firing[0].cause, rows[i].cause);
    }
}

#define RULE(e, ...)                                                                              \
    {                                                                                             \
        .key = KEY("r"), .event = (e), .often = RULE_ONCE_CAUSE, .actions = RULE_SAY, __VA_ARGS__ \
    }
#define CONV(s, ...)                                                                                                   \
    {                                                                                                                  \
        .state = (s), .arrived_at = NOW - 10000, .queue = KEY("sales"), .channel = KEY("web"), .epoch = 3, __VA_ARGS__ \
    }
#define FACTS(m, ...)                                                    \
    {                                                                    \
        .message = (m), .staffed = true, .open_hours = true, __VA_ARGS__ \
    }

static void greets_the_first_word_of_a_visitor(void **state)
{
    static const struct row rows[] = {
        { "first", RULE(RULE_OPENED, .often = RULE_ONCE_CONVERSATION), CONV(CONV_WAITING), FACTS(&visitor_first), "" },
        { "later", RULE(RULE_OPENED), CONV(CONV_WAITING), FACTS(&visitor_later), NULL },
        { "nothing said", RULE(RULE_OPENED), CONV(CONV_WAITING), FACTS(NULL), NULL },
        { "assigned already, nobody has spoken", RULE(RULE_OPENED), CONV(CONV_SERVED), FACTS(&visitor_first), "seq:1" },
        { "an agent was faster", RULE(RULE_OPENED), CONV(CONV_SERVED, .staff_at = NOW), FACTS(&visitor_first), NULL },
        { "closed meanwhile", RULE(RULE_OPENED), CONV(CONV_CLOSED), FACTS(&visitor_first), NULL },
        { "a machine writes", RULE(RULE_OPENED), CONV(CONV_WAITING), FACTS(&visitor_first, .automatic = "marked"), NULL },
    };

    (void)state;
    check(rows, COUNT(rows));
}

static void tells_who_waits_to_the_millisecond(void **state)
{
    static const struct row rows[] = {
        { "at it", RULE(RULE_WAITING, .after_ms = 10000), CONV(CONV_WAITING), FACTS(NULL), "wait:1763740790000" },
        { "a millisecond before", RULE(RULE_WAITING, .after_ms = 10001), CONV(CONV_WAITING), FACTS(NULL), NULL },
        { "while it is offered", RULE(RULE_WAITING, .after_ms = 10000), CONV(CONV_OFFERED), FACTS(NULL), "wait:1763740790000" },
        { "when the visitor writes", RULE(RULE_WAITING, .after_ms = 10000), CONV(CONV_WAITING), FACTS(&visitor_later),
          "wait:1763740790000" },
        { "not when served", RULE(RULE_WAITING, .after_ms = 10000, .mid_talk = true), CONV(CONV_SERVED), FACTS(NULL), NULL },
        { "not when parked", RULE(RULE_WAITING, .after_ms = 10000), CONV(CONV_PARKED), FACTS(NULL), NULL },
    };

    (void)state;
    check(rows, COUNT(rows));
}

static void says_so_when_nobody_is_there_in_business_hours(void **state)
{
    static const struct row rows[] = {
        { "waits", RULE(RULE_NOBODY), CONV(CONV_WAITING), FACTS(NULL, .staffed = false), "wait:1763740790000" },
        { "writes", RULE(RULE_NOBODY), CONV(CONV_WAITING), FACTS(&visitor_first, .staffed = false), "wait:1763740790000" },
        { "parked, writes again", RULE(RULE_NOBODY), CONV(CONV_PARKED), FACTS(&visitor_later, .staffed = false), "wait:1763740790000" },
        { "parked, silent", RULE(RULE_NOBODY), CONV(CONV_PARKED), FACTS(NULL, .staffed = false), NULL },
        { "parked, our own words", RULE(RULE_NOBODY), CONV(CONV_PARKED), FACTS(&returned, .staffed = false), NULL },
        { "somebody is there", RULE(RULE_NOBODY), CONV(CONV_WAITING), FACTS(&visitor_first), NULL },
        { "outside hours", RULE(RULE_NOBODY), CONV(CONV_WAITING), FACTS(&visitor_first, .staffed = false, .open_hours = false), NULL },
        { "served", RULE(RULE_NOBODY, .mid_talk = true), CONV(CONV_SERVED), FACTS(&visitor_later, .staffed = false), NULL },
    };

    (void)state;
    check(rows, COUNT(rows));
}

static void says_so_outside_business_hours(void **state)
{
    static const struct row rows[] = {
        { "writes", RULE(RULE_OUTSIDE), CONV(CONV_WAITING), FACTS(&visitor_first, .open_hours = false), "wait:1763740790000" },
        { "in hours", RULE(RULE_OUTSIDE), CONV(CONV_WAITING), FACTS(&visitor_first), NULL },
        { "parked, writes", RULE(RULE_OUTSIDE), CONV(CONV_PARKED), FACTS(&visitor_later, .open_hours = false), "wait:1763740790000" },
        { "found waiting, nobody left", RULE(RULE_OUTSIDE), CONV(CONV_WAITING), FACTS(NULL, .open_hours = false, .staffed = false),
          "wait:1763740790000" },
        { "found waiting, somebody stayed", RULE(RULE_OUTSIDE), CONV(CONV_WAITING), FACTS(NULL, .open_hours = false), NULL },
        { "mid-talk", RULE(RULE_OUTSIDE), CONV(CONV_SERVED), FACTS(&visitor_later, .open_hours = false), NULL },
        { "mid-talk, if it is to", RULE(RULE_OUTSIDE, .mid_talk = true), CONV(CONV_SERVED), FACTS(&visitor_later, .open_hours = false),
          "wait:1763740790000" },
    };

    (void)state;
    check(rows, COUNT(rows));
}

static void tells_the_visitors_of_an_agent_who_goes_away(void **state)
{
    static const struct row rows[] = {
        { "away", RULE(RULE_AWAY, .mid_talk = true), CONV(CONV_SERVED), FACTS(NULL, .agent_away = true, .agent_away_since = NOW - 5),
          "away:1763740799995" },
        { "not mid-talk", RULE(RULE_AWAY), CONV(CONV_SERVED), FACTS(NULL, .agent_away = true), NULL },
        { "there", RULE(RULE_AWAY, .mid_talk = true), CONV(CONV_SERVED), FACTS(NULL), NULL },
        { "waiting", RULE(RULE_AWAY, .mid_talk = true), CONV(CONV_WAITING), FACTS(NULL, .agent_away = true), NULL },
    };

    (void)state;
    check(rows, COUNT(rows));
}

static void listens_to_what_the_system_writes_down(void **state)
{
    static const struct row rows[] = {
        { "joined", RULE(RULE_ASSIGNED, .mid_talk = true), CONV(CONV_SERVED), FACTS(&joined), "seq:2" },
        { "joined, other event", RULE(RULE_ASSIGNED, .mid_talk = true), CONV(CONV_SERVED), FACTS(&returned), NULL },
        { "returned", RULE(RULE_RETURNED), CONV(CONV_WAITING), FACTS(&returned), "seq:8" },
        { "returned, but taken again", RULE(RULE_RETURNED), CONV(CONV_SERVED), FACTS(&returned), NULL },
        { "closed", RULE(RULE_CLOSED), CONV(CONV_CLOSED), FACTS(&closed), "seq:9" },
        { "transferred", RULE(RULE_TRANSFERRED), CONV(CONV_WAITING), FACTS(&transferred), "seq:7" },
        { "came back", RULE(RULE_REOPENED), CONV(CONV_WAITING, .reopened = 1), FACTS(&came_back), "seq:11" },
        { "came back, and was given to somebody at once", RULE(RULE_REOPENED), CONV(CONV_SERVED, .reopened = 1, .staff_at = NOW - 90000),
          FACTS(&came_back), "seq:11" },
        { "came back, and somebody has spoken", RULE(RULE_REOPENED), CONV(CONV_SERVED, .reopened = 1, .staff_at = NOW), FACTS(&came_back),
          NULL },
        { "came back, a later word", RULE(RULE_REOPENED), CONV(CONV_WAITING, .reopened = 1), FACTS(&visitor_later), NULL },
        { "a first word is no return", RULE(RULE_REOPENED), CONV(CONV_WAITING), FACTS(&came_back), NULL },
        { "rated", RULE(RULE_RATED), CONV(CONV_CLOSED, .rating = 4), FACTS(NULL), "rated:4" },
        { "not rated", RULE(RULE_RATED), CONV(CONV_CLOSED), FACTS(NULL), NULL },
        { "closed, by another word", RULE(RULE_CLOSED), CONV(CONV_CLOSED), FACTS(&visitor_later), NULL },
        { "a message", RULE(RULE_MESSAGE), CONV(CONV_WAITING), FACTS(&visitor_later), "seq:5" },
        { "a message to a bot", RULE(RULE_MESSAGE), CONV(CONV_BOT), FACTS(&visitor_later), NULL },
        { "a message to a bot, mid-talk", RULE(RULE_MESSAGE, .mid_talk = true), CONV(CONV_BOT), FACTS(&visitor_later), "seq:5" },
        { "a first message to a bot", RULE(RULE_OPENED), CONV(CONV_BOT), FACTS(&visitor_first), "seq:1" },
        { "a message of the agent", RULE(RULE_MESSAGE, .mid_talk = true), CONV(CONV_SERVED), FACTS(&agent_says), NULL },
        { "a message mid-talk", RULE(RULE_MESSAGE), CONV(CONV_SERVED), FACTS(&visitor_later), NULL },
    };

    (void)state;
    check(rows, COUNT(rows));
}

static void notices_silence_on_either_side(void **state)
{
    static const struct row rows[] = {
        { "agent, at it", RULE(RULE_SILENT_AGENT, .after_ms = 60000, .mid_talk = true),
          CONV(CONV_SERVED, .visitor_at = NOW - 60000, .served_at = 5), FACTS(NULL), "quiet:1763740740000" },
        { "agent, before", RULE(RULE_SILENT_AGENT, .after_ms = 60000, .mid_talk = true), CONV(CONV_SERVED, .visitor_at = NOW - 59999),
          FACTS(NULL), NULL },
        { "agent, took it later", RULE(RULE_SILENT_AGENT, .after_ms = 60000, .mid_talk = true),
          CONV(CONV_SERVED, .visitor_at = NOW - 90000, .served_at = NOW - 59999), FACTS(NULL), NULL },
        { "agent has answered", RULE(RULE_SILENT_AGENT, .after_ms = 60000, .mid_talk = true),
          CONV(CONV_SERVED, .visitor_at = NOW - 60000, .staff_at = NOW - 60000), FACTS(NULL), NULL },
        { "visitor, at it", RULE(RULE_SILENT_VISITOR, .after_ms = 60000, .mid_talk = true), CONV(CONV_SERVED, .staff_at = NOW - 60000),
          FACTS(NULL), "quiet:1763740740000" },
        { "visitor has answered", RULE(RULE_SILENT_VISITOR, .after_ms = 60000, .mid_talk = true),
          CONV(CONV_SERVED, .staff_at = NOW - 60000, .visitor_at = NOW - 60000), FACTS(NULL), NULL },
        { "waits", RULE(RULE_SILENT_AGENT, .after_ms = 0, .mid_talk = true), CONV(CONV_WAITING, .visitor_at = NOW), FACTS(NULL), NULL },
    };

    (void)state;
    check(rows, COUNT(rows));
}

static void a_rule_keeps_to_its_queue_and_channel(void **state)
{
    static const struct row rows[] = {
        { "its queue", RULE(RULE_MESSAGE, .queue = KEY("sales")), CONV(CONV_WAITING), FACTS(&visitor_later), "seq:5" },
        { "another queue", RULE(RULE_MESSAGE, .queue = KEY("repair")), CONV(CONV_WAITING), FACTS(&visitor_later), NULL },
        { "its channel", RULE(RULE_MESSAGE, .channel = KEY("web")), CONV(CONV_WAITING), FACTS(&visitor_later), "seq:5" },
        { "another channel", RULE(RULE_MESSAGE, .channel = KEY("api")), CONV(CONV_WAITING), FACTS(&visitor_later), NULL },
        { "off", RULE(RULE_MESSAGE, .off = true), CONV(CONV_WAITING), FACTS(&visitor_later), NULL },
    };

    (void)state;
    check(rows, COUNT(rows));
}

static void fires_in_the_order_of_the_rules_as_far_as_there_is_room(void **state)
{
    static const struct rule rules[] = { RULE(RULE_MESSAGE), RULE(RULE_OPENED), RULE(RULE_NOBODY), RULE(RULE_WAITING) };
    static const struct conv c = CONV(CONV_WAITING);
    struct rule_facts f = FACTS(&visitor_first, .staffed = false, .conv = &c, .now_ms = NOW);
    struct rule_firing firing[4];

    (void)state;
    assert_int_equal(rule_match(rules, 4, &f, firing, 4), 4);
    for (int i = 0; i < 4; i++)
        assert_ptr_equal(firing[i].rule, &rules[i]);
    assert_int_equal(rule_match(rules, 4, &f, firing, 2), 2);
}

static void says_when_it_wants_to_look_again(void **state)
{
    static const struct rule rules[] = {
        RULE(RULE_WAITING, .after_ms = 10001),
        RULE(RULE_WAITING, .after_ms = 60000),
        RULE(RULE_WAITING, .after_ms = 20000, .off = true),
        RULE(RULE_WAITING, .after_ms = 20000, .queue = KEY("repair")),
        RULE(RULE_SILENT_AGENT, .after_ms = 60000, .mid_talk = true),
        RULE(RULE_SILENT_VISITOR, .after_ms = 90000, .mid_talk = true),
        RULE(RULE_AWAY),
    };
    static const struct {
        const char *what;
        struct conv conv;
        int64_t now, due;
    } rows[] = {
        { "the nearest", CONV(CONV_WAITING), NOW, NOW + 1 },
        { "not what is past", CONV(CONV_WAITING), NOW + 1, NOW + 50000 },
        { "nothing left", CONV(CONV_WAITING), NOW + 50000, 0 },
        { "the visitor waits for a word", CONV(CONV_SERVED, .visitor_at = NOW), NOW, NOW + 60000 },
        { "the agent waits for a word", CONV(CONV_SERVED, .visitor_at = NOW - 5, .staff_at = NOW), NOW, NOW + 90000 },
        { "parked", CONV(CONV_PARKED), NOW, 0 },
        { "closed", CONV(CONV_CLOSED), NOW, 0 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct rule_facts f = { .conv = &rows[i].conv, .now_ms = rows[i].now };

        row_int_equal(rows[i].what, rule_next_due(rules, COUNT(rules), &f), rows[i].due);
    }
}

#define IN(s) (1U << (s))

static void knows_where_nobody_listens(void **state)
{
    enum {
        ALL = 63,
        B = IN(CONV_BOT),
        W = IN(CONV_WAITING),
        O = IN(CONV_OFFERED),
        S = IN(CONV_SERVED),
        P = IN(CONV_PARKED),
        C = IN(CONV_CLOSED)
    };
    static const struct {
        const char *what;
        struct rule rule;
        unsigned visitor, agent, system; /* states in which it is heard */
    } rows[] = {
        { "opened", RULE(RULE_OPENED), B | W | O | P, 0, 0 },
        { "message", RULE(RULE_MESSAGE), ALL & ~S, 0, 0 },
        { "message, mid-talk", RULE(RULE_MESSAGE, .mid_talk = true), ALL, 0, 0 },
        { "waiting", RULE(RULE_WAITING), W | O, 0, W | O },
        { "nobody", RULE(RULE_NOBODY), W | P, 0, W },
        { "outside", RULE(RULE_OUTSIDE), W | P, 0, W },
        { "away", RULE(RULE_AWAY, .mid_talk = true), 0, 0, 0 },
        { "assigned", RULE(RULE_ASSIGNED, .mid_talk = true), 0, 0, S },
        { "returned", RULE(RULE_RETURNED), 0, 0, W },
        { "closed", RULE(RULE_CLOSED), 0, 0, C },
        { "silent agent", RULE(RULE_SILENT_AGENT, .mid_talk = true), 0, 0, S },
        { "silent visitor", RULE(RULE_SILENT_VISITOR, .mid_talk = true), 0, 0, 0 },
        { "transferred", RULE(RULE_TRANSFERRED), 0, 0, W | O },
        { "reopened", RULE(RULE_REOPENED), B | W | O | P, 0, 0 },
        { "words", RULE(RULE_MESSAGE, .mid_talk = true, .when = { .n_keywords = 1 }), 0, 0, 0 },
        { "off", RULE(RULE_MESSAGE, .off = true), 0, 0, 0 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        row_int_equal(rows[i].what, rule_deaf_states(&rows[i].rule, 1, ROLE_VISITOR), ALL & ~rows[i].visitor);
        row_int_equal(rows[i].what, rule_deaf_states(&rows[i].rule, 1, ROLE_AGENT), ALL & ~rows[i].agent);
        row_int_equal(rows[i].what, rule_deaf_states(&rows[i].rule, 1, ROLE_SYSTEM), ALL & ~rows[i].system);
        row_int_equal(rows[i].what, rule_deaf_states(&rows[i].rule, 1, ROLE_BOT), ALL);
    }
    assert_int_equal(rule_deaf_states(NULL, 0, ROLE_VISITOR), ALL);
}

/* ---- what fired before ---- */

#define FIRED(key, why, ago)                                 \
    {                                                        \
        .rule = KEY(key), .cause = (why), .at = NOW - (ago), \
    }

/* One rule, what has fired before, and what comes of it now: "" nothing, "-…" held back. */
/* A rule that is silent where another one has the word. */
static void steps_back_where_the_words_of_another_rule_are_said(void **state)
{
    static const char *const words[] = { "人工", "\"a human\"" }, *const ids[] = { "human" };
    const struct rule rules[] = {
        { .key = KEY("other"), .event = RULE_MESSAGE, .when = { .keywords = words, .n_keywords = 2, .choices = ids, .n_choices = 1 } },
        { .key = KEY("mine"), .event = RULE_MESSAGE, .actions = RULE_SAY, .wording = "x", .unless = KEY("other") },
    };
    static const struct {
        const char *text, *choice, *said; /* said: nothing is being said, this was the last */
        bool outdone;
    } rows[] = {
        { "转人工", NULL, NULL, true },    { "你好", NULL, NULL, false },     { "Talk to a human", NULL, NULL, true },
        { "label", "human", NULL, true },  { "label", "other", NULL, false }, { NULL, NULL, "我要人工", true },
        { NULL, NULL, "我要退款", false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct message m = { .from = { .role = ROLE_VISITOR }, .text = rows[i].text ? slice_of(rows[i].text) : SLICE("") };
        struct rule_facts f = { .message = rows[i].text ? &m : NULL, .choice = rows[i].choice };
        struct rule off[2] = { rules[0], rules[1] };

        if (rows[i].said) {
            f.said[0] = slice_of(rows[i].said);
            f.n_said = 1;
        }
        row_int_equal(rows[i].said ? rows[i].said : rows[i].text, rule_outdone(rules, 2, &rules[1], &f), rows[i].outdone);
        off[0].off = true;
        assert_false(rule_outdone(off, 2, &off[1], &f));
        assert_false(rule_outdone(rules, 2, &rules[0], &f));
    }
}

static void remembers_what_fired_before(void **state)
{
    static const struct {
        const char *what;
        struct rule rule;
        struct conv conv;
        struct rule_facts facts;
        struct rule_fired fired[2];
        const char *cause;
    } rows[] = {
        { "once per conversation",
          RULE(RULE_MESSAGE, .often = RULE_ONCE_CONVERSATION),
          CONV(CONV_WAITING),
          FACTS(&visitor_later),
          { FIRED("r", "", 5) },
          NULL },
        { "per visitor, in another conversation",
          RULE(RULE_MESSAGE, .often = RULE_ONCE_VISITOR),
          CONV(CONV_WAITING),
          FACTS(&visitor_later),
          { { KEY("r"), "visitor", 5, true } },
          NULL },
        { "per day: the day before",
          RULE(RULE_MESSAGE, .often = RULE_ONCE_DAY),
          CONV(CONV_WAITING),
          FACTS(&visitor_later, .wall_ms = NOW),
          { { KEY("r"), "day:20412", 5, true } },
          "day:20413" },
        { "per day: today",
          RULE(RULE_MESSAGE, .often = RULE_ONCE_DAY),
          CONV(CONV_WAITING),
          FACTS(&visitor_later, .wall_ms = NOW),
          { { KEY("r"), "day:20413", 5, true } },
          NULL },
        { "another rule's",
          RULE(RULE_MESSAGE, .often = RULE_ONCE_CONVERSATION),
          CONV(CONV_WAITING),
          FACTS(&visitor_later),
          { FIRED("other", "", 5) },
          "" },
        { "the same message", RULE(RULE_MESSAGE), CONV(CONV_WAITING), FACTS(&visitor_later), { FIRED("r", "seq:5", 5) }, NULL },
        { "cools down",
          RULE(RULE_MESSAGE, .cooldown_ms = 60000),
          CONV(CONV_WAITING),
          FACTS(&visitor_later),
          { FIRED("r", "seq:3", 59999) },
          "-cooldown:1763740740001" },
        { "that was written down",
          RULE(RULE_MESSAGE, .cooldown_ms = 60000),
          CONV(CONV_WAITING),
          FACTS(&visitor_later),
          { FIRED("r", "seq:3", 59999), FIRED("r", "-cooldown:1763740740001", 9) },
          NULL },
        { "has cooled down",
          RULE(RULE_MESSAGE, .cooldown_ms = 60000),
          CONV(CONV_WAITING),
          FACTS(&visitor_later),
          { FIRED("r", "seq:3", 60000) },
          "seq:5" },
        { "mid-talk", RULE(RULE_MESSAGE), CONV(CONV_SERVED), FACTS(&visitor_later), { { .cause = "" } }, "-mid_talk" },
        { "mid-talk, once", RULE(RULE_MESSAGE), CONV(CONV_SERVED), FACTS(&visitor_later), { FIRED("r", "-mid_talk", 9) }, NULL },
        { "a machine",
          RULE(RULE_MESSAGE),
          CONV(CONV_WAITING),
          FACTS(&visitor_later, .automatic = "echo"),
          { { .cause = "" } },
          "-automatic" },
        { "a machine, once",
          RULE(RULE_MESSAGE),
          CONV(CONV_WAITING),
          FACTS(&visitor_later, .automatic = "echo"),
          { FIRED("r", "-automatic", 9) },
          NULL },
        { "a machine waits",
          RULE(RULE_WAITING),
          CONV(CONV_WAITING),
          FACTS(NULL, .automatic = "marked"),
          { { .cause = "" } },
          "-automatic" },
        { "away, told so; another reason since",
          RULE(RULE_AWAY, .mid_talk = true),
          CONV(CONV_SERVED, .served_at = NOW - 90),
          FACTS(NULL, .agent_away = true, .agent_away_since = NOW - 5),
          { FIRED("r", "away:1763740799920", 80) },
          NULL },
        { "away again, after the agent was back",
          RULE(RULE_AWAY, .mid_talk = true),
          CONV(CONV_SERVED, .served_at = NOW - 90),
          FACTS(NULL, .agent_away = true, .agent_away_since = NOW - 5),
          { FIRED("r", "away:1763740799920", 80), FIRED("b", "back:1763740799920", 40) },
          "away:1763740799995" },
        { "away again, after the agent wrote",
          RULE(RULE_AWAY, .mid_talk = true),
          CONV(CONV_SERVED, .served_at = NOW - 90, .staff_at = NOW - 40),
          FACTS(NULL, .agent_away = true, .agent_away_since = NOW - 5),
          { FIRED("r", "away:1763740799920", 80) },
          "away:1763740799995" },
        { "away, another rule has just said so",
          RULE(RULE_AWAY, .mid_talk = true),
          CONV(CONV_SERVED, .served_at = NOW - 90),
          FACTS(NULL, .agent_away = true, .agent_away_since = NOW - 5),
          { FIRED("other", "away:1763740799995", 0) },
          "away:1763740799995" },
        { "away, as the visitor was told of the agent before",
          RULE(RULE_AWAY, .mid_talk = true),
          CONV(CONV_SERVED, .served_at = NOW - 60),
          FACTS(NULL, .agent_away = true, .agent_away_since = NOW - 5),
          { FIRED("r", "away:1763740799920", 80) },
          "away:1763740799995" },
        { "back",
          RULE(RULE_BACK, .mid_talk = true),
          CONV(CONV_SERVED, .served_at = NOW - 90),
          FACTS(NULL),
          { FIRED("away", "away:77", 90) },
          "back:77" },
        { "back, told already",
          RULE(RULE_BACK, .mid_talk = true),
          CONV(CONV_SERVED),
          FACTS(NULL),
          { FIRED("away", "away:77", 90), FIRED("r", "back:77", 9) },
          NULL },
        { "still away",
          RULE(RULE_BACK, .mid_talk = true),
          CONV(CONV_SERVED),
          FACTS(NULL, .agent_away = true),
          { FIRED("away", "away:77", 90) },
          NULL },
        { "another agent was away",
          RULE(RULE_BACK, .mid_talk = true),
          CONV(CONV_SERVED, .served_at = NOW - 89),
          FACTS(NULL),
          { FIRED("away", "away:77", 90) },
          NULL },
        { "due",
          RULE(RULE_DUE, .of = KEY("a"), .after_ms = 60),
          CONV(CONV_WAITING),
          FACTS(NULL),
          { FIRED("a", "seq:1", 60) },
          "due:1763740799940" },
        { "not due yet",
          RULE(RULE_DUE, .of = KEY("a"), .after_ms = 61),
          CONV(CONV_WAITING),
          FACTS(NULL),
          { FIRED("a", "seq:1", 60) },
          NULL },
        { "the visitor wrote since",
          RULE(RULE_DUE, .of = KEY("a"), .after_ms = 60),
          CONV(CONV_WAITING, .visitor_at = NOW - 59),
          FACTS(NULL),
          { FIRED("a", "seq:1", 60) },
          NULL },
        { "what was held did not fire",
          RULE(RULE_DUE, .of = KEY("a"), .after_ms = 60),
          CONV(CONV_WAITING),
          FACTS(NULL),
          { FIRED("a", "-mid_talk", 60) },
          NULL },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct rule_facts f = rows[i].facts;
        struct rule_firing firing[2];
        size_t n;

        f.conv = &rows[i].conv;
        f.now_ms = NOW;
        f.fired = rows[i].fired;
        f.n_fired = rows[i].fired[1].at ? 2 : 1;
        n = rule_match(&rows[i].rule, 1, &f, firing, 2);
        row_int_equal(rows[i].what, n, rows[i].cause != NULL);
        if (!n)
            continue;
        row_string_equal(rows[i].what, firing[0].cause, rows[i].cause);
        row_int_equal(rows[i].what, firing[0].verdict, rows[i].cause[0] == '-' ? RULE_HELD : RULE_FIRES);
    }
}

static void says_it_again_while_it_goes_on(void **state)
{
    static const struct rule rule = RULE(RULE_WAITING, .after_ms = 60000, .every_ms = 30000, .times = 3);
    static const struct {
        int64_t waited;
        const char *cause;
        int64_t due; /* after the arrival; 0 never */
    } rows[] = {
        { 0, NULL, 60000 },
        { 59999, NULL, 60000 },
        { 60000, "wait:1000", 90000 },
        { 89999, "wait:1000", 90000 },
        { 90000, "wait:1000.2", 120000 },
        { 120000, "wait:1000.3", 0 },
        { 900000, "wait:1000.3", 0 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct conv c = { .state = CONV_WAITING, .arrived_at = 1000 };
        const struct rule_facts f = { .conv = &c, .now_ms = 1000 + rows[i].waited };
        struct rule_firing firing;
        size_t n = rule_match(&rule, 1, &f, &firing, 1);

        assert_int_equal(n, rows[i].cause != NULL);
        if (n)
            assert_string_equal(firing.cause, rows[i].cause);
        assert_int_equal(rule_next_due(&rule, 1, &f), rows[i].due ? 1000 + rows[i].due : 0);
    }
}

/* Asked after a silence of the visitor; closed a minute later unless somebody writes. */
static void closes_after_its_notice_unless_somebody_writes(void **state)
{
    static const struct rule rules[] = {
        RULE(RULE_SILENT_VISITOR, .after_ms = 180000, .mid_talk = true, .actions = RULE_SAY | RULE_CLOSE, .notice_ms = 60000),
        { .key = KEY("soon"), .event = RULE_CLOSING, .after_ms = 20000, .often = RULE_ONCE_CAUSE, .mid_talk = true, .actions = RULE_SAY },
    };
    static const struct rule_fired asked[] = { FIRED("r", "quiet:1763740500000", 60000) };
    static const struct {
        const char *what;
        struct conv conv;
        int64_t now;
        const char *causes[2];
        int64_t due;
    } rows[] = {
        { "before", CONV(CONV_SERVED, .staff_at = NOW - 300000), NOW - 40001, { NULL }, NOW - 40000 },
        { "reminds", CONV(CONV_SERVED, .staff_at = NOW - 300000), NOW - 40000, { "closing:1763740740000" }, NOW },
        { "closes", CONV(CONV_SERVED, .staff_at = NOW - 300000), NOW, { "close:1763740740000", "closing:1763740740000" }, 0 },
        { "the visitor wrote", CONV(CONV_SERVED, .staff_at = NOW - 300000, .visitor_at = NOW - 59999), NOW, { NULL }, 0 },
        { "the agent wrote", CONV(CONV_SERVED, .staff_at = NOW - 59999), NOW, { NULL }, NOW - 59999 + 180000 },
        { "somebody else took it", CONV(CONV_SERVED, .staff_at = NOW - 300000, .served_at = NOW - 1), NOW, { NULL }, 0 },
        { "it is closed", CONV(CONV_CLOSED, .staff_at = NOW - 300000), NOW, { NULL }, 0 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct conv c = rows[i].conv;
        struct rule_facts f = { .conv = &c, .now_ms = rows[i].now, .fired = asked, .n_fired = 1, .staffed = true, .open_hours = true };
        struct rule_firing firing[4];
        size_t n;

        c.arrived_at = NOW - 400000;
        n = rule_match(rules, 2, &f, firing, 4);
        for (size_t k = 0; k < 2; k++)
            row_string_equal(rows[i].what, k < n ? firing[k].cause : "-", rows[i].causes[k] ? rows[i].causes[k] : "-");
        if (n)
            row_int_equal(rows[i].what, firing[0].verdict, strncmp(firing[0].cause, "close:", 6) == 0 ? RULE_CLOSES : RULE_FIRES);
        row_int_equal(rows[i].what, rule_next_due(rules, 2, &f) - NOW, rows[i].due ? rows[i].due - NOW : -NOW);
    }
}

static void who_is_told_that_a_message_is_taken_is_not_asked_to_wait(void **state)
{
    static const struct rule rules[] = { RULE(RULE_NOBODY, .actions = RULE_SAY | RULE_PARK), RULE(RULE_WAITING, .after_ms = 10000) };
    const struct conv conv = CONV(CONV_WAITING);
    struct rule_facts f = { .conv = &conv, .now_ms = NOW, .open_hours = true, .message = &returned };
    struct rule_firing ret[2];

    (void)state;
    assert_int_equal(rule_match(rules, 2, &f, ret, 2), 1);
    assert_int_equal(ret[0].rule->event, RULE_NOBODY);
    f.message = NULL; /* the same look goes on */
    f.staffed = true;
    assert_int_equal(rule_match(rules, 2, &f, ret, 2), 1);
    assert_int_equal(ret[0].rule->event, RULE_WAITING);
    f.put_off = true;
    assert_int_equal(rule_match(rules, 2, &f, ret, 2), 0);
}

static void falls_silent_where_it_would_talk_for_ever(void **state)
{
    static const struct rule rule = RULE(RULE_MESSAGE);
    struct rule_fired fired[RULE_BUSY_MAX];
    struct conv c = CONV(CONV_WAITING);
    struct rule_facts f = FACTS(&visitor_later, .conv = &c, .now_ms = NOW, .fired = fired, .n_fired = RULE_BUSY_MAX);
    struct rule_firing firing;

    (void)state;
    for (int i = 0; i < RULE_BUSY_MAX; i++)
        fired[i] = (struct rule_fired){ KEY("r"), "seq:1", NOW - RULE_BUSY_MS + 1, false };
    assert_int_equal(rule_match(&rule, 1, &f, &firing, 1), 1);
    assert_int_equal(firing.verdict, RULE_HELD);
    fired[0].at--; /* long ago */
    assert_int_equal(rule_match(&rule, 1, &f, &firing, 1), 1);
    assert_int_equal(firing.verdict, RULE_FIRES);
    fired[0].at++;
    c.staff_at = NOW - RULE_BUSY_MS + 1; /* a person has answered since */
    assert_int_equal(rule_match(&rule, 1, &f, &firing, 1), 1);
    assert_int_equal(firing.verdict, RULE_FIRES);
}

static void knows_what_has_to_be_read_first(void **state)
{
    static const struct {
        struct rule rule;
        unsigned needs;
    } rows[] = {
        { RULE(RULE_MESSAGE), 0 },
        { RULE(RULE_MESSAGE, .often = RULE_ONCE_VISITOR), RULE_NEED_FIRED },
        { RULE(RULE_MESSAGE, .often = RULE_ONCE_DAY), RULE_NEED_FIRED },
        { RULE(RULE_MESSAGE, .when = { .n_facts = 1 }), RULE_NEED_PROFILE },
        { RULE(RULE_MESSAGE, .when = { .position_max = 1 }), RULE_NEED_POSITION },
        { RULE(RULE_WAITING), RULE_NEED_POSITION },
        { RULE(RULE_WAITING, .off = true), 0 },
        { RULE(RULE_NOBODY), RULE_NEED_LEAVING },
        { RULE(RULE_OUTSIDE), RULE_NEED_LEAVING },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_int_equal(rule_needs(&rows[i].rule, 1), rows[i].needs);
}

static void counts_messages_no_further_than_a_rule_asks(void **state)
{
    const struct rule rules[] = { RULE(RULE_MESSAGE), RULE(RULE_MESSAGE, .when = { .messages_min = 3 }),
                                  RULE(RULE_MESSAGE, .when = { .messages_min = 1, .messages_max = 5 }),
                                  RULE(RULE_MESSAGE, .off = true, .when = { .messages_min = 100 }) };

    (void)state;
    assert_int_equal(rule_counts_to(rules, 1), 0);
    assert_int_equal(rule_counts_to(rules, 2), 3);
    assert_int_equal(rule_counts_to(rules, 4), 6);
}

static void waits_for_words_in_every_state(void **state)
{
    static const char *const words[] = { "退款" };
    static const struct rule keyword = RULE(RULE_MESSAGE, .when = { .keywords = words, .n_keywords = 1 });
    static const struct rule choice = RULE(RULE_MESSAGE, .when = { .choices = words, .n_choices = 1 });

    (void)state;
    assert_true(rule_words_hit(&keyword, 1, SLICE("我要退款"), false));
    assert_false(rule_words_hit(&keyword, 1, SLICE("退了款"), false));
    assert_false(rule_words_hit(&keyword, 1, SLICE("x"), true));
    assert_true(rule_words_hit(&choice, 1, SLICE("x"), true));
    assert_int_equal(rule_quiet_ms(&(struct rule)RULE(RULE_SILENT_AGENT, .after_ms = 5), 1, ROLE_VISITOR), 5);
    assert_int_equal(rule_quiet_ms(&(struct rule)RULE(RULE_SILENT_AGENT, .after_ms = 5), 1, ROLE_AGENT), 0);
    assert_int_equal(rule_quiet_ms(&(struct rule)RULE(RULE_SILENT_VISITOR, .after_ms = 7), 1, ROLE_AGENT), 7);
}

static void each_event_has_a_word(void **state)
{
    (void)state;
    for (int e = RULE_OPENED; e <= RULE_DUE; e++) {
        enum rule_event back;

        assert_true(rule_event_parse(slice_of(rule_event_name((enum rule_event)e)), &back));
        assert_int_equal(back, e);
    }
    assert_false(rule_event_parse(SLICE("opene"), &(enum rule_event){ 0 }));
    assert_string_equal(rule_event_name((enum rule_event)99), "?");
}

/* ---- answers from articles ---- */

static const struct article articles[] = {
    { .key = KEY("refund"), .published = true, .n_texts = 1, .texts = { { "zh-CN", "怎么退款", "点退款。", NULL, 0 } } },
};

#define ANSWERS(e, ...) RULE(e, .actions = RULE_ANSWER, .threshold = ANSWER_THRESHOLD, __VA_ARGS__)
#define SAYS(words)                                                                      \
    &(const struct message)                                                              \
    {                                                                                    \
        .seq = 5, .from = { .role = ROLE_VISITOR }, .text = { words, sizeof(words) - 1 } \
    }

static void answers_what_an_article_answers_and_nothing_else(void **state)
{
    const struct row rows[] = {
        { "asked", ANSWERS(RULE_MESSAGE), CONV(CONV_WAITING), FACTS(SAYS("我要退款")), "seq:5" },
        { "taken for later", ANSWERS(RULE_MESSAGE), CONV(CONV_PARKED), FACTS(SAYS("我要退款")), "seq:5" },
        { "nothing near", ANSWERS(RULE_MESSAGE), CONV(CONV_WAITING), FACTS(SAYS("你好")), NULL },
        { "not near enough", ANSWERS(RULE_MESSAGE, .threshold = 100), CONV(CONV_WAITING), FACTS(SAYS("退款")), NULL },
        { "picked, not asked", ANSWERS(RULE_MESSAGE), CONV(CONV_WAITING), FACTS(SAYS("怎么退款"), .choice = "kb:refund"), NULL },
        { "into a talk", ANSWERS(RULE_MESSAGE), CONV(CONV_SERVED), FACTS(SAYS("我要退款")), NULL },
        { "into a talk, if it says so", ANSWERS(RULE_MESSAGE, .mid_talk = true), CONV(CONV_SERVED), FACTS(SAYS("退款")), "seq:5" },
        { "an agent's word", ANSWERS(RULE_MESSAGE), CONV(CONV_WAITING), FACTS(&agent_says), NULL },
        { "a machine's", ANSWERS(RULE_MESSAGE), CONV(CONV_WAITING), FACTS(SAYS("退款"), .automatic = "marked"), NULL },
        { "asked before the wait", ANSWERS(RULE_WAITING, .after_ms = 5000), CONV(CONV_WAITING),
          FACTS(NULL, .said = { SLICE("有人吗"), SLICE("退款") }, .n_said = 2), "wait:1763740790000" },
        { "nothing asked", ANSWERS(RULE_WAITING, .after_ms = 5000), CONV(CONV_WAITING), FACTS(NULL), NULL },
        { "once for a wait", ANSWERS(RULE_WAITING, .after_ms = 5000), CONV(CONV_WAITING),
          FACTS(NULL, .said = { SLICE("退款") }, .n_said = 1, .n_fired = 1,
                .fired = (const struct rule_fired[]){ { KEY("r"), "wait:1763740790000", NOW - 1, false } }),
          NULL },
    };
    struct arena *a = arena_new(0);
    struct row with[COUNT(rows)];

    (void)state;
    memcpy(with, rows, sizeof(rows));
    for (size_t i = 0; i < COUNT(rows); i++)
        with[i].facts.answers = answer_index_new(a, articles, 1);
    check(with, COUNT(rows));
    for (size_t i = 0; i < COUNT(rows); i++) {
        with[i].facts.answers = NULL; /* a house without articles */
        with[i].cause = NULL;
    }
    check(with, COUNT(rows));
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(greets_the_first_word_of_a_visitor),
        cmocka_unit_test(tells_who_waits_to_the_millisecond),
        cmocka_unit_test(says_so_when_nobody_is_there_in_business_hours),
        cmocka_unit_test(says_so_outside_business_hours),
        cmocka_unit_test(tells_the_visitors_of_an_agent_who_goes_away),
        cmocka_unit_test(listens_to_what_the_system_writes_down),
        cmocka_unit_test(notices_silence_on_either_side),
        cmocka_unit_test(a_rule_keeps_to_its_queue_and_channel),
        cmocka_unit_test(fires_in_the_order_of_the_rules_as_far_as_there_is_room),
        cmocka_unit_test(says_when_it_wants_to_look_again),
        cmocka_unit_test(knows_where_nobody_listens),
        cmocka_unit_test(steps_back_where_the_words_of_another_rule_are_said),
        cmocka_unit_test(remembers_what_fired_before),
        cmocka_unit_test(says_it_again_while_it_goes_on),
        cmocka_unit_test(closes_after_its_notice_unless_somebody_writes),
        cmocka_unit_test(who_is_told_that_a_message_is_taken_is_not_asked_to_wait),
        cmocka_unit_test(falls_silent_where_it_would_talk_for_ever),
        cmocka_unit_test(knows_what_has_to_be_read_first),
        cmocka_unit_test(counts_messages_no_further_than_a_rule_asks),
        cmocka_unit_test(waits_for_words_in_every_state),
        cmocka_unit_test(each_event_has_a_word),
        cmocka_unit_test(answers_what_an_article_answers_and_nothing_else),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
