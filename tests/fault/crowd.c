#include "fault/crowd.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#define TURN_MS 5

static char *set_of(int agents, const char *channels)
{
    char *text = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);

    assert_non_null(f);
    (void)fprintf(f,
                  "{\"site\":{\"key\":\"%s\",\"name\":\"Fault\",\"language\":\"en\",\"zone\":\"UTC\",\"message_burst\":1000,"
                  "\"message_rate\":1000,\"grace_ms\":60000},\"queues\":{\"service\":{\"name\":\"Service\"}},"
                  "\"channels\":{\"web\":{\"adapter\":\"widget\",\"name\":\"Web\",\"queue\":\"service\"}%s},\"people\":[",
                  CROWD_SITE, channels);
    for (int i = 0; i < agents; i++)
        (void)fprintf(f,
                      "%s{\"email\":\"a%d@fault.example\",\"name\":\"Agent %d\",\"number\":\"%d\",\"roles\":[\"agent\"],\"queues\":["
                      "\"service\"],\"capacity\":100}",
                      i ? "," : "", i, i, 100 + i);
    (void)fprintf(f, "]}");
    (void)fclose(f);
    return text;
}

static void bring_agent(struct talker *t, const struct daemon *d, const json_t *person)
{
    struct staff *s = &t->staff;
    int status = staff_try_sign_in(s, d, text_at(person, "email"), text_at(person, "password"));

    if (status != 201)
        fail_msg("%s: signing in was answered with %d", text_at(person, "email"), status);
    staff_enter(s, d, CROWD_SITE);
    staff_presence(s, "online");
    wire_drop(&s->wire);
}

json_t *crowd_enter(struct crowd *c, const struct daemon *d, uint64_t seed, int visitors, int agents, const char *channels)
{
    char *set = set_of(agents, channels);
    json_t *told = site_add(d, set);

    free(set);
    *c = (struct crowd){ .seed = seed, .n = visitors + agents, .n_visitors = visitors, .n_agents = agents };
    c->pace = (struct talker_pace){ .window = 3, .think_ms = 20, .staff_ms = 100 };
    c->talkers = calloc((size_t)c->n, sizeof(*c->talkers));
    assert_non_null(c->talkers);
    for (int i = 0; i < c->n; i++)
        talker_init(&c->talkers[i], seed, i >= visitors, i < visitors ? i : i - visitors, CROWD_SITE);
    for (int i = 0; i < agents; i++)
        bring_agent(&c->talkers[visitors + i], d, json_array_get(value_at(told, "people"), (size_t)i));
    return told;
}

void crowd_free(struct crowd *c)
{
    for (int i = 0; i < c->n; i++)
        talker_free(&c->talkers[i]);
    free(c->talkers);
    *c = (struct crowd){ 0 };
}

void crowd_turn(struct crowd *c, const struct daemon *d, int ms)
{
    struct pollfd p[CROWD_MAX + 32];
    int who[CROWD_MAX], n = 0, more;

    assert_in_range(c->n, 0, CROWD_MAX);
    for (int i = 0; i < c->n; i++) {
        talker_go(&c->talkers[i], c->other && c->talkers[i].node ? c->other : d, &c->pace);
        if (talker_fd(&c->talkers[i]) < 0)
            continue;
        who[n] = i;
        p[n++] = (struct pollfd){ .fd = talker_fd(&c->talkers[i]), .events = POLLIN };
    }
    more = c->platform ? platform_poll(c->platform, d, c->other, p + n, 32) : 0;
    if (poll(p, (nfds_t)(n + more), ms) <= 0)
        return;
    if (more)
        platform_turn(c->platform, p + n, more);
    for (int i = 0; i < n; i++)
        if (p[i].revents)
            talker_read(&c->talkers[who[i]]);
}

