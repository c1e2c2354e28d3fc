#include "store/archive.h"

#include "core/buf.h"
#include "store/postgres.h"
#include "store/rows.h"
#include "store/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK     512

#define N_MEMBERS 2
static const char *const members[N_MEMBERS] = { "messages.db", "files.db" };

/* Behind them, as sha256sum(1) writes and checks it: a line for each. Archives of before end without it. */
#define SUMS     "SHA256SUMS"
#define SUMS_MAX 1024
#define HEX_SHA  64
#define HEX_SAID 12 /* of its digits: enough to be told apart by people */

static enum kf_rc no_file(struct kf_err *why, const char *what, const char *path)
{
    return kf_fail(why, errno == ENOSPC || errno == EDQUOT ? KF_AGAIN : KF_IO, "cannot %s %s: %s", what, path, strerror(errno));
}

static bool write_all(int fd, const void *p, size_t n)
{
    for (const char *at = p; n;) {
        ssize_t got = write(fd, at, n);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        at += got;
        n -= (size_t)got;
    }
    return true;
}

static bool read_all(int fd, void *p, size_t n)
{
    for (char *at = p; n;) {
        ssize_t got = read(fd, at, n);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        at += got;
        n -= (size_t)got;
    }
    return true;
}

/* `to` -1: they are only read; `sha` NULL: nobody asks for their digest. */
static bool copy_bytes(int from, int to, uint64_t n, EVP_MD_CTX *sha)
{
    char buf[65536];

    while (n) {
        size_t piece = n < sizeof(buf) ? (size_t)n : sizeof(buf);

        if (!read_all(from, buf, piece) || (to >= 0 && !write_all(to, buf, piece)) || (sha && EVP_DigestUpdate(sha, buf, piece) != 1))
            return false;
        n -= piece;
    }
    return true;
}

static bool copy_digested(int from, int to, uint64_t n, char ret[HEX_SHA + 1])
{
    EVP_MD_CTX *sha = EVP_MD_CTX_new();
    unsigned char bytes[HEX_SHA / 2];
    bool ok =
        sha && EVP_DigestInit_ex(sha, EVP_sha256(), NULL) == 1 && copy_bytes(from, to, n, sha) && EVP_DigestFinal_ex(sha, bytes, NULL) == 1;

    EVP_MD_CTX_free(sha);
    for (size_t i = 0; ok && i < sizeof(bytes); i++)
        (void)snprintf(ret + 2 * i, 3, "%02x", bytes[i]);
    return ok;
}

/* The name of a file exists on the disk only when its directory does. */
static void sync_dir(const char *path)
{
    char dir[4096];
    char *slash;
    int fd;

    if (snprintf(dir, sizeof(dir), "%s", path) >= (int)sizeof(dir))
        return;
    slash = strrchr(dir, '/');
    if (slash)
        slash[slash == dir] = '\0';
    fd = open(slash ? dir : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        (void)fsync(fd);
        (void)close(fd);
    }
}

/* ---- tar: ustar, sizes beyond 8 GiB in base 256 -------------------------------------------------------------------------------- */

static void put_size(unsigned char *field, uint64_t size)
{
    if (size < 1ULL << 33) {
        (void)snprintf((char *)field, 12, "%011llo", (unsigned long long)size);
        return;
    }
    memset(field, 0, 12);
    field[0] = 0x80;
    for (int i = 0; i < 8; i++)
        field[11 - i] = (unsigned char)(size >> (8 * i));
}

static uint64_t get_size(const unsigned char *field)
{
    uint64_t size = 0;

    if (field[0] & 0x80)
        for (int i = 4; i < 12; i++)
            size = size << 8 | field[i];
    else
        for (int i = 0; i < 12 && field[i] >= '0' && field[i] <= '7'; i++)
            size = size << 3 | (unsigned)(field[i] - '0');
    return size;
}

