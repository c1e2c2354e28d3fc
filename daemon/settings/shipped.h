/* shipped.h: what a site has without having said anything: the files of config/defaults, compiled in. */
#ifndef KF_SETTINGS_SHIPPED_H
#define KF_SETTINGS_SHIPPED_H

struct shipped {
    const char *name; /* "rules" "wordings" */
    const char *json; /* rules: a list as in a set; wordings: {language: {key: text}} */
};

/* Ended by a NULL name. Made by embed.sh. */
extern const struct shipped shipped[];

#endif
