/* The second factor: set up, asked for, never taken twice, recovered, reset. */
#include "tests/support/cast.h"

#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ADMIN "admin@demo.example"

static struct daemon d;
static struct staff admin;

static int start(void **state)
{
    (void)state;
    daemon_start(&d, &(struct daemon_options){ .demo = true, .config = "[limits]\nlogin_failures = 10\n" });
    staff_sign_in(&admin, &d, ADMIN);
    return 0;
}

static int finish(void **state)
{
    (void)state;
    staff_free(&admin);
    daemon_finish(&d);
    return 0;
}

/* ---- RFC 4226 and 6238, written down a second time ---- */

static size_t decode(const char *base32, unsigned char *ret)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    unsigned bits = 0, have = 0;
    size_t n = 0;

    for (; *base32; base32++) {
        bits = bits << 5 | (unsigned)(strchr(letters, *base32) - letters);
        have += 5;
        if (have >= 8) {
            have -= 8;
            ret[n++] = (unsigned char)(bits >> have);
        }
    }
    return n;
}

/* The code of the step that is `shift` away from the present one; static memory. */
static const char *code_of(const char *secret, int shift)
{
    static char code[2][8];
    static int turn;
    unsigned char key[64], counter[8], mac[EVP_MAX_MD_SIZE];
    int64_t step;
    unsigned n = 0, at;
    size_t n_key = decode(secret, key);

    turn = !turn;
    UNTIL(now_wall_ms() % 30000 < 27000); /* no step ends on the way */
    step = now_wall_ms() / 30000 + shift;
    for (int i = 7; i >= 0; i--, step >>= 8)
        counter[i] = (unsigned char)step;
    assert_non_null(HMAC(EVP_sha1(), key, (int)n_key, counter, 8, mac, &n));
    at = mac[19] & 15;
    (void)snprintf(code[turn], sizeof(code[turn]), "%06u",
                   (((unsigned)mac[at] & 127) << 24 | (unsigned)mac[at + 1] << 16 | (unsigned)mac[at + 2] << 8 | mac[at + 3]) % 1000000);
    return code[turn];
}

/* ---- asking ---- */

/* The code of the problem, or "" when it is signed in; static memory. */
static const char *sign_in(const char *email, const char *password, const char *code)
{
    static char word[40];
    json_t *root = json_pack("{s:s,s:s}", "email", email, "password", password);
    struct reply r;
    char *body;

    if (code)
        json_object_set_new(root, "code", json_string(code));
    body = json_dumps(root, 0);
    web_ask(&d, &(struct ask){ .path = "/api/v1/session", .body = body, .origin = "" }, &r);
    free(body);
    json_decref(root);
    (void)snprintf(word, sizeof(word), "%s", r.status == 201 ? "" : text_at(r.json, "code"));
    if (r.status != 201)
        assert_int_equal(number_at(r.json, "status"), r.status);
    if (strncmp(word, "totp", 4) == 0)
        assert_int_equal(r.status, 401);
    reply_free(&r);
    return word;
}

static struct reply post(const struct staff *s, int status, const char *path, const char *code)
{
    char body[100];

    (void)snprintf(body, sizeof(body), "{\"code\":\"%s\"}", code ? code : "");
    return web_expect(&d, status,
                      &(struct ask){ .path = path, .cookie = s->cookie, .csrf = s->csrf, .origin = "", .body = code ? body : "{}" });
}

static struct reply begin(const struct staff *s, int status, const char *password)
{
    char body[100];

    (void)snprintf(body, sizeof(body), "{\"password\":\"%s\"}", password);
    return web_expect(&d, status,
                      &(struct ask){ .path = "/api/v1/session/totp", .cookie = s->cookie, .csrf = s->csrf, .origin = "", .body = body });
}

static const char *state_of(const struct staff *s)
{
    static char word[16];
    json_t *root = staff_get(s, &d, "/api/v1/session/totp");

    (void)snprintf(word, sizeof(word), "%s", text_at(root, "state"));
    json_decref(root);
    return word;
}

