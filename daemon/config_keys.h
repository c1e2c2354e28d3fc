/* config_keys.h: the table of keys behind config.h, and the values it knows. For config*.c and their tests alone. */
#ifndef KF_CONFIG_KEYS_H
#define KF_CONFIG_KEYS_H

#include "config.h"
#include "core/slice.h"

enum config_type {
    CONFIG_TEXT,  /* const char * */
    CONFIG_PATH,  /* const char *; "credential:NAME" is $CREDENTIALS_DIRECTORY/NAME */
    CONFIG_LIST,  /* struct config_list; comma or space between, lines add up */
    CONFIG_COUNT, /* int64_t */
    CONFIG_BYTES, /* int64_t, "64 KiB" */
    CONFIG_TIME,  /* int64_t in ms, "10 s" */
    CONFIG_BOOL,  /* bool */
    CONFIG_LEVEL  /* int64_t, enum log_level */
};

enum {
    CONFIG_RELOAD = 1, /* SIGHUP may change it */
    CONFIG_SECRET = 2, /* never shown; NAME_file reads it from a file */
    CONFIG_URL = 4     /* with CONFIG_SECRET: one only where it names a password */
};

struct config_key {
    const char *section, *name;
    enum config_type type;
    size_t at;            /* in struct config */
    const char *fallback; /* in the notation of the file; NULL: not set, or worked out from others */
    const char *shown;    /* what a reader is told instead of the fallback; NULL: the fallback */
    int64_t min, max;
    unsigned flags;
    bool (*fits)(const char *text); /* of a text, or of each item of a list; NULL: anything */
    const char *form;               /* what does fit, for the words of a failure */
    const char *help;               /* one sentence or two, for people */
};

extern const struct config_key config_keys[];
extern const size_t n_config_keys;

struct config_section {
    const char *name, *help;
};
extern const struct config_section config_sections[];
extern const size_t n_config_sections;

static inline void *config_field(const struct config *cfg, const struct config_key *key)
{
    return (char *)cfg + key->at;
}

/* Reads `text` into the field; a list grows. The words say what is allowed, without file and line. */
enum kf_rc config_value_read(struct config *cfg, const struct config_key *key, const char *text, struct kf_err *why);
/* Is this text one that nobody should see? */
bool config_value_secret(const struct config_key *key, const char *text);
/* In the notation of the file; a value that is not set adds nothing. */
void config_value_print(const struct config *cfg, const struct config_key *key, struct buf *ret);
bool config_value_same(const struct config *a, const struct config *b, const struct config_key *key);
enum kf_rc config_value_copy(struct config *to, const struct config *from, const struct config_key *key);

/* The file's text, without reading any file but those that *_file names. `secret`: may hold a secret (not everybody can read it). */
enum kf_rc config_parse(struct config *ret, const char *file, struct slice text, bool secret, struct kf_err *why);

#endif
