/* mail_impl.h: what the files of the mail channel share. */
#ifndef KF_PROTOCOLS_MAIL_IMPL_H
#define KF_PROTOCOLS_MAIL_IMPL_H

#include "protocols/json.h"
#include "protocols/mail.h"
#include "protocols/mail_letter.h"

#define MAIL_KEYS_MAX       4
#define MAIL_ALIASES_MAX    32
#define MAIL_STORAGES_MAX   4
#define MAIL_LOCAL_MAX      20 /* letters before the @: 64 with the token */
#define MAIL_RECIPIENTS_MAX 50
#define MAIL_PEER_BYTES     10
#define MAIL_PEER_TEXT      17 /* with its NUL */
/* What a webhook may bring: Postmark 35 MB, SendGrid 30 MB, Mailgun 25 MB. */
#define MAIL_BODY_MAX (36u << 20)

enum mail_provider { MAIL_MAILGUN, MAIL_SENDGRID, MAIL_POSTMARK };

struct mail {
    struct arena *arena; /* owns all of this */
    enum mail_provider provider;
    struct slice signing_keys[MAIL_KEYS_MAX]; /* Mailgun */
    size_t n_signing_keys;
    struct slice public_keys[MAIL_KEYS_MAX]; /* SendGrid: DER */
    size_t n_public_keys;
    struct slice user, password; /* HTTP Basic */
    int64_t max_age_ms;
    struct slice api_key;                          /* Mailgun: for files that it has kept */
    struct slice storage_hosts[MAIL_STORAGES_MAX]; /* and where they are; none: Mailgun's own */
    size_t n_storage_hosts;
    struct slice address, local, domain;    /* whom people write to */
    struct slice account;                   /* the same in lower case */
    struct slice aliases[MAIL_ALIASES_MAX]; /* and whom else: addresses, "*@domain"; in lower case */
    size_t n_aliases;
    struct slice bounce; /* the sender of the envelope */
    struct slice name, subject;
    struct slice token_secret;
    const char *relay; /* smtp://host:port or smtps://… */
    const char *relay_user, *relay_password;
    bool relay_tls;
    int relay_wait_ms;
    int64_t attach_max;
};

static inline const struct mail *mail_of(const struct channel *ch)
{
    return (const void *)ch;
}

/* Is mail to this address, in lower case and without what follows a +, for this channel by its `aliases` or `bounce`? */
enum channel_taking mail_taking(const struct channel *ch, struct slice address);
/* A copy without capitals; p == NULL: memory is out. */
struct slice mail_lower(struct arena *a, struct slice s);

/* ---- tokens: mail_token.c ---- */

/* What a token says: an exchange of this channel (its peer), or a conversation of whichever channel. */
struct mail_token {
    bool is_conv;
    uint8_t peer[MAIL_PEER_BYTES];
    struct kf_id conv;
    uint8_t address[2]; /* a digest of whom we wrote to: an answer from elsewhere is told apart */
    bool unsubscribe;
};

/* The token as letters and digits that survive any change of case. False: OpenSSL failed. */
bool mail_token_write(const struct mail *m, const struct mail_token *t, struct buf *ret);
/* False: it is none, or none of ours. */
bool mail_token_read(const struct mail *m, struct slice text, struct mail_token *ret);
/* The token in one of our Message-IDs, "<TOKEN.conv.seq@our-domain>". */
bool mail_token_of_id(const struct mail *m, struct slice id, struct mail_token *ret);
bool mail_address_digest(struct slice address, uint8_t ret[2]);
void mail_peer_text(const uint8_t peer[MAIL_PEER_BYTES], char ret[MAIL_PEER_TEXT]);
bool mail_peer_bytes(struct slice text, uint8_t ret[MAIL_PEER_BYTES]);

/* ---- in ---- */

/* What a provider has brought, before anybody asks what it means. */
struct mail_brought {
    struct mail_letter letter;
    struct slice recipients[MAIL_RECIPIENTS_MAX]; /* of the envelope */
    size_t n_recipients;                          /* 0: it is not told */
    struct slice to;                              /* then: the header */
    struct slice sender;                          /* of the envelope; "" if it is empty or not told */
    bool bounced_path;                            /* the envelope says: to nobody */
    struct slice from;                            /* the header: may hold encoded words */
    struct slice subject;                         /* likewise */
    struct slice stripped;                        /* the text as the provider has cut it, "" none */
    struct slice hash;                            /* what followed the + in the recipient, if the provider has found it */
    struct slice token;                           /* what was signed in place of the mail itself; "" none */
};

/* Reads the request of the channel's provider: mail_provider.c. NULL in *refused and KF_OK: `ret` is filled; else why it is not believed, or
 * not understood ("malformed_body"). */
enum kf_rc mail_bring(const struct mail *m, struct arena *a, const struct http_req *req, int64_t now_ms, struct mail_brought *ret,
                      const char **refused);
/* Is it the address of a mail server itself? */
bool mail_is_daemon(struct arena *a, struct slice raw);
/* A file that Mailgun has kept: its key is shown to its own hosts, and nothing is fetched elsewhere. */
enum kf_rc mail_media(const struct channel *ch, struct arena *a, const struct env *env, const struct media *m, const struct http_resp *last,
                      struct http_req *ret);
/* Has a machine written it? By its headers alone. */
bool mail_is_automatic(struct arena *a, const struct http_pair *headers, size_t n);

enum kf_rc mail_receive(const struct channel *ch, struct arena *a, const struct http_req *req, const struct env *env, struct received *ret);
enum kf_rc mail_receive_for(const struct channel *ch, const struct channel *believed, struct slice account, struct arena *a,
                            const struct http_req *req, const struct env *env, struct received *ret);

/* ---- out ---- */

enum kf_rc mail_encode(const struct channel *ch, struct arena *a, const struct errand *e, const struct env *env, struct http_req *ret);
enum kf_rc mail_meet(const struct channel *ch, struct arena *a, const struct env *env, const char *hook, bool tell,
                     const struct http_resp *last, struct http_req *ret, struct kf_err *why);
enum kf_rc mail_settle(const struct channel *ch, struct arena *a, const struct errand *e, const struct http_resp *resp,
                       struct outcome *ret);

/* Lines of a message: mail_write.c. All take UTF-8 and make lines of at most 76 bytes that end in CRLF. */

/* "Name: text" as encoded words where it is not plain; what ends a line is left out. */
void mail_write_words(struct buf *b, const char *name, struct slice text);
/* "Name: phrase <address>" */
void mail_write_address(struct buf *b, const char *name, struct slice phrase, struct slice address);
/* "Name: id id id", folded between them. */
void mail_write_ids(struct buf *b, const char *name, const struct slice *ids, size_t n);
void mail_write_date(struct buf *b, int64_t ms);
void mail_write_quoted_printable(struct buf *b, struct slice text);
void mail_write_base64(struct buf *b, struct slice bytes);
/* "; filename=…": RFC 2231 in pieces where it is not plain. */
void mail_write_file_name(struct buf *b, struct slice name);

extern const struct words mail_chinese[];

#endif
