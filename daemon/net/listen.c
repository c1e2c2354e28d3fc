/* listen.c: our own listening sockets.
 *
 * libwebsockets' listener binds all addresses when it is given one, spins when descriptors run out and knows no limits, so it is
 * handed connected sockets instead. */
#define _GNU_SOURCE /* accept4, struct ucred */
#include "net/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

union any_address {
    struct sockaddr sa;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
    struct sockaddr_un un;
    struct sockaddr_storage room;
};

/* ---- Accepting ---- */

/* A connection that a limit forbids is still let in to be told so, as long as there are few of them. */
static bool make_room(struct net_server *s, struct conn *c)
{
    if (c->control)
        return true;
    if (s->n_conns - s->n_exempt > (uint32_t)s->cfg.connections_max)
        c->excess = true;
    if (!c->unix_socket && !c->proxied) { /* whom a proxy speaks for is known, and counted, when the head has come */
        unsigned open = tally_add(s->tally, &c->address);

        if (!open)
            return false;
        c->counted = true;
        if (open > (unsigned)s->cfg.connections_per_address)
            c->excess = true;
    }
    if (!c->excess)
        return true;
    if (s->n_excess >= OVERFLOW_CONNECTIONS) {
        c->excess = false;
        return false;
    }
    s->n_excess++;
    return true;
}

static bool is_proxy(const struct net_server *s, const struct conn *c)
{
    if (c->unix_socket)
        return s->proxy_unix && !c->control;
    for (size_t i = 0; i < s->n_proxies; i++)
        if (network_has(&s->proxies[i], &c->address))
            return true;
    return false;
}

static void identify(struct conn *c, int fd, const union any_address *from)
{
    struct ucred cred;
    socklen_t n = sizeof(cred);
    int on = 1;

    (void)address_of(&from->sa, &c->address);
    if (c->unix_socket) {
        if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &n) == 0)
            c->uid = cred.uid;
        else
            c->control = false; /* whoever it is, nobody vouches for them */
    } else
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

static void adopt(struct listener *l, int fd, const union any_address *from)
{
    struct net_server *s = l->s;
    struct conn *c = conn_new(s);
    lws_adopt_desc_t d = { .vh = l->tls ? s->secure : s->plain,
                           .type = LWS_ADOPT_SOCKET | LWS_ADOPT_HTTP | (l->tls ? LWS_ADOPT_ALLOW_SSL : 0),
                           .fd.sockfd = fd,
                           .opaque = c };
    struct lws *wsi;

    if (!c) {
        close(fd);
        return;
    }
    c->tls = l->tls;
    c->unix_socket = l->unix_socket;
    c->control = l->control;
    identify(c, fd, from);
    c->proxied = is_proxy(s, c);
    if (c->control)
        s->n_exempt++;
    if (!make_room(s, c)) {
        s->figures.refused++;
        close(fd);
        conn_end(c);
        return;
    }
    conn_watch(c, net_now(s) + s->cfg.header_timeout_ms);
    s->adopting = c;                               /* LWS_CALLBACK_WSI_CREATE sets c->wsi */
    wsi = lws_adopt_descriptor_vhost_via_info(&d); /* on failure it has closed the socket */
    s->adopting = NULL;
    if (!wsi && !c->wsi) /* else LWS_CALLBACK_WSI_DESTROY is still to come */
        conn_end(c);
}

static void pause_over(uv_timer_t *timer);

/* Once in ten seconds is enough. */
static void complain(struct listener *l, const char *error)
{
    int64_t now = net_now(l->s);

    if (l->complained_at && now - l->complained_at < 10000)
        return;
    l->complained_at = now;
    net_log(l->s, 2, "event=accept address=%s error=\"%s\" pause_ms=%d", l->text, error, EMFILE_PAUSE_MS);
}

