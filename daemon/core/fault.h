/* fault.h: places where a daemon that was built to fail (MODE=fault) may end from one instruction to the next, as by kill -9. The
 * campaigns choose one by the environment: KEFUD_FAULT=point:n is the n-th time that any thread passes there.
 *
 *   before_commit, after_commit_before_ack     the store's writer, around each batch
 *   after_ack                                  an ack or a webhook's answer is on its way
 *   after_reserve, after_match                a place is reserved; its commit has been made, nobody was told
 *   before_claim, after_send, before_settle    an errand, before its claim, when its request has left, when its answer has come
 *   before_ready                               the store is read, nobody has been served
 *
 * In every other build there is nothing. */
#ifndef KF_CORE_FAULT_H
#define KF_CORE_FAULT_H

#ifdef KEFUD_FAULT
void fault_point(const char *name);
#else
#define fault_point(name) ((void)0)
#endif

#endif