static unsigned header_sum(const unsigned char h[BLOCK])
{
    unsigned sum = 0;

    for (int i = 0; i < BLOCK; i++)
        sum += i >= 148 && i < 156 ? ' ' : h[i];
    return sum;
}

static void make_header(unsigned char h[BLOCK], const char *name, uint64_t size)
{
    memset(h, 0, BLOCK);
    memcpy(h, name, strlen(name));
    memcpy(h + 100, "0000600", 7);
    memcpy(h + 108, "0000000", 7);
    memcpy(h + 116, "0000000", 7);
    put_size(h + 124, size);
    memcpy(h + 136, "00000000000", 11);
    h[156] = '0';
    memcpy(h + 257, "ustar", 6);
    memcpy(h + 263, "00", 2);
    (void)snprintf((char *)h + 148, 8, "%06o", header_sum(h));
    h[155] = ' ';
}

static bool check_header(const unsigned char h[BLOCK], const char *name, uint64_t *size)
{
    unsigned sum = (unsigned)strtoul((const char *)h + 148, NULL, 8);

    if (memcmp(h + 257, "ustar", 5) != 0 || sum != header_sum(h) || strncmp((const char *)h, name, 100) != 0)
        return false;
    *size = get_size(h + 124);
    return true;
}

static uint64_t padding(uint64_t size)
{
    return (BLOCK - size % BLOCK) % BLOCK;
}

/* ---- writing one --------------------------------------------------------------------------------------------------------------------- */

/* A copy at one moment while others write on: all pages in one step, under one read transaction. */
static enum kf_rc copy_database(const char *from, const char *to, struct kf_err *why)
{
    struct db *db = NULL;
    sqlite3 *out = NULL;
    sqlite3_backup *b;
    enum kf_rc rc = sqlite_open(&db, from, DB_READ, why);
    int fd, code;

    if (rc)
        return rc;
    fd = open(to, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        db_close(db);
        return no_file(why, "make", to);
    }
    (void)close(fd);
    code = sqlite3_open_v2(to, &out, SQLITE_OPEN_READWRITE, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_exec(out, "PRAGMA synchronous=OFF", NULL, NULL, NULL); /* the archive is synced as a whole */
    if (code == SQLITE_OK) {
        b = sqlite3_backup_init(out, "main", sqlite_handle(db), "main");
        while (b && (code = sqlite3_backup_step(b, -1)) == SQLITE_OK)
            ;
        sqlite3_backup_finish(b);
        if (!b)
            code = sqlite3_errcode(out);
    }
    if (code != SQLITE_DONE)
        rc = kf_fail(why, code == SQLITE_FULL ? KF_AGAIN : KF_IO, "cannot copy %s: %s", from, sqlite3_errmsg(out));
    sqlite3_close(out);
    db_close(db);
    return rc;
}

static const char zeros[2 * BLOCK];

static enum kf_rc add_member(int archive, const char *name, const char *from, struct buf *sums, struct kf_err *why)
{
    unsigned char header[BLOCK];
    char hex[HEX_SHA + 1];
    struct stat st;
    int fd = open(from, O_RDONLY | O_CLOEXEC);
    enum kf_rc rc = KF_OK;

    if (fd < 0 || fstat(fd, &st)) {
        rc = no_file(why, "read", from);
        goto out;
    }
    make_header(header, name, (uint64_t)st.st_size);
    if (!write_all(archive, header, BLOCK) || !copy_digested(fd, archive, (uint64_t)st.st_size, hex) ||
        !write_all(archive, zeros, padding((uint64_t)st.st_size)))
        rc = no_file(why, "write", name);
    else
        buf_printf(sums, "%s  %s\n", hex, name);
out:
    if (fd >= 0)
        (void)close(fd);
    return rc;
}

/* What goes into an archive: files of SQLite, or what one transaction of PostgreSQL sees. */
struct source {
    const char *paths[2]; /* "": none */
    struct db *postgres;  /* NULL: SQLite */
    int schemas[2];       /* of PostgreSQL; 0: none */
};

static const char *const parts[] = { "messages", "files" };

/* The rows of one part, as a database of SQLite at the same migration. */
static enum kf_rc copy_rows(const struct source *src, int part, const char *to, struct kf_err *why)
{
    struct db *out = NULL;
    enum kf_rc rc = sqlite_open(&out, to, DB_SCRATCH, why);

