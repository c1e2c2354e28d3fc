/* Staff, sessions, sign-in, visitors' profiles, documents, leases. */
#include "tests/store/world.h"

static enum kf_rc save_person(struct world *w, uint32_t id, const char *email, const char *password)
{
    struct change *c = new_change(NOW);

    change_act(c, ACT_PERSON)->u.person = (struct person){ .id = id_of(id), .email = email, .name = "Li", .password = password };
    return commit(w, c).rc;
}

struct person_copy {
    struct person p;
    char email[64], password[64];
};

static void copy_person(const struct query *q, void *ctx)
{
    struct person_copy *c = ctx;

    c->p = *q->person;
    snprintf(c->email, sizeof(c->email), "%s", q->person->email);
    snprintf(c->password, sizeof(c->password), "%s", q->person->password ? q->person->password : "-");
}

static struct person_copy get_person(struct world *w, const char *email, enum kf_rc rc)
{
    struct person_copy c = { .email = "" };
    struct query *q = query_new(QUERY_PERSON);

    q->text = slice_of(email);
    assert_int_equal(ask(w, q, copy_person, &c), rc);
    return c;
}

static void a_person_keeps_the_password_that_is_not_given(void **state)
{
    struct world *w = *state;

    assert_int_equal(save_person(w, 7, "li@example.com", "$argon2id$1"), KF_OK);
    assert_int_equal(save_person(w, 7, "li2@example.com", NULL), KF_OK);
    assert_string_equal(get_person(w, "li2@example.com", KF_OK).password, "$argon2id$1");
    (void)get_person(w, "li@example.com", KF_ABSENT);
}

static void an_address_belongs_to_one_person(void **state)
{
    struct world *w = *state;

    assert_int_equal(save_person(w, 7, "li@example.com", "x"), KF_OK);
    assert_int_equal(save_person(w, 8, "li@example.com", "y"), KF_CONFLICT);
}

struct members_copy {
    struct member m;
    size_t n;
    char name[32], number[32], reason[32];
};

static void copy_members(const struct query *q, void *ctx)
{
    struct members_copy *c = ctx;

    c->n = q->n_members;
    if (!q->n_members)
        return;
    c->m = q->members[0];
    snprintf(c->name, sizeof(c->name), "%s", q->members[0].name);
    snprintf(c->number, sizeof(c->number), "%s", q->members[0].number);
    snprintf(c->reason, sizeof(c->reason), "%s", q->members[0].presence_reason);
}

static struct members_copy get_members(struct world *w, const char *site, uint32_t person)
{
    struct members_copy c = { .n = 0 };
    struct query *q = query_new(QUERY_MEMBERS);

    if (*site)
        q->site = key(site);
    if (person)
        q->id = id_of(person);
    assert_int_equal(ask(w, q, copy_members, &c), KF_OK);
    return c;
}

static void save_member(struct world *w, uint32_t person, int capacity)
{
    struct change *c = new_change(NOW);
    struct member *m = change_member(c);

    *m = (struct member){ .person = id_of(person), .site = key("demo"), .roles = MEMBER_AGENT, .number = "1024", .capacity = capacity };
    m->queues[m->n_queues++] = key("sales");
    m->queues[m->n_queues++] = key("support");
    m->skills[m->n_skills++] = key("zh");
    assert_int_equal(commit(w, c).rc, KF_OK);
}

static void a_member_that_is_replaced_keeps_the_presence(void **state)
{
    struct world *w = *state;
    struct members_copy m;
    struct change *c;

    assert_int_equal(save_person(w, 7, "li@example.com", "x"), KF_OK);
    save_member(w, 7, 3);
    c = new_change(NOW + 5);
    change_act(c, ACT_PRESENCE)->u.presence.person = id_of(7);
    c->acts[0].u.presence.presence = PRESENCE_ONLINE;
    c->acts[0].u.presence.reason = "lunch is over";
    assert_int_equal(commit(w, c).rc, KF_OK);
    save_member(w, 7, 5);
    m = get_members(w, "demo", 0);
    assert_int_equal(m.n, 1);
    assert_string_equal(m.name, "Li");
    assert_string_equal(m.number, "1024");
    assert_string_equal(m.reason, "lunch is over");
    assert_int_equal(m.m.presence, PRESENCE_ONLINE);
    assert_int_equal(m.m.presence_at, NOW + 5);
    assert_int_equal(m.m.capacity, 5);
    assert_int_equal(m.m.n_queues, 2);
    assert_string_equal(m.m.queues[1].s, "support");
    assert_string_equal(m.m.skills[0].s, "zh");
    assert_int_equal(get_members(w, "", 7).n, 1);
    assert_int_equal(get_members(w, "", 0).n, 1);
    assert_int_equal(get_members(w, "demo", 7).n, 1);
    assert_int_equal(get_members(w, "other", 0).n, 0);
}

