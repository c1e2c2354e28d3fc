/* TLS: what is spoken, large bodies, WebSockets, and the change of a certificate under way. */
#include "net_rig.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

static struct rig rig;
static char dir[SCRATCH_MAX], crt[96], key[96];

/* ---- Certificates ---- */

static EVP_PKEY *make_pair(const char *name, bool rsa, const char *crt_file, const char *key_file)
{
    EVP_PKEY *k = rsa ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256");
    X509 *x = X509_new();
    FILE *f;

    assert_non_null(k);
    X509_set_version(x, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
    X509_gmtime_adj(X509_getm_notBefore(x), -60);
    X509_gmtime_adj(X509_getm_notAfter(x), 86400);
    X509_set_pubkey(x, k);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
    X509_set_issuer_name(x, X509_get_subject_name(x));
    assert_true(X509_sign(x, k, EVP_sha256()) > 0);
    f = fopen(crt_file, "w");
    assert_true(PEM_write_X509(f, x));
    fclose(f);
    f = fopen(key_file, "w");
    assert_true(PEM_write_PrivateKey(f, k, NULL, NULL, 0, NULL, NULL));
    fclose(f);
    X509_free(x);
    return k;
}

static void write_pair(const char *name, bool rsa)
{
    EVP_PKEY_free(make_pair(name, rsa, crt, key));
}

static void locked_pair(const char *name)
{
    EVP_PKEY *k = make_pair(name, false, crt, key);
    FILE *f = fopen(key, "w");

    assert_true(PEM_write_PrivateKey(f, k, EVP_aes_128_cbc(), (const unsigned char *)"secret", 6, NULL, NULL));
    fclose(f);
    EVP_PKEY_free(k);
}

static int start(void **state)
{
    (void)state;
    scratch_dir(dir, "kf-net");
    (void)snprintf(crt, sizeof(crt), "%s/crt.pem", dir);
    (void)snprintf(key, sizeof(key), "%s/key.pem", dir);
    write_pair("first.example", false);
    rig_init(&rig);
    rig.cfg.certificate = crt;
    rig.cfg.key = key;
    rig_start(&rig);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    rig_stop(&rig);
    unlink(crt);
    unlink(key);
    return rmdir(dir);
}

/* ---- A client ---- */

struct tls {
    SSL_CTX *ctx;
    SSL *ssl;
    int fd;
};

static void tls_close(struct tls *t)
{
    SSL_free(t->ssl);
    SSL_CTX_free(t->ctx);
    close(t->fd);
}

/* `ciphers` for TLS 1.2; NULL: whatever. False: no handshake. */
static bool tls_dial(struct tls *t, int min, int max, const char *ciphers, const char *alpn)
{
    struct timeval wait = { WAIT_MS / 1000, 0 };

    t->ctx = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_security_level(t->ctx, 0);
    if (min)
        SSL_CTX_set_min_proto_version(t->ctx, min);
    if (max)
        SSL_CTX_set_max_proto_version(t->ctx, max);
    if (ciphers)
        SSL_CTX_set_cipher_list(t->ctx, ciphers);
    t->fd = dial(&rig);
    setsockopt(t->fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
    t->ssl = SSL_new(t->ctx);
    if (alpn)
        SSL_set_alpn_protos(t->ssl, (const unsigned char *)alpn, (unsigned)strlen(alpn));
    SSL_set_fd(t->ssl, t->fd);
    return SSL_connect(t->ssl) == 1;
}

static void tls_put(struct tls *t, const char *p, size_t n)
{
    while (n) {
        int k = SSL_write(t->ssl, p, n > 16000 ? 16000 : (int)n);

        if (k <= 0)
            return;
        p += k;
        n -= (size_t)k;
    }
}

static size_t tls_hear(struct tls *t, char *p, size_t max)
{
    size_t n = 0;

    while (n < max) {
        int k = SSL_read(t->ssl, p + n, (int)(max - n));

        if (k <= 0)
            break;
        n += (size_t)k;
    }
    return n;
}

static int tls_ask(const char *request, const char *body, size_t body_n, char *answer, size_t max)
{
    struct tls t;
    int status = 0;
    size_t n;

    assert_true(tls_dial(&t, 0, 0, NULL, NULL));
    tls_put(&t, request, strlen(request));
    tls_put(&t, body, body_n);
    n = tls_hear(&t, answer, max - 1);
    answer[n] = '\0';
    (void)!sscanf(answer, "HTTP/1.1 %d", &status);
    tls_close(&t);
    return status;
}

/* ---- */

static void answers_over_tls_and_says_so(void **state)
{
    char answer[8192];

    (void)state;
    assert_int_equal(tls_ask("GET /head HTTP/1.1\r\nHost: localhost\r\n\r\n", "", 0, answer, sizeof(answer)), 200);
    assert_non_null(strstr(answer, "secure=1\n"));
    assert_non_null(strstr(answer, "Strict-Transport-Security: max-age=31536000\r\n"));
}

static void what_it_knows_no_method_of_is_answered_too(void **state)
{
    char answer[4096];

    (void)state;
    assert_int_equal(tls_ask("BREW /pot HTTP/1.1\r\nHost: localhost\r\n\r\n", "", 0, answer, sizeof(answer)), 501);
    assert_non_null(strstr(answer, "application/problem+json"));
}

static void only_modern_protocols_and_suites(void **state)
{
    static const struct {
        int min, max;
        const char *ciphers;
        bool ok;
    } rows[] = {
        { TLS1_3_VERSION, TLS1_3_VERSION, NULL, true },
        { TLS1_2_VERSION, TLS1_2_VERSION, "ECDHE+AESGCM", true },
        { TLS1_2_VERSION, TLS1_2_VERSION, "ECDHE+CHACHA20", true },
        { TLS1_2_VERSION, TLS1_2_VERSION, "ECDHE-ECDSA-AES256-SHA384:ECDHE-ECDSA-AES128-SHA", false },
        { TLS1_2_VERSION, TLS1_2_VERSION, "AES128-GCM-SHA256:AES256-GCM-SHA384", false },
        { TLS1_2_VERSION, TLS1_2_VERSION, "DHE+AESGCM", false },
        { TLS1_1_VERSION, TLS1_1_VERSION, "ALL", false },
        { TLS1_VERSION, TLS1_VERSION, "ALL", false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct tls t;
        bool ok = tls_dial(&t, rows[i].min, rows[i].max, rows[i].ciphers, NULL);

        tls_close(&t);
        if (ok != rows[i].ok)
            fail_msg("row %zu: %d", i, ok);
    }
    ERR_clear_error();
}

static void http2_is_not_negotiated(void **state)
{
    const unsigned char *alpn;
    unsigned n;
    struct tls t;

    (void)state;
    assert_true(tls_dial(&t, 0, 0, NULL, "\x02h2\x08http/1.1"));
    SSL_get0_alpn_selected(t.ssl, &alpn, &n);
    assert_int_equal(n, 8);
    assert_memory_equal(alpn, "http/1.1", 8);
    tls_close(&t);
    if (tls_dial(&t, 0, 0, NULL, "\x02h2")) {
        SSL_get0_alpn_selected(t.ssl, &alpn, &n);
        assert_int_equal(n, 0);
    }
    tls_close(&t);
    ERR_clear_error();
}

/* With libwebsockets' own buffer size a POST of 15 KB stalls for ever. */
static void bodies_of_every_size_arrive(void **state)
{
    static const size_t sizes[] = { 1, 4000, 15000, 16384, 40000, 300000, 1000000 };
    char *body = malloc(1000000), *answer = malloc(1100000), request[256];

    (void)state;
    for (size_t i = 0; i < 1000000; i++)
        body[i] = (char)('a' + i % 23);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
        for (int kind = 0; kind < 3; kind++) {
            static const char *const paths[] = { "/echo", "/stream", "/stream?later=1" };
            const char *got;

            (void)snprintf(request, sizeof(request), "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: %zu\r\n\r\n", paths[kind],
                           sizes[i]);
            assert_int_equal(tls_ask(request, body, sizes[i], answer, 1100000), 200);
            got = strstr(answer, "\r\n\r\n") + 4;
            if (kind == 0) {
                assert_int_equal(strlen(got), sizes[i]);
                assert_memory_equal(got, body, sizes[i]);
            } else
                assert_int_equal(atol(got), sizes[i]);
        }
    free(body);
    free(answer);
}

static void large_answers_arrive(void **state)
{
    static const char *const paths[] = { "/blob?n=2000000", "/big?n=2000000" };
    char *answer = malloc(2100000), request[128];

    (void)state;
    for (int i = 0; i < 2; i++) {
        (void)snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", paths[i]);
        assert_int_equal(tls_ask(request, "", 0, answer, 2100000), 200);
        assert_int_equal(strlen(strstr(answer, "\r\n\r\n") + 4), 2000000);
    }
    free(answer);
}

static void websockets_work_and_close_with_their_code(void **state)
{
    static const char hello[] = "GET /ws/visitor HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
                                "Sec-WebSocket-Protocol: kefu.visitor.v1\r\n\r\n";
    char head[512] = "", *text = malloc(65536), frame[8] = { (char)0x81, (char)0xfe, (char)0xf0, 0, 0, 0, 0, 0 };
    struct tls t;
    size_t n = 0;

    (void)state;
    assert_true(tls_dial(&t, 0, 0, NULL, NULL));
    tls_put(&t, hello, strlen(hello));
    while (n < sizeof(head) - 1 && !strstr(head, "\r\n\r\n"))
        n += tls_hear(&t, head + n, 1);
    assert_non_null(strstr(head, " 101 "));
    for (int round = 0; round < 20; round++) { /* 61440 bytes, masked with zeros */
        memset(text, 'a' + round, 61440);
        tls_put(&t, frame, 8);
        tls_put(&t, text, 61440);
        assert_int_equal(tls_hear(&t, head, 4), 4);
        assert_memory_equal(head, "\x81\x7e\xf0\x00", 4);
        memset(text, 0, 61440);
        assert_int_equal(tls_hear(&t, text, 61440), 61440);
        assert_int_equal(text[61439], 'a' + round);
    }
    tls_put(&t, "\x82\x80\0\0\0\0", 6);
    assert_int_equal(tls_hear(&t, head, 4), 4);
    assert_memory_equal(head + 2, "\x03\xeb", 2); /* 1003 */
    tls_close(&t);
    free(text);
    ERR_clear_error();
}

static void common_name(char *ret, size_t max)
{
    struct tls t;
    X509 *x;

    assert_true(tls_dial(&t, 0, 0, NULL, NULL));
    x = SSL_get1_peer_certificate(t.ssl);
    assert_non_null(x);
    X509_NAME_get_text_by_NID(X509_get_subject_name(x), NID_commonName, ret, (int)max);
    X509_free(x);
    tls_close(&t);
}

/* Counted by the application; /events is asked over TLS. */
static void await_refused(int n)
{
    int64_t until = clock_ms() + WAIT_MS;
    char answer[4096], expected[64];

    (void)snprintf(expected, sizeof(expected), "reload_refused=%d", n);
    do
        assert_int_equal(tls_ask("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n", "", 0, answer, sizeof(answer)), 200);
    while (!strstr(answer, expected) && clock_ms() < until);
    assert_non_null(strstr(answer, expected));
}

static void a_new_certificate_takes_over_and_a_bad_one_does_not(void **state)
{
    int64_t until = clock_ms() + WAIT_MS;
    char name[64], other[96];
    FILE *f;

    (void)state;
    common_name(name, sizeof(name));
    assert_string_equal(name, "first.example");

    write_pair("second.example", true); /* another kind of key */
    kill(rig.pid, SIGHUP);
    do
        common_name(name, sizeof(name));
    while (strcmp(name, "second.example") != 0 && clock_ms() < until);
    assert_string_equal(name, "second.example");

    (void)snprintf(other, sizeof(other), "%s/other.pem", dir);
    EVP_PKEY_free(make_pair("third.example", false, crt, other)); /* a certificate without its key */
    unlink(other);
    kill(rig.pid, SIGHUP);
    await_refused(1);
    common_name(name, sizeof(name));
    assert_string_equal(name, "second.example");

    f = fopen(crt, "w");
    fputs("not a certificate\n", f);
    fclose(f);
    kill(rig.pid, SIGHUP);
    await_refused(2);
    locked_pair("locked.example"); /* nobody is asked for its pass phrase: the server goes on */
    kill(rig.pid, SIGHUP);
    await_refused(3);
    unlink(key);
    kill(rig.pid, SIGHUP);
    await_refused(4);
    common_name(name, sizeof(name));
    assert_string_equal(name, "second.example");
}

static void a_server_without_a_good_pair_does_not_start(void **state)
{
    struct net_server *s = NULL;
    struct kf_err why = { 0 };
    struct net_config cfg = rig.cfg;
    const char *listen[1] = { "127.0.0.1:0" };
    uv_loop_t loop;

    (void)state;
    cfg.listen = listen;
    cfg.key = "/nonexistent/key.pem";
    uv_loop_init(&loop);
    assert_int_equal(net_server_open(&s, &loop, &cfg, &why), KF_INVALID);
    assert_non_null(strstr(why.text, "/nonexistent/key.pem"));
    locked_pair("locked.example");
    cfg.key = key;
    assert_int_equal(net_server_open(&s, &loop, &cfg, &why), KF_INVALID);
    assert_non_null(strstr(why.text, "has a pass phrase"));
    assert_int_equal(uv_loop_close(&loop), 0);
}

static void plain_text_to_the_tls_port_is_dropped(void **state)
{
    char c[64];
    int fd = dial(&rig);

    (void)state;
    say(fd, "GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert_int_not_equal(hear(fd, c, sizeof(c)), sizeof(c));
    close(fd);
    assert_int_equal(tls_ask("GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n", "", 0, (char[4096]){ 0 }, 4096), 200);
}

static void a_hello_that_never_comes_is_given_up(void **state)
{
    int64_t from;
    char c;
    int fd;

    (void)state;
    rig_stop(&rig);
    rig.cfg.header_timeout_ms = 500;
    rig_start(&rig);
    from = clock_ms();
    fd = dial(&rig);
    put(fd, "\x16\x03\x01", 3);
    assert_int_equal(hear(fd, &c, 1), 0);
    assert_in_range(clock_ms() - from, 400, WAIT_MS);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(answers_over_tls_and_says_so, start, stop),
        cmocka_unit_test_setup_teardown(only_modern_protocols_and_suites, start, stop),
        cmocka_unit_test_setup_teardown(what_it_knows_no_method_of_is_answered_too, start, stop),
        cmocka_unit_test_setup_teardown(http2_is_not_negotiated, start, stop),
        cmocka_unit_test_setup_teardown(bodies_of_every_size_arrive, start, stop),
        cmocka_unit_test_setup_teardown(large_answers_arrive, start, stop),
        cmocka_unit_test_setup_teardown(websockets_work_and_close_with_their_code, start, stop),
        cmocka_unit_test_setup_teardown(a_new_certificate_takes_over_and_a_bad_one_does_not, start, stop),
        cmocka_unit_test_setup_teardown(a_server_without_a_good_pair_does_not_start, start, stop),
        cmocka_unit_test_setup_teardown(plain_text_to_the_tls_port_is_dropped, start, stop),
        cmocka_unit_test_setup_teardown(a_hello_that_never_comes_is_given_up, start, stop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
