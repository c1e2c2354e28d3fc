#!/bin/bash
# Includes point one way. A line of the table: a folder, the project's headers that it may include, the libraries' headers that it may
# include; what is neither ours nor one of the libraries below is the C library's, and free.
mkdir -p build/lint
cat > build/lint/layers.table << 'TABLE'
daemon/core/      core/                                                          -
protocols/        core/ protocols/                                               jansson.h openssl/ expat.h
daemon/settings/  core/ settings/                                                jansson.h
daemon/store/     core/ store/                                                   sqlite3.h libpq-fe.h openssl/
daemon/live/      core/ live/                                                    hiredis/ uv.h
daemon/net/       core/ net/                                                     uv.h libwebsockets.h curl/ openssl/
daemon/session/   core/ net/ protocols/ session/                                 uthash.h
daemon/desk/      core/ protocols/ settings/ store/store.h live/live.h net/client.h session/ desk/  jansson.h openssl/ uthash.h
daemon/api/       core/ protocols/ settings/ store/store.h live/live.h net/server.h net/client.h net/pages.h session/ desk/ api/ config.h log.h password.h totp.h seed.h voice.h  jansson.h openssl/ uthash.h xlsxwriter.h
TABLE
# A header of a layer is for others only what its table names; what stands beside main.c may include everything.
git ls-files -co --exclude-standard 'daemon/*/*.c' 'daemon/*/*.h' 'daemon/*/*.def' 'protocols/*.c' 'protocols/*.h' |
    xargs grep -HnoE '^[[:space:]]*#[[:space:]]*include[[:space:]]*[<"][^>"]+[>"]' |
    awk '
        BEGIN {
            libraries = "uv.h libwebsockets.h hiredis/ hiredis.h async.h curl/ jansson.h sqlite3.h libpq-fe.h openssl/ argon2.h ini.h expat.h libxml/ uthash.h xlsxwriter.h"
            while ((getline line < "build/lint/layers.table") > 0) {
                n = split(line, word, " ")
                folders[++count] = word[1]
                may[word[1]] = ""
                for (i = 2; i <= n; i++)
                    may[word[1]] = may[word[1]] " " word[i]
            }
            split(libraries, library, " ")
        }
        function begins(text, list,    i, n, item) {
            n = split(list, item, " ")
            for (i = 1; i <= n; i++)
                if (index(text, item[i]) == 1)
                    return 1
            return 0
        }
        {
            file = $0; sub(/:.*/, "", file)
            where = $0; sub(/:[[:space:]]*#.*/, "", where)
            header = $0; sub(/[^<"]*[<"]/, "", header); sub(/[>"].*/, "", header)
            ours = $0 ~ /"/
            folder = ""
            for (i = 1; i <= count; i++)
                if (index(file, folders[i]) == 1)
                    folder = folders[i]
            if (folder == "") {
                print where ": this folder is not in the table of tests/lint/layers.sh"
                bad = 1
            } else if ((ours || begins(header, libraries)) && !begins(header, may[folder])) {
                print where ": " folder " may not include " header
                bad = 1
            }
        }
        END { exit bad }'
