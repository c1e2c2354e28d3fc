/* Keys of programs and second factors, as the store keeps them. */
#include "tests/store/world.h"

#define AGAIN 1000

static void fill(uint8_t *bytes, size_t n, uint8_t with)
{
    memset(bytes, with, n);
}

/* ---- keys ---- */

static enum kf_rc add_key(struct world *w, uint32_t id, const char *site, uint8_t hash, const char *verbs)
{
    struct change *c = new_change(NOW);
    struct act *act = change_act(c, ACT_KEY);

    act->u.key.key = (struct api_key){ .id = id_of(id), .name = "bot", .verbs = verbs, .by_name = "Li" };
    (void)key_parse(slice_of(site), &act->u.key.key.site);
    fill(act->u.key.hash, 32, hash);
    return commit(w, c).rc;
}

static enum kf_rc end_key(struct world *w, uint32_t id, const char *site, int64_t at)
{
    struct change *c = new_change(at);

    (void)key_parse(slice_of(site), &c->site);
    change_act(c, ACT_KEY_END)->u.key.key.id = id_of(id);
    return commit(w, c).rc;
}

struct keys_copy {
    size_t n;
    struct api_key k;
    char verbs[64];
};

static void copy_keys(const struct query *q, void *ctx)
{
    struct keys_copy *c = ctx;

    c->n = q->n_keys;
    c->k = q->keys[0];
    snprintf(c->verbs, sizeof(c->verbs), "%s", q->keys[0].verbs);
}

static struct keys_copy key_by_hash(struct world *w, uint8_t hash, enum kf_rc rc)
{
    struct keys_copy c = { 0 };
    struct query *q = query_new(QUERY_KEY);
    uint8_t bytes[32];

    fill(bytes, 32, hash);
    q->bytes = (struct slice){ (const char *)bytes, 32 };
    assert_int_equal(ask(w, q, copy_keys, &c), rc);
    return c;
}

static void a_key_is_found_by_its_hash_until_it_is_revoked(void **state)
{
    struct world *w = *state;
    struct keys_copy c;

    assert_int_equal(add_key(w, 1, "shop", 7, "read transcript"), KF_OK);
    c = key_by_hash(w, 7, KF_OK);
    assert_string_equal(c.verbs, "read transcript");
    assert_string_equal(c.k.site.s, "shop");
    assert_int_equal(c.k.created_at, NOW);
    assert_int_equal(c.k.seen_at, 0);
    (void)key_by_hash(w, 8, KF_ABSENT);
    assert_int_equal(end_key(w, 1, "blog", NOW + 5), KF_ABSENT); /* another site's */
    assert_int_equal(end_key(w, 2, "shop", NOW + 5), KF_ABSENT);
    assert_int_equal(end_key(w, 1, "shop", NOW + 5), KF_OK);
    assert_int_equal(key_by_hash(w, 7, KF_OK).k.revoked_at, NOW + 5);
    assert_int_equal(end_key(w, 1, "shop", NOW + 6), KF_ABSENT);
}

static void the_use_of_a_key_is_noted_and_its_site_lists_it(void **state)
{
    struct world *w = *state;
    struct change *c = new_change(NOW + AGAIN);
    struct keys_copy copy = { 0 };
    struct query *q = query_new(QUERY_KEYS);

    assert_int_equal(add_key(w, 1, "shop", 7, "read"), KF_OK);
    assert_int_equal(add_key(w, 2, "shop", 8, "read"), KF_OK);
    assert_int_equal(add_key(w, 3, "blog", 9, "read"), KF_OK);
    change_act(c, ACT_KEY_TOUCH)->u.key.key.id = id_of(1);
    assert_int_equal(commit(w, c).rc, KF_OK);
    (void)key_parse(SLICE("shop"), &q->site);
    assert_int_equal(ask(w, q, copy_keys, &copy), KF_OK);
    assert_int_equal(copy.n, 2);
    assert_int_equal(copy.k.seen_at, NOW + AGAIN);
}

/* ---- second factors ---- */

static enum kf_rc totp(struct world *w, enum act_kind kind, uint32_t person, int64_t step, uint8_t code)
{
    static uint8_t codes[RECOVERY_CODES][32];
    struct change *c = new_change(NOW);
    struct act *act = change_act(c, kind);

