#include "store/ledger.h"

#include "core/message.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define FILE_BYTES 128 /* always so many, so that a head is written over another in one go */

/* ---- the hash ---------------------------------------------------------------------------------------------------------------- */

/* Fields are told apart by their lengths, so that no two rows are the same bytes. */
static bool field(EVP_MD_CTX *ctx, const void *p, size_t n)
{
    char length[24];
    int digits = snprintf(length, sizeof(length), "%zu:", n);

    return EVP_DigestUpdate(ctx, length, (size_t)digits) == 1 && EVP_DigestUpdate(ctx, p, n) == 1;
}

static bool text_field(EVP_MD_CTX *ctx, const char *text)
{
    return field(ctx, text, strlen(text));
}

static bool number_field(EVP_MD_CTX *ctx, int64_t v)
{
    char text[24];

    (void)snprintf(text, sizeof(text), "%lld", (long long)v);
    return text_field(ctx, text);
}

static bool id_field(EVP_MD_CTX *ctx, const struct kf_id *id)
{
    return field(ctx, id->b, id_is_zero(id) ? 0 : sizeof(id->b));
}

static bool digest(EVP_MD_CTX *ctx, const struct ledger_row *r, uint8_t ret[LEDGER_HASH])
{
    return EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1 && text_field(ctx, "kefud access log 1") && field(ctx, r->prev, LEDGER_HASH) &&
           id_field(ctx, &r->node) && number_field(ctx, r->entry) && text_field(ctx, r->site) && number_field(ctx, r->at) &&
           text_field(ctx, r->kind) && number_field(ctx, r->role) && id_field(ctx, &r->by) && text_field(ctx, r->name) &&
           id_field(ctx, &r->conv) && text_field(ctx, r->data) && EVP_DigestFinal_ex(ctx, ret, NULL) == 1;
}

enum kf_rc ledger_hash(const struct ledger_row *row, uint8_t ret[LEDGER_HASH], struct kf_err *why)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool ok = ctx && digest(ctx, row, ret);

    EVP_MD_CTX_free(ctx);
    return ok ? KF_OK : kf_fail(why, ctx ? KF_IO : KF_NOMEM, "SHA-256 failed");
}

/* ---- heads as text --------------------------------------------------------------------------------------------------------------- */

const char *ledger_text(const struct ledger_head *h, char ret[LEDGER_TEXT])
{
    char id[KF_ID_TEXT];
    int n = snprintf(ret, LEDGER_TEXT, "%s %lld ", id_text(&h->node, id), (long long)h->entry);

    for (size_t i = 0; i < LEDGER_HASH; i++)
        (void)snprintf(ret + n + 2 * i, 3, "%02x", h->hash[i]);
    return ret;
}

static int digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool ledger_parse(struct slice text, struct ledger_head *ret)
{
    struct ledger_head h = { .entry = 0 };
    size_t i = 37;

    if (text.n < i + 2 + 2 * LEDGER_HASH || text.p[36] != ' ' || !id_parse((struct slice){ text.p, 36 }, &h.node))
        return false;
    for (; i < text.n && i < 37 + 18 && text.p[i] >= '0' && text.p[i] <= '9'; i++)
        h.entry = 10 * h.entry + (text.p[i] - '0');
    if (i == 37 || text.n != i + 1 + 2 * LEDGER_HASH || text.p[i] != ' ')
        return false;
    for (size_t k = 0; k < LEDGER_HASH; k++) {
        int high = digit(text.p[i + 1 + 2 * k]), low = digit(text.p[i + 2 + 2 * k]);

        if (high < 0 || low < 0)
            return false;
        h.hash[k] = (uint8_t)(16 * high + low);
    }
    *ret = h;
    return true;
}

/* ---- the file ---------------------------------------------------------------------------------------------------------------------- */

static bool file_write(int fd, const struct ledger_head *h)
{
    char text[LEDGER_TEXT], line[FILE_BYTES];

    memset(line, ' ', sizeof(line));
    (void)ledger_text(h, text);
    memcpy(line, text, strlen(text));
    line[sizeof(line) - 1] = '\n';
    return pwrite(fd, line, sizeof(line), 0) == (ssize_t)sizeof(line);
}

static bool file_read(int fd, struct ledger_head *ret, bool *empty)
{
    char line[FILE_BYTES];
    ssize_t n = pread(fd, line, sizeof(line), 0);
    struct slice text = { line, n > 0 ? (size_t)n : 0 };

    *empty = n == 0;
    while (text.n && (text.p[text.n - 1] == ' ' || text.p[text.n - 1] == '\n'))
        text.n--;
    return ledger_parse(text, ret);
}

