/* The sets of config/: they are sites that work, and make sense; what is wrong in a set is said in words. */
#include "tests/unit/site.h"

#include "core/arena.h"
#include "core/person.h"
#include "protocols/channel.h"
#include "settings/sense.h"

#include <glob.h>
#include <jansson.h>
#include <stdlib.h>

static struct slice file_of(const char *path)
{
    static char bytes[1 << 20];
    FILE *f = fopen(path, "rb");
    size_t n;

    if (!f)
        fail_msg("%s: run it from the top of the tree", path);
    n = fread(bytes, 1, sizeof(bytes), f);
    (void)fclose(f);
    return (struct slice){ bytes, n };
}

/* What is shipped, and the sets that come with it, hold what is asked of others. */
static void each_is_an_adapter(const struct rule *r, const struct rule_words *w)
{
    for (size_t i = 0; i < w->n; i++)
        if (!channel_find(w->at[i].s) && strcmp(w->at[i].s, "widget") != 0)
            fail_msg("%s: there is no adapter %s", r->key.s, w->at[i].s);
}

/* A place in line is over before a mail that tells of it is read, and nobody who has written one keeps a page open. */
static bool tells_of_waiting(const struct rule *r)
{
    return (r->actions & RULE_SAY) && (r->event == RULE_WAITING || r->event == RULE_SILENT_AGENT || r->event == RULE_SILENT_VISITOR);
}

static bool leaves_mail_out(const struct rule *r)
{
    for (size_t i = 0; i < r->when.not_adapters.n; i++)
        if (!strcmp(r->when.not_adapters.at[i].s, "mail"))
            return true;
    return false;
}