static void incoming(uv_poll_t *poll, int status, int events)
{
    struct listener *l = poll->data;

    (void)events;
    if (status < 0)
        complain(l, uv_strerror(status));
    for (int i = 0; i < ACCEPT_BURST; i++) {
        union any_address from = { .sa.sa_family = AF_UNSPEC };
        socklen_t n = sizeof(from);
        int fd = accept4(l->fd, &from.sa, &n, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd >= 0) {
            adopt(l, fd, &from);
            continue;
        }
        if (errno == EINTR || errno == ECONNABORTED)
            continue;
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            complain(l, strerror(errno));
            uv_poll_stop(&l->poll); /* else the waiting connection would wake us for ever */
            uv_timer_start(&l->pause, pause_over, EMFILE_PAUSE_MS, 0);
        }
        return;
    }
}

static void pause_over(uv_timer_t *timer)
{
    struct listener *l = timer->data;

    if (!l->s->draining && !l->s->closing)
        uv_poll_start(&l->poll, UV_READABLE, incoming);
}

/* ---- Opening ---- */

static enum kf_rc sys_fail(struct kf_err *why, const char *what, const char *spec)
{
    return kf_fail(why, KF_IO, "cannot %s %s: %s", what, spec, strerror(errno));
}

/* A socket file that nobody answers on is left over from a crash. */
static bool clear_path(const struct sockaddr_un *un)
{
    struct stat st;
    int fd;
    bool dead;

    if (lstat(un->sun_path, &st) < 0)
        return errno == ENOENT;
    errno = EADDRINUSE;
    if (!S_ISSOCK(st.st_mode))
        return false;
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return false;
    dead = connect(fd, (const struct sockaddr *)un, sizeof(*un)) < 0 && errno == ECONNREFUSED;
    close(fd);
    errno = EADDRINUSE;
    return dead && unlink(un->sun_path) == 0;
}

static enum kf_rc open_unix(struct listener *l, const char *path, mode_t mode, struct kf_err *why)
{
    struct sockaddr_un un = { .sun_family = AF_UNIX };
    mode_t before;
    int rc;

    if (strlen(path) >= sizeof(un.sun_path))
        return kf_fail(why, KF_INVALID, "path of a socket is longer than %zu: %s", sizeof(un.sun_path) - 1, path);
    strcpy(un.sun_path, path);
    if (!clear_path(&un))
        return sys_fail(why, "listen on", path);
    l->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (l->fd < 0)
        return sys_fail(why, "open a socket for", path);
    before = umask(~mode & 0777);
    rc = bind(l->fd, (struct sockaddr *)&un, sizeof(un));
    (void)umask(before);
    if (rc < 0)
        return sys_fail(why, "listen on", path);
    l->path = strdup(path);
    l->unix_socket = true;
    return KF_OK;
}

