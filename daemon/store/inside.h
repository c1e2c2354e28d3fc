/* inside.h: what the parts of the store share. */
#ifndef KF_STORE_INSIDE_H
#define KF_STORE_INSIDE_H

#include "store/db.h"
#include "store/ledger.h"
#include "store/store.h"
#include "store/words.h"

#include <pthread.h>
#include <stdatomic.h>

/* An answer on its way to the caller's thread. `run` is called once, by store_drain(). */
struct done {
    struct done *next;
    void (*run)(struct done *);
};

/* A change on its way. It lives in the change's arena. */
struct job {
    struct done done;
    struct job *next;
    struct change *change;
    store_done *fn;
    void *ctx;
    enum kf_rc rc;
    struct kf_err why;
    struct news *news;
    /* For the writer. */
    bool keyed;
    uint8_t key[32];
    int64_t print; /* of the content; 0 none */
    struct slot *slot;
    struct place *place;
    uint64_t order; /* of its place */
    unsigned turn;  /* in the batch */
};

/* A connection to each database, for one reading thread. */
struct reader {
    struct store *store;
    struct db *db, *index, *files; /* index, files: NULL where there is none; the same one where one database holds all */
    bool unwell;                   /* and the log says so */
};

/* Something to be read, and its answer. */
/* What is asked for in a burst, or takes long, must not keep waiting what others live by: who comes first, and who may take all threads. */
enum ask_class {
    ASK_TALK, /* what people wait for while they talk */
    ASK_DUTY, /* leases: this node is lost if they come late. Before everything else, and never refused */
    ASK_LONG, /* searches, lists and figures: last, and always one thread is left to the others, if there are two */
    ASK_CLASSES
};

struct ask {
    struct done done;
    struct ask *next;
    enum ask_class class;
    void (*read)(struct ask *, struct reader *);
    enum kf_rc rc;
    struct kf_err why;
};

/* Something else that must be written by the writer, between two batches, in a transaction of its own. */
struct task {
    struct task *next;
    bool alone; /* it cannot run in a transaction */
    enum kf_rc (*run)(struct task *, struct db *, struct kf_err *why);
    void (*finish)(struct task *, enum kf_rc rc, const struct kf_err *why); /* after the commit or the rollback */
};

/* A task that its caller waits for: a thread of the store's, never the loop. */
struct awaited {
    struct task task;                /* `run`, and `alone`; the rest is writer_wait()'s */
    void (*after)(struct awaited *); /* on the writer's thread, after the commit; NULL: nothing */
    pthread_mutex_t lock;
    pthread_cond_t over;
    bool finished;
    enum kf_rc rc;
    struct kf_err why;
};

struct writer {
    pthread_t thread;
    bool started;
    pthread_mutex_t lock;
    pthread_cond_t more;
    struct job *head, **tail;
    struct task *tasks, **tasks_tail;
    size_t queued;
    bool stop;
    struct db *db;
    struct batch *batch; /* apply.h */
    bool unwell;
    bool answered;     /* a mutant has answered before the commit */
    bool cut_told;     /* the log knows that the access log was cut */
    int64_t head_told; /* when it was last told the head */
};

struct readers {
    pthread_t *threads;
    size_t n_threads;
    pthread_mutex_t lock;
    pthread_cond_t more;
    struct ask_line {
        struct ask *head, **tail;
    } lines[ASK_CLASSES];
    size_t queued, max, long_running;
    bool stop;
};

struct reindex {
    struct done done;
    struct reindex *next;
    bool wipe; /* only what was erased */
    store_block_done *fn;
    void *ctx;
    enum kf_rc rc;
    struct kf_err why;
};

struct indexer {
    struct words_from from; /* PostgreSQL */
    pthread_t thread;
    bool started;
    pthread_mutex_t lock;
    pthread_cond_t more; /* monotonic */
    atomic_bool stop;
    int64_t pending_since; /* the oldest commit that is not in the index; 0: none */
    int64_t last_nudge;
    int64_t emptied; /* the log of erased texts was emptied up to here */
    struct reindex *reindex;
    struct db *db, *main;
    bool unwell;
};

struct filer { /* the contents of files */
    pthread_t thread;
    bool started;
    pthread_mutex_t lock;
    pthread_cond_t more;
    struct file_job *head, **tail;
    size_t queued; /* bytes */
    bool stop;
    struct db *db;
    struct upload *uploads;
    bool unwell;
};

struct upkeep { /* what takes long and is rare: backups, housekeeping */
    pthread_t thread;
    bool started;
    pthread_mutex_t lock;
    pthread_cond_t more;
    struct chore *head, **tail;
    bool stop;
};

/* The answer to a call for which there was no memory. */
struct spare {
    struct done done;
    bool taken;
    store_block_done *block;
    store_file_done *file;
    store_file_block *get;
    void *ctx;
};
#define SPARES 32

struct keeper { /* checkpoints */
    pthread_t thread;
    bool started;
    pthread_mutex_t lock;
    pthread_cond_t more;
    bool stop, due;
    struct db *db;
    int64_t restart_at; /* pages in the log */
    bool unwell;
};

struct store {
    bool postgres, alone;
    int in_use; /* SQLite: the lock beside the file */
    char *path; /* of the messages; PostgreSQL: the URL */
    char *files_path, *index_path, *backup_dir;
    struct store_vault vault; /* `key` is NULL where there is none */
    size_t queue_max;
    void (*wake)(void *ctx);
    void *wake_ctx;
    void (*log)(int level, const char *line);

    pthread_mutex_t done_lock;
    struct done *done_head, **done_tail;

    atomic_bool broken;
    char broken_text[240]; /* written once, before `broken` */

    struct ledger ledger; /* the writer's, once it has started */
    struct writer writer;
    struct readers readers;
    struct keeper keeper;
    struct indexer indexer;
    struct filer filer;
    struct upkeep upkeep;
    struct spare spares[SPARES]; /* of the caller's thread */

    atomic_uint_fast64_t commits, changes, conflicts, failed, commit_us, batch_le[6];
    atomic_int_fast64_t wal_pages;
};

/* Seals what is plain or was sealed with an older key. Before any thread reads. */
enum kf_rc vault_enter(struct store *s, struct db *db, struct kf_err *why);
/* Into the database: false with `why`. Without a vault all stays as it is. */
bool vault_close_document(const struct store_vault *v, struct arena *a, const struct kf_key *site, const struct kf_key *kind,
                          const struct kf_key *key, struct slice body, struct slice *ret, struct kf_err *why);
bool vault_close_token(const struct store_vault *v, struct arena *a, const struct kf_key *site, const struct kf_key *channel,
                       struct slice token, struct slice *ret, struct kf_err *why);
bool vault_close_factor(const struct store_vault *v, struct arena *a, const struct kf_id *person, struct slice secret, struct slice *ret,
                        struct kf_err *why);
/* Out of it, in place. */
enum kf_rc vault_open_document(const struct store_vault *v, struct arena *a, struct stored_document *d, struct kf_err *why);
enum kf_rc vault_open_token(const struct store_vault *v, struct arena *a, const struct kf_key *site, const struct kf_key *channel,
                            struct slice *token, struct kf_err *why);
enum kf_rc vault_open_factor(const struct store_vault *v, struct arena *a, const struct kf_id *person, struct slice *secret,
                             struct kf_err *why);

void store_post(struct store *s, struct done *d);
void store_post_many(struct store *s, struct done *first, struct done *last); /* linked already */
/* Answers KF_NOMEM: exactly one of the three is given. */
void store_no_memory(struct store *s, store_block_done *block, store_file_done *file, store_file_block *get, void *ctx);
void store_break(struct store *s, const char *words);
void store_log(struct store *s, int level, const char *event, const char *why); /* level: 1 information, 2 warning, 3 error */
/* A trouble that heals by itself: one line when it begins, one when it is over. `unwell` is the thread's own. */
void store_unwell(struct store *s, bool *unwell, const char *event, const char *why);
void store_well(struct store *s, bool *unwell, const char *event);
int64_t clock_us(void);             /* monotonic */
void thread_name(const char *name); /* of the calling thread, for top and for figures */

