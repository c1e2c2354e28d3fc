/* scratch.h: where a test keeps its files: under TMPDIR, else /tmp. tests/run.sh names a folder in memory there, so that what a test commits
 * waits for no disk. */
#ifndef KF_TESTS_SUPPORT_SCRATCH_H
#define KF_TESTS_SUPPORT_SCRATCH_H

#define SCRATCH_MAX 64

/* Makes a directory NAME-XXXXXX, which the caller removes; ends the program where there can be none. */
void scratch_dir(char ret[SCRATCH_MAX], const char *name);

#endif
