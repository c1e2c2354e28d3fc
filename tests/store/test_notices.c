/* What people are told of: requests to see what is masked, comments that name them, and where a visitor has spoken as a guest. */
#include "tests/store/older.h"

#define REVIEWER   11
#define OTHER      12
#define SUPERVISOR 13
#define DAY        (1440 * MINUTE)

static struct actor person(uint32_t n)
{
    return (struct actor){ .role = ROLE_AGENT, .id = id_of(n), .name = n == REVIEWER ? "周" : "某" };
}

static bool is_id(struct kf_id id, uint32_t n)
{
    struct kf_id want = id_of(n);

    return id_eq(&id, &want);
}

/* ---- requests ---- */

static enum kf_rc reveal(struct world *w, uint32_t who, int64_t at, struct act_reveal a)
{
    struct change *c = new_change(at);

    c->by = person(who);
    change_act(c, ACT_REVEAL)->u.reveal = a;
    return commit(w, c).rc;
}

static enum kf_rc asks(struct world *w, uint32_t id, uint32_t who, const struct kf_id *conv, int64_t at)
{
    return reveal(w, who, at, (struct act_reveal){ .id = id_of(id), .conv = *conv, .reason = "核对地址" });
}

static enum kf_rc decides(struct world *w, uint32_t id, enum reveal_state to, int64_t at)
{
    return reveal(w, SUPERVISOR, at, (struct act_reveal){ .id = id_of(id), .to = to, .until = at + DAY });
}

static enum kf_rc sees(struct world *w, uint32_t who, uint32_t id)
{
    struct change *c = new_change(NOW + 5);

    c->by = person(who);
    change_act(c, ACT_SEEN)->u.seen = id_of(id);
    return commit(w, c).rc;
}

/* One word for each request that somebody is told of; and the newest of a conversation. */
struct seen {
    char words[200];
    struct stored_reveal first;
};

static void look(const struct query *q, void *ctx)
{
    static const char *const names[] = { "asked", "granted", "refused" };
    struct seen *v = ctx;

    memset(v, 0, sizeof(*v));
    for (size_t i = 0; i < q->n_reveals; i++)
        snprintf(v->words + strlen(v->words), sizeof(v->words) - strlen(v->words), "%s%s%s%s", i ? " " : "", names[q->reveals[i].state],
                 q->reveals[i].seen_at ? "+" : "", *q->reveals[i].reason ? "" : "-");
    if (q->n_reveals)
        v->first = q->reveals[0];
}

static struct seen told(struct world *w, const char *site, uint32_t who)
{
    struct query *q = query_new(QUERY_NOTICES);
    struct seen v;

    q->site = key(site);
    q->id = id_of(who);
    assert_int_equal(ask(w, q, look, &v), KF_OK);
    return v;
}

static struct seen newest(struct world *w, uint32_t who, const struct kf_id *conv)
{
    struct query *q = query_new(QUERY_REVEAL);
    struct seen v;

    q->conv = *conv;
    q->id = id_of(who);
    assert_int_equal(ask(w, q, look, &v), KF_OK);
    return v;
}

