#include "vault.h"

#include "api/documents.h"
#include "core/buf.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEYS_MAX   16
#define KEY_BYTES  32
#define ID_BYTES   4
#define ID_TEXT    (2 * ID_BYTES + 1)
#define NONCE      12
#define TAG        16
#define HEAD       (1 + ID_BYTES + NONCE) /* version, key, nonce */
#define VERSION    1
#define FILE_MAX   8192
#define MARK       "sealed:" /* in documents, before base64 */
#define SECRET_MAX (1u << 20)

struct vault_key {
    uint8_t id[ID_BYTES];
    uint8_t bytes[KEY_BYTES];
    bool lost;
};

struct vault {
    struct vault_key keys[KEYS_MAX];
    size_t n;
    char first[ID_TEXT];
};

/* ---- the file ---- */

static int digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool read_hex(struct slice text, uint8_t *ret, size_t n)
{
    if (text.n != 2 * n)
        return false;
    for (size_t i = 0; i < n; i++) {
        int high = digit(text.p[2 * i]), low = digit(text.p[2 * i + 1]);

        if (high < 0 || low < 0)
            return false;
        ret[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

/* A key is called by what is hashed from it, so that a name never leads to another key. */
static void name_key(struct vault_key *k)
{
    static const char purpose[] = "kefud vault key";
    uint8_t text[sizeof(purpose) + KEY_BYTES], hash[EVP_MAX_MD_SIZE];
    unsigned n = 0;

    memcpy(text, purpose, sizeof(purpose));
    memcpy(text + sizeof(purpose), k->bytes, KEY_BYTES);
    if (EVP_Digest(text, sizeof(text), hash, &n, EVP_sha256(), NULL) == 1)
        memcpy(k->id, hash, ID_BYTES);
    explicit_bzero(text, sizeof(text));
}

static void id_words(const uint8_t id[ID_BYTES], char ret[ID_TEXT])
{
    for (size_t i = 0; i < ID_BYTES; i++)
        (void)snprintf(ret + 2 * i, 3, "%02x", id[i]);
}

static bool read_line(struct vault *v, struct slice line)
{
    struct vault_key *k = &v->keys[v->n];

    if (!line.n || *line.p == '#')
        return true;
    if (v->n == KEYS_MAX)
        return false;
    if (slice_starts(line, "lost ")) {
        k->lost = true;
        v->n += read_hex((struct slice){ line.p + 5, line.n - 5 }, k->id, ID_BYTES);
        return v->n > 0 && k != &v->keys[v->n];
    }
    if (!read_hex(line, k->bytes, KEY_BYTES))
        return false;
    name_key(k);
    v->n++;
    return true;
}

enum kf_rc vault_read(struct vault **ret, struct slice text, struct kf_err *why)
{
    struct vault *v = calloc(1, sizeof(*v));
    int number = 0;

    if (!v)
        return kf_fail(why, KF_NOMEM, "out of memory");
    for (size_t at = 0; at < text.n;) {
        const char *end = memchr(text.p + at, '\n', text.n - at);
        struct slice line = { text.p + at, end ? (size_t)(end - text.p) - at : text.n - at };

        number++;
        at += line.n + 1;
        while (line.n && (line.p[line.n - 1] == '\r' || line.p[line.n - 1] == ' '))
            line.n--;
        if (!read_line(v, line)) {
            vault_free(v);
            return kf_fail(why, KF_INVALID, "line %d: a key of 64 hexadecimal digits, or \"lost\" and the name of one, 8 digits", number);
        }
    }
    if (!v->n || v->keys[0].lost) {
        vault_free(v);
        return kf_fail(why, KF_INVALID, "it begins with no key");
    }
    id_words(v->keys[0].id, v->first);
    *ret = v;
    return KF_OK;
}

/* Whole or not at all: another node of the same database may be making it at this moment. */
static enum kf_rc make_file(const char *path, struct kf_err *why)
{
    char passing[4096], text[2 * KEY_BYTES + 2];
    uint8_t key[KEY_BYTES];
    bool ok;
    int fd, n = snprintf(passing, sizeof(passing), "%s.%ld", path, (long)getpid());

    if (n < 0 || (size_t)n >= sizeof(passing))
        return kf_fail(why, KF_INVALID, "its name is too long");
    fd = open(passing, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0 || RAND_bytes(key, sizeof(key)) != 1) {
        if (fd >= 0)
            (void)close(fd);
        return kf_fail(why, KF_IO, "it cannot be made: %s", strerror(errno));
    }
    for (size_t i = 0; i < sizeof(key); i++)
        (void)snprintf(text + 2 * i, 3, "%02x", key[i]);
    text[2 * KEY_BYTES] = '\n';
    ok = write(fd, text, 2 * KEY_BYTES + 1) == 2 * KEY_BYTES + 1 && fsync(fd) == 0;
    explicit_bzero(key, sizeof(key));
    explicit_bzero(text, sizeof(text));
    ok = close(fd) == 0 && ok;
    ok = ok && (link(passing, path) == 0 || errno == EEXIST);
    n = errno;
    (void)unlink(passing);
    return ok ? KF_OK : kf_fail(why, KF_IO, "it cannot be made: %s", strerror(n));
}

/* Secrets may be sealed with it from now on: its name must be on the disk, too. */
static void sync_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    char folder[4096];
    int fd;

    (void)snprintf(folder, sizeof(folder), "%.*s", slash ? (int)(slash - path) + 1 : 1, slash ? path : ".");
    fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return;
    (void)fsync(fd);
    (void)close(fd);
}

static enum kf_rc read_file(struct vault **ret, int fd, struct kf_err *why)
{
    char text[FILE_MAX];
    struct stat st;
    ssize_t n;
    enum kf_rc rc;

    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        return kf_fail(why, KF_INVALID, "it is not a file");
    if (st.st_mode & (S_IROTH | S_IWOTH))
        return kf_fail(why, KF_INVALID, "everybody may read it: chmod 600");
    n = read(fd, text, sizeof(text));
    if (n < 0 || n == (ssize_t)sizeof(text))
        return kf_fail(why, n < 0 ? KF_IO : KF_INVALID, "%s", n < 0 ? strerror(errno) : "it is too long");
    rc = vault_read(ret, (struct slice){ text, (size_t)n }, why);
    explicit_bzero(text, sizeof(text));
    return rc;
}

enum kf_rc vault_open(struct vault **ret, const char *path, bool make, struct kf_err *why)
{
    struct kf_err inner = { .rc = KF_OK };
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    enum kf_rc rc = KF_OK;

    if (fd < 0 && errno == ENOENT && make) {
        rc = make_file(path, &inner);
        if (!rc) {
            sync_folder(path);
            fd = open(path, O_RDONLY | O_CLOEXEC);
        }
    }
    if (!rc && fd < 0)
        rc = kf_fail(&inner, errno == ENOENT ? KF_ABSENT : KF_IO, "%s", strerror(errno));
    if (!rc)
        rc = read_file(ret, fd, &inner);
    if (fd >= 0)
        (void)close(fd);
    return rc ? kf_fail(why, rc, "the key file %.120s: %.100s", path, inner.text) : KF_OK;
}

void vault_free(struct vault *v)
{
    if (!v)
        return;
    explicit_bzero(v, sizeof(*v));
    free(v);
}

/* ---- bytes ---- */

static const struct vault_key *key_of(const struct vault *v, const uint8_t id[ID_BYTES])
{
    for (size_t i = 0; i < v->n; i++)
        if (memcmp(v->keys[i].id, id, ID_BYTES) == 0)
            return &v->keys[i];
    return NULL;
}

/* `ret` has room for HEAD + plain.n + TAG. */
static bool encrypt(const struct vault_key *k, struct slice where, struct slice plain, uint8_t *ret)
{
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    uint8_t *nonce = ret + 1 + ID_BYTES, *out = ret + HEAD;
    int n = 0;
    bool ok;

    ret[0] = VERSION;
    memcpy(ret + 1, k->id, ID_BYTES);
    ok = c && RAND_bytes(nonce, NONCE) == 1 && EVP_EncryptInit_ex(c, EVP_aes_256_gcm(), NULL, k->bytes, nonce) == 1 &&
         EVP_EncryptUpdate(c, NULL, &n, ret, 1 + ID_BYTES) == 1 &&
         EVP_EncryptUpdate(c, NULL, &n, (const uint8_t *)where.p, (int)where.n) == 1 &&
         EVP_EncryptUpdate(c, out, &n, (const uint8_t *)plain.p, (int)plain.n) == 1 && EVP_EncryptFinal_ex(c, out + plain.n, &n) == 1 &&
         EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_GET_TAG, TAG, out + plain.n) == 1;
    EVP_CIPHER_CTX_free(c);
    return ok;
}

static bool decrypt(const struct vault_key *k, struct slice where, struct slice sealed, uint8_t *ret)
{
    const uint8_t *in = (const uint8_t *)sealed.p;
    size_t len = sealed.n - HEAD - TAG;
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    uint8_t tag[TAG];
    int n = 0;
    bool ok;

    memcpy(tag, in + HEAD + len, TAG);
    ok = c && EVP_DecryptInit_ex(c, EVP_aes_256_gcm(), NULL, k->bytes, in + 1 + ID_BYTES) == 1 &&
         EVP_DecryptUpdate(c, NULL, &n, in, 1 + ID_BYTES) == 1 &&
         EVP_DecryptUpdate(c, NULL, &n, (const uint8_t *)where.p, (int)where.n) == 1 &&
         EVP_DecryptUpdate(c, ret, &n, in + HEAD, (int)len) == 1 && EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_SET_TAG, TAG, tag) == 1 &&
         EVP_DecryptFinal_ex(c, ret + len, &n) == 1;
    EVP_CIPHER_CTX_free(c);
    return ok;
}

