#include "scratch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void scratch_dir(char ret[SCRATCH_MAX], const char *name)
{
    const char *root = getenv("TMPDIR");
    int n = snprintf(ret, SCRATCH_MAX, "%s/%s-XXXXXX", root && *root ? root : "/tmp", name);

    if (n < SCRATCH_MAX && mkdtemp(ret))
        return;
    (void)fprintf(stderr, "%s: %s\n", ret, n < SCRATCH_MAX ? strerror(errno) : "TMPDIR is too long");
    exit(1);
}