    if (rc)
        return rc;
    rc = migrate_upto(out, part ? sqlite_file_migrations : sqlite_migrations, src->schemas[part], why);
    if (!rc)
        rc = db_begin(out, true, why);
    if (!rc)
        rc = rows_save(src->postgres, out, why);
    if (!rc)
        rc = db_commit(out, why);
    db_close(out);
    return rc;
}

static enum kf_rc add_database(int archive, const struct source *src, int part, const char *archive_path, struct buf *sums,
                               struct kf_err *why)
{
    char copy[4096];
    enum kf_rc rc;

    if (snprintf(copy, sizeof(copy), "%s.%s.part", archive_path, members[part]) >= (int)sizeof(copy))
        return kf_fail(why, KF_INVALID, "the name of the archive is too long");
    (void)unlink(copy); /* the archive's name is ours alone: this was left by an attempt that died */
    rc = src->postgres ? copy_rows(src, part, copy, why) : copy_database(src->paths[part], copy, why);
    if (!rc)
        rc = add_member(archive, members[part], copy, sums, why);
    (void)unlink(copy);
    return rc;
}

static bool write_end(int archive, const struct buf *sums)
{
    unsigned char header[BLOCK];

    make_header(header, SUMS, sums->n);
    return buf_ok(sums) && write_all(archive, header, BLOCK) && write_all(archive, sums->p, sums->n) &&
           write_all(archive, zeros, padding(sums->n)) && write_all(archive, zeros, sizeof(zeros)) && fsync(archive) == 0;
}

static enum kf_rc write_archive(const struct source *src, const char *path, struct kf_err *why)
{
    struct buf sums;
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    enum kf_rc rc = KF_OK;

    if (fd < 0 && errno == EEXIST)
        return kf_fail(why, KF_CONFLICT, "%s exists already", path);
    if (fd < 0)
        return no_file(why, "make", path);
    buf_init(&sums, SUMS_MAX);
    for (int part = 0; part < N_MEMBERS && !rc; part++)
        if (src->postgres ? src->schemas[part] > 0 : *src->paths[part] != '\0')
            rc = add_database(fd, src, part, path, &sums, why);
    if (!rc && !write_end(fd, &sums))
        rc = no_file(why, "write", path);
    buf_finish(&sums);
    (void)close(fd);
    if (rc)
        (void)unlink(path);
    else
        sync_dir(path);
    return rc;
}

/* One transaction sees both parts at the same moment. */
enum kf_rc archive_write_postgres(const char *url, bool with_files, const char *path, struct kf_err *why)
{
    struct source src = { .postgres = NULL };
    enum kf_rc rc = postgres_open(&src.postgres, url, DB_KEEP, false, why);

    if (!rc)
        rc = db_begin(src.postgres, false, why);
    for (int part = 0; part < 2 && !rc; part++) {
        src.schemas[part] = part && !with_files ? 0 : postgres_schema(src.postgres, parts[part]);
        if (src.schemas[part] < 0)
            rc = kf_fail(why, KF_AGAIN, "%s", src.postgres->why.text);
    }
    if (!rc)
        rc = write_archive(&src, path, why);
    if (src.postgres)
        db_rollback(src.postgres);
    db_close(src.postgres);
    return rc;
}

enum kf_rc archive_write(struct store *s, const char *path, struct kf_err *why)
{
    const struct source src = { .paths = { s->path, s->files_path } };