static enum kf_rc open_tcp(struct listener *l, const char *spec, struct kf_err *why)
{
    char host[128];
    const char *colon = strrchr(spec, ':');
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV }, *found = NULL;
    size_t n = colon ? (size_t)(colon - spec) : 0;
    int on = 1, off = 0, rc;

    if (!colon || n >= sizeof(host))
        return kf_fail(why, KF_INVALID, "not an address to listen on: %s", spec);
    if (n >= 2 && spec[0] == '[' && spec[n - 1] == ']')
        (void)snprintf(host, sizeof(host), "%.*s", (int)n - 2, spec + 1);
    else
        (void)snprintf(host, sizeof(host), "%.*s", (int)n, spec);
    rc = getaddrinfo(host[0] ? host : NULL, colon + 1, &hints, &found);
    if (rc)
        return kf_fail(why, KF_INVALID, "not an address to listen on: %s: %s", spec, gai_strerror(rc));
    l->fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (l->fd < 0) {
        freeaddrinfo(found);
        return sys_fail(why, "open a socket for", spec);
    }
    (void)setsockopt(l->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (found->ai_family == AF_INET6)
        (void)setsockopt(l->fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
    rc = bind(l->fd, found->ai_addr, found->ai_addrlen);
    freeaddrinfo(found);
    return rc < 0 ? sys_fail(why, "listen on", spec) : KF_OK;
}

static void name_listener(struct listener *l)
{
    union any_address own = { .sa.sa_family = AF_UNSPEC };
    socklen_t n = sizeof(own);
    char text[INET6_ADDRSTRLEN] = "";

    if (getsockname(l->fd, &own.sa, &n) < 0)
        return;
    if (own.sa.sa_family == AF_INET) {
        (void)inet_ntop(AF_INET, &own.in.sin_addr, text, sizeof(text));
        (void)snprintf(l->text, sizeof(l->text), "%s:%d", text, ntohs(own.in.sin_port));
    } else if (own.sa.sa_family == AF_INET6) {
        (void)inet_ntop(AF_INET6, &own.in6.sin6_addr, text, sizeof(text));
        (void)snprintf(l->text, sizeof(l->text), "[%s]:%d", text, ntohs(own.in6.sin6_port));
    } else {
        l->unix_socket = true;
        (void)snprintf(l->text, sizeof(l->text), "unix:%s", own.un.sun_path);
    }
}

static enum kf_rc open_one(struct listener *l, const char *spec, struct kf_err *why)
{
    enum kf_rc rc;

    if (l->control)
        rc = open_unix(l, spec, 0600, why);
    else if (strncmp(spec, "unix:", 5) == 0)
        rc = open_unix(l, spec + 5, 0660, why); /* the proxy joins our group */
    else if (strncmp(spec, "fd:", 3) == 0) {
        l->fd = atoi(spec + 3);
        rc = fcntl(l->fd, F_SETFL, O_NONBLOCK) < 0 || fcntl(l->fd, F_SETFD, FD_CLOEXEC) < 0 ? sys_fail(why, "use", spec) : KF_OK;
    } else
        rc = open_tcp(l, spec, why);
    if (rc)
        return rc;
    if (listen(l->fd, 1024) < 0)
        return sys_fail(why, "listen on", spec);
    name_listener(l);
    return KF_OK;
}

enum kf_rc listen_open(struct net_server *s, struct kf_err *why)
{
    size_t n = s->cfg.n_listen + (s->cfg.control != NULL);

    s->listeners = calloc(n ? n : 1, sizeof(*s->listeners));
    if (!s->listeners)
        return kf_fail(why, KF_NOMEM, "listeners");
    for (size_t i = 0; i < n; i++) {
        struct listener *l = &s->listeners[s->n_listeners++];
        enum kf_rc rc;

        l->s = s;
        l->fd = -1;
        l->control = i == s->cfg.n_listen;
        rc = open_one(l, l->control ? s->cfg.control : s->cfg.listen[i], why);
        if (rc)
            return rc;
    }
    return KF_OK;
}

enum kf_rc listen_start(struct net_server *s, struct kf_err *why)
{
    for (size_t i = 0; i < s->n_listeners; i++) {
        struct listener *l = &s->listeners[i];
        int rc = uv_poll_init(s->loop, &l->poll, l->fd);

        if (rc)
            return kf_fail(why, KF_IO, "cannot watch %s: %s", l->text, uv_strerror(rc));
        (void)uv_timer_init(s->loop, &l->pause);
        s->handles += 2;
        l->poll.data = l->pause.data = l;
        l->tls = s->tls && !l->unix_socket;
        l->polled = true;
        uv_poll_start(&l->poll, UV_READABLE, incoming);
    }
    return KF_OK;
}

/* ---- Closing ---- */

static void handle_closed(uv_handle_t *h)
{
    struct listener *l = h->data;

    l->s->handles--;
}

void listen_stop(struct net_server *s)
{
    for (size_t i = 0; i < s->n_listeners; i++) {
        struct listener *l = &s->listeners[i];

        if (l->polled) {
            if (!s->closing)
                incoming(&l->poll, 0, UV_READABLE); /* those that the kernel has already greeted */
            uv_close((uv_handle_t *)&l->poll, handle_closed);
            uv_close((uv_handle_t *)&l->pause, handle_closed);
            l->polled = false;
        }
        if (l->fd >= 0)
            close(l->fd);
        l->fd = -1;
        if (l->path)
            (void)unlink(l->path);
        free(l->path);
        l->path = NULL;
    }
}
