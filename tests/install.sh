#!/bin/bash
# What `make install` leaves behind, which guards it was built with, and whether systemd and man like it. Says `ok NAME`, `not ok NAME` or `skip NAME WHY`.
cd "$(dirname "$0")/.." || exit 1
root=$(mktemp -d /tmp/kefud-install-XXXXXX) || exit 1
trap 'rm -rf "$root"' EXIT

say() { # STATUS NAME
    if [ "$1" -eq 0 ]; then echo "ok $2"; else echo "not ok $2"; fi
}

install_to() { # VARIABLES...
    make --no-print-directory -s install "$@" > "$root/log" 2>&1 || { cat "$root/log"; return 1; }
}

install_to DESTDIR="$root/dest" PREFIX=/usr
say $? "everything can be installed under a DESTDIR"
(cd "$root/dest" && find . -type f | sort) > "$root/have"
for file in ./usr/bin/kefud ./usr/bin/kefuctl ./usr/share/man/man8/kefud.8 ./usr/share/man/man1/kefuctl.1 \
    ./usr/share/man/man5/kefud.conf.5 ./usr/lib/systemd/system/kefud.service ./usr/lib/systemd/system/kefud@.service \
    ./usr/lib/sysusers.d/kefud.conf ./usr/lib/tmpfiles.d/kefud.conf ./etc/kefud/kefud.conf ./usr/share/kefud/sites/demo.json; do
    grep -qxF "$file" "$root/have"
    say $? "$file is installed"
done
! grep -q /usr/local "$root"/dest/usr/lib/systemd/system/*.service
say $? "the units name the programs under PREFIX"

echo "# changed by the operator" >> "$root/dest/etc/kefud/kefud.conf"
install_to DESTDIR="$root/dest" PREFIX=/usr
grep -q "changed by the operator" "$root/dest/etc/kefud/kefud.conf"
say $? "an installed configuration is kept"

make --no-print-directory -s uninstall DESTDIR="$root/dest" PREFIX=/usr > /dev/null 2>&1
[ "$(cd "$root/dest" && find . -type f)" = ./etc/kefud/kefud.conf ]
say $? "uninstall leaves the configuration and nothing else"

# What makes an attack on a fault of ours harder has to be in what is installed, not in a variable of the Makefile alone.
if command -v objdump > /dev/null 2>&1; then
    for name in kefud kefuctl; do
        program=$root/prefix/bin/$name
        [ -e "$program" ] || install_to PREFIX="$root/prefix" SYSCONFDIR="$root/etc"
        LC_ALL=C readelf -hldW "$program" > "$root/elf" 2>&1
        grep -q 'Type: *DYN' "$root/elf" && grep -q 'Flags:.* PIE' "$root/elf"
        say $? "$name can be loaded anywhere"
        grep -q GNU_RELRO "$root/elf" && grep -q BIND_NOW "$root/elf"
        say $? "$name has nothing left to bind, and no table of it to write to"
        grep -Eq 'GNU_STACK .* RW +0x' "$root/elf" && ! grep -Eq 'LOAD .* RWE +0x' "$root/elf"
        say $? "$name has no memory to write to and run"
        nm -D "$program" > "$root/imports"
        grep -q __stack_chk_fail "$root/imports" && grep -Eq '__(snprintf|vsnprintf|memcpy|read|fprintf)_chk' "$root/imports"
        say $? "$name has guarded stacks, and calls that know how large their buffers are"
        # Each of our functions that can be called from elsewhere begins with a landing place. The C library's own three do not.
        nm "$program" | awk '$2 == "T" && $3 !~ /^_(init|fini|start)$/ { print $1 }' | sort > "$root/calls"
        objdump -d --no-show-raw-insn "$program" |
            awk '/^[0-9a-f]+ <.*>:$/ { at = $1; getline; if ($2 == "endbr64") print at }' | sort > "$root/landings"
        [ -s "$root/calls" ] && [ -z "$(comm -23 "$root/calls" "$root/landings")" ]
        say $? "$name is called only where a function begins"
        # What leaves no other trace is noted beside each source file that it was compiled from.
        LC_ALL=C readelf --debug-dump=info --dwarf-depth=1 "$program" 2> /dev/null | grep DW_AT_producer > "$root/units"
        missing=$(for flag in -fPIE -fstack-protector-strong -fstack-clash-protection -fcf-protection=full -ftrivial-auto-var-init=zero; do
            grep -vce " $flag" "$root/units"
        done | grep -vcx 0)
        [ -s "$root/units" ] && [ "$missing" -eq 0 ]
        say $? "every source file of $name was compiled with all of the guards"
    done
else
    echo "skip guards binutils is not installed"
fi

cp build/kefud "$root/alone"
timeout 60 "$root/alone" --demo --state "$root/state" --listen 127.0.0.1:0 > "$root/log" 2>&1
[ $? -eq 69 ] && grep -q "^kefud: --demo: its site is not there" "$root/log"
say $? "a program alone says that the demo's site is missing"

if command -v systemd-analyze > /dev/null 2>&1; then
    install_to PREFIX="$root/prefix" SYSCONFDIR="$root/etc"
    say $? "everything can be installed under a PREFIX"
    for unit in kefud.service kefud@.service; do
        systemd-analyze security --offline=true --threshold=15 "systemd/$unit" > "$root/log" 2>&1
        say $? "$unit exposes at most 1.5"
        instance=${unit/@/@a}
        cp "$root/prefix/lib/systemd/system/$unit" "$root/$instance"
        systemd-analyze verify --man=no "$root/$instance" > "$root/log" 2>&1 && [ ! -s "$root/log" ]
        say $? "systemd finds nothing wrong with $unit"
        grep -v '^$' "$root/log"
    done
else
    echo "skip units systemd-analyze is not installed"
fi

if command -v man > /dev/null 2>&1; then
    for page in docs/kefud.8 docs/kefuctl.1 docs/kefud.conf.5; do
        warnings=$(LC_ALL=C.UTF-8 MANROFFSEQ='' MANWIDTH=100 man --warnings -E UTF-8 -l -Tutf8 -Z "$page" 2>&1 > /dev/null)
        [ -z "$warnings" ]
        say $? "$page is rendered without a warning"
        [ -n "$warnings" ] && echo "$warnings"
    done
else
    echo "skip man man is not installed"
fi
exit 0