    return s->postgres ? archive_write_postgres(s->path, *s->files_path != '\0', path, why) : write_archive(&src, path, why);
}

/* ---- looking whether one is whole ---------------------------------------------------------------------------------------------------- */

#define UNCHANGED "; nothing was changed"

struct digested {
    const char *name;
    char hex[HEX_SHA + 1];
};

static enum kf_rc cut_short(struct kf_err *why, const char *where)
{
    return kf_fail(why, KF_INVALID, "the archive is cut short: it ends %s" UNCHANGED, where);
}

/* What stands in the line of that name; NULL: there is none. */
static const char *line_of(const char *sums, const char *name)
{
    for (const char *p = sums; *p;) {
        size_t n = strcspn(p, "\n");

        if (n == HEX_SHA + 2 + strlen(name) && strncmp(p + HEX_SHA, "  ", 2) == 0 && strncmp(p + HEX_SHA + 2, name, strlen(name)) == 0)
            return p;
        p += n + (p[n] == '\n');
    }
    return NULL;
}

static enum kf_rc compare_sums(const char *sums, const struct digested *m, size_t n, struct kf_err *why)
{
    size_t lines = 0;

    for (const char *p = sums; (p = strchr(p, '\n')); p++)
        lines++;
    for (size_t i = 0; i < n; i++) {
        const char *line = line_of(sums, m[i].name);

        if (!line)
            return kf_fail(why, KF_INVALID, "the archive is damaged: its " SUMS " does not name %s" UNCHANGED, m[i].name);
        if (strncmp(line, m[i].hex, HEX_SHA) != 0)
            return kf_fail(why, KF_INVALID,
                           "the archive is damaged: %s was saved with the SHA-256 %.*s…, what is there has %.*s…" UNCHANGED, m[i].name,
                           HEX_SAID, line, HEX_SAID, m[i].hex);
    }
    return lines == n
               ? KF_OK
               : kf_fail(why, KF_INVALID, "the archive is damaged: its " SUMS " names %zu files, and there are %zu" UNCHANGED, lines, n);
}

static enum kf_rc check_sums(int archive, uint64_t size, const struct digested *m, size_t n, struct kf_err *why)
{
    char sums[SUMS_MAX + 1] = "";

    if (size > SUMS_MAX)
        return kf_fail(why, KF_INVALID, "the archive is damaged: its " SUMS " is too long" UNCHANGED);
    return read_all(archive, sums, size) ? compare_sums(sums, m, n, why) : cut_short(why, "in the middle of " SUMS);
}

/* All of it is read, before anything is taken out of it. What was saved before there were digests is whole when it has an end. */
static enum kf_rc check_archive(int archive, struct kf_err *why)
{
    unsigned char header[BLOCK];
    struct digested found[N_MEMBERS];
    uint64_t size;
    size_t n = 0;
    const char *last = members[0];
    char where[64];
    bool more = read_all(archive, header, BLOCK);
    enum kf_rc rc;

    if (!more || !check_header(header, members[0], &size))
        return kf_fail(why, KF_INVALID, "this is not an archive of kefud: %s is missing" UNCHANGED, members[0]);
    for (; more && n < N_MEMBERS && check_header(header, members[n], &size); n++) {
        found[n].name = members[n];
        last = members[n];
        (void)snprintf(where, sizeof(where), "in the middle of %s", last);
        if (!copy_digested(archive, -1, size, found[n].hex) || lseek(archive, (off_t)padding(size), SEEK_CUR) < 0)
            return cut_short(why, where);
        (void)snprintf(where, sizeof(where), "right behind %s", last);
        more = read_all(archive, header, BLOCK);
    }
    if (!more)
        return cut_short(why, where);
    if (check_header(header, SUMS, &size))
        rc = check_sums(archive, size, found, n, why);
    else
        rc = memcmp(header, zeros, BLOCK) == 0
                 ? KF_OK
                 : kf_fail(why, KF_INVALID, "the archive is damaged: what stands behind %s cannot be read" UNCHANGED, last);
    return !rc && lseek(archive, 0, SEEK_SET) < 0 ? no_file(why, "read", "the archive") : rc;
}

/* ---- putting one back ------------------------------------------------------------------------------------------------------------------ */

static enum kf_rc take_member(int archive, const char *name, const char *to, struct kf_err *why)
{
    unsigned char header[BLOCK];
    uint64_t size;
    int fd;
    enum kf_rc rc = KF_OK;