static void make_admin(struct world *w, uint32_t person, const char *site, uint32_t roles)
{
    struct change *c = new_change(NOW);
    struct member *m = change_member(c);

    *m = (struct member){ .person = id_of(person), .site = key(site), .roles = roles, .number = "", .capacity = 1 };
    assert_int_equal(commit(w, c).rc, KF_OK);
}

/* Each of them was asked for while there were two. */
static enum kf_rc retire(struct world *w, uint32_t person, const char *site)
{
    struct change *c = new_change(NOW);
    struct act *act = change_act(c, ACT_NOT_LAST);

    act->u.not_last.person = id_of(person);
    if (site) {
        struct member *m = change_member(c);

        act->u.not_last.site = key(site);
        *m = (struct member){ .person = id_of(person), .site = key(site), .roles = MEMBER_AGENT, .number = "", .capacity = 1 };
    } else
        change_act(c, ACT_PERSON)->u.person = (struct person){
            .id = id_of(person), .email = person == 7 ? "a@x.example" : "b@x.example", .name = "", .disabled = true, .created_at = NOW
        };
    return commit(w, c).rc;
}

static void of_two_administrators_one_stays_whoever_was_faster(void **state)
{
    struct world *w = *state;

    assert_int_equal(save_person(w, 7, "a@x.example", "x"), KF_OK);
    assert_int_equal(save_person(w, 8, "b@x.example", "x"), KF_OK);
    make_admin(w, 7, "demo", MEMBER_ADMIN);
    make_admin(w, 8, "demo", MEMBER_ADMIN | MEMBER_AGENT);
    make_admin(w, 7, "other", MEMBER_ADMIN);
    make_admin(w, 8, "other", MEMBER_AGENT);
    assert_int_equal(retire(w, 7, NULL), KF_CONFLICT); /* the only one of the other site */
    assert_int_equal(retire(w, 7, "demo"), KF_OK);
    assert_int_equal(retire(w, 8, "demo"), KF_CONFLICT);
    assert_int_equal(retire(w, 8, NULL), KF_CONFLICT);
    make_admin(w, 7, "demo", MEMBER_ADMIN);
    assert_int_equal(retire(w, 8, NULL), KF_OK);
    assert_int_equal(retire(w, 7, "demo"), KF_CONFLICT); /* who is disabled counts for nothing */
    assert_int_equal(retire(w, 8, NULL), KF_OK);
}

static void the_presence_of_a_stranger_is_absent(void **state)
{
    struct change *c = new_change(NOW);

    change_act(c, ACT_PRESENCE)->u.presence.person = id_of(404);
    assert_int_equal(commit(*state, c).rc, KF_ABSENT);
}

static void copy_session(const struct query *q, void *ctx)
{
    *(struct stored_session *)ctx = q->session;
}

static enum kf_rc get_session(struct world *w, uint8_t hash, struct stored_session *ret)
{
    struct query *q = query_new(QUERY_SESSION);
    char bytes[32];

    memset(bytes, hash, sizeof(bytes));
    q->bytes = arena_copy(q->arena, (struct slice){ bytes, sizeof(bytes) });
    return ask(w, q, copy_session, ret);
}

static enum kf_rc session_act(struct world *w, enum act_kind kind, uint8_t hash, uint32_t person, int64_t at)
{
    struct change *c = new_change(at);
    struct act_session *s = &change_act(c, kind)->u.session;

    memset(s->hash, hash, sizeof(s->hash));
    if (person)
        s->person = id_of(person);
    memset(s->csrf, 9, sizeof(s->csrf));
    s->expires_at = at + 1000;
    return commit(w, c).rc;
}