static void a_request_is_decided_once_and_holds_for_its_time(void **state)
{
    struct world *w = *state;
    struct kf_id conv = commit(w, visitor_says("a", NULL, "你好", NOW)).news.conv.id;
    struct query *q;
    struct seen v;

    assert_string_equal(newest(w, REVIEWER, &conv).words, "");
    assert_int_equal(asks(w, 50, REVIEWER, &conv, NOW), KF_OK);
    assert_int_equal(asks(w, 51, REVIEWER, &conv, NOW), KF_CONFLICT);
    assert_int_equal(asks(w, 52, OTHER, &conv, NOW), KF_OK);
    assert_string_equal(told(w, "demo", SUPERVISOR).words, "asked asked"); /* the site's */
    assert_string_equal(told(w, "blog", SUPERVISOR).words, "");
    assert_int_equal(decides(w, 99, REVEAL_GRANTED, NOW), KF_ABSENT);
    assert_int_equal(sees(w, REVIEWER, 50), KF_ABSENT); /* nothing was told yet */
    assert_int_equal(decides(w, 50, REVEAL_GRANTED, NOW + 1), KF_OK);
    assert_int_equal(decides(w, 50, REVEAL_REFUSED, NOW + 2), KF_CONFLICT);
    assert_int_equal(asks(w, 53, REVIEWER, &conv, NOW + DAY), KF_CONFLICT); /* a moment is left */
    v = newest(w, REVIEWER, &conv);
    assert_string_equal(v.words, "granted");
    assert_int_equal(v.first.until, NOW + 1 + DAY);
    assert_true(is_id(v.first.person, REVIEWER) && is_id(v.first.by, SUPERVISOR) && id_eq(&v.first.conv, &conv));
    assert_string_equal(newest(w, OTHER, &conv).words, "asked");
    assert_string_equal(told(w, "demo", REVIEWER).words, "asked granted");
    assert_int_equal(sees(w, OTHER, 50), KF_ABSENT);
    assert_int_equal(sees(w, REVIEWER, 50), KF_OK);
    assert_int_equal(sees(w, REVIEWER, 50), KF_OK);
    assert_string_equal(told(w, "demo", REVIEWER).words, "asked granted+");
    assert_int_equal(asks(w, 53, REVIEWER, &conv, NOW + DAY + 1), KF_OK); /* that is over */
    assert_int_equal(decides(w, 53, REVEAL_REFUSED, NOW + DAY + 2), KF_OK);
    assert_int_equal(asks(w, 54, REVIEWER, &conv, NOW + DAY + 3), KF_OK); /* whoever was refused has a better reason */
    assert_int_equal(asks(w, 55, REVIEWER, &conv, NOW + DAY + 2 + REVEAL_LAPSES_MS), KF_CONFLICT);
    assert_int_equal(asks(w, 55, REVIEWER, &conv, NOW + DAY + 3 + REVEAL_LAPSES_MS), KF_OK); /* nobody has decided */
    q = query_new(QUERY_REVEAL);
    q->id = id_of(53);
    assert_int_equal(ask(w, q, look, &v), KF_OK);
    assert_string_equal(v.words, "refused");
    assert_int_equal(v.first.until, 0);
    q = query_new(QUERY_REVEAL);
    q->id = id_of(99);
    assert_int_equal(ask(w, q, NULL, NULL), KF_ABSENT);
}

/* ---- mentions ---- */

static void draw(struct world *w, const struct kf_id *conv)
{
    struct change *c = new_change(NOW);
    struct act_sample *s = ARENA_NEW(c->arena, struct act_sample);
    struct sample_pick *p = ARENA_NEW(c->arena, struct sample_pick);

    *p = (struct sample_pick){ .review = id_of(800),
                               .conv = *conv,
                               .agent = id_of(OTHER),
                               .reviewer = id_of(REVIEWER),
                               .channel = key("web"),
                               .queue = key("sales") };
    *s = (struct act_sample){
        .id = id_of(700), .name = "s", .seed = 1, .card = key("std"), .card_body = "{}", .plan = "{}", .picks = p, .n_picks = 1
    };
    change_act(c, ACT_SAMPLE)->u.sample = s;
    assert_int_equal(commit(w, c).rc, KF_OK);
}

static void comments(struct world *w, uint32_t id, const char *text, const struct mention *mentions, size_t n)
{
    struct change *c = new_change(NOW + id);

    c->by = person(REVIEWER);
    change_act(c, ACT_COMMENT)->u.comment =
        (struct act_comment){ .id = id_of(id), .review = id_of(800), .seq = 1, .text = text, .mentions = mentions, .n_mentions = n };
    assert_int_equal(commit(w, c).rc, KF_OK);
}

static void look_mentions(const struct query *q, void *ctx)
{
    char *words = ctx;

    *words = '\0';
    for (size_t i = 0; i < q->n_mentions; i++) {
        const struct stored_mention *m = &q->mentions[i];

        snprintf(words + strlen(words), 200 - strlen(words), "%s%s%s", i ? " " : "", m->text, m->seen_at ? "+" : "");
        assert_true(is_id(m->review.id, 800) && is_id(m->by, REVIEWER));
        assert_int_equal(m->seq, 1);
    }
}

static const char *mentioned(struct world *w, const char *site, uint32_t who, char words[200])
{
    struct query *q = query_new(QUERY_NOTICES);

    q->site = key(site);
    q->id = id_of(who);
    assert_int_equal(ask(w, q, look_mentions, words), KF_OK);
    return words;
}

static void look_names(const struct query *q, void *ctx)
{
    char *words = ctx;

    *words = '\0';
    for (size_t i = 0; i < q->quality.n_mentions; i++)
        snprintf(words + strlen(words), 200 - strlen(words), "%s%s", i ? " " : "", q->quality.mentions[i].who.name);
}