struct setup {
    struct staff staff;
    char secret[40];
    char recovery[10][24];
};

/* Sets one up; the code that confirms is that of the step before, so that those after it are still to be had. */
static void set_up(struct setup *u, const char *email)
{
    struct reply r;

    memset(u, 0, sizeof(*u));
    staff_sign_in(&u->staff, &d, email);
    assert_string_equal(state_of(&u->staff), "off");
    web_status(
        &d, 400,
        &(struct ask){ .path = "/api/v1/session/totp", .cookie = u->staff.cookie, .csrf = u->staff.csrf, .origin = "", .body = "{}" });
    r = begin(&u->staff, 422, "a-wrong-password-that-is-long"); /* an open session is not enough */
    assert_string_equal(text_at(r.json, "code"), "password_wrong");
    reply_free(&r);
    assert_string_equal(state_of(&u->staff), "off");
    r = begin(&u->staff, 201, DEMO_PASSWORD);
    (void)snprintf(u->secret, sizeof(u->secret), "%s", text_at(r.json, "secret"));
    assert_int_equal(strlen(u->secret), 32);
    assert_non_null(strstr(text_at(r.json, "uri"), u->secret));
    assert_true(strncmp(text_at(r.json, "uri"), "otpauth://totp/kefud:", 21) == 0);
    reply_free(&r);
    assert_string_equal(state_of(&u->staff), "pending");
    r = post(&u->staff, 200, "/api/v1/session/totp/confirm", code_of(u->secret, -1));
    assert_int_equal(json_array_size(value_at(r.json, "recovery")), 10);
    for (size_t i = 0; i < 10; i++)
        (void)snprintf(u->recovery[i], sizeof(u->recovery[i]), "%s", json_string_value(json_array_get(value_at(r.json, "recovery"), i)));
    reply_free(&r);
    assert_string_equal(state_of(&u->staff), "on");
}

/* ---- the tests ---- */

static void signing_in_asks_for_the_code_and_takes_each_once(void **state)
{
    static const char who[] = "agent1@demo.example";
    struct setup u;
    char code[8];

    (void)state;
    set_up(&u, who);
    assert_string_equal(sign_in(who, DEMO_PASSWORD, NULL), "totp_required");
    assert_string_equal(sign_in(who, "not-the-right-password", NULL), "unauthorized");
    assert_string_equal(sign_in(who, DEMO_PASSWORD, "000000x"), "totp_wrong");
    (void)snprintf(code, sizeof(code), "%s", code_of(u.secret, 0));
    assert_string_equal(sign_in(who, DEMO_PASSWORD, code), "");
    assert_string_equal(sign_in(who, DEMO_PASSWORD, code), "totp_wrong"); /* a replay */
    assert_string_equal(sign_in(who, DEMO_PASSWORD, code_of(u.secret, 1)), "");
    staff_free(&u.staff);
}

static void a_recovery_code_opens_once(void **state)
{
    static const char who[] = "agent2@demo.example";
    struct setup u;
    json_t *root;

    (void)state;
    set_up(&u, who);
    assert_string_equal(sign_in(who, DEMO_PASSWORD, u.recovery[3]), "");
    assert_string_equal(sign_in(who, DEMO_PASSWORD, u.recovery[3]), "totp_wrong");
    assert_string_equal(sign_in(who, DEMO_PASSWORD, u.recovery[4]), "");
    root = staff_get(&u.staff, &d, "/api/v1/session/totp");
    assert_int_equal(number_at(root, "recovery_left"), 8);
    json_decref(root);
    staff_free(&u.staff);
}

