# upsertd: see README.md. Everything a fresh Debian 12 with Swift 6.3 lacks is installed by the targets that need it.
SHELL := /bin/bash
PREFIX ?= /usr
DESTDIR ?=
SWIFT ?= swift
BUILD := .build/release
VENV := .build/venv
PROXIES := .build/proxies
APT_BUILD := libsqlite3-dev libsystemd-dev zlib1g-dev pkg-config g++ curl
APT_TEST := sqlite3 openssl python3-venv strace e2fsprogs mount iproute2 valgrind systemd-container acl faketime \
  libpcre2-8-0 liblua5.3-0 libopentracing-c-wrapper0
APT_BENCH := libnghttp2-dev
APT_DEB := debhelper python3
APT_TEST_DEB := mandoc man-db bash-completion zsh fish lintian

.PHONY: run sandbox build test test-build unit system torture conformance lint format bench bench-quick install uninstall deb \
  deps test-deps clean

run: build
	@etc/demo.sh $(BUILD)

sandbox: build
	$(BUILD)/upsertd sandbox upsertd-sandbox

AS_ROOT := $(if $(filter 0,$(shell id -u)),,sudo)

# Installs the Debian packages that are missing; says what to do where it may not.
define apt_install
	@missing=$$(for p in $(1); do dpkg-query -W -f='$${Status}' $$p 2>/dev/null | grep -q 'ok installed' || echo $$p; done); \
	if [ -n "$$missing" ]; then \
	  if [ "$$(id -u)" = 0 ]; then as=; elif command -v sudo >/dev/null; then as=sudo; \
	  else echo "as root: apt-get install $$missing" >&2; exit 1; fi; \
	  $$as apt-get update -qq && DEBIAN_FRONTEND=noninteractive $$as apt-get install -y -qq $$missing; \
	fi
endef

deps:
	$(call apt_install,$(APT_BUILD))

test-deps: deps
	$(call apt_install,$(APT_TEST) $(APT_DEB) $(APT_TEST_DEB))

build: deps
	$(SWIFT) build -c release --product upsertd
	$(SWIFT) build -c release --product upsertctl

test-build: test-deps
	$(SWIFT) build -c release --build-tests

$(VENV)/.ready: Tests/system/requirements.txt | test-deps
	python3 -m venv $(VENV)
	$(VENV)/bin/pip install -q -r Tests/system/requirements.txt
	touch $@

# Unpacked, not installed: a proxy that is installed is also started.
$(PROXIES)/.ready: | test-deps
	rm -rf $(PROXIES)
	mkdir -p $(PROXIES)
	cd $(PROXIES) && { apt-get download -qq nginx haproxy || { $(AS_ROOT) apt-get update -qq && apt-get download -qq nginx haproxy; }; } \
	  && for package in *.deb; do dpkg -x $$package .; done
	touch $@

test: test-build $(VENV)/.ready $(PROXIES)/.ready
	Tests/run.sh $(VENV)

unit: test-build
	$(SWIFT) test -c release --skip-build

system: test-build $(VENV)/.ready $(PROXIES)/.ready
	$(VENV)/bin/python -m pytest -q -p no:cacheprovider Tests/system

# All of it, or SECTION="kills cuts" and so on; takes about three hours.
torture: test-build $(VENV)/.ready
	Tests/torture.sh $(VENV) $(SECTION)

lint:
	$(SWIFT) format lint --strict --recursive --parallel Package.swift Sources Tests

format:
	$(SWIFT) format --in-place --recursive --parallel Package.swift Sources Tests

# Against the script that people write instead; writes the table of docs/performance.md. BACKLOG=10000000 adds a long
# outage with so many records: an hour, and 10 GB of disk.
bench: build $(VENV)/.ready
	$(call apt_install,$(APT_BENCH))
	Benchmarks/bench.sh $(BUILD) $(VENV) --write docs/performance.md $(if $(BACKLOG),--backlog $(BACKLOG))

bench-quick: build $(VENV)/.ready
	$(call apt_install,$(APT_BENCH))
	Benchmarks/bench.sh $(BUILD) $(VENV) --quick

# The programs must have been built, so that "sudo make install" builds nothing as root.
install:
	@BUILD=$(BUILD) PREFIX=$(PREFIX) DESTDIR=$(DESTDIR) packaging/install.sh install

uninstall:
	@BUILD=$(BUILD) PREFIX=$(PREFIX) DESTDIR=$(DESTDIR) packaging/install.sh uninstall

# VERSION and DEB_COMPRESSION as in packaging/deb.sh.
deb: build
	$(call apt_install,$(APT_DEB))
	BUILD=$(BUILD) packaging/deb.sh .build/deb

clean:
	rm -rf .build