static void who_is_named_is_told_of_each_comment(void **state)
{
    struct world *w = *state;
    const struct mention both[] = { { id_of(OTHER), "林" }, { id_of(SUPERVISOR), "郑" } };
    struct kf_id conv = commit(w, visitor_says("a", NULL, "你好", NOW)).news.conv.id;
    struct query *q;
    char words[200];

    draw(w, &conv);
    comments(w, 60, "@林-@郑", both, 2);
    comments(w, 61, "nobody", NULL, 0);
    comments(w, 62, "@郑", both + 1, 1);
    assert_string_equal(mentioned(w, "demo", OTHER, words), "@林-@郑");
    assert_string_equal(mentioned(w, "demo", SUPERVISOR, words), "@郑 @林-@郑");
    assert_string_equal(mentioned(w, "blog", SUPERVISOR, words), "");
    assert_string_equal(mentioned(w, "demo", REVIEWER, words), "");
    assert_int_equal(sees(w, OTHER, 62), KF_ABSENT);
    assert_int_equal(sees(w, SUPERVISOR, 62), KF_OK);
    assert_string_equal(mentioned(w, "demo", SUPERVISOR, words), "@郑+ @林-@郑");
    q = query_new(QUERY_REVIEW);
    q->id = id_of(800);
    assert_int_equal(ask(w, q, look_names, words), KF_OK);
    assert_string_equal(words, "林 郑 郑");
}

/* ---- guests ---- */

static void speak(struct world *w, const char *peer, const char *address)
{
    struct change *c = visitor_says(peer, NULL, "大家好", NOW);

    ((struct opening *)c->opening)->address = address;
    assert_int_equal(commit(w, c).rc, KF_OK);
}

static void who_speaks_in_what_is_another_ones_is_a_guest_there(void **state)
{
    struct world *w = *state;

    speak(w, "alone", "alone");
    speak(w, "alone", "alone");
    assert_int_equal(number(w, "SELECT COUNT(*) FROM guest"), 0);
    speak(w, "group", "anna");
    speak(w, "group", "bob");
    speak(w, "group", "bob");
    speak(w, "group", "carol");
    assert_int_equal(number(w, "SELECT COUNT(*) FROM guest"), 2);
    assert_int_equal(number(w, "SELECT COUNT(*) FROM guest g JOIN contact c ON c.id = g.contact WHERE c.address IN ('bob', 'carol')"), 2);
}

/* A store from before there were guests knows them as soon as it is opened. */
static void guests_of_an_older_store_are_found(void **state)
{
    struct world *w = *state;

    speak(w, "alone", "alone");
    speak(w, "group", "anna");
    speak(w, "group", "bob");
    world_close(w);
    make_older(w, 19);
    world_open(w);
    assert_int_equal(number(w, "SELECT COUNT(*) FROM guest"), 1);
    assert_int_equal(number(w, "SELECT COUNT(*) FROM guest g JOIN contact c ON c.id = g.contact WHERE c.address = 'bob'"), 1);
}

/* Who waited in another queue than at first had overflowed, or was moved: neither overflows any more, as before. */
static void who_has_overflowed_in_an_older_store_does_not_again(void **state)
{
    struct world *w = *state;

    speak(w, "stays", "anna");
    speak(w, "moved", "bob");
    world_close(w);
    (void)number(w, on_postgres() ? "UPDATE conversation SET queued_at = queued_at + 1 WHERE peer = 'moved' RETURNING 1"
                                  : "UPDATE conversation SET queued_at = queued_at + 1 WHERE peer = 'moved'");
    make_older(w, 20);
    world_open(w);
    assert_int_equal(number(w, "SELECT COUNT(*) FROM conversation WHERE overflowed = 1"), 1);
    assert_int_equal(number(w, "SELECT COUNT(*) FROM conversation WHERE overflowed = 1 AND peer = 'moved'"), 1);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup_world, teardown_world)
static const struct CMUnitTest tests[] = {
    T(a_request_is_decided_once_and_holds_for_its_time),    T(who_is_named_is_told_of_each_comment),
    T(who_speaks_in_what_is_another_ones_is_a_guest_there), T(guests_of_an_older_store_are_found),
    T(who_has_overflowed_in_an_older_store_does_not_again),
};

RUN_BOTH(tests)
