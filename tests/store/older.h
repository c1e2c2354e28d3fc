/* older.h: a store as an older kefud has left it, so that a test sees what a migration makes of its rows. */
#ifndef TESTS_STORE_OLDER_H
#define TESTS_STORE_OLDER_H

#include "tests/store/world.h"

#define UNDOS 4

/* What undoes each migration of the messages' database, the newest first: one line more with each new one. */
static const struct {
    int migration;
    const char *undo[UNDOS];
} undone[] = {
    { 24, { "ALTER TABLE message DROP COLUMN edited_ms" } },
    { 23,
      { "CREATE TABLE handle (conv BIGINT PRIMARY KEY, text TEXT NOT NULL, expires_ms BIGINT NOT NULL, remaining BIGINT NOT NULL, used "
        "BIGINT NOT NULL)",
        "INSERT INTO handle SELECT conv, text, expires_ms, remaining, used FROM reply_handle", "DROP TABLE reply_handle" } },
    { 22, { "ALTER TABLE message DROP COLUMN typed_ms", "ALTER TABLE sample_run DROP COLUMN wanted" } },
    { 21, { "ALTER TABLE conversation DROP COLUMN overflowed" } },
    { 20, { "DROP TABLE mention", "DROP TABLE reveal", "DROP TABLE guest" } },
    { 19, { "DROP INDEX message_form" } },
};

/* The world is closed; before world_open() it is of migration `to`. */
static void make_older(struct world *w, int to)
{
    char sql[128];

    for (size_t i = 0; i < sizeof(undone) / sizeof(undone[0]) && undone[i].migration > to; i++)
        for (size_t k = 0; k < UNDOS && undone[i].undo[k]; k++)
            (void)number(w, undone[i].undo[k]);
    (void)snprintf(sql, sizeof(sql),
                   on_postgres() ? "UPDATE schema_version SET number = %d WHERE part = 'messages' RETURNING 1" : "PRAGMA user_version = %d",
                   to);
    (void)number(w, sql);
}

#endif
