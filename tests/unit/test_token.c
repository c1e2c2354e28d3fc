/* What we sign: visitors' tokens, the cookie that holds those of several sites, addresses of files. */
#include "tests/unit/unit.h"

#include "desk/inner.h"

#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>

#define DAY    (24LL * 3600 * 1000)
#define NOW    (1700000000LL * 1000)
#define SECRET "0123456789abcdef0123456789abcdef"
#define NEWER  "fedcba9876543210fedcba9876543210"

static const struct site shop = { .key = { "shop" }, .token_secret = SECRET, .identity_secret = "identity-identity" };
static const struct site blog = { .key = { "blog" }, .token_secret = SECRET };
static const struct site changed = { .key = { "shop" }, .token_secret = NEWER, .token_secret_old = SECRET };
static const struct site forgetful = { .key = { "shop" }, .token_secret = NEWER };
static const struct site secretless = { .key = { "shop" } };

static struct kf_id id_of(uint8_t n)
{
    uint8_t chance[10] = { n };

    return id_make(NOW, chance);
}

/* Static memory, until the fourth call after. */
static struct slice token_of(const struct site *site, uint8_t n, int64_t at)
{
    static char text[4][192];
    static int turn;
    struct kf_id id = id_of(n);

    turn = (turn + 1) % 4;
    assert_true(token_make(site, &id, at, text[turn], sizeof(text[turn])));
    return slice_of(text[turn]);
}

static bool holds(const struct site *site, struct slice token, int64_t at, bool *renew)
{
    struct kf_id id;

    return token_read(site, token, at, &id, renew) == KF_OK;
}

/* ---- tokens ---- */

static void a_token_holds_for_a_year_at_its_own_site(void **state)
{
    struct slice t = token_of(&shop, 1, NOW);
    struct kf_id id, made = id_of(1);
    char cut[192];

    (void)state;
    assert_int_equal(token_read(&shop, t, NOW, &id, NULL), KF_OK);
    assert_true(id_eq(&id, &made));
    assert_true(holds(&shop, t, NOW + 365 * DAY - 1, NULL));
    assert_false(holds(&shop, t, NOW + 365 * DAY, NULL));
    assert_false(holds(&blog, t, NOW, NULL));
    assert_false(holds(&secretless, t, NOW, NULL));
    for (size_t i = 0; i < t.n; i++) { /* no character of it may be another one */
        (void)snprintf(cut, sizeof(cut), "%.*s", (int)t.n, t.p);
        cut[i] = cut[i] == '1' ? '2' : '1';
        assert_false(holds(&shop, slice_of(cut), NOW, NULL));
    }
}

static void a_token_is_due_when_half_of_its_life_is_over(void **state)
{
    struct slice t = token_of(&shop, 1, NOW);
    bool renew = true;

    (void)state;
    assert_true(holds(&shop, t, NOW + 182 * DAY, &renew));
    assert_false(renew);
    assert_true(holds(&shop, t, NOW + 183 * DAY, &renew));
    assert_true(renew);
}

static void a_secret_can_be_changed_without_forgetting_anybody(void **state)
{
    struct slice t = token_of(&shop, 1, NOW);
    bool renew = false;

    (void)state;
    assert_false(holds(&forgetful, t, NOW, NULL));
    assert_true(holds(&changed, t, NOW, &renew));
    assert_true(renew);
    assert_true(holds(&changed, token_of(&changed, 1, NOW), NOW, &renew));
    assert_false(renew);
    assert_true(holds(&forgetful, token_of(&changed, 1, NOW), NOW, NULL));
}

/* ---- the cookie ---- */

static struct slice with(const struct site *site, struct slice cookie, struct slice token, int64_t at, struct buf *b)
{
    static char text[4096];

    buf_clear(b);
    assert_true(cookie_with(site, cookie, token, at, b));
    assert_true(b->n < sizeof(text));
    memcpy(text, b->p, b->n);
    return (struct slice){ text, b->n };
}

static bool known(const struct site *site, struct slice cookie, uint8_t n, int64_t at)
{
    struct kf_id id, made = id_of(n);

    return cookie_token(site, cookie, at, &id, NULL).n > 0 && id_eq(&id, &made);
}

static void one_cookie_keeps_who_one_is_at_each_site(void **state)
{
    struct slice cookie = { NULL, 0 };
    struct buf b;

    (void)state;
    buf_init(&b, 4096);
    cookie = with(&shop, cookie, token_of(&shop, 1, NOW), NOW, &b);
    assert_null(memchr(cookie.p, '~', cookie.n));
    cookie = with(&blog, cookie, token_of(&blog, 2, NOW), NOW, &b);
    assert_true(known(&shop, cookie, 1, NOW));
    assert_true(known(&blog, cookie, 2, NOW));
    cookie = with(&shop, cookie, token_of(&shop, 1, NOW + 300 * DAY), NOW + 300 * DAY, &b);
    assert_true(known(&shop, cookie, 1, NOW + 400 * DAY));
    assert_true(known(&blog, cookie, 2, NOW + 300 * DAY));
    /* What has ended is not carried along, and no more is what never was a token. */
    cookie = with(&shop, cookie, token_of(&shop, 1, NOW + 400 * DAY), NOW + 400 * DAY, &b);
    assert_int_equal(cookie.n, token_of(&shop, 1, NOW + 400 * DAY).n);
    cookie = with(&shop, SLICE("~~v1.x~hello; Path=/~v1.<script>.99999999999999."), token_of(&shop, 1, NOW), NOW, &b);
    assert_int_equal(cookie.n, token_of(&shop, 1, NOW).n);
    buf_finish(&b);
}