static void what_is_shipped_makes_sense(void **state)
{
    static const char *const names[] = { "config/defaults/rules.json", "config/defaults/wordings.json" };
    const struct document docs[] = { SITE_DOC };
    struct site *s = build(docs, 1);
    struct arena *arena = arena_new(0);
    glob_t found;

    (void)state;
    for (size_t i = 0; i < s->n_rules; i++) {
        each_is_an_adapter(&s->rules[i], &s->rules[i].when.adapters);
        each_is_an_adapter(&s->rules[i], &s->rules[i].when.not_adapters);
        if (tells_of_waiting(&s->rules[i]) && !leaves_mail_out(&s->rules[i]))
            fail_msg("%s: goes to whoever has written a mail", s->rules[i].key.s);
    }
    assert_int_equal(glob("config/sites/*.json", 0, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        struct site_set set;
        struct kf_err why = { 0 };

        if (site_set_parse(file_of(found.gl_pathv[i]), arena, &set, &why))
            fail_msg("%s: %s", found.gl_pathv[i], why.text);
        for (size_t k = 0; k < set.n_docs; k++)
            if (document_sense(s, &set.docs[k].kind, &set.docs[k].key, slice_of(set.docs[k].body), 1000, &why))
                fail_msg("%s: %s", found.gl_pathv[i], why.text);
    }
    globfree(&found);
    for (size_t i = 0; i < COUNT(names); i++) {
        json_t *root = json_loadb(file_of(names[i]).p, file_of(names[i]).n, 0, NULL), *one;
        const char *lang;
        size_t k;

        assert_non_null(root);
        json_array_foreach(root, k, one)
        {
            struct kf_key key = { "" };
            struct kf_err why = { 0 };
            char *text;

            (void)snprintf(key.s, sizeof(key.s), "%s", json_string_value(json_object_get(one, "key")));
            (void)json_object_del(one, "key");
            text = json_dumps(one, JSON_COMPACT);
            if (document_sense(s, &KEY("rule"), &key, slice_of(text), 1000, &why))
                fail_msg("%s", why.text);
            free(text);
        }
        json_object_foreach(root, lang, one)
        {
            struct kf_err why = { 0 };
            char *text = json_dumps(one, JSON_COMPACT);

            if (document_sense(s, &KEY("wording"), &KEY("en"), slice_of(text), 1000, &why))
                fail_msg("%s: %s", lang, why.text);
            free(text);
        }
        json_decref(root);
    }
    arena_free(arena);
    site_unref(s);
}

/* What the examples say, the channels take. */
static void each_example_is_a_site_whose_channels_open(void **state)
{
    glob_t found;

    (void)state;
    assert_int_equal(glob("config/sites/*.json", 0, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        struct arena *arena = arena_new(0);
        struct kf_err why = { 0 };
        struct site *s = NULL;
        struct site_set set;

        if (site_set_parse(file_of(found.gl_pathv[i]), arena, &set, &why) || site_build(&s, &set.key, set.docs, set.n_docs, &why))
            fail_msg("%s: %s", found.gl_pathv[i], why.text);
        for (size_t k = 0; s && k < s->n_channels; k++) {
            const struct channel_ops *ops = channel_find(s->channels[k].adapter);
            struct slice settings = slice_of(s->channels[k].settings);
            struct channel *ch = NULL;

            if (ops && (channel_check(ops, settings, &why) || ops->open(&ch, settings, &why)))
                fail_msg("%s: %s: %s", found.gl_pathv[i], s->channels[k].key.s, why.text);
            for (size_t n = 0; ops && n < s->channels[k].n_templates; n++)
                if (channel_template(ops, &s->channels[k].templates[n], &why))
                    fail_msg("%s: %s: %s", found.gl_pathv[i], s->channels[k].templates[n].key.s, why.text);
            if (ops)
                ops->close(ch);
        }
        site_unref(s);
        arena_free(arena);
    }
    globfree(&found);
}

static void the_demo_is_a_site_that_works(void **state)
{
    static const struct {
        const char *email;
        unsigned roles;
        int capacity;
        size_t queues;
    } people[] = {
        { "agent1@demo.example", MEMBER_AGENT, 5, 2 },
        { "agent2@demo.example", MEMBER_AGENT, 5, 2 },
        { "supervisor@demo.example", MEMBER_AGENT | MEMBER_SUPERVISOR, 5, 2 },
        { "reviewer@demo.example", MEMBER_REVIEWER, 0, 2 },
        { "admin@demo.example", MEMBER_ADMIN, 0, 0 },
    };
    struct arena *arena = arena_new(0);
    struct kf_err why = { 0 };
    struct site_set set;
    struct site *s;

    (void)state;
    if (site_set_parse(file_of("config/sites/demo.json"), arena, &set, &why))
        fail_msg("%s", why.text);
    assert_string_equal(set.key.s, "demo");
    s = NULL;
    assert_int_equal(site_build(&s, &set.key, set.docs, set.n_docs, &why), KF_OK);
    assert_string_equal(site_channel(s, &KEY("web"))->adapter, "widget");
    assert_false(site_channel(s, &KEY("web"))->off);
    assert_false(site_channel(s, &KEY("api"))->off);
    assert_true(site_channel(s, &KEY("fake"))->off);
    for (size_t i = 0; i < s->n_channels; i++) {
        const struct channel_ops *ops = channel_find(s->channels[i].adapter);

        row_int_equal(s->channels[i].key.s, ops != NULL, strcmp(s->channels[i].adapter, "widget") != 0);
        if (ops && channel_check(ops, slice_of(s->channels[i].settings), &why))
            fail_msg("%s: %s", s->channels[i].key.s, why.text);
    }
    assert_true(hours_open(&site_queue(s, &site_channel(s, &KEY("web"))->queue)->hours, 0));
    assert_true(s->n_canned >= 10);
    assert_int_equal(set.n_people, COUNT(people));
    for (size_t i = 0; i < COUNT(people); i++) {
        row_string_equal(people[i].email, set.people[i].email, people[i].email);
        row_int_equal(people[i].email, set.people[i].roles, people[i].roles);
        row_int_equal(people[i].email, set.people[i].capacity, people[i].capacity);
        row_int_equal(people[i].email, set.people[i].n_queues, people[i].queues);
    }
    assert_string_equal(set.people[0].name, "林小雨");
    assert_string_equal(set.people[0].number, "1024");
    site_unref(s);
    arena_free(arena);
}

static void each_wrong_set_is_refused_in_words(void **state)
{
    static const char *const rows[][2] = {
        { "[]", "set: must be an object" },
        { "{}", "site is missing" },
        { "{\"site\":{\"name\":\"a\"}}", "key is missing" },
        { "{\"site\":{\"key\":\"A\",\"name\":\"a\"}}", "key is missing" },
        { "{\"site\":{\"key\":\"a\"}}", "site \"site\": name is missing" },
        { "{\"site\":{\"key\":\"a\",\"name\":\"a\"},\"queue\":{}}", "\"queue\" is not known here; allowed are site, channels" },
        { "{\"site\":{\"key\":\"a\",\"name\":\"a\"},\"queues\":[]}", "queues must be an object" },
        { "{\"site\":{\"key\":\"a\",\"name\":\"a\"},\"queues\":{\"Q\":{}}}", "queue \"Q\": a key is" },
        { "{\"site\":{\"key\":\"a\",\"name\":\"a\"},\"queues\":{\"q\":{}}}", "queue \"q\": name is missing" },
        { "{\"site\":{\"key\":\"a\",\"name\":\"a\"},\"rules\":[{}]}", "rule 1: key is missing" },
        { "{\"site\":{\"key\":\"a\",\"name\":\"a\"},\"rules\":[{\"key\":\"r\",\"event\":\"x\"}]}", "rule \"r\": event must be one of" },
        { "{\"site\":{\"key\":\"a\",\"name\":\"a\"},\"canned\":[{\"code\":\"c\",\"title\":\"t\",\"text\":\"x\"},{\"key\":\"c\",\"code\":"
          "\"d\",\"title\":\"t\",\"text\":\"x\"}]}",
          "canned \"c\": is there twice" },
        { "{\"site\":{\"key\":\"a\",\"name\":\"a\"},\"wordings\":{\"fr\":{}}}", "wording fr: is not a language" },
        { "{\"site\":{\"key\":\"a\",\"name\":\"a\"},\"people\":[{\"email\":\"A@b\",\"name\":\"n\",\"roles\":[\"agent\"]}]}",
          "person 1: email must be a mail address" },
        { "{\"site\":{\"key\":\"a\",\"name\":\"a\"},\"people\":[{\"email\":\"a@b\",\"name\":\"n\",\"roles\":[\"boss\"]}]}",
          "person 1: roles must be one of" },
        { "{\"site\":{\"key\":\"a\",\"name\":\"a\"},\"people\":[{\"email\":\"a@b\",\"name\":\"n\",\"roles\":[\"agent\"],\"queues\":[\"q\"]}"
          "]}",
          "person 1: there is no queue \"q\"" },
        { "{\"site\":{\"key\":\"a\",\"name\":\"a\"},\"channels\":{\"web\":{\"adapter\":\"widget\",\"name\":\"a\",\"queue\":\"q\"}}}",
          "channel web: queue: there is no queue" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct arena *arena = arena_new(0);
        struct kf_err why = { 0 };
        struct site_set set;

        row_int_equal(rows[i][0], site_set_parse(slice_of(rows[i][0]), arena, &set, &why), KF_INVALID);
        if (!strstr(why.text, rows[i][1]))
            fail_msg("%s: \"%s\" does not say \"%s\"", rows[i][0], why.text, rows[i][1]);
        arena_free(arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_shipped_makes_sense),
        cmocka_unit_test(the_demo_is_a_site_that_works),
        cmocka_unit_test(each_example_is_a_site_whose_channels_open),
        cmocka_unit_test(each_wrong_set_is_refused_in_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