static void sessions_begin_and_end(void **state)
{
    struct world *w = *state;
    struct stored_session s;

    for (uint8_t h = 1; h <= 3; h++)
        assert_int_equal(session_act(w, ACT_SESSION, h, 7, NOW), KF_OK);
    assert_int_equal(session_act(w, ACT_SESSION_TOUCH, 1, 0, NOW + 5), KF_OK);
    assert_int_equal(get_session(w, 1, &s), KF_OK);
    assert_int_equal(s.seen_at, NOW + 5);
    assert_int_equal(s.created_at, NOW);
    assert_int_equal(s.expires_at, NOW + 1000);
    assert_int_equal(s.csrf[31], 9);
    assert_int_equal(session_act(w, ACT_SESSION_END, 1, 0, NOW), KF_OK);
    assert_int_equal(get_session(w, 1, &s), KF_ABSENT);
    assert_int_equal(get_session(w, 2, &s), KF_OK);
    assert_int_equal(session_act(w, ACT_SESSION_END, 0, 7, NOW), KF_OK); /* all of that person */
    assert_int_equal(get_session(w, 2, &s), KF_ABSENT);
    assert_int_equal(get_session(w, 3, &s), KF_ABSENT);
}

static void try_login(struct world *w, const char *account, const char *address, bool ok, int64_t at)
{
    struct change *c = new_change(at);
    struct act *a = change_act(c, ACT_LOGIN);

    a->u.login.account = account;
    a->u.login.address = address;
    a->u.login.ok = ok;
    assert_int_equal(commit(w, c).rc, KF_OK);
}

static void copy_number(const struct query *q, void *ctx)
{
    *(int64_t *)ctx = q->number;
}

static int64_t login_wait(struct world *w, const char *account, const char *address, int64_t now)
{
    struct query *q = query_new(QUERY_LOGIN);
    int64_t ret = -1;

    q->text = slice_of(account);
    q->text2 = slice_of(address);
    q->now = now;
    assert_int_equal(ask(w, q, copy_number, &ret), KF_OK);
    return ret;
}

static void the_fifth_failure_makes_one_wait(void **state)
{
    struct world *w = *state;

    for (int i = 0; i < 4; i++)
        try_login(w, "a", "1.2.3.4", false, NOW);
    assert_int_equal(login_wait(w, "a", "1.2.3.4", NOW), 0);
    try_login(w, "a", "1.2.3.4", false, NOW);
    assert_int_equal(login_wait(w, "a", "9.9.9.9", NOW), 1000); /* the account */
    assert_int_equal(login_wait(w, "b", "1.2.3.4", NOW), 1000); /* the address */
    assert_int_equal(login_wait(w, "b", "9.9.9.9", NOW), 0);
    assert_int_equal(login_wait(w, "a", "9.9.9.9", NOW + 1000), 0);
    try_login(w, "a", "1.2.3.4", false, NOW);
    assert_int_equal(login_wait(w, "a", "", NOW), 2000);
    for (int i = 0; i < 20; i++)
        try_login(w, "a", "1.2.3.4", false, NOW);
    assert_int_equal(login_wait(w, "a", "", NOW), 15 * MINUTE);
    try_login(w, "a", "9.9.9.9", true, NOW);
    assert_int_equal(login_wait(w, "a", "", NOW), 0);
    assert_int_equal(login_wait(w, "b", "1.2.3.4", NOW), 15 * MINUTE); /* one account of one's own does not clear the address */
}

static void copy_text(const struct query *q, void *ctx)
{
    snprintf(ctx, 1024, "%s", q->text_out);
}

static void a_profile_is_merged(void **state)
{
    struct world *w = *state;
    struct told t = commit(w, visitor_says("v1", NULL, "a", NOW));
    struct change *c = on_conv(&t.news.conv.id, NOW);
    struct query *q = query_new(QUERY_PROFILE);
    char text[1024];

    c->by = (struct actor){ .role = ROLE_VISITOR, .id = t.news.conv.contact, .name = "" };
    change_act(c, ACT_PROFILE)->u.profile = "{\"phone\":\"1\",\"city\":\"x\"}";
    assert_int_equal(commit(w, c).rc, KF_OK);
    c = on_conv(&t.news.conv.id, NOW);
    change_act(c, ACT_PROFILE)->u.profile = "{\"phone\":\"2\"}";
    assert_int_equal(commit(w, c).rc, KF_OK);
    q->id = t.news.conv.contact;
    assert_int_equal(ask(w, q, copy_text, text), KF_OK);
    assert_non_null(strstr(text, "\"profile\":{\"phone\":\"2\",\"city\":\"x\"}"));
    assert_non_null(strstr(text, "\"channel\":\"web\",\"address\":\"v1\",\"verified\":false"));
}

static void a_broken_profile_is_refused_and_harms_nobody(void **state)
{
    struct world *w = *state;
    struct told t = commit(w, visitor_says("v1", NULL, "a", NOW));
    struct change *c = on_conv(&t.news.conv.id, NOW);

    change_act(c, ACT_PROFILE)->u.profile = "{broken";
    assert_int_equal(commit(w, c).rc, KF_INVALID);
    assert_int_equal(commit(w, visitor_says("v1", NULL, "b", NOW)).news.first_seq, 2);
}

