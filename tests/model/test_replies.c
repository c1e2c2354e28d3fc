/* The shipped rules, situation by situation: what happens, to the second, and exactly what the visitor is told, in three languages. Under a
 * virtual clock, so that the times are those that are shipped. */
#include "world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
/* cmocka wants the four above first */
#include <cmocka.h>
#include <jansson.h>

#define DAY_AT   1794996000000LL          /* 10:00 on a day that is worked from 9 to 18, UTC */
#define EARLY_AT (DAY_AT - 61 * 60000LL)  /* 8:59 */
#define LATE_AT  (DAY_AT + 479 * 60000LL) /* 17:59 */
#define ANY      '\1'                     /* whatever a template leaves open */

static struct world w;
static json_t *words; /* config/defaults/wordings.json */

/* Steps: a number passes so many seconds; v the visitor writes something, m:TEXT writes that; V closes, R rates, L comes back on a new page.
 * O0 agent 0 comes online, B0 busy, A0 away, F0 offline; G0 loses the network, C0 is back; S0 says something, X0 closes, H01 hands to agent 1,
 * Q0 hands to the queue sales. D: the settings are saved; N: and no rule takes a message where nobody is from then on. K kills the node and
 * starts another one. */
struct row {
    const char *what, *steps, *told;
    int64_t at; /* 0: the middle of the day */
};

/* ---- which wording was it? ---- */

/* Does the text fit, if ANY stands for anything? */
static bool fits(const char *pattern, const char *text)
{
    for (; *pattern; pattern++, text++) {
        if (*pattern == ANY) {
            for (; *text; text++)
                if (fits(pattern + 1, text))
                    return true;
            return fits(pattern + 1, text);
        }
        if (*pattern != *text)
            return false;
    }
    return !*text;
}

/* {name} becomes ANY; a part in [[ ]] stays, or goes. */
static void pattern_of(const char *template, bool keep, char *ret)
{
    bool inside = false;

    for (const char *p = template; *p;) {
        if (strncmp(p, "[[", 2) == 0 || strncmp(p, "]]", 2) == 0) {
            inside = *p == '[';
            p += 2;
        } else if (inside && !keep)
            p++;
        else if (*p == '{') {
            *ret++ = ANY;
            p = strchr(p, '}') + 1;
        } else
            *ret++ = *p++;
    }
    *ret = '\0';
}

static const char *key_of(const char *language, const char *text)
{
    const char *key;
    json_t *value;

    json_object_foreach(json_object_get(words, language), key, value)
    {
        char pattern[1000];

        for (int keep = 0; keep < 2; keep++) {
            pattern_of(json_string_value(value), keep != 0, pattern);
            if (strcmp(key, "article") != 0 && fits(pattern, text))
                return key;
        }
    }
    return text;
}

/* ---- what happens ---- */

static void visitors_sit_down(void)
{
    for (int i = 0; i < 3; i++)
        if (!w.visitors[i].seat.conn)
            visitor_connect(&w, i, 0);
    world_settle(&w);
}

static void everybody_sits_down(void)
{
    for (int i = 0; i < 2; i++)
        if (!w.agents[i].seat.conn)
            agent_connect(&w, i, 0);
    visitors_sit_down();
}

static void was_stored(void *ctx, enum kf_rc rc, const struct news *news, const struct kf_err *why)
{
    (void)news;
    (void)why;
    *(enum kf_rc *)ctx = rc;
}

static void save(const char *kind, const char *key, const char *body)
{
    struct model_node *n = &w.nodes[0];
    const struct kf_key site = { "demo" };
    struct change *c = change_new(&site, w.now);
    struct act_document *doc = &change_act(c, ACT_DOCUMENT)->u.document;
    enum kf_rc rc = KF_AGAIN;

    *doc = (struct act_document){ .version = 1, .body = body };
    (void)snprintf(doc->kind.s, sizeof(doc->kind.s), "%s", kind);
    (void)snprintf(doc->key.s, sizeof(doc->key.s), "%s", key);
    n->ports.commit(n->ports.ctx, c, was_stored, &rc);
    while (w.asked)
        world_settle(&w);
    assert_int_equal(rc, KF_OK);
    desk_changed(n->desk, &site, NULL, NULL);
}