    if (!read_all(archive, header, BLOCK) || !check_header(header, name, &size))
        return kf_fail(why, KF_INVALID, "this is not an archive of kefud: %s is missing", name);
    (void)unlink(to);
    fd = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return no_file(why, "make", to);
    if (!copy_bytes(archive, fd, size, NULL) || fsync(fd))
        rc = errno == ENOSPC ? no_file(why, "write", to) : kf_fail(why, KF_INVALID, "the archive ends in the middle of %s", name);
    (void)close(fd);
    if (!rc && lseek(archive, (off_t)padding(size), SEEK_CUR) < 0)
        rc = no_file(why, "read", name);
    return rc;
}

static int newest_of(const struct migration *known)
{
    int newest = 0;

    for (; known->number; known++)
        newest = known->number;
    return newest;
}

static enum kf_rc check_database(const char *path, const struct migration *known, struct kf_err *why)
{
    struct db *db = NULL;
    sqlite3_stmt *h = NULL;
    bool good = false;
    int now;
    enum kf_rc rc = sqlite_open(&db, path, DB_KEEP, why);

    if (rc)
        return rc;
    if (sqlite3_prepare_v2(sqlite_handle(db), "PRAGMA integrity_check(1)", -1, &h, NULL) == SQLITE_OK && sqlite3_step(h) == SQLITE_ROW)
        good = strcmp((const char *)sqlite3_column_text(h, 0), "ok") == 0;
    sqlite3_finalize(h);
    now = db->ops->schema(db);
    db_close(db);
    if (!good || now < 1)
        return kf_fail(why, KF_INVALID, "%s in the archive is damaged", path);
    if (now > newest_of(known))
        return kf_fail(why, KF_UNSUPPORTED, "the archive was written by a newer kefud (schema %d, this one knows %d)", now,
                       newest_of(known));
    return KF_OK;
}

static void remove_with_logs(const char *path)
{
    static const char *const tails[] = { "-wal", "-shm", "" };
    char name[4096];

    for (size_t i = 0; i < 3; i++)
        if (snprintf(name, sizeof(name), "%s%s", path, tails[i]) < (int)sizeof(name))
            (void)unlink(name);
}

/* The log of the old database must be gone before the new one has its name: it would be played into it. */
static enum kf_rc put_in_place(const char *from, const char *to, struct kf_err *why)
{
    remove_with_logs(to);
    if (rename(from, to))
        return no_file(why, "put in place", to);
    sync_dir(to);
    return KF_OK;
}

static enum kf_rc restore_from(int archive, const char *messages, const char *files, const struct store_config *cfg, struct kf_err *why)
{
    const char *path = cfg->url + strlen("sqlite:");
    bool with_files = cfg->files_path && *cfg->files_path;
    enum kf_rc rc = take_member(archive, members[0], messages, why);

    if (!rc && with_files)
        rc = take_member(archive, members[1], files, why);
    if (!rc)
        rc = check_database(messages, sqlite_migrations, why);
    if (!rc && with_files)
        rc = check_database(files, sqlite_file_migrations, why);
    if (!rc)
        rc = put_in_place(messages, path, why);
    if (!rc && with_files)
        rc = put_in_place(files, cfg->files_path, why);
    if (!rc && cfg->index_path && *cfg->index_path)
        remove_with_logs(cfg->index_path); /* it is made again from the messages */
    return rc;
}

/* What was taken out of the archive, at the newest migration, becomes what PostgreSQL holds: in the transaction of `postgres`. */
static enum kf_rc put_rows(struct db *postgres, int part, const char *from, struct kf_err *why)
{
    struct db *lite = NULL;
    enum kf_rc rc = sqlite_open(&lite, from, DB_KEEP, why);

