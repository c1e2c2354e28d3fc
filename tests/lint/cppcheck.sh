#!/bin/bash
# Fast and seldom right about what clang-tidy is silent on, so two of its checks are off: NULL is a pointer here, and its eye for
# variables that are not initialised does not know compound literals.
# Keeps what it has found out about unchanged files in build/lint/cppcheck.
mkdir -p build/lint/cppcheck
cppcheck --quiet --error-exitcode=1 --std=c11 --enable=warning,performance,portability --inline-suppr \
    --suppress=missingIncludeSystem --suppress=varFuncNullUB --suppress=legacyUninitvar \
    --library=posix -j "${JOBS:-1}" --cppcheck-build-dir=build/lint/cppcheck -Idaemon -I. -DKEFUD_VERSION='""' \
    --include=/usr/include/uthash.h --include=/usr/include/jansson.h \
    daemon protocols
