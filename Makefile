# kefud. `make run` serves the demo, `make test` runs all tests; both set up what is missing.
#
# One build folder per mode: build/ (release), build/clang, build/asan, build/fuzz, build/fault. What does not depend on the mode (the
# pages and scripts as C) is in build/gen.

VERSION = 0.1.0
MODE   ?= release
CC      = gcc
CSTD    = -std=gnu11
WARN    = -Wall -Wextra -Wformat=2 -Werror=format-security -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla \
          -Wnull-dereference -Wimplicit-fallthrough -Wpointer-arith -Wwrite-strings
HARDEN  = -fPIE -fstack-protector-strong -fstack-clash-protection -fcf-protection=full
LDHARD  = -pie -Wl,-z,relro,-z,now,-z,noexecstack
OPT     = -O2 -g

# Debian's compilers are gcc 12 and clang 14: the latter knows neither -Wlogical-op nor zero as an initial value, and finds cases that
# fall through in the macros of system headers.
ifeq ($(MODE),release)
  B       = build
  WARN   += -Wlogical-op
  HARDEN += -D_FORTIFY_SOURCE=3 -ftrivial-auto-var-init=zero
else ifeq ($(MODE),clang)
  B       = build/clang
  CC      = clang
  WARN   += -Wno-implicit-fallthrough
  HARDEN += -D_FORTIFY_SOURCE=2 -ftrivial-auto-var-init=pattern
else ifeq ($(MODE),asan)
  B       = build/asan
# What instruments the code hides from gcc how far a number can go: it would warn of names that fit. The other modes warn of those that do not.
  WARN   += -Wlogical-op -Wno-format-truncation
  OPT     = -O1 -g -fno-omit-frame-pointer
  HARDEN += -fsanitize=address,undefined -fno-sanitize-recover=undefined
  LDHARD += -fsanitize=address,undefined
else ifeq ($(MODE),fuzz)
  B       = build/fuzz
  CC      = clang
  WARN   += -Wno-implicit-fallthrough
  OPT     = -O1 -g -fno-omit-frame-pointer
  HARDEN  = -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined
  LDHARD  = -fsanitize=fuzzer,address,undefined
else ifeq ($(MODE),fault)
  B       = build/fault
  HARDEN += -DKEFUD_FAULT=1 -D_FORTIFY_SOURCE=3 -ftrivial-auto-var-init=zero
else
  $(error MODE is one of release, clang, asan, fuzz, fault)
endif

G       = build/gen
JOBS   ?= $(shell nproc)
PARALLEL = $(if $(filter -j%,$(MAKEFLAGS)),,-j$(JOBS))
SUB     = +@$(MAKE) --no-print-directory $(PARALLEL)

PKGS    = libwebsockets libuv hiredis libcurl jansson sqlite3 libpq libcrypto libssl libargon2 inih expat xlsxwriter
CFLAGS  = $(CSTD) $(OPT) $(WARN) $(HARDEN) -MMD -MP -Idaemon -I. -DKEFUD_VERSION='"$(VERSION)"' $(PKG_CFLAGS)
LDFLAGS = $(LDHARD)
LIBS    = $(PKG_LIBS) -lpthread -lm
# Without these, voice messages in AMR are files to download.
AMR    := $(shell pkg-config --exists opencore-amrnb opencore-amrwb 2>/dev/null && echo opencore-amrnb opencore-amrwb)
PKG_CFLAGS := $(shell pkg-config --cflags $(PKGS) $(AMR) 2>/dev/null)
PKG_LIBS   := $(shell pkg-config --libs $(PKGS) $(AMR) 2>/dev/null)

