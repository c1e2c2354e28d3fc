/* gauge.h: what a process has used, as the kernel says: CPU by thread, memory. */
#ifndef KF_BENCH_GAUGE_H
#define KF_BENCH_GAUGE_H

#include <stdint.h>
#include <sys/types.h>

#define GAUGE_THREADS 64

struct gauge {
    size_t n;
    struct {
        pid_t tid;
        char name[20];
        int64_t ns;
    } thread[GAUGE_THREADS];
};

void gauge_read(pid_t pid, struct gauge *ret);
/* Nanoseconds between two readings: of all threads, of the first (the loop). */
int64_t gauge_process_ns(const struct gauge *before, const struct gauge *after);
int64_t gauge_main_ns(const struct gauge *before, const struct gauge *after, pid_t pid);
/* "main 2.1, writer 3.0 …" in microseconds per `each`, threads that have used something. */
void gauge_print(const struct gauge *before, const struct gauge *after, pid_t pid, uint64_t each);
int64_t gauge_rss(pid_t pid); /* bytes */

#endif