static void a_cookie_does_not_grow_without_bound(void **state)
{
    struct slice cookie = { NULL, 0 };
    struct buf b;
    int remembered = 0;

    (void)state;
    buf_init(&b, 4096);
    for (int i = 0; i < 40; i++) {
        struct site s = { .token_secret = SECRET };

        (void)snprintf(s.key.s, sizeof(s.key.s), "s%d", i);
        cookie = with(&s, cookie, token_of(&s, (uint8_t)i, NOW), NOW, &b);
        assert_true(cookie.n < 2100);
    }
    for (int i = 0; i < 40; i++) {
        struct site s = { .token_secret = SECRET };

        (void)snprintf(s.key.s, sizeof(s.key.s), "s%d", i);
        assert_int_equal(known(&s, cookie, (uint8_t)i, NOW), i >= 24);
        remembered += known(&s, cookie, (uint8_t)i, NOW);
    }
    assert_int_equal(remembered, 16);
    buf_finish(&b);
}

/* ---- identities ---- */

static void a_proof_may_be_written_in_either_case(void **state)
{
    unsigned char mac[32];
    char lower[65], upper[65];
    unsigned n = 0;

    (void)state;
    HMAC(EVP_sha256(), shop.identity_secret, (int)strlen(shop.identity_secret), (const unsigned char *)"u-77", 4, mac, &n);
    for (unsigned i = 0; i < n; i++) {
        (void)snprintf(lower + (size_t)2 * i, 3, "%02x", mac[i]);
        (void)snprintf(upper + (size_t)2 * i, 3, "%02X", mac[i]);
    }
    assert_true(identity_right(&shop, SLICE("u-77"), slice_of(lower)));
    assert_true(identity_right(&shop, SLICE("u-77"), slice_of(upper)));
    assert_false(identity_right(&shop, SLICE("u-78"), slice_of(lower)));
    assert_false(identity_right(&blog, SLICE("u-77"), slice_of(lower)));
    lower[63] = lower[63] == '0' ? '1' : '0';
    assert_false(identity_right(&shop, SLICE("u-77"), slice_of(lower)));
    assert_false(identity_right(&shop, SLICE("u-77"), (struct slice){ upper, 63 }));
}

/* ---- files ---- */

static int64_t file_clock;

static int64_t clock_of(void *ctx)
{
    (void)ctx;
    return file_clock;
}

static bool opens(struct desk *d, const struct site *site, const struct kf_id *file, const char *url)
{
    const char *exp = strstr(url, "exp=") + 4, *sig = strstr(url, "sig=") + 4;

    return desk_file_signed(d, site, file, (struct slice){ exp, strcspn(exp, "&") }, slice_of(sig));
}

static void the_address_of_a_file_opens_that_file_until_then(void **state)
{
    struct desk d = { .ports = { .now_ms = clock_of } };
    struct kf_id file = id_of(1), other = id_of(2);
    char url[FILE_URL_MAX], later[FILE_URL_MAX];

    (void)state;
    file_clock = NOW;
    assert_true(file_address(&shop, "https://files.example", &file, NOW / 1000 + 600, url, sizeof(url)));
    assert_true(strncmp(url, "https://files.example/files/", 28) == 0);
    assert_true(opens(&d, &shop, &file, url));
    assert_false(opens(&d, &shop, &other, url));
    assert_false(opens(&d, &forgetful, &file, url));
    assert_true(opens(&d, &changed, &file, url));
    file_clock = NOW + 600000 - 1;
    assert_true(opens(&d, &shop, &file, url));
    file_clock = NOW + 600000;
    assert_false(opens(&d, &shop, &file, url));
    /* Another end has another signature. */
    file_clock = NOW;
    assert_true(file_address(&shop, "https://files.example", &file, NOW / 1000 + 900, later, sizeof(later)));
    memcpy(strstr(url, "exp="), strstr(later, "exp="), strcspn(strstr(later, "exp="), "&"));
    assert_false(opens(&d, &shop, &file, url));
    assert_false(desk_file_signed(&d, &shop, &file, SLICE(""), slice_of(strstr(later, "sig=") + 4)));
    assert_false(desk_file_signed(&d, &shop, &file, SLICE("99999999999999"), slice_of(strstr(later, "sig=") + 4)));
    assert_false(file_address(&secretless, "https://files.example", &file, NOW, url, sizeof(url)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_holds_for_a_year_at_its_own_site),
        cmocka_unit_test(a_token_is_due_when_half_of_its_life_is_over),
        cmocka_unit_test(a_secret_can_be_changed_without_forgetting_anybody),
        cmocka_unit_test(one_cookie_keeps_who_one_is_at_each_site),
        cmocka_unit_test(a_cookie_does_not_grow_without_bound),
        cmocka_unit_test(a_proof_may_be_written_in_either_case),
        cmocka_unit_test(the_address_of_a_file_opens_that_file_until_then),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
