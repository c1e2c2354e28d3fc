#!/bin/bash
# Fast, and blind where it would have to see through a function: what is initialised or freed elsewhere is left to gcc, clang-tidy and the
# sanitizers. NULL ends a list of arguments here, and readdir() is safe for a directory of one's own.
# Keeps what it has found out about unchanged files in build/lint/cppcheck.
mkdir -p build/lint/cppcheck
cppcheck --quiet --error-exitcode=1 --std=c11 --enable=warning,performance,portability --inline-suppr \
    --suppress=missingIncludeSystem --suppress=varFuncNullUB --suppress=readdirCalled --suppress=legacyUninitvar \
    --suppress=uninitvar --suppress=memleak \
    --library=posix -j "${JOBS:-1}" --cppcheck-build-dir=build/lint/cppcheck -Idaemon -I. -DKEFUD_VERSION='""' \
    --include=/usr/include/uthash.h --include=/usr/include/jansson.h \
    daemon protocols