static enum kf_rc seal_bytes(const struct vault *v, struct slice where, struct slice plain, struct arena *a, struct slice *ret)
{
    uint8_t *out = plain.n <= SECRET_MAX ? arena_alloc(a, HEAD + plain.n + TAG) : NULL;

    if (!out)
        return KF_NOMEM;
    if (!encrypt(&v->keys[0], where, plain, out))
        return KF_IO;
    *ret = (struct slice){ (const char *)out, HEAD + plain.n + TAG };
    return KF_OK;
}

/* KF_ABSENT: its key is lost. */
static enum kf_rc open_bytes(const struct vault *v, struct slice where, struct slice sealed, struct arena *a, struct slice *ret)
{
    const struct vault_key *k;
    uint8_t *out;

    if (sealed.n < HEAD + TAG || sealed.p[0] != VERSION)
        return KF_INVALID;
    k = key_of(v, (const uint8_t *)sealed.p + 1);
    if (!k)
        return KF_AUTH;
    if (k->lost)
        return KF_ABSENT;
    out = arena_alloc(a, sealed.n - HEAD - TAG + 1);
    if (!out)
        return KF_NOMEM;
    if (!decrypt(k, where, sealed, out))
        return KF_INVALID;
    *ret = (struct slice){ (const char *)out, sealed.n - HEAD - TAG };
    return KF_OK;
}