PARTS   = core settings store live net session desk api
CTL     = $(wildcard daemon/kefuctl*.c)
LIBSRC  = $(wildcard $(PARTS:%=daemon/%/*.c)) $(wildcard protocols/*.c) $(filter-out daemon/main.c $(CTL),$(wildcard daemon/*.c))
LIBOBJ  = $(LIBSRC:%.c=$(B)/%.o) $(if $(wildcard daemon/live/embed.sh),$(B)/gen/lua.o) $(if $(wildcard web/embed.sh),$(B)/gen/assets.o) \
          $(B)/gen/defaults.o
LIB     = $(B)/libkefud.a

all: $(B)/kefud $(B)/kefuctl

$(B)/kefud: $(B)/daemon/main.o $(LIB)
$(B)/kefuctl: $(CTL:%.c=$(B)/%.o) $(LIB)
$(B)/kefud $(B)/kefuctl:
	@echo "  LINK $@"
	@$(CC) $(LDFLAGS) -o $@ $^ $(LIBS)

$(LIB): $(LIBOBJ)
	@rm -f $@ && ar rcs $@ $^

$(B)/daemon/voice.o: CFLAGS += $(if $(AMR),-DKEFUD_AMR)
$(B)/%.o: %.c | pkgs
	@mkdir -p $(@D)
	@echo "  CC $@"
	@$(CC) $(CFLAGS) -c -o $@ $<

# The scripts of the live layer, the pages and the shipped defaults become C.
$(G)/lua.c: $(wildcard daemon/live/*.lua) daemon/live/embed.sh
	@mkdir -p $(@D)
	@sh daemon/live/embed.sh daemon/live/*.lua > $@.new && mv $@.new $@
$(G)/assets.c: $(shell find web -name node_modules -prune -o -type f -print 2>/dev/null) $(wildcard config/defaults/*.json)
	@mkdir -p $(@D)
	@sh web/embed.sh build > $@.new && mv $@.new $@
$(G)/defaults.c: $(wildcard config/defaults/*.json) daemon/settings/embed.sh
	@mkdir -p $(@D)
	@sh daemon/settings/embed.sh config/defaults/*.json > $@.new && mv $@.new $@
$(B)/gen/%.o: $(G)/%.c | pkgs
	@mkdir -p $(@D)
	@$(CC) $(CFLAGS) -c -o $@ $<

# Says what is missing before the compiler says it at length.
pkgs:
	@pkg-config --exists $(PKGS) || { sh tests/setup.sh --print run; exit 1; }

# ---- tests: every tests/LAYER/test_NAME.c is one program; what several need is in tests/support/ ----

LAYERS  = unit store live model system
# Mutants are only in the build that is made to fail.
MUTANTS = build/fault/tests/model/test_mutants
TESTS   = $(filter-out $(if $(filter fault,$(MODE)),,%/test_mutants),$(patsubst %.c,$(B)/%,$(wildcard $(LAYERS:%=tests/%/test_*.c))))
SUPPORT = $(B)/tests/libsupport.a
FUZZ    = $(patsubst %.c,$(B)/%,$(wildcard tests/fuzz/fuzz_*.c))
FAULT   = $(patsubst %.c,$(B)/%,$(wildcard tests/fault/fault_*.c))

$(SUPPORT): $(patsubst %.c,$(B)/%.o,$(wildcard tests/support/*.c))
	@rm -f $@ && ar rcs $@ $^

# What the programs of one layer share lies beside them: every other .c of its folder.
beside = $(patsubst %.c,$(B)/%.o,$(filter-out tests/$1/test_%.c tests/$1/fault_%.c,$(wildcard tests/$1/*.c)))
$(foreach layer,$(LAYERS) fault,$(eval $(filter $(B)/tests/$(layer)/%,$(TESTS) $(FAULT)): $(call beside,$(layer))))
$(B)/tests/fault/preload/%.so: tests/fault/preload/%.c
	@mkdir -p $(@D)
	@$(CC) $(CFLAGS) -fPIC -shared -o $@ $< -ldl
# The short campaigns of `make test` are the long ones, cut short.
$(B)/tests/system/test_faults: $(call beside,fault) | $(B)/tests/fault/preload/failing.so
$(call beside,fault) $(FAULT:=.o) $(B)/tests/system/test_faults.o: CFLAGS += -Itests
$(TESTS) $(FAULT): $(B)/%: $(B)/%.o $(SUPPORT) $(LIB)
	@echo "  LINK $@"
	@$(CC) $(LDFLAGS) -o $@ $(filter %.o,$^) $(SUPPORT) $(LIB) -lcmocka $(LIBS)

# Under MODE=fuzz libFuzzer drives a target, else replay.c gives it the corpus.
$(FUZZ): $(B)/%: $(B)/%.o $(if $(filter fuzz,$(MODE)),,$(B)/tests/fuzz/replay.o) $(LIB)
	@echo "  LINK $@"
	@$(CC) $(LDFLAGS) -o $@ $(filter %.o,$^) $(LIB) $(LIBS)

# What kefud is measured with, and beside.
BENCH   = $(B)/tests/bench/load $(B)/tests/bench/echo $(B)/tests/bench/bench_store $(B)/tests/bench/bench_route $(B)/tests/bench/bench_hooks \
          $(B)/tests/bench/syncs.so
$(BENCH): CFLAGS += -Itests
$(B)/tests/bench/load: $(patsubst %,$(B)/tests/bench/%.o,load peer gauge)
	@$(CC) $(LDFLAGS) -o $@ $^ $(LIBS)
$(B)/tests/bench/bench_hooks: $(patsubst %,$(B)/tests/bench/%.o,bench_hooks peer)
	@$(CC) $(LDFLAGS) -o $@ $^ $(LIBS)
$(B)/tests/bench/echo: $(B)/tests/bench/echo.o
	@$(CC) $(LDFLAGS) -o $@ $^ $(LIBS)
$(B)/tests/bench/bench_store $(B)/tests/bench/bench_route: %: %.o $(LIB)
	@$(CC) $(LDFLAGS) -o $@ $^ $(LIBS)
$(B)/tests/bench/syncs.so: tests/bench/syncs.c
	@mkdir -p $(@D)
	@$(CC) $(CFLAGS) -fPIC -shared -o $@ $< -ldl

tests: $(TESTS)
fuzzers: $(FUZZ)
faults: $(FAULT) $(patsubst %,$(B)/tests/fault/preload/%.so,powerless failing)

# One layer: make unit, make system MODE=asan.
$(LAYERS): %:
	$(SUB) $(if $(filter system,$@),all) $(filter $(B)/tests/$@/%,$(TESTS))
	@B=$(B) JOBS=$(JOBS) bash tests/run.sh $@

setup:
	@sh tests/setup.sh run
setup-test:
	@sh tests/setup.sh run test

# All layers; the last line is the sum.
test: setup-test
	$(SUB) all tests fuzzers
	$(SUB) MODE=fault $(MUTANTS)
	@B=$(B) JOBS=$(JOBS) bash tests/run.sh $(LAYERS) mutants spin fuzz install contract channels web browser

# The layers that are written in C, under address, leak and undefined behaviour checkers.
asan: setup-test
	$(SUB) MODE=asan all tests fuzzers
	@B=build/asan JOBS=$(JOBS) bash tests/run.sh $(LAYERS) fuzz contract channels

# What compilers warn of, for those who only look.
flags:
	@echo '$(CSTD) -O0 $(WARN) -Idaemon -I. -Itests -DKEFUD_VERSION="0" $(PKG_CFLAGS)'

lint: setup-test
	@JOBS=$(JOBS) bash tests/lint/run.sh

# Seconds per target; what it finds new goes into build/fuzz/corpus, a crash into build/fuzz/crash-*.
FUZZ_S ?= 60
fuzz: setup-test
	$(SUB) MODE=fuzz fuzzers
	@FUZZ_S=$(FUZZ_S) JOBS=$(JOBS) sh tests/fuzz/run.sh

# Campaigns that kill and starve; each also runs against a mutant, which must fail. And the long day of the model.
fault: setup-test
	$(SUB) MODE=fault all faults build/fault/tests/model/test_day
	@B=build/fault JOBS=1 TEST_S=1800 bash tests/run.sh fault day

bench: setup-test
	$(SUB) all $(BENCH) $(B)/tests/system/test_exports
	@bash tests/bench/run.sh

# A million random steps of the model: the seeds 1 to 38, each 9,000 steps with one, two and three nodes. An hour or two, less with TMPDIR in memory;
# FIRST and LAST share them out.
FIRST ?= 1
LAST  ?= 38
million: $(B)/tests/model/test_model
	@for seed in $$(seq $(FIRST) $(LAST)); do STEPS=9000 SEED=$$seed $< > build/million-$$seed.log 2>&1 || { cat build/million-$$seed.log; exit 1; }; \
	    echo "seed $$seed: $$((27000 * (seed - $(FIRST) + 1))) steps hold"; done

# Finding in ten million messages (some 4 GB). They stay, and the next run searches them as they are.
FIND_DIR      ?= build/find
FIND_MESSAGES ?= 10000000
bench-find: $(B)/tests/bench/bench_store
	@mkdir -p $(FIND_DIR)
	@$< find $(FIND_DIR) $(FIND_MESSAGES)

# ---- use ----

# The demo's password is made once and kept beside its state, so that it can be shown at every start.
PORT ?= 8080
run: setup
	$(SUB) all
	@mkdir -p state && { [ -s state/demo.password ] || (umask 077 && head -c 12 /dev/urandom | base64 | tr '+/' 'xy' > state/demo.password); }
	@[ ! -e state/demo/kefud.db ] || echo "people    agent1@ agent2@ supervisor@ reviewer@ admin@demo.example, with the password $$(cat state/demo.password)"
	@KEFUD_DEMO_PASSWORD="$${KEFUD_DEMO_PASSWORD:-$$(cat state/demo.password)}" exec build/kefud --demo --state state/demo --listen 127.0.0.1:$(PORT)

# The sample configuration and the key section of its manual page, from the table of keys.
docs: $(B)/tests/unit/test_config
	@KEFUD_WRITE_DOCS=1 $< >/dev/null 2>&1 && git --no-pager diff --stat config/kefud.conf docs/kefud.conf.5

# Which Chinese characters are one, from the dictionaries among web's packages. A change of it is a change of the search index: see core/han.h.
han:
	@node daemon/core/han.mjs > daemon/core/han.def && git --no-pager diff --stat daemon/core/han.def

format:
	clang-format -i $$(git ls-files '*.c' '*.h')

PREFIX     ?= /usr/local
SYSCONFDIR ?= /etc
UNITDIR    ?= $(PREFIX)/lib/systemd/system
D           = $(DESTDIR)
MAN         = $(PREFIX)/share/man
INSTALLED   = $(PREFIX)/bin/kefud $(PREFIX)/bin/kefuctl $(MAN)/man8/kefud.8 $(MAN)/man1/kefuctl.1 $(MAN)/man5/kefud.conf.5 \
              $(UNITDIR)/kefud.service $(UNITDIR)/kefud@.service $(PREFIX)/lib/sysusers.d/kefud.conf $(PREFIX)/lib/tmpfiles.d/kefud.conf

install: all
	install -d $(D)$(PREFIX)/bin $(D)$(MAN)/man1 $(D)$(MAN)/man5 $(D)$(MAN)/man8 $(D)$(PREFIX)/share/kefud/sites $(D)$(UNITDIR) \
	    $(D)$(PREFIX)/lib/sysusers.d $(D)$(PREFIX)/lib/tmpfiles.d $(D)$(SYSCONFDIR)/kefud
	install -m 755 build/kefud build/kefuctl $(D)$(PREFIX)/bin
	install -m 644 docs/kefud.8 $(D)$(MAN)/man8
	install -m 644 docs/kefuctl.1 $(D)$(MAN)/man1
	install -m 644 docs/kefud.conf.5 $(D)$(MAN)/man5
	install -m 644 $(wildcard config/sites/*.json) $(D)$(PREFIX)/share/kefud/sites
	for unit in kefud.service kefud@.service; do \
	    sed 's|/usr/local/bin/|$(PREFIX)/bin/|g; s|/etc/kefud/|$(SYSCONFDIR)/kefud/|g' systemd/$$unit > $(D)$(UNITDIR)/$$unit || exit 1; \
	    chmod 644 $(D)$(UNITDIR)/$$unit; done
	install -m 644 systemd/sysusers.conf $(D)$(PREFIX)/lib/sysusers.d/kefud.conf
	install -m 644 systemd/tmpfiles.conf $(D)$(PREFIX)/lib/tmpfiles.d/kefud.conf
	[ -e $(D)$(SYSCONFDIR)/kefud/kefud.conf ] || install -m 644 config/kefud.conf $(D)$(SYSCONFDIR)/kefud/kefud.conf

# Configuration and state are the operator's: they stay.
uninstall:
	rm -f $(INSTALLED:%=$(D)%)
	rm -rf $(D)$(PREFIX)/share/kefud

clean:
	rm -rf build

-include $(shell find $(B)/daemon $(B)/protocols $(B)/tests $(B)/gen -name '*.d' 2>/dev/null)
.PHONY: all pkgs tests fuzzers faults $(LAYERS) setup setup-test test asan lint flags fuzz fault bench bench-find million run docs han format install uninstall clean
.SECONDARY:
