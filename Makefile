# kefud. `make run` serves the demo, `make test` runs all tests; both set up what is missing.
#
# One build folder per mode: build/ (release), build/asan, build/clang, build/fuzz, build/fault.

MODE   ?= release
CC      = gcc
CSTD    = -std=gnu11
WARN    = -Wall -Wextra -Wformat=2 -Werror=format-security -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla \
          -Wnull-dereference -Wimplicit-fallthrough -Wpointer-arith -Wwrite-strings
HARDEN  = -fPIE -fstack-protector-strong -fstack-clash-protection -fcf-protection=full
LDHARD  = -pie -Wl,-z,relro,-z,now,-z,noexecstack
OPT     = -O2 -g

ifeq ($(MODE),release)
  B       = build
  WARN   += -Wlogical-op
  HARDEN += -D_FORTIFY_SOURCE=3 -ftrivial-auto-var-init=zero
else ifeq ($(MODE),clang)
  B       = build/clang
  CC      = clang
  HARDEN += -D_FORTIFY_SOURCE=2 -ftrivial-auto-var-init=pattern
else ifeq ($(MODE),asan)
  B       = build/asan
  WARN   += -Wlogical-op
  OPT     = -O1 -g -fno-omit-frame-pointer
  HARDEN += -fsanitize=address,undefined -fno-sanitize-recover=undefined
  LDHARD += -fsanitize=address,undefined
else ifeq ($(MODE),fuzz)
  B       = build/fuzz
  CC      = clang
  OPT     = -O1 -g -fno-omit-frame-pointer
  HARDEN  = -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined
  LDHARD  = -fsanitize=fuzzer,address,undefined
else ifeq ($(MODE),fault)
  B       = build/fault
  HARDEN += -DKEFUD_FAULT=1 -D_FORTIFY_SOURCE=3 -ftrivial-auto-var-init=zero
else
  $(error MODE is one of release, clang, asan, fuzz, fault)
endif

PKGS    = libwebsockets libuv hiredis libcurl jansson sqlite3 libcrypto libssl libargon2 inih
HAVE   := $(shell pkg-config --exists $(PKGS) 2>/dev/null && echo yes)
CFLAGS  = $(CSTD) $(OPT) $(WARN) $(HARDEN) -MMD -MP -Idaemon -I. -I$(B)/gen $(shell pkg-config --cflags $(PKGS))
LDFLAGS = $(LDHARD)
LIBS    = $(shell pkg-config --libs $(PKGS)) -lpthread -lm

PARTS   = core settings store live net session desk api
LIBSRC  = $(foreach p,$(PARTS),$(wildcard daemon/$(p)/*.c)) $(wildcard protocols/*.c) $(filter-out daemon/main.c daemon/kefuctl%,$(wildcard daemon/*.c))
LIBOBJ  = $(patsubst %.c,$(B)/%.o,$(wildcard $(LIBSRC))) $(B)/gen/lua.o $(B)/gen/assets.o
LIB     = $(B)/libkefud.a

all: $(B)/kefud $(B)/kefuctl

$(B)/kefud: $(B)/daemon/main.o $(LIB)
$(B)/kefuctl: $(B)/daemon/kefuctl.o $(LIB)
$(B)/kefud $(B)/kefuctl:
	$(CC) $(LDFLAGS) -o $@ $^ $(LIBS)

$(LIB): $(LIBOBJ)
	rm -f $@ && ar rcs $@ $^

$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -c -o $@ $<

# The scripts of the live layer and the pages become C.
$(B)/gen/lua.c: $(wildcard daemon/live/*.lua) daemon/live/embed.sh
	@mkdir -p $(@D)
	sh daemon/live/embed.sh daemon/live/*.lua > $@
$(B)/gen/lua.o: $(B)/gen/lua.c
	$(CC) $(CFLAGS) -c -o $@ $<

$(B)/gen/assets.o: $(B)/gen/assets.c
	$(CC) $(CFLAGS) -c -o $@ $<
$(B)/gen/assets.c: $(shell find web -path web/node_modules -prune -o -type f -print 2>/dev/null)
	@mkdir -p $(@D)
	sh web/embed.sh $(B) > $@

# Every tests/LAYER/NAME.c is one program.
TESTS   = $(patsubst %.c,$(B)/%,$(wildcard tests/unit/test_*.c tests/store/test_*.c tests/live/test_*.c tests/model/test_*.c tests/system/test_*.c))
$(B)/tests/%: $(B)/tests/%.o $(LIB)
	$(CC) $(LDFLAGS) -o $@ $^ -lcmocka $(LIBS)

tests: $(TESTS)
unit store live model system: %: all
	@$(MAKE) --no-print-directory MODE=$(MODE) $(filter $(B)/tests/$@/%,$(TESTS)) && sh tests/run.sh $(filter $(B)/tests/$@/%,$(TESTS))

clean:
	rm -rf build

-include $(shell find $(B) -name '*.d' 2>/dev/null)
.PHONY: all tests unit store live model system clean
.SECONDARY:
