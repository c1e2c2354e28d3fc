#!/bin/bash
git ls-files -co --exclude-standard '*.sh' '.ci/run' | xargs shellcheck
