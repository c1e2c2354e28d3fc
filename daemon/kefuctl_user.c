#include "kefuctl.h"

#include "core/person.h"
#include "password.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

/* One line, without its end. Without echo where it comes from a terminal. */
static bool read_line(const char *prompt, bool terminal, char *ret, size_t size)
{
    struct termios before, quiet;
    bool got;

    if (terminal) {
        fputs(prompt, stderr);
        if (tcgetattr(STDIN_FILENO, &before) != 0)
            return false;
        quiet = before;
        quiet.c_lflag &= ~(tcflag_t)ECHO;
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
    }
    got = fgets(ret, (int)size, stdin) != NULL;
    if (terminal) {
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
        fputc('\n', stderr);
    }
    if (got)
        ret[strcspn(ret, "\r\n")] = '\0';
    return got;
}

/* Asked for twice at a terminal; from elsewhere it is the first line. Never an argument: those can be seen by everybody. */
static enum kf_rc ask_password(char ret[PASSWORD_MAX + 3], struct kf_err *why)
{
    bool terminal = isatty(STDIN_FILENO);
    char again[PASSWORD_MAX + 3];
    enum kf_rc rc;

    setvbuf(stdin, NULL, _IONBF, 0); /* no copy stays in a buffer */
    if (!read_line("Password: ", terminal, ret, PASSWORD_MAX + 3))
        return kf_fail(why, KF_INVALID, "no password on standard input");
    rc = password_fits(slice_of(ret), why);
    if (rc || !terminal)
        return rc;
    if (!read_line("Once more: ", terminal, again, sizeof(again)) || strcmp(ret, again) != 0)
        rc = kf_fail(why, KF_INVALID, "these are two different passwords");
    explicit_bzero(again, sizeof(again));
    return rc;
}

static json_t *words(const char *list)
{
    json_t *ret = json_array();

    while (list && *list) {
        size_t n = strcspn(list, ", ");

        if (n)
            json_array_append_new(ret, json_stringn(list, n));
        list += n + (list[n] != '\0');
    }
    return ret;
}

static enum kf_rc check_roles(const char *list, struct kf_err *why)
{
    size_t n, count = 0;

    for (; *list; list += n + (list[n] != '\0')) {
        n = strcspn(list, ", ");
        if (!n)
            continue;
        count++;
        if (!member_role_parse((struct slice){ list, n }))
            return kf_fail(why, KF_INVALID, "%.*s is no role: there are agent, supervisor, reviewer and admin", (int)n, list);
    }
    return count ? KF_OK : kf_fail(why, KF_INVALID, "at least one role is needed");
}

static json_t *person_body(const struct ctl_person *p, const char *password)
{
    json_t *ret = json_object();

    json_object_set_new(ret, "email", json_string(p->email));
    json_object_set_new(ret, "name", json_string(p->name));
    json_object_set_new(ret, "site", json_string(p->site));
    json_object_set_new(ret, "roles", words(p->roles));
    json_object_set_new(ret, "password", json_string(password));
    if (p->number)
        json_object_set_new(ret, "number", json_string(p->number));
    if (p->queues)
        json_object_set_new(ret, "queues", words(p->queues));
    if (p->skills)
        json_object_set_new(ret, "skills", words(p->skills));
    if (p->capacity >= 0)
        json_object_set_new(ret, "capacity", json_integer(p->capacity));
    return ret;
}

/* jansson clears nothing: the copy of the password is overwritten before it is freed. */
static void wipe_body(json_t *body)
{
    const char *password = json_string_value(json_object_get(body, "password"));

    if (password)
        explicit_bzero((char *)password, strlen(password));
    json_decref(body);
}

int ctl_user_add(struct ctl *ctl, const struct ctl_person *person)
{
    char password[PASSWORD_MAX + 3] = "";
    struct kf_err why = { 0 };
    json_t *body;
    enum kf_rc rc;

    rc = check_roles(person->roles, &why);
    if (!rc)
        rc = ask_password(password, &why);
    if (rc)
        goto end;
    body = person_body(person, password);
    rc = ctl_call(ctl, "POST", "/api/v1/people", body, NULL, &why);
    wipe_body(body);
    if (rc == KF_ABSENT) /* no daemon: the store is ours if nobody has its lock */
        rc = ctl_store_add(ctl, person, password, &why);
end:
    explicit_bzero(password, sizeof(password));
    if (rc)
        return ctl_fail(&why);
    printf("%s may sign in\n", person->email);
    return CTL_DONE;
}

/* /api/v1/people/{email}/VERB */
static bool person_path(const char *email, const char *verb, char *ret, size_t size)
{
    char *escaped = curl_easy_escape(NULL, email, 0);
    int n = escaped ? snprintf(ret, size, "/api/v1/people/%s/%s", escaped, verb) : -1;

    curl_free(escaped);
    return n > 0 && (size_t)n < size;
}

int ctl_user_passwd(struct ctl *ctl, const char *email)
{
    char password[PASSWORD_MAX + 3] = "", path[1024];
    struct kf_err why = { 0 };
    json_t *body;
    enum kf_rc rc;

    if (!person_path(email, "password", path, sizeof(path)))
        rc = kf_fail(&why, KF_INVALID, "not an email address");
    else
        rc = ask_password(password, &why);
    if (!rc) {
        body = json_pack("{s:s}", "password", password);
        rc = ctl_call(ctl, "POST", path, body, NULL, &why);
        wipe_body(body);
    }
    explicit_bzero(password, sizeof(password));
    if (rc)
        return ctl_fail(&why);
    printf("%s has a new password\n", email);
    return CTL_DONE;
}

int ctl_user_disable(struct ctl *ctl, const char *email)
{
    struct kf_err why = { 0 };
    char path[1024];

    if (!person_path(email, "disable", path, sizeof(path)))
        return kf_fail(&why, KF_INVALID, "not an email address"), ctl_fail(&why);
    if (ctl_call(ctl, "POST", path, NULL, NULL, &why))
        return ctl_fail(&why);
    printf("%s may not sign in any more\n", email);
    return CTL_DONE;
}

int ctl_user_reset_totp(struct ctl *ctl, const char *email)
{
    struct kf_err why = { 0 };
    char path[1024];

    if (!person_path(email, "reset-totp", path, sizeof(path)))
        return kf_fail(&why, KF_INVALID, "not an email address"), ctl_fail(&why);
    if (ctl_call(ctl, "POST", path, NULL, NULL, &why))
        return ctl_fail(&why);
    printf("%s signs in with the password alone\n", email);
    return CTL_DONE;
}
