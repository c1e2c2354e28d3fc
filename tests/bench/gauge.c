#include "bench/gauge.h"

#include "bench/peer.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void read_line(const char *path, char *line, size_t size)
{
    FILE *f = fopen(path, "re");

    line[0] = '\0';
    if (!f)
        return; /* the thread has just ended */
    if (!fgets(line, (int)size, f))
        line[0] = '\0';
    line[strcspn(line, "\n")] = '\0';
    fclose(f);
}

void gauge_read(pid_t pid, struct gauge *ret)
{
    char path[512], line[128];
    struct dirent *entry;
    DIR *dir;

    ret->n = 0;
    snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
    dir = opendir(path);
    if (!dir)
        die("%s: %s", path, strerror(errno));
    while ((entry = readdir(dir)) && ret->n < GAUGE_THREADS) {
        if (entry->d_name[0] == '.')
            continue;
        ret->thread[ret->n].tid = (pid_t)atoi(entry->d_name);
        snprintf(path, sizeof(path), "/proc/%d/task/%s/comm", (int)pid, entry->d_name);
        read_line(path, ret->thread[ret->n].name, sizeof(ret->thread[ret->n].name));
        /* The first number is the time on a CPU in ns; utime and stime would be in ticks of 10 ms. */
        snprintf(path, sizeof(path), "/proc/%d/task/%s/schedstat", (int)pid, entry->d_name);
        read_line(path, line, sizeof(line));
        ret->thread[ret->n++].ns = strtoll(line, NULL, 10);
    }
    closedir(dir);
}

static int64_t used(const struct gauge *before, const struct gauge *after, size_t i)
{
    for (size_t j = 0; j < before->n; j++)
        if (before->thread[j].tid == after->thread[i].tid)
            return after->thread[i].ns - before->thread[j].ns;
    return after->thread[i].ns;
}

int64_t gauge_process_ns(const struct gauge *before, const struct gauge *after)
{
    int64_t ret = 0;

    for (size_t i = 0; i < after->n; i++)
        ret += used(before, after, i);
    return ret;
}

int64_t gauge_main_ns(const struct gauge *before, const struct gauge *after, pid_t pid)
{
    for (size_t i = 0; i < after->n; i++)
        if (after->thread[i].tid == pid)
            return used(before, after, i);
    return 0;
}

void gauge_print(const struct gauge *before, const struct gauge *after, pid_t pid, uint64_t each)
{
    for (size_t i = 0; i < after->n; i++) {
        double us = (double)used(before, after, i) / 1000.0 / (double)(each ? each : 1);

        if (us >= 0.05)
            printf("thread %s %.2f\n", after->thread[i].tid == pid ? "(loop)" : after->thread[i].name, us);
    }
}

int64_t gauge_rss(pid_t pid)
{
    char path[64], line[128];
    FILE *f;
    long kib = 0;

    snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
    f = fopen(path, "re");
    if (!f)
        die("%s: %s", path, strerror(errno));
    while (fgets(line, sizeof(line), f))
        if (sscanf(line, "VmRSS: %ld kB", &kib) == 1)
            break;
    fclose(f);
    return (int64_t)kib * 1024;
}