/* Something that none of this has to do with. */
static void save_settings(void)
{
    static int saved;
    char key[16];

    (void)snprintf(key, sizeof(key), "s%d", ++saved);
    save("skill", key, "{\"name\":\"S\"}");
}

static void take_no_messages(void)
{
    save("rule", "nobody", "{\"event\":\"nobody\",\"actions\":[\"say\",\"form\",\"park\"],\"wording\":\"nobody\",\"off\":true}");
}

static void seat_step(const char *s, int visitor)
{
    int agent = s[1] ? s[1] - '0' : 0;

    switch (*s) {
    case 'O':
        agent_presence(&w, agent, PRESENCE_ONLINE);
        break;
    case 'B':
        agent_presence(&w, agent, PRESENCE_BUSY);
        break;
    case 'A':
        agent_presence(&w, agent, PRESENCE_AWAY);
        break;
    case 'F':
        agent_presence(&w, agent, PRESENCE_OFFLINE);
        break;
    case 'G':
        agent_leave(&w, agent);
        break;
    case 'C':
        agent_connect(&w, agent, 0);
        break;
    case 'S':
        agent_say(&w, agent);
        break;
    case 'X':
        agent_close_talk(&w, agent);
        break;
    case 'H':
        agent_hand_to(&w, agent, s[2] - '0');
        break;
    case 'Q':
        agent_transfer(&w, agent, "sales");
        break;
    case 'D':
        save_settings();
        break;
    case 'N':
        take_no_messages();
        break;
    case 'K':
        node_kill(&w, 0);
        node_start(&w, 0);
        everybody_sits_down();
        break;
    case 'M': /* the machine: Redis forgets all, and the agents take their time */
        node_kill(&w, 0);
        redis_flush(&w);
        node_start(&w, 0);
        visitors_sit_down();
        break;
    default:
        fail_msg("step %s of visitor %d", s, visitor);
    }
}

static void pass(int64_t s)
{
    int64_t step = s > 30 ? 1000 : 500;

    for (int64_t t = 0; t < 1000 * s; t += step)
        world_step(&w, step);
}

static void one_step(const char *s, int visitor)
{
    if (*s >= '0' && *s <= '9')
        pass(atoll(s));
    else if (*s == 'v')
        visitor_say(&w, visitor, false);
    else if (*s == 'm')
        visitor_write(&w, visitor, s + 2);
    else if (*s == 'V')
        visitor_close_talk(&w, visitor);
    else if (*s == 'R')
        visitor_rate(&w, visitor, 5);
    else if (*s == 'L')
        visitor_connect(&w, visitor, 0);
    else
        seat_step(s, visitor);
    if (s[strlen(s) - 1] != '!') /* at the same moment as the next one */
        world_settle(&w);
}

static void play(const char *steps, int visitor)
{
    char copy[400], *save, *s;

    (void)snprintf(copy, sizeof(copy), "%s", steps);
    for (s = strtok_r(copy, " ", &save); s; s = strtok_r(NULL, " ", &save))
        one_step(s, visitor);
}