    if (!rc)
        rc = migrate_upto(lite, part ? sqlite_file_migrations : sqlite_migrations, INT_MAX, why);
    if (!rc)
        rc = rows_restore(postgres, lite, why);
    db_close(lite);
    return rc;
}

/* The tables are there then, and they are those that we know. */
static enum kf_rc make_tables(struct db *db, const struct migration *known, struct kf_err *why)
{
    enum kf_rc rc = migrate_upto(db, known, INT_MAX, why);

    if (!rc && db->ops->schema(db) != newest_of(known))
        rc = kf_fail(why, KF_UNSUPPORTED, "the database was written by a newer kefud: empty it first");
    return rc;
}

static enum kf_rc make_tables_of_files(const char *url, struct kf_err *why)
{
    struct db *db = NULL;
    enum kf_rc rc = postgres_open(&db, url, DB_FILES, false, why);

    if (!rc)
        rc = make_tables(db, db->ops->files, why);
    db_close(db);
    return rc;
}

static enum kf_rc restore_postgres(int archive, const char *messages, const char *files, const struct store_config *cfg, struct kf_err *why)
{
    bool with_files = cfg->files_path && *cfg->files_path;
    struct db *db = NULL;
    enum kf_rc rc = take_member(archive, members[0], messages, why);

    if (!rc && with_files)
        rc = take_member(archive, members[1], files, why);
    if (!rc)
        rc = check_database(messages, sqlite_migrations, why);
    if (!rc && with_files)
        rc = check_database(files, sqlite_file_migrations, why);
    if (!rc)
        rc = make_tables_of_files(cfg->url, why);
    if (!rc)
        rc = postgres_open(&db, cfg->url, DB_WRITE, true, why); /* nobody else uses it from here on */
    if (!rc)
        rc = make_tables(db, db->ops->messages, why);
    if (!rc)
        rc = db_begin(db, true, why);
    if (!rc)
        rc = db_exec(db, "TRUNCATE unindexed, words, site", why); /* the index is made again from the messages */
    if (!rc)
        rc = put_rows(db, 0, messages, why);
    if (!rc && with_files)
        rc = put_rows(db, 1, files, why);
    if (!rc)
        rc = db_commit(db, why);
    db_close(db);
    return rc;
}

enum kf_rc store_restore(const struct store_config *cfg, const char *archive, struct kf_err *why)
{
    bool lite = slice_starts(slice_of(cfg->url), "sqlite:");
    const char *beside = lite ? cfg->url + strlen("sqlite:") : cfg->files_path && *cfg->files_path ? cfg->files_path : archive;
    char messages[4096], files[4096];
    int fd, in_use = -1;
    enum kf_rc rc;

    if (snprintf(messages, sizeof(messages), "%s.%srestore", beside, lite ? "" : "messages.") >= (int)sizeof(messages) ||
        snprintf(files, sizeof(files), "%s.restore", cfg->files_path ? cfg->files_path : "") >= (int)sizeof(files))
        return kf_fail(why, KF_INVALID, "the name of the database is too long");
    fd = open(archive, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return kf_fail(why, KF_ABSENT, "cannot read %s: %s", archive, strerror(errno));
    rc = lite ? sqlite_enter(beside, true, &in_use, why) : KF_OK;
    if (!rc)
        rc = check_archive(fd, why);
    if (rc) {
        (void)close(fd);
        if (in_use >= 0)
            (void)close(in_use);
        return rc;
    }
    rc = lite ? restore_from(fd, messages, files, cfg, why) : restore_postgres(fd, messages, files, cfg, why);
    (void)close(fd);
    if (in_use >= 0)
        (void)close(in_use);
    if (rc || !lite) {
        remove_with_logs(messages);
        if (cfg->files_path && *cfg->files_path)
            remove_with_logs(files);
    }
    return rc;
}