/* ---- documents: each secret member by itself, so that all the rest can be read ---- */

struct members {
    const struct vault *v;
    struct slice where;
    struct arena *arena;
    bool opens;
    enum kf_rc rc; /* the first trouble */
};

static json_t *sealed_value(struct members *m, struct slice where, const json_t *value)
{
    char *plain = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    struct slice sealed = { NULL, 0 };
    json_t *ret = NULL;
    unsigned char *text;

    m->rc = plain ? seal_bytes(m->v, where, slice_of(plain), m->arena, &sealed) : KF_NOMEM;
    if (plain)
        explicit_bzero(plain, strlen(plain));
    free(plain);
    text = m->rc ? NULL : arena_alloc(m->arena, 4 * ((sealed.n + 2) / 3) + 1);
    if (text) {
        (void)EVP_EncodeBlock(text, (const unsigned char *)sealed.p, (int)sealed.n);
        ret = json_sprintf(MARK "%s", (const char *)text);
    }
    m->rc = !m->rc && !ret ? KF_NOMEM : m->rc;
    return ret;
}

static struct slice base64(struct arena *a, struct slice text)
{
    unsigned char *out = text.n % 4 == 0 ? arena_alloc(a, text.n / 4 * 3 + 1) : NULL;
    int n = out ? EVP_DecodeBlock(out, (const unsigned char *)text.p, (int)text.n) : -1;

