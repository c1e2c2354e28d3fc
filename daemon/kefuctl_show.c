/* kefuctl_show.c: answers as people read them, on a terminal that nothing which came from elsewhere may steer. */
#include "kefuctl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void ctl_tame(char *text)
{
    unsigned char *p = (unsigned char *)text;

    for (; *p; p++) {
        if (*p < ' ' || *p == 0x7f)
            *p = '?';
        else if (*p == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0) /* U+0080 to U+009F, which steer as ESC does */
            p[0] = p[1] = '?';
    }
}

static void tame_all(json_t *value)
{
    const char *key;
    char *text;
    json_t *v;
    size_t i;

    json_object_foreach(value, key, v) tame_all(v);
    json_array_foreach(value, i, v) tame_all(v);
    text = json_is_string(value) ? strdup(json_string_value(value)) : NULL;
    if (text) {
        ctl_tame(text);
        (void)json_string_set_nocheck(value, text);
    }
    free(text);
}

const char *ctl_text(const json_t *of, const char *name)
{
    const char *ret = json_string_value(json_object_get(of, name));

    return ret ? ret : "";
}

static void print_value(const char *path, const json_t *value)
{
    char below[512];
    const char *key;
    json_t *v;
    size_t i;

    if (json_is_object(value)) {
        json_object_foreach((json_t *)value, key, v)
        {
            snprintf(below, sizeof(below), "%s%s%s", path, *path ? "." : "", key);
            ctl_tame(below);
            print_value(below, v);
        }
        return;
    }
    if (json_is_array(value)) {
        json_array_foreach(value, i, v)
        {
            snprintf(below, sizeof(below), "%s[%zu]", path, i);
            print_value(below, v);
        }
        return;
    }
    printf("%s: ", path);
    if (json_is_string(value))
        fputs(json_string_value(value), stdout);
    else if (json_is_integer(value))
        printf("%lld", (long long)json_integer_value(value));
    else if (json_is_real(value))
        printf("%.3f", json_real_value(value));
    else
        fputs(json_is_true(value) ? "yes" : json_is_false(value) ? "no" : "-", stdout);
    putchar('\n');
}

void ctl_print(const struct ctl *ctl, json_t *answer)
{
    if (!answer)
        puts(ctl->json ? "{}" : "done");
    else if (ctl->json) {
        json_dumpf(answer, stdout, JSON_INDENT(2));
        putchar('\n');
    } else {
        tame_all(answer);
        print_value("", answer);
    }
}

void ctl_print_each(const struct ctl *ctl, json_t *answer, const char *list, void (*print)(const json_t *item))
{
    json_t *one;
    size_t i;

    if (ctl->json) {
        ctl_print(ctl, answer);
        return;
    }
    tame_all(answer);
    json_array_foreach(json_object_get(answer, list), i, one) print(one);
    if (*ctl_text(answer, "cursor"))
        fprintf(stderr, "and there are more: --cursor %s\n", ctl_text(answer, "cursor"));
    else if (json_is_true(json_object_get(answer, "more")))
        fputs("and there are more\n", stderr);
}

int ctl_list(const struct ctl *ctl, const char *path, void (*print)(const json_t *item))
{
    struct kf_err why = { 0 };
    json_t *answer = NULL;

    if (ctl_call(ctl, "GET", path, NULL, &answer, &why))
        return ctl_fail(&why);
    ctl_print_each(ctl, answer, "items", print);
    json_decref(answer);
    return CTL_DONE;
}