/* A connection to what holds the messages (DB_FILES: the contents of files). PostgreSQL holds all in one. */
enum kf_rc store_connect(struct store *s, struct db **ret, enum db_mode mode, struct kf_err *why);

/* Brings a database to the newest schema. One that is not empty is saved into `backup_dir` first. */
enum kf_rc migrate(struct db *db, const struct migration *all, const char *path, const char *backup_dir, struct kf_err *why);

/* The same without saving, and only as far as `upto`. */
enum kf_rc migrate_upto(struct db *db, const struct migration *all, int upto, struct kf_err *why);

enum kf_rc writer_start(struct store *s, struct kf_err *why);
void writer_stop(struct store *s); /* commits what is queued first */
void writer_take(struct store *s, struct job *job);
void writer_task(struct store *s, struct task *t);
enum kf_rc writer_wait(struct store *s, struct awaited *a, struct kf_err *why);
void writer_logged(struct store *s, const struct ledger_page *p); /* after a commit, on the writer's thread */

enum kf_rc readers_start(struct store *s, int n, struct kf_err *why);
void readers_stop(struct store *s);
void readers_take(struct store *s, struct ask *k);

enum kf_rc filer_start(struct store *s, struct kf_err *why);
void filer_stop(struct store *s);
/* Removes contents older than `before` that no file names any more. */
void files_sweep(struct store *s, int64_t before, bool wipes, store_block_done *done, void *ctx);

enum kf_rc upkeep_start(struct store *s, struct kf_err *why);
void upkeep_stop(struct store *s);

enum kf_rc keeper_start(struct store *s, struct kf_err *why);
void keeper_stop(struct store *s);
void keeper_nudge(struct store *s);

/* One query in a read transaction. */
/* raw_event.kind: what it is, and the message that stands for it. */
#define RAW_KIND 80
void raw_kind(const struct kf_id *conv, int64_t seq, char ret[RAW_KIND]);
enum kf_rc raw_run(struct reader *r, struct query *q, struct kf_err *why);
enum kf_rc query_run(struct reader *r, struct query *q, struct kf_err *why);
enum kf_rc counts_run(struct reader *r, struct query *q, struct kf_err *why);
enum kf_rc audit_run(struct reader *r, struct query *q, struct kf_err *why);
enum kf_rc access_run(struct reader *r, struct query *q, struct kf_err *why);
enum kf_rc window_run(struct reader *r, struct query *q, struct kf_err *why);
enum kf_rc outbox_run(struct reader *r, struct query *q, struct kf_err *why);
enum kf_rc rules_run(struct reader *r, struct query *q, struct kf_err *why);
enum kf_rc reviews_run(struct reader *r, struct query *q, struct kf_err *why);
enum kf_rc checks_run(struct reader *r, struct query *q, struct kf_err *why);
enum kf_rc learning_run(struct reader *r, struct query *q, struct kf_err *why); /* read_learning.c */
enum kf_rc notices_run(struct reader *r, struct query *q, struct kf_err *why);  /* read_notices.c */
enum kf_rc articles_run(struct reader *r, struct query *q, struct kf_err *why);
enum kf_rc tags_run(struct reader *r, struct query *q, struct kf_err *why);
enum kf_rc search_run(struct reader *r, struct query *q, struct kf_err *why);
enum kf_rc result_run(struct reader *r, struct query *q, struct kf_err *why);
enum kf_rc rows_run(struct reader *r, struct query *q, struct kf_err *why);
enum kf_rc saved_run(struct reader *r, struct query *q, struct kf_err *why);

#endif