static void a_profile_does_not_grow_without_end(void **state)
{
    struct world *w = *state;
    struct told t = commit(w, visitor_says("v1", NULL, "a", NOW));
    enum kf_rc rc = KF_OK;
    int n = 0;

    for (; n < 100 && !rc; n++) {
        struct change *c = on_conv(&t.news.conv.id, NOW);

        change_act(c, ACT_PROFILE)->u.profile = change_printf(c, "{\"member%d\":\"%0500d\"}", n, n);
        rc = commit(w, c).rc;
    }
    assert_int_equal(rc, KF_LIMIT);
    assert_in_range(n, 20, 40);
}

static enum kf_rc save_document(struct world *w, const char *name, int64_t version, const char *body)
{
    struct change *c = new_change(NOW + version);

    change_act(c, ACT_DOCUMENT)->u.document =
        (struct act_document){ .kind = key("queue"), .key = key(name), .version = version, .body = body };
    return commit(w, c).rc;
}

struct documents_copy {
    size_t n;
    char text[256];
};

static void copy_documents(const struct query *q, void *ctx)
{
    struct documents_copy *c = ctx;
    size_t at = 0;

    c->n = q->n_documents;
    for (size_t i = 0; i < q->n_documents; i++)
        at += (size_t)snprintf(c->text + at, sizeof(c->text) - at, "%s/%s.%d=%s ", q->documents[i].kind.s, q->documents[i].key.s,
                               (int)q->documents[i].version, q->documents[i].body);
}

static void documents_have_versions(void **state)
{
    struct world *w = *state;
    struct query *q = query_new(QUERY_DOCUMENTS);
    struct documents_copy d = { .n = 0 };

    assert_int_equal(save_document(w, "a", 2, "{}"), KF_CONFLICT);
    assert_int_equal(save_document(w, "a", 1, "{\"v\":1}"), KF_OK);
    assert_int_equal(save_document(w, "b", 1, "{}"), KF_OK);
    assert_int_equal(save_document(w, "a", 1, "{}"), KF_CONFLICT); /* somebody has saved meanwhile */
    assert_int_equal(save_document(w, "a", 2, "{\"v\":2}"), KF_OK);
    assert_int_equal(ask(w, q, copy_documents, &d), KF_OK);
    assert_string_equal(d.text, "queue/a.2={\"v\":2} queue/b.1={} ");
    q = query_new(QUERY_DOCUMENTS);
    q->site = key("other");
    assert_int_equal(ask(w, q, copy_documents, &d), KF_OK);
    assert_int_equal(d.n, 0);
}

static struct told lease_act(struct world *w, bool take, uint32_t node, int64_t epoch)
{
    struct change *c = new_change(NOW);

    change_act(c, ACT_LEASE)->u.lease = (struct act_lease){ .shard = 0, .node = id_of(node), .epoch = epoch, .take = take };
    return commit(w, c);
}

static void copy_lease(const struct query *q, void *ctx)
{
    *(struct stored_lease *)ctx = q->n_leases ? q->leases[0] : (struct stored_lease){ .shard = -1 };
}

static void one_node_holds_the_lease(void **state)
{
    struct world *w = *state;
    struct stored_lease l;
    struct change *c;

    assert_int_equal(lease_act(w, false, 1, 0).rc, KF_CONFLICT); /* a beat of what nobody holds */
    assert_int_equal(lease_act(w, true, 1, 0).news.version, 1);
    assert_int_equal(lease_act(w, true, 2, 0).rc, KF_CONFLICT);
    assert_int_equal(lease_act(w, false, 1, 1).rc, KF_OK);
    assert_int_equal(lease_act(w, false, 2, 1).rc, KF_CONFLICT);
    assert_int_equal(ask(w, query_new(QUERY_LEASES), copy_lease, &l), KF_OK);
    assert_int_equal(l.epoch, 1);
    assert_int_equal(l.beat, 2);
    assert_int_equal(lease_act(w, true, 2, 1).news.version, 2);
    assert_int_equal(lease_act(w, false, 1, 1).rc, KF_CONFLICT); /* the first one comes back from a long pause */

    for (int old = 0; old < 2; old++) {
        c = visitor_says("v1", NULL, "a", NOW);
        c->lease_epoch = old ? 1 : 2;
        c->lease_node = id_of(old ? 1 : 2);
        assert_int_equal(commit(w, c).rc, old ? KF_CONFLICT : KF_OK);
    }
}