bool daemon_ended(const struct daemon *d)
{
    siginfo_t info = { .si_pid = 0 };

    return d->pid > 0 && waitid(P_PID, (id_t)d->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == d->pid;
}

bool crowd_live(struct crowd *c, const struct daemon *d, int ms)
{
    int64_t end = now_mono_ms() + ms;

    while (now_mono_ms() < end) {
        crowd_turn(c, d, TURN_MS);
        if (daemon_ended(d))
            return true;
    }
    return false;
}

int crowd_up(const struct crowd *c)
{
    int ret = 0;

    for (int i = 0; i < c->n; i++)
        ret += c->talkers[i].state == TALKER_UP || c->talkers[i].out;
    return ret;
}

int crowd_open(const struct crowd *c)
{
    int ret = 0;

    for (int i = 0; i < c->n; i++)
        ret += c->talkers[i].open;
    return ret;
}

int crowd_said(const struct crowd *c)
{
    int ret = 0;

    for (int i = 0; i < c->n; i++)
        ret += c->talkers[i].n_said;
    return ret;
}

int crowd_acked(const struct crowd *c)
{
    int ret = 0;

    for (int i = 0; i < c->n; i++)
        ret += c->talkers[i].n_said - c->talkers[i].open - c->talkers[i].refused;
    return ret;
}

int crowd_twice_held(struct crowd *c)
{
    int ret = 0;

    for (int i = c->n_visitors; i < c->n; i++)
        for (int k = 0; k < c->talkers[i].n_sights; k++)
            for (int j = i + 1; c->talkers[i].sights[k].held && j < c->n; j++) {
                const struct sight *s = talker_sight(&c->talkers[j], c->talkers[i].sights[k].conv);

                ret += s && s->held;
            }
    return ret;
}

/* Once on each line: one that broke with the last kill may only now be seen to be broken. */
static void ping_all(struct crowd *c)
{
    for (int i = 0; i < c->n; i++)
        if (c->talkers[i].state == TALKER_UP && !c->talkers[i].pinged)
            talker_ping(&c->talkers[i]);
}

static bool everybody_heard(const struct crowd *c)
{
    for (int i = 0; i < c->n; i++) {
        const struct talker *t = &c->talkers[i];

        if (t->out)
            continue;
        if (t->state != TALKER_UP || !t->pinged || !t->pongs)
            return false;
        for (int k = 0; k < t->n_sights; k++)
            if (t->sights[k].asked)
                return false;
    }
    return true;
}

static void show_waiting(const struct crowd *c)
{
    for (int i = 0; i < c->n; i++) {
        const struct talker *t = &c->talkers[i];

        if (!t->out && (t->state != TALKER_UP || !t->pongs))
            print_message("%s: state %d, %d pongs, %d breaks, first error: %s\n", t->name, t->state, t->pongs, t->breaks, t->first_error);
        for (int k = 0; !t->out && k < t->n_sights; k++)
            if (t->sights[k].asked)
                print_message("%s: waits for %s after %lld, has heard of %lld, %d breaks, first error: %s\n", t->name, t->sights[k].conv,
                              (long long)t->sights[k].whole, (long long)t->sights[k].top, t->breaks, t->first_error);
    }
}

static void show_open(const struct crowd *c)
{
    for (int i = 0; i < c->n; i++)
        for (int n = c->talkers[i].first_open; n < c->talkers[i].n_said; n++)
            if (c->talkers[i].said[n].state == SAID_OPEN)
                print_message("%s-%d: said %d times, last refused with: %s\n", c->talkers[i].name, n + 1, c->talkers[i].said[n].tries,
                              *c->talkers[i].put_off ? c->talkers[i].put_off : c->talkers[i].first_error);
}

void crowd_settle(struct crowd *c, const struct daemon *d)
{
    int64_t end = now_mono_ms() + 2LL * patience_ms();

    c->pace.quiet = true;
    if (c->platform)
        c->platform->quiet = true;
    while (crowd_open(c) || crowd_up(c) < c->n || (c->platform && !platform_silent(c->platform))) {
        crowd_turn(c, d, TURN_MS);
        if (daemon_ended(d))
            fail_msg("the daemon ended while everybody waited for answers");
        if (now_mono_ms() > end)
            show_open(c);
        if (now_mono_ms() > end)
            fail_msg("%d of %d texts were never answered; %d of %d are connected", crowd_open(c), crowd_said(c), crowd_up(c), c->n);
    }
    for (int i = 0; i < c->n; i++)
        c->talkers[i].pinged = false;
    while (!everybody_heard(c)) {
        ping_all(c);
        crowd_turn(c, d, TURN_MS);
        if (now_mono_ms() > end) {
            show_waiting(c);
            fail_msg("somebody waits for a pong or for history");
        }
    }
}
