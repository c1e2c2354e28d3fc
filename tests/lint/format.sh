#!/bin/bash
# Is every C file as clang-format would write it? `make format` writes it so.
git ls-files -co --exclude-standard '*.c' '*.h' | xargs -P "${JOBS:-1}" -n 20 clang-format --dry-run -Werror