static void it_is_taken_away_with_a_code_only(void **state)
{
    static const char who[] = "reviewer@demo.example";
    struct setup u;
    struct reply r;

    (void)state;
    set_up(&u, who);
    r = post(&u.staff, 422, "/api/v1/session/totp/disable", "123");
    assert_string_equal(text_at(r.json, "code"), "totp_wrong");
    reply_free(&r);
    r = begin(&u.staff, 409, DEMO_PASSWORD); /* it cannot be replaced either */
    reply_free(&r);
    web_status(&d, 403, &(struct ask){ .path = "/api/v1/session/totp/disable", .cookie = u.staff.cookie, .origin = "", .body = "{}" });
    r = post(&u.staff, 204, "/api/v1/session/totp/disable", code_of(u.secret, 0));
    reply_free(&r);
    assert_string_equal(state_of(&u.staff), "off");
    assert_string_equal(sign_in(who, DEMO_PASSWORD, NULL), "");
    r = post(&u.staff, 409, "/api/v1/session/totp/disable", code_of(u.secret, 1));
    reply_free(&r);
    staff_free(&u.staff);
}

static void whoever_guesses_codes_is_slowed_down(void **state)
{
    static const char who[] = "supervisor@demo.example";
    struct setup u;
    int wrong = 0, slowed = 0;

    (void)state;
    set_up(&u, who);
    for (int i = 0; i < 15; i++) {
        struct reply r;

        web_ask(&d,
                &(struct ask){ .path = "/api/v1/session/totp/disable",
                               .cookie = u.staff.cookie,
                               .csrf = u.staff.csrf,
                               .origin = "",
                               .body = "{\"code\":\"aaaa-aaaa-aaaa-aaaa\"}" },
                &r);
        wrong += r.status == 422;
        slowed += r.status == 429;
        reply_free(&r);
    }
    assert_int_equal(wrong + slowed, 15);
    assert_true(slowed >= 3);
    assert_string_equal(sign_in(who, DEMO_PASSWORD, NULL), "rate_limited");
    staff_free(&u.staff);
}

static void an_admin_resets_it_and_ends_what_is_open(void **state)
{
    static const char who[] = "agent1@demo.example"; /* has one, from the first test */
    char kefuctl[256], *out;
    struct staff other = { 0 };

    (void)state;
    web_status(&d, 404,
               &(struct ask){ .method = "POST",
                              .path = "/api/v1/people/nobody@demo.example/reset-totp",
                              .cookie = admin.cookie,
                              .csrf = admin.csrf,
                              .origin = "" });
    web_status(&d, 204,
               &(struct ask){ .method = "POST",
                              .path = "/api/v1/people/agent1@demo.example/reset-totp",
                              .cookie = admin.cookie,
                              .csrf = admin.csrf,
                              .origin = "" });
    (void)snprintf(kefuctl, sizeof(kefuctl), "%s", daemon_program("kefuctl"));
    assert_int_equal(
        program_run((const char *const[]){ kefuctl, "--state", d.state, "user", "reset-totp", "agent2@demo.example", NULL }, NULL, &out),
        0);
    free(out);
    assert_int_equal(program_run((const char *const[]){ kefuctl, "--state", d.state, "user", "reset-totp", who, NULL }, NULL, &out), 1);
    assert_non_null(strstr(out, "second factor"));
    free(out);
    UNTIL(strcmp(sign_in(who, DEMO_PASSWORD, NULL), "rate_limited") != 0);
    assert_string_equal(sign_in(who, DEMO_PASSWORD, NULL), "");
    staff_sign_in(&other, &d, "agent2@demo.example");
    web_status(
        &d, 403,
        &(struct ask){ .method = "POST", .path = "/api/v1/people/agent1@demo.example/reset-totp", .cookie = other.cookie, .origin = "" });
    web_status(&d, 404,
               &(struct ask){ .method = "POST",
                              .path = "/api/v1/people/agent1@demo.example/reset-totp",
                              .cookie = other.cookie,
                              .csrf = other.csrf,
                              .origin = "" });
    staff_free(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signing_in_asks_for_the_code_and_takes_each_once),
        cmocka_unit_test(a_recovery_code_opens_once),
        cmocka_unit_test(it_is_taken_away_with_a_code_only),
        cmocka_unit_test(an_admin_resets_it_and_ends_what_is_open),
        cmocka_unit_test(whoever_guesses_codes_is_slowed_down),
    };

    return cmocka_run_group_tests(tests, start, finish);
}
