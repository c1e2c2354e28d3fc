#!/bin/bash
# SC3013: `-nt` is not in POSIX, but in every sh that Debian has.
git ls-files -co --exclude-standard '*.sh' '.ci/run' | xargs shellcheck --exclude=SC3013