/* All that the system and bots have said to the visitor, as keys; events with a star. */
static void told(const char *language, char *ret, size_t n)
{
    char texts[8000], *save, *line;
    size_t at = 0;

    world_words(&w, texts, sizeof(texts),
                "SELECT CASE WHEN kind = 5 THEN '(' || event || ')' ELSE '' END || replace(text, char(10), ' ') FROM message WHERE role "
                "NOT IN (0, 1) "
                "AND conv IN (SELECT n FROM conversation WHERE locale = '%s') ORDER BY conv, seq",
                language);
    *ret = '\0';
    for (line = strtok_r(texts, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
        at += (size_t)snprintf(ret + at, n - at, "%s%s%s", at ? " " : "", *line == '(' ? "*" : "",
                               key_of(language, *line == '(' ? strchr(line, ')') + 1 : line));
}

static void check(const struct row *r)
{
    static const char *const languages[] = { "zh-CN", "zh-TW", "en" };
    char is[4000];

    for (int i = 0; i < 3; i++) {
        world_open_plan(&w,
                        &(struct world_plan){ .seed = 51, .nodes = 1, .set = "tests/model/replies.json", .from = r->at ? r->at : DAY_AT });
        w.visitors[i].locale = languages[i];
        world_pass(&w, 3000);
        everybody_sits_down();
        play(r->steps, i);
        told(languages[i], is, sizeof(is));
        if (strcmp(is, r->told) != 0)
            fail_msg("%s, in %s: \"%s\", not \"%s\"", r->what, languages[i], is, r->told);
        assert_string_equal(w.wrong, "");
        world_close(&w);
    }
}

static void each_situation_has_exactly_its_replies(void **state)
{
    /* Where the rules and the routing both begin at one moment, either may be first: no row asks which. */
    static const struct row rows[] = {
        { "served at once", "O0 v 1 S0 v S0", "greeting *joined", 0 },
        { "nobody there, then somebody", "v 5 v 30 O0 20", "greeting nobody *joined", 0 },
        { "everybody is busy: told after ten seconds, each minute, and after ten", "B0 v 9 1 50 60 480",
          "greeting wait wait_more wait_more wait_more wait_more wait_more wait_more wait_more wait_more wait_more wait_long", 0 },
        { "just before the ten seconds are over", "B0 v 9 O0 3", "greeting *joined", 0 },
        { "at night", "v 2 v", "greeting outside", EARLY_AT },
        { "a message of the night is served in the morning", "v 2 65 O0 20", "greeting outside *joined", EARLY_AT },
        { "the agent steps away and is back", "O0 v 1 S0 A0 1 v 1 O0 2 S0", "greeting *joined away back", 0 },
        { "the agent is silent", "O0 v 1 S0 1 v 59 2 120 120 120", "greeting *joined silent_agent silent_agent silent_agent", 0 },
        { "the visitor is silent", "O0 v 1 S0 179 1 120 5", "greeting *joined silent_visitor *closed_idle *invite_rating", 0 },
        { "the visitor was silent, and answers", "O0 v 1 S0 180 v 1 S0", "greeting *joined silent_visitor", 0 },
        { "closed by the agent, rated, and back", "O0 v 1 S0 X0 R 30 B0 v 2", "greeting *joined *closed reopened", 0 },
        { "closed by the visitor", "O0 v 1 S0 V 2", "greeting *joined *closed", 0 },
        { "the agent is lost, nobody else is there", "O0 v 1 S0 G0 45", "greeting *joined *returned nobody", 0 },
        { "the agent is lost, another one is busy", "O0 v 1 S0 B1 G0 45", "greeting *joined *returned wait", 0 },
        { "the last one goes while he waits", "B0 v 20 F0 5", "greeting wait nobody", 0 },
        { "and the settings are saved just then", "B0 v 20 D F0 5", "greeting wait nobody", 0 },
        { "off the net for a moment", "O0 v 1 S0 G0 10 C0 30", "greeting *joined", 0 },
        { "handed to a person", "O0 v 1 S0 O1 H01 2 S1 1", "greeting *joined *transferred", 0 },

        { "handed to a queue", "O0 v 1 S0 O1 Q0 5", "greeting *joined *transferred_queue *joined", 0 },
        { "angry, and waits", "B0 m:我要投诉 25", "greeting wait angry", 0 },
        { "asks for a person who is there", "B0 v 2 m:转人工 2 m:人工客服在吗 1", "greeting person_soon", 0 },
        { "asks for a person where nobody is", "v 2 m:转人工 2", "greeting nobody person_later", 0 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        check(&rows[i]);
}

static void and_never_more_than_that(void **state)
{
    static const struct row rows[] = {
        { "mid-talk: words that a rule listens to", "O0 v 1 S0 m:我要投诉 1 m:转人工 1 S0", "greeting *joined", 0 },
        { "mid-talk: the doors close", "O0 v 1 S0 70 v 1 S0 1", "greeting *joined", LATE_AT },
        { "while waiting: the doors close", "B0 v 70", "greeting wait wait_more", LATE_AT },
        { "the same twice at the same moment", "v! v! v! 2", "greeting nobody", 0 },
        { "the same again and again, as a machine writes", "B0 m:我要投诉 1 m:我要投诉 1 m:我要投诉 40", "greeting wait", 0 },
        { "killed between the word and the answer", "v! K 15", "greeting nobody", 0 },
        { "killed again and again", "v K 10 v K 10 K 10", "greeting nobody", 0 },
        { "killed while somebody waits", "B0 v 9 K 10 5 K 60", "greeting wait wait_more", 0 },
        { "the machine starts again, and the agent is there soon after", "B0 v 9 M 20 C0 60", "greeting wait wait_more", 0 },
        { "the machine starts again, and a visitor is there before the agent", "B0 2 M 12 v 12 C0 60", "greeting wait wait_more", 0 },
        { "the machine starts again, and the agent does not come back", "B0 v 2 M 60", "greeting wait nobody", 0 },
        { "nobody is there and no rule takes a message: nobody is said to be busy with others", "N v 700", "greeting wait_long", 0 },
        { "nor once the last one has gone", "N B0 v 20 F0 100", "greeting wait", 0 },
        { "killed between the close and what follows", "O0 v 1 S0 180 K 120 K 20",
          "greeting *joined silent_visitor *closed_idle *invite_rating", 0 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        check(&rows[i]);
}

static int learn(void **state)
{
    (void)state;
    words = json_load_file("config/defaults/wordings.json", 0, NULL);
    return words ? 0 : -1;
}

static int forget(void **state)
{
    (void)state;
    json_decref(words);
    return 0;
}

/* Though they are more than are looked through at once. */
static void all_who_wait_hear_that_the_last_one_has_gone(void **state)
{
    static const char *const languages[] = { "zh-CN", "zh-TW", "en" };
    char is[4000];

    (void)state;
    world_open_plan(&w,
                    &(struct world_plan){ .seed = 52, .nodes = 1, .set = "tests/model/replies.json", .from = DAY_AT, .waiting_max = 2 });
    for (int i = 0; i < 3; i++)
        w.visitors[i].locale = languages[i];
    world_pass(&w, 3000);
    everybody_sits_down();
    play("B0", 0);
    for (int i = 0; i < 3; i++)
        play("v", i);
    play("20 F0 5", 0);
    for (int i = 0; i < 3; i++) {
        told(languages[i], is, sizeof(is));
        if (!strstr(is, "nobody"))
            fail_msg("%s: \"%s\"", languages[i], is);
    }
    assert_string_equal(w.wrong, "");
    world_close(&w);
}

/* The message is stored, and what the rules of one node make of it waits there; meanwhile the other node looks, too. Whichever of them keeps
 * house, the visitor reads it once. */
static void two_nodes_that_look_at_once_say_it_once(void **state)
{
    char is[4000];

    (void)state;
    for (int home = 0; home < 2; home++) {
        world_open_plan(&w, &(struct world_plan){ .seed = 53, .nodes = 2, .set = "tests/model/replies.json", .from = DAY_AT });
        w.visitors[0].locale = "zh-CN";
        world_pass(&w, 3000);
        agent_connect(&w, 0, home);
        agent_presence(&w, 0, PRESENCE_BUSY);
        visitor_connect(&w, 0, 1 - home);
        world_pass(&w, 8000);
        w.nodes[1 - home].pause_at_commit = 2;
        visitor_say(&w, 0, false);
        world_settle(&w);
        assert_true(w.nodes[1 - home].paused);
        assert_int_equal(world_number(&w, "SELECT count(*) FROM " SAID_BY_RULES), 0);
        world_pass(&w, 9500); /* the lease, where the other one had it; less than who waits is told after */
        told("zh-CN", is, sizeof(is));
        assert_string_equal(is, "greeting");
        assert_int_equal(world_number(&w, "SELECT count(*) FROM " SAID_BY_RULES " WHERE rule = 'greeting'"), 1);
        node_resume(&w, 1 - home);
        world_settle(&w);
        told("zh-CN", is, sizeof(is));
        assert_string_equal(is, "greeting");
        world_check(&w, false);
        assert_string_equal(w.wrong, "");
        world_close(&w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(each_situation_has_exactly_its_replies),
                                        cmocka_unit_test(all_who_wait_hear_that_the_last_one_has_gone),
                                        cmocka_unit_test(two_nodes_that_look_at_once_say_it_once),
                                        cmocka_unit_test(and_never_more_than_that) };

    cmocka_set_test_filter(getenv("ONLY"));
    return cmocka_run_group_tests(tests, learn, forget);
}