    for (size_t i = text.n; n > 0 && i-- > 0 && text.p[i] == '=';)
        n--;
    return (struct slice){ (const char *)out, n > 0 ? (size_t)n : 0 };
}

static json_t *opened_value(struct members *m, struct slice where, struct slice text)
{
    struct slice plain = { NULL, 0 };
    json_t *ret = NULL;

    m->rc = open_bytes(m->v, where, base64(m->arena, text), m->arena, &plain);
    if (!m->rc && !(ret = json_loadb(plain.p, plain.n, JSON_DECODE_ANY, NULL)))
        m->rc = KF_INVALID;
    return ret;
}

static void one_member(void *ctx, json_t *object, const char *path, const char *name)
{
    struct members *m = ctx;
    const json_t *value = json_object_get(object, name);
    const char *text = json_string_value(value);
    bool sealed = text && strncmp(text, MARK, strlen(MARK)) == 0;
    char *place;
    json_t *now;

    if (m->rc || !value || sealed != m->opens) /* what is plain was written before there was a vault: it is read as it is */
        return;
    place = arena_printf(m->arena, "%.*s/%s%s", (int)m->where.n, m->where.p, path, name);
    if (!place) {
        m->rc = KF_NOMEM;
        return;
    }
    now = m->opens ? opened_value(m, slice_of(place), slice_of(text + strlen(MARK))) : sealed_value(m, slice_of(place), value);
    if (m->rc == KF_ABSENT) {
        (void)json_object_del(object, name);
        m->rc = KF_OK;
    } else if (!m->rc)
        (void)json_object_set_new(object, name, now);
}

static enum kf_rc turn_document(const struct vault *v, const char *kind, bool opens, struct slice where, struct slice body, struct arena *a,
                                struct slice *ret)
{
    struct members m = { .v = v, .where = where, .arena = a, .opens = opens };
    json_t *root = json_loadb(body.p, body.n, 0, NULL);
    char *text;

    if (!root) /* the store keeps what it is given */
        return *ret = body, KF_OK;
    document_secrets(kind, root, one_member, &m);
    text = m.rc ? NULL : json_dumps(root, JSON_COMPACT);
    json_decref(root);
    if (text)
        *ret = slice_of(arena_text(a, slice_of(text)));
    if (text && opens)
        explicit_bzero(text, strlen(text));
    free(text);
    return m.rc ? m.rc : text && ret->p ? KF_OK : KF_NOMEM;
}

/* ---- for the store ---- */

static enum kf_rc vault_turn(struct vault *v, bool opens, const char *kind, struct slice where, struct slice in, struct arena *a,
                             struct slice *ret, struct kf_err *why)
{
    enum kf_rc rc = kind    ? turn_document(v, kind, opens, where, in, a, ret)
                    : opens ? open_bytes(v, where, in, a, ret)
                            : seal_bytes(v, where, in, a, ret);

    if (rc == KF_NOMEM)
        return kf_fail(why, rc, "out of memory");
    if (rc)
        return kf_fail(why, rc == KF_ABSENT ? rc : KF_INVALID, "a secret of %.*s %s", (int)where.n, where.p,
                       rc == KF_AUTH     ? "is sealed with a key that is not in the key file"
                       : rc == KF_ABSENT ? "is sealed with a key that is lost"
                       : opens           ? "does not open: it was changed, or is not in its place"
                                         : "cannot be sealed");
    return KF_OK;
}

static enum kf_rc ops_seal(void *ctx, const char *kind, struct slice where, struct slice in, struct arena *a, struct slice *ret,
                           struct kf_err *why)
{
    return vault_turn(ctx, false, kind, where, in, a, ret, why);
}

static enum kf_rc ops_open(void *ctx, const char *kind, struct slice where, struct slice in, struct arena *a, struct slice *ret,
                           struct kf_err *why)
{
    return vault_turn(ctx, true, kind, where, in, a, ret, why);
}

static bool ops_knows(void *ctx, const char *name)
{
    uint8_t id[ID_BYTES];

    return read_hex(slice_of(name), id, ID_BYTES) && key_of(ctx, id);
}

struct store_vault vault_for_store(struct vault *v)
{
    return (struct store_vault){ .ctx = v, .key = v->first, .knows = ops_knows, .seal = ops_seal, .open = ops_open };
}