    for (size_t i = 0; i < RECOVERY_CODES; i++)
        fill(codes[i], 32, (uint8_t)(code + i));
    act->u.totp.person = id_of(person);
    act->u.totp.step = step;
    act->u.totp.codes = codes;
    fill(act->u.totp.secret, TOTP_BYTES, 42);
    return commit(w, c).rc;
}

static void copy_totp(const struct query *q, void *ctx)
{
    *(struct totp *)ctx = q->totp;
}

static struct totp get_totp(struct world *w, uint32_t person, enum kf_rc rc)
{
    struct totp t = { .step = -1 };
    struct query *q = query_new(QUERY_TOTP);

    q->id = id_of(person);
    assert_int_equal(ask(w, q, copy_totp, &t), rc);
    return t;
}

static void a_second_factor_counts_once_it_is_confirmed(void **state)
{
    struct world *w = *state;

    (void)get_totp(w, 1, KF_ABSENT);
    assert_int_equal(totp(w, ACT_TOTP_CONFIRM, 1, 5, 1), KF_CONFLICT);
    assert_int_equal(totp(w, ACT_TOTP, 1, 0, 0), KF_OK);
    assert_int_equal(get_totp(w, 1, KF_OK).confirmed_at, 0);
    assert_int_equal(totp(w, ACT_TOTP_USE, 1, 5, 0), KF_AUTH);
    assert_int_equal(totp(w, ACT_TOTP, 1, 0, 0), KF_OK); /* begun anew */
    assert_int_equal(totp(w, ACT_TOTP_CONFIRM, 1, 5, 1), KF_OK);
    assert_int_equal(get_totp(w, 1, KF_OK).confirmed_at, NOW);
    assert_int_equal(get_totp(w, 1, KF_OK).recovery_left, RECOVERY_CODES);
    assert_int_equal(totp(w, ACT_TOTP, 1, 0, 0), KF_CONFLICT);
    assert_int_equal(totp(w, ACT_TOTP_END, 1, 0, 0), KF_OK);
    (void)get_totp(w, 1, KF_ABSENT);
    assert_int_equal(totp(w, ACT_TOTP_END, 1, 0, 0), KF_ABSENT);
}

static void no_step_and_no_recovery_code_is_taken_twice(void **state)
{
    struct world *w = *state;

    assert_int_equal(totp(w, ACT_TOTP, 1, 0, 0), KF_OK);
    assert_int_equal(totp(w, ACT_TOTP_CONFIRM, 1, 5, 100), KF_OK);
    assert_int_equal(totp(w, ACT_TOTP_USE, 1, 5, 0), KF_AUTH); /* it was used to confirm */
    assert_int_equal(totp(w, ACT_TOTP_USE, 1, 7, 0), KF_OK);
    assert_int_equal(totp(w, ACT_TOTP_USE, 1, 7, 0), KF_AUTH);
    assert_int_equal(totp(w, ACT_TOTP_USE, 1, 6, 0), KF_AUTH);
    assert_int_equal(totp(w, ACT_TOTP_USE, 1, 8, 0), KF_OK);
    assert_int_equal(totp(w, ACT_TOTP_USE, 1, 0, 103), KF_OK);
    assert_int_equal(totp(w, ACT_TOTP_USE, 1, 0, 103), KF_AUTH);
    assert_int_equal(totp(w, ACT_TOTP_USE, 1, 0, 99), KF_AUTH);
    assert_int_equal(get_totp(w, 1, KF_OK).recovery_left, RECOVERY_CODES - 1);
    assert_int_equal(totp(w, ACT_TOTP_USE, 2, 9, 0), KF_AUTH);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup_world, teardown_world)
static const struct CMUnitTest tests[] = {
    T(a_key_is_found_by_its_hash_until_it_is_revoked),
    T(the_use_of_a_key_is_noted_and_its_site_lists_it),
    T(a_second_factor_counts_once_it_is_confirmed),
    T(no_step_and_no_recovery_code_is_taken_twice),
};

RUN_BOTH(tests)
