/* mutant.h: deliberate mistakes, for builds that are made to fail (MODE=fault). A campaign that a mutant survives proves nothing.
 * In every other build mutant() is false and costs nothing. */
#ifndef KF_CORE_MUTANT_H
#define KF_CORE_MUTANT_H

#include <stdbool.h>

#ifdef KEFUD_FAULT
/* One of: "no_epoch" "requeue_arrival" "no_trigger" "nonatomic_reserve" "ack_before_commit" "no_dedupe" "no_sync" "one_rebuild"
 * "ignore_skills" "ignore_proficiency" "ignore_load" "newest_first" "no_limit" "no_grace" "rules_twice".
 * From the environment variable KEFUD_MUTANT unless mutant_set() has named one. */
bool mutant(const char *name);
void mutant_set(const char *name); /* NULL: none */
#else
#define mutant(name) false
#endif

#endif
