/* docs/protocol.md is the reference: each frame that it shows is one that we take, or one that an independent parser reads. The schemas
 * of docs/asyncapi.yaml name the same types and errors. */
#include "protocols/frame.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <jansson.h>

#define ARROW_OUT "\xe2\x86\x92 " /* → */
#define ARROW_IN  "\xe2\x86\x90 " /* ← */

static int sent[2], received;

static void check_sent(enum frame_side side, const char *text)
{
    static const struct frame_limits limits = { .text_max = 4096 };
    struct arena *a = arena_new(0);
    struct kf_err why = { .rc = KF_OK };
    struct inbound in;

    if (frame_decode(a, side, &limits, slice_of(text), &in, &why))
        fail_msg("%s: %s", text, why.text);
    arena_free(a);
    sent[side]++;
}

/* What the daemon sends. */
static const char *const types[] = { "welcome", "ack",      "message",  "state",   "status",   "changed",  "history", "typing",
                                     "read",    "pong",     "error",    "offered", "assigned", "released", "queue",   "timeline",
                                     "site",    "presence", "reminder", "alert",   "window",   "notice" };

static bool is_sent_by_us(const char *type)
{
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        if (!strcmp(types[i], type))
            return true;
    return false;
}

static void check_received(const char *text)
{
    json_error_t err;
    json_t *frame = json_loads(text, JSON_REJECT_DUPLICATES, &err);
    const char *type = json_string_value(json_object_get(frame, "type"));

    if (!type)
        fail_msg("%s: %s", text, err.text);
    if (!is_sent_by_us(type))
        fail_msg("%s is not a frame that we send", type);
    assert_int_equal(strncmp(text, "{\"type\":", 8), 0);
    json_decref(frame);
    received++;
}

static void the_reference_shows_true_frames(void **state)
{
    static char line[1 << 16];
    FILE *f = fopen("docs/protocol.md", "re");
    int side = -1;

    (void)state;
    assert_non_null(f);
    while (fgets(line, sizeof(line), f)) {
        line[strcspn(line, "\n")] = '\0';
        if (!strncmp(line, "```", 3))
            side = !strcmp(line, "```visitor") ? FRAME_VISITOR : !strcmp(line, "```agent") ? FRAME_STAFF : -1;
        else if (side >= 0 && !strncmp(line, ARROW_OUT, 4))
            check_sent((enum frame_side)side, line + 4);
        else if (side >= 0 && !strncmp(line, ARROW_IN, 4))
            check_received(line + 4);
        else if (side >= 0 && *line)
            fail_msg("neither sent nor received: %s", line);
    }
    fclose(f);
    assert_true(sent[FRAME_VISITOR] >= 14);
    assert_true(sent[FRAME_STAFF] >= 16);
    assert_true(received >= 20);
}

static void the_reference_names_every_error(void **state)
{
    static char text[1 << 20];
    FILE *f = fopen("docs/protocol.md", "re");
    size_t n;

    (void)state;
    assert_non_null(f);
    n = fread(text, 1, sizeof(text) - 1, f);
    text[n] = '\0';
    fclose(f);
    for (int rc = KF_AGAIN; rc <= KF_IO; rc++) {
        char row[64];

        (void)snprintf(row, sizeof(row), "| `%s` |", frame_error_code((enum kf_rc)rc));
        if (!strstr(text, row))
            fail_msg("no row %s", row);
    }
}

/* Whether a side takes frames of this type at all, whatever else they lack. */
static bool is_taken(enum frame_side side, const char *type)
{
    static const struct frame_limits limits = { .text_max = 4096 };
    struct arena *a = arena_new(0);
    struct inbound in;
    char text[128];
    enum kf_rc rc;

    (void)snprintf(text, sizeof(text), "{\"type\":\"%s\"}", type);
    rc = frame_decode(a, side, &limits, slice_of(text), &in, NULL);
    arena_free(a);
    return rc != KF_UNSUPPORTED;
}

/* The messages of the schemas are those that exist: `name: …` below a message whose key says whose it is. */
static void the_schemas_name_the_same_types(void **state)
{
    static char line[4096];
    FILE *f = fopen("docs/asyncapi.yaml", "re");
    char key[64] = "", name[64];
    bool in_messages = false;
    int n = 0;

    (void)state;
    assert_non_null(f);
    while (fgets(line, sizeof(line), f)) {
        if (!strncmp(line, "  messages:", 11))
            in_messages = true;
        if (!strncmp(line, "  schemas:", 10))
            in_messages = false;
        if (in_messages && !strncmp(line, "    ", 4) && line[4] != ' ')
            (void)sscanf(line + 4, "%63[A-Za-z]", key);
        if (!in_messages || strncmp(line, "      name: ", 12) != 0 || sscanf(line + 12, "%63s", name) != 1)
            continue;
        if (!strncmp(key, "visitor", 7) || !strcmp(key, "ping"))
            assert_true(is_taken(FRAME_VISITOR, name) || is_sent_by_us(name));
        else if (!strncmp(key, "agent", 5))
            assert_true(is_taken(FRAME_STAFF, name) || is_sent_by_us(name));
        else if (!is_sent_by_us(name))
            fail_msg("%s is not a frame that we send", name);
        n++;
    }
    fclose(f);
    assert_int_equal(n, 55);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_reference_shows_true_frames),
        cmocka_unit_test(the_reference_names_every_error),
        cmocka_unit_test(the_schemas_name_the_same_types),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
