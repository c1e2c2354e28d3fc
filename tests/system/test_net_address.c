/* Addresses as proxies write them, networks, and the count of who has how many connections. */
#include "core/address.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static struct address of(const char *text)
{
    struct address a;

    assert_true(address_parse(slice_of(text), &a));
    return a;
}

static void reads_what_proxies_write(void **state)
{
    static const struct {
        const char *text, *address; /* NULL: not an address */
    } rows[] = {
        { "192.0.2.1", "192.0.2.1" },
        { "192.0.2.1:80", "192.0.2.1" },
        { "::ffff:192.0.2.1", "192.0.2.1" },
        { "[::ffff:192.0.2.1]:80", "192.0.2.1" },
        { "2001:DB8::1", "2001:db8::1" },
        { "[2001:db8::1]", "2001:db8::1" },
        { "[2001:db8::1]:443", "2001:db8::1" },
        { "", NULL },
        { "192.0.2", NULL },
        { "192.0.2.256", NULL },
        { "[2001:db8::1", NULL },
        { "[2001:db8::1]x", NULL },
        { "unknown", NULL },
        { "_hidden", NULL },
        { "2001:db8::1::", NULL },
        { "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000", NULL },
    };
    char text[ADDRESS_TEXT];

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct address a;

        assert_int_equal(address_parse(slice_of(rows[i].text), &a), rows[i].address != NULL);
        if (rows[i].address)
            assert_string_equal(address_text(&a, text), rows[i].address);
    }
    assert_string_equal(address_text(&(struct address){ { 0 } }, text), "");
}

static void knows_networks(void **state)
{
    static const struct {
        const char *network, *address;
        int has; /* -1: not a network */
    } rows[] = {
        { "10.0.0.0/8", "10.255.1.2", 1 },
        { "10.0.0.0/8", "11.0.0.1", 0 },
        { "192.168.4.0/22", "192.168.7.255", 1 },
        { "192.168.4.0/22", "192.168.8.0", 0 },
        { "192.0.2.7", "192.0.2.7", 1 },
        { "192.0.2.7", "192.0.2.8", 0 },
        { "0.0.0.0/0", "203.0.113.1", 1 },
        { "0.0.0.0/0", "2001:db8::1", 0 },
        { "2001:db8::/33", "2001:db8:7fff::1", 1 },
        { "2001:db8::/33", "2001:db8:8000::", 0 },
        { "::1", "::1", 1 },
        { "::/0", "192.0.2.1", 1 },
        { "10.0.0.0/33", "10.0.0.1", -1 },
        { "10.0.0.0/", "10.0.0.1", -1 },
        { "10.0.0.0/8x", "10.0.0.1", -1 },
        { "ten", "10.0.0.1", -1 },
        { "::/129", "::1", -1 },
        { "::ffff:127.0.0.0/104", "127.0.0.9", 1 }, /* the mapped form: all of its bits are counted */
        { "::ffff:127.0.0.0/104", "128.0.0.1", 0 },
        { "::ffff:127.0.0.0/8", "127.0.0.1", -1 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct network n;
        struct address a = of(rows[i].address);

        assert_int_equal(network_parse(rows[i].network, &n), rows[i].has >= 0);
        if (rows[i].has >= 0 && network_has(&n, &a) != rows[i].has)
            fail_msg("%s %s", rows[i].network, rows[i].address);
    }
}

static void tells_private_from_public(void **state)
{
    static const char *const private[] = { "0.0.0.0",
                                           "10.0.0.1",
                                           "100.64.0.1",
                                           "100.127.255.255",
                                           "127.0.0.1",
                                           "169.254.169.254",
                                           "172.16.0.1",
                                           "172.31.9.9",
                                           "192.168.0.1",
                                           "198.18.0.1",
                                           "224.0.0.1",
                                           "255.255.255.255",
                                           "::",
                                           "::1",
                                           "fc00::1",
                                           "fdff::1",
                                           "fe80::1",
                                           "ff02::1",
                                           "::ffff:10.0.0.1",
                                           "64:ff9b::a00:1",
                                           "2002:a00:1::",
                                           "::10.0.0.1" };
    static const char *const public[] = { "1.1.1.1",         "9.255.255.255", "11.0.0.1",        "100.63.255.255", "100.128.0.1",
                                          "172.15.255.255",  "172.32.0.1",    "192.167.255.255", "192.169.0.1",    "223.255.255.255",
                                          "2606:4700::1111", "2400:cb00::1",  "::ffff:1.1.1.1" };

    (void)state;
    for (size_t i = 0; i < sizeof(private) / sizeof(private[0]); i++) {
        struct address a = of(private[i]);

        if (!address_is_private(&a))
            fail_msg("%s", private[i]);
    }
    for (size_t i = 0; i < sizeof(public) / sizeof(public[0]); i++) {
        struct address a = of(public[i]);

        if (address_is_private(&a))
            fail_msg("%s", public[i]);
    }
}

/* Against a plain array, with far more addresses than the table begins with. */
static void counts_like_a_plain_array_would(void **state)
{
    enum { MANY = 700 };
    static unsigned expected[MANY];
    struct tally *t = tally_new();
    uint64_t seed = 42;

    (void)state;
    memset(expected, 0, sizeof(expected));
    for (int step = 0; step < 60000; step++) {
        struct address a = of("192.0.2.0");
        unsigned i;

        seed = seed * 6364136223846793005u + 1442695040888963407u;
        i = (unsigned)(seed >> 33) % MANY;
        a.b[14] = (uint8_t)(i >> 8);
        a.b[15] = (uint8_t)i;
        if (seed >> 63 && (step % 20000 < 10000 || expected[i] == 0))
            assert_int_equal(tally_add(t, &a), ++expected[i]);
        else {
            tally_drop(t, &a);
            expected[i] -= expected[i] > 0;
        }
        assert_int_equal(tally_of(t, &a), expected[i]);
    }
    for (unsigned i = 0; i < MANY; i++) {
        struct address a = of("192.0.2.0");

        a.b[14] = (uint8_t)(i >> 8);
        a.b[15] = (uint8_t)i;
        assert_int_equal(tally_of(t, &a), expected[i]);
    }
    tally_free(t);
}

static void one_subscriber_is_one_network_of_ipv6(void **state)
{
    struct address a = of("2001:db8:1:2::1"), b = of("2001:db8:1:2:ffff::9"), c = of("2001:db8:1:3::1");
    struct tally *t = tally_new();

    (void)state;
    assert_int_equal(tally_add(t, &a), 1);
    assert_int_equal(tally_add(t, &b), 2);
    assert_int_equal(tally_add(t, &c), 1);
    tally_drop(t, &a);
    assert_int_equal(tally_of(t, &b), 1);
    tally_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_proxies_write),
        cmocka_unit_test(knows_networks),
        cmocka_unit_test(tells_private_from_public),
        cmocka_unit_test(counts_like_a_plain_array_would),
        cmocka_unit_test(one_subscriber_is_one_network_of_ipv6),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