static bool new_name(struct ledger_head *h)
{
    struct timespec now;
    uint8_t chance[10];

    clock_gettime(CLOCK_REALTIME, &now);
    if (RAND_bytes(chance, sizeof(chance)) != 1)
        return false;
    *h = (struct ledger_head){ .node = id_make((int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000, chance) };
    return true;
}

enum kf_rc ledger_open(struct ledger *l, const char *path, struct kf_err *why)
{
    bool empty = true;

    *l = (struct ledger){ .fd = -1 };
    if (*path) {
        l->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (l->fd < 0)
            return kf_fail(why, KF_IO, "%s: %s", path, strerror(errno));
        if (file_read(l->fd, &l->kept, &empty))
            return KF_OK;
        if (!empty)
            return kf_fail(why, KF_INVALID, "%s is not the head of an access log: put it back from a copy, or move it away, and say why",
                           path);
    }
    if (!new_name(&l->kept))
        return kf_fail(why, KF_IO, "no random bytes for the name of the access log");
    if (l->fd >= 0 && (!file_write(l->fd, &l->kept) || fsync(l->fd)))
        return kf_fail(why, KF_IO, "%s: %s", path, strerror(errno));
    return KF_OK;
}

void ledger_close(struct ledger *l)
{
    if (l->fd >= 0)
        (void)close(l->fd);
    l->fd = -1;
}

enum kf_rc ledger_check(struct ledger *l, struct db *db, struct kf_err *why)
{
    uint8_t hash[LEDGER_HASH] = { 0 };
    struct stmt *s;

    if (l->kept.entry == 0)
        return KF_OK;
    s = stmt_begin(db, SQL_AUDIT_HASH);
    stmt_id(s, &l->kept.node);
    stmt_i64(s, l->kept.entry);
    if (stmt_row(s))
        get_fixed(s, hash, sizeof(hash));
    l->cut = memcmp(hash, l->kept.hash, sizeof(hash)) != 0;
    return stmt_end(s, why);
}

/* ---- adding ------------------------------------------------------------------------------------------------------------------------ */

static enum kf_rc page_begin(struct ledger *l, struct ledger_page *p, struct db *db, struct kf_err *why)
{
    struct stmt *s;
    enum kf_rc rc;

    if (p->begun)
        return KF_OK;
    p->head = (struct ledger_head){ .node = l->kept.node };
    s = stmt_begin(db, SQL_CHAIN_GET);
    stmt_id(s, &l->kept.node);
    if (stmt_row(s)) {
        p->head.entry = get_i64(s);
        get_fixed(s, p->head.hash, LEDGER_HASH);
    }
    rc = stmt_end(s, why);
    p->begun = !rc;
    if (!rc && (p->head.entry < l->kept.entry || (p->head.entry == l->kept.entry && memcmp(p->head.hash, l->kept.hash, LEDGER_HASH) != 0)))
        l->cut = true;
    return rc;
}

enum kf_rc ledger_add(struct ledger *l, struct ledger_page *p, struct db *db, struct ledger_row *row, struct kf_err *why)
{
    enum kf_rc rc = page_begin(l, p, db, why);
    struct stmt *s;

    if (rc)
        return rc;
    row->node = p->head.node;
    row->entry = p->head.entry + 1;
    memcpy(row->prev, p->head.hash, LEDGER_HASH);
    rc = ledger_hash(row, row->hash, why);
    if (rc)
        return rc;
    s = stmt_begin(db, SQL_AUDIT_ADD);
    stmt_str(s, row->site);
    stmt_i64(s, row->at);
    stmt_str(s, row->kind);
    stmt_i64(s, row->role);
    stmt_id(s, &row->by);
    stmt_str(s, row->name);
    stmt_id(s, &row->conv);
    stmt_str(s, row->data);
    stmt_id(s, &row->node);
    stmt_i64(s, row->entry);
    stmt_bytes(s, (struct slice){ (const char *)row->prev, LEDGER_HASH });
    stmt_bytes(s, (struct slice){ (const char *)row->hash, LEDGER_HASH });
    rc = stmt_run(s, -1, why);
    if (rc)
        return rc;
    p->head.entry = row->entry;
    memcpy(p->head.hash, row->hash, LEDGER_HASH);
    return KF_OK;
}

enum kf_rc ledger_flush(struct ledger_page *p, struct db *db, struct kf_err *why)
{
    struct stmt *s;

    if (!p->begun)
        return KF_OK;
    s = stmt_begin(db, SQL_CHAIN_SET);
    stmt_id(s, &p->head.node);
    stmt_i64(s, p->head.entry);
    stmt_bytes(s, (struct slice){ (const char *)p->head.hash, LEDGER_HASH });
    return stmt_run(s, -1, why);
}

/* Without an fsync: the file may be behind the database, never before it. Once entries are missing it stays as it is: a witness. */
void ledger_committed(struct ledger *l, const struct ledger_page *p)
{
    if (!p->begun || l->cut)
        return;
    l->kept = p->head;
    if (l->fd >= 0)
        (void)file_write(l->fd, &l->kept);
}