static void copy_bytes(const struct query *q, void *ctx)
{
    snprintf(ctx, 64, "%.*s", (int)q->bytes_out.n, q->bytes_out.p);
}

static void channels_remember(void **state)
{
    struct world *w = *state;
    struct query *q = query_new(QUERY_BLOB);
    char text[64];

    for (int i = 0; i < 2; i++) {
        struct change *c = new_change(NOW);
        struct act *a = change_act(c, ACT_CHANNEL_STATE);

        a->u.blob.channel = key("wechat");
        a->u.blob.name = "token";
        a->u.blob.bytes = i ? SLICE("second") : SLICE("first");
        assert_int_equal(commit(w, c).rc, KF_OK);
    }
    q->site = key("demo");
    q->channel = key("wechat");
    q->text = SLICE("token");
    assert_int_equal(ask(w, q, copy_bytes, text), KF_OK);
    assert_string_equal(text, "second");
    q = query_new(QUERY_BLOB);
    q->channel = key("wechat");
    q->text = SLICE("token");
    assert_int_equal(ask(w, q, copy_bytes, text), KF_ABSENT);
}

static void figures_are_counted(void **state)
{
    struct world *w = *state;
    char text[1024];
    struct change *c = new_change(NOW);

    change_act(c, ACT_AUDIT)->u.entry = (struct entry){ .kind = "login", .data = "{}" };
    assert_int_equal(commit(w, c).rc, KF_OK);
    (void)commit(w, visitor_says("v1", NULL, "a", NOW));
    (void)commit(w, visitor_says("v2", NULL, "a", NOW));
    assert_int_equal(ask(w, query_new(QUERY_COUNTS), copy_text, text), KF_OK);
    assert_non_null(strstr(text, "\"conversations\":{\"waiting\":2,\"closed\":0},\"messages\":2,"));
}

/* RFC 7386, as SQLite has it built in and PostgreSQL has it from us. */
static void profiles_are_merged_alike(void **state)
{
    static const struct {
        const char *was, *patch, *is;
    } rows[] = {
        { "{}", "{\"a\":1}", "{\"a\":1}" },
        { "{\"a\":1,\"b\":\"x\"}", "{\"a\":2}", "{\"a\":2,\"b\":\"x\"}" },
        { "{\"z\":1,\"a\":2}", "{\"m\":3}", "{\"z\":1,\"a\":2,\"m\":3}" },
        { "{\"a\":1,\"b\":2}", "{\"a\":null}", "{\"b\":2}" },
        { "{\"a\":1}", "{\"a\":null,\"x\":null}", "{}" },
        { "{\"a\":{\"b\":1,\"c\":2}}", "{\"a\":{\"b\":null,\"d\":[1,{\"e\":null}]}}", "{\"a\":{\"c\":2,\"d\":[1,{\"e\":null}]}}" },
        { "{\"a\":[1,2]}", "{\"a\":{\"b\":\"c\"}}", "{\"a\":{\"b\":\"c\"}}" },
        { "{\"a\":\"退款\"}", "{\"b\":\"\\\"<\\\\\"}", "{\"a\":\"退款\",\"b\":\"\\\"<\\\\\"}" },
        { "{\"a\":1.50,\"b\":true}", "{\"b\":false}", "{\"a\":1.50,\"b\":false}" },
    };
    struct world *w = *state;
    char sql[600];

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        snprintf(sql, sizeof(sql), "SELECT CASE WHEN json_patch('%s', '%s') = '%s' THEN 1 ELSE 0 END", rows[i].was, rows[i].patch,
                 rows[i].is);
        if (number(w, sql) != 1)
            fail_msg("row %zu: %s", i, sql);
    }
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup_world, teardown_world)
static const struct CMUnitTest tests[] = {
    T(profiles_are_merged_alike),
    T(a_person_keeps_the_password_that_is_not_given),
    T(an_address_belongs_to_one_person),
    T(a_member_that_is_replaced_keeps_the_presence),
    T(of_two_administrators_one_stays_whoever_was_faster),
    T(the_presence_of_a_stranger_is_absent),
    T(sessions_begin_and_end),
    T(the_fifth_failure_makes_one_wait),
    T(a_profile_is_merged),
    T(a_broken_profile_is_refused_and_harms_nobody),
    T(a_profile_does_not_grow_without_end),
    T(documents_have_versions),
    T(one_node_holds_the_lease),
    T(channels_remember),
    T(figures_are_counted),
};

RUN_BOTH(tests)
