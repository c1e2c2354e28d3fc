/* talker.h: a visitor or an agent who goes on talking whatever happens to the daemon.
 *
 * Each says numbered texts under client ids of its own ("v3-17"), a few at a time, and keeps a log: what was said, what was
 * acknowledged, as what. When the line breaks it comes back, says hello, fetches what it lacks and repeats what has no answer, under
 * the same client ids. All in one thread; nothing here waits. */
#ifndef KF_TESTS_FAULT_TALKER_H
#define KF_TESTS_FAULT_TALKER_H

#include "fault/chance.h"
#include "support/cast.h"

enum said_state { SAID_OPEN, SAID_ACKED, SAID_REFUSED };

struct said {
    char conv[40]; /* agents: into which; visitors: what the ack named */
    int64_t seq, at;
    int64_t from_us, acked_us;
    int tries;
    enum said_state state;
};

/* What one participant has seen of one conversation. */
struct sight {
    char conv[40];
    uint8_t *seen; /* by seq */
    int64_t cap;
    int64_t whole;  /* every message up to here has been seen */
    int64_t top;    /* the newest it has heard of */
    int64_t pushed; /* the last that came by itself on this line */
    bool held;      /* agents: it is theirs */
    bool asked;     /* for history */
};

enum talker_state { TALKER_AWAY, TALKER_ASKED, TALKER_HELLO, TALKER_UP };

struct talker {
    struct chance chance;
    uint64_t seed;
    char name[16]; /* "v3", "a1" */
    bool agent;
    const char *site;
    struct staff staff; /* agents: signed in once; the session outlives the kills */
    char token[512];    /* visitors */
    struct wire wire;
    enum talker_state state;
    char head[4096]; /* of the answer to the upgrade */
    size_t n_head;
    int node;         /* of two: which */
    int64_t heard_at; /* ms */
    bool asked;       /* a ping is under way, for want of anything else */
    int64_t retry_at; /* ms */
    int64_t due_at;   /* the next text, ms */
    int64_t again_at; /* repeat what is open, ms; 0: no */
    int pongs;
    bool pinged; /* on this line */

    struct said *said; /* number n is said[n - 1] */
    int n_said, cap_said;
    int first_open; /* all before it have an answer */
    int open;
    struct sight *sights;
    int n_sights;
    bool served;   /* visitors: somebody has it */
    bool out;      /* takes no part, for now */
    int most;      /* texts that it says in all; 0: no end */
    bool troubled; /* the daemon may say that the trouble is its own: that is no surprise, and tried again */
    bool leaves;   /* visitors: closes when it is served, and comes back with the next text */
    int closes;

    /* What may not happen, and what may. */
    int fickle;    /* a repeat was answered differently from the first time */
    int backwards; /* a message came by itself that was not newer than the one before on the same line */
    int errors;    /* answers that nobody expected */
    int refused;   /* agents: not theirs any more */
    int released;  /* agents: a conversation was taken from them */
    int breaks;    /* lines that broke */
    char first_error[200];
    int put_offs;      /* answers that say: try again */
    char put_off[120]; /* the last that was to be tried again */
};

struct talker_pace {
    int window;     /* texts without an answer */
    int think_ms;   /* between two texts, at most */
    int staff_ms;   /* the same for agents */
    bool quiet;     /* only repeats what is open */
    int silence_ms; /* two nodes: who hears nothing for so long, though something should come, goes to the other; 0: one node */
};

void talker_init(struct talker *t, uint64_t seed, bool agent, int number, const char *site);
void talker_free(struct talker *t);
/* Does what is due: connects, says, repeats. `port` 0: nobody to connect to. */
void talker_go(struct talker *t, const struct daemon *d, const struct talker_pace *pace);
/* Takes in what has come; to be called when its descriptor is readable. */
void talker_read(struct talker *t);
int talker_fd(const struct talker *t); /* -1: none */
/* Ends the line and comes back, to the other node where there are two. */
void talker_move(struct talker *t);
/* Ends the line and stays away until `out` is false again. */
void talker_leave(struct talker *t);
/* Everything that is heard after this answers something said before. */
void talker_ping(struct talker *t);
struct sight *talker_sight(struct talker *t, const char *conv); /* NULL: none */
/* The text number n: always the same. */
void talker_text(const struct talker *t, int n, char *ret, size_t size);

#endif
