# The commands of the README. Everything they need beyond Swift comes from Debian and PyPI; what is there is left alone.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:

TOOLS := .build/test-tools
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
APT := $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get

BUILD_PACKAGES := git libmicrohttpd-dev libsqlite3-dev pkg-config
BENCH_PACKAGES := sqlite3 util-linux
# What munin-node and the munin master need, the user munin among it, and nothing that starts by itself; they themselves
# are unpacked.
MUNIN_PACKAGES := faketime fonts-dejavu-core libdate-manip-perl libfile-copy-recursive-perl libhtml-template-perl \
	libio-socket-inet6-perl liblog-log4perl-perl libnet-server-perl librrds-perl liburi-perl munin-common netbase perl-doc \
	rrdtool
TEST_PACKAGES := chromium curl iproute2 jq mount procps python3-venv sqlite3 util-linux $(MUNIN_PACKAGES)

# What `wormhole_build_info` and `/version` tell; the manifest takes it from the environment.
export WORMHOLE_REVISION := $(shell git rev-parse --short=12 HEAD 2>/dev/null)

# Options of `wormhole-server start`, such as: make run ARGS=--blur-usage=0
ARGS ?=
# Options of `wormhole-bench`, such as: make bench BENCH='--only mailbox --rounds 5'
BENCH ?=

.PHONY: run release test bench soak lint packages python-packages test-tools test-packages proxy-libraries bench-tools bench-packages swift

run: release
	exec .build/release/wormhole-server start $(ARGS)

release: swift packages
	swift build -c release --product wormhole-server

# The end-to-end tests run the release build. A warning in our own code is an error here; the file is touched, so that it
# will be one again next time.
test: swift packages test-tools
	log=$$(mktemp); trap 'rm -f "$$log"' EXIT; \
	swift build -c release --product wormhole-server 2>&1 | tee "$$log"; \
	if warnings=$$(grep -F '$(CURDIR)/Sources/' "$$log" | grep -F 'warning:'); then \
		cut -d: -f1 <<< "$$warnings" | sort -u | xargs -d '\n' touch; \
		echo 'error: the release build has warnings' >&2; exit 1; \
	fi
	swift test --no-parallel

# About ten minutes on two quiet processors. The report is shown, and written to .build/bench in JSON.
bench: release bench-tools
	swift build -c release --product wormhole-bench
	.build/release/wormhole-bench $(BENCH)

# The relay under 200,000 visitors of every kind; a failure names its seeds.
SOAK_CONNECTIONS ?= 200000
SOAK_SEED ?= 0
soak: swift packages
	SOAK_CONNECTIONS=$(SOAK_CONNECTIONS) SOAK_SEED=$(SOAK_SEED) swift test --no-parallel --filter SoakTests

lint: swift
	swift format lint --strict --recursive Sources Tests Package.swift

swift:
	@command -v swift >/dev/null || { echo 'error: Swift 6.2 or newer is needed: https://www.swift.org/install' >&2; exit 1; }

# $(call install,PACKAGES): asks Debian only for what is missing.
define install
	@missing=$$(for package in $(1); do \
		dpkg-query --show --showformat='$${db:Status-Status}' $$package 2>/dev/null | grep -qx installed || echo $$package; \
	done); \
	if [ -n "$$missing" ]; then $(APT) update && $(APT) install --yes --no-install-recommends $$missing; fi
endef

packages:
	$(call install,$(BUILD_PACKAGES))

python-packages: packages
	$(call install,python3-venv)

test-packages: packages proxy-libraries
	$(call install,$(TEST_PACKAGES))

MUNIN_PROGRAMS := $(addprefix $(TOOLS)/bin/,munin-graph munin-limits munin-node munin-node-configure munin-run \
	munin-update munindoc)

test-tools: test-packages $(TOOLS)/python/requirements.txt $(TOOLS)/munin-of-originals/requirements.txt \
	$(TOOLS)/bin/haproxy $(TOOLS)/bin/prometheus $(TOOLS)/bin/promtool $(TOOLS)/bin/wormhole-william \
	$(MUNIN_PROGRAMS)

$(TOOLS)/python/requirements.txt: Tests/EndToEnd/requirements.txt | python-packages
	python3 -m venv $(TOOLS)/python
	$(TOOLS)/python/bin/pip install --quiet --disable-pip-version-check --requirement $<
	cp $< $@

# The original servers' own Munin plugins are only in their source archives.
$(TOOLS)/munin-of-originals/requirements.txt: Tests/EndToEnd/requirements.txt | $(TOOLS)/python/requirements.txt
	mkdir -p $(@D)
	grep -E '^magic-wormhole-(mailbox-server|transit-relay)==' $< > $(@D)/servers.txt
	$(TOOLS)/python/bin/pip download --quiet --disable-pip-version-check --no-deps --no-binary :all: \
		--requirement $(@D)/servers.txt --dest $(@D)
	for archive in $(@D)/*.tar.gz; do \
		tar --extract --file $$archive --directory $(@D) --no-same-owner --strip-components=3 --wildcards '*/misc/munin/*'; \
	done
	rm $(@D)/*.tar.gz $(@D)/servers.txt
	cp $< $@

bench-tools: bench-packages $(TOOLS)/python/requirements.txt $(TOOLS)/bin/haproxy

bench-packages: packages proxy-libraries
	$(call install,$(BENCH_PACKAGES))

# The libraries of HAProxy are installed, whatever they are called in this release of Debian; it itself is unpacked.
proxy-libraries:
	@[ -x $(TOOLS)/bin/haproxy ] || { $(APT) update; $(APT) install --yes --no-install-recommends \
		$$(apt-cache depends haproxy | sed -n 's/^ *Depends: \(lib[^ ]*\)$$/\1/p'); }

$(TOOLS)/bin/%: FOLDER := bin
$(TOOLS)/bin/haproxy: PACKAGE := haproxy
$(TOOLS)/bin/haproxy: FOLDER := sbin
$(TOOLS)/bin/prometheus $(TOOLS)/bin/promtool: PACKAGE := prometheus
# One after the other, because they come out of the same file.
$(TOOLS)/bin/prometheus: | $(TOOLS)/bin/promtool
$(TOOLS)/bin/wormhole-william: PACKAGE := wormhole-william
$(TOOLS)/bin/munin-node $(TOOLS)/bin/munin-node-configure $(TOOLS)/bin/munin-run: FOLDER := sbin
$(TOOLS)/bin/munin-node $(TOOLS)/bin/munin-node-configure $(TOOLS)/bin/munin-run $(TOOLS)/bin/munindoc: PACKAGE := munin-node
$(TOOLS)/bin/munin-graph $(TOOLS)/bin/munin-limits $(TOOLS)/bin/munin-update: PACKAGE := munin
$(TOOLS)/bin/munin-graph $(TOOLS)/bin/munin-limits $(TOOLS)/bin/munin-update: FOLDER := share/munin

# One program of a Debian package, unpacked here and not installed, because installing would start a service.
$(TOOLS)/bin/haproxy $(TOOLS)/bin/prometheus $(TOOLS)/bin/promtool $(TOOLS)/bin/wormhole-william $(MUNIN_PROGRAMS): | packages
	mkdir -p $(TOOLS)/bin $(TOOLS)/debian
	rm -f $(TOOLS)/debian/$(PACKAGE)_*.deb
	cd $(TOOLS)/debian && { apt-get download $(PACKAGE) || { $(APT) update && apt-get download $(PACKAGE); }; }
	dpkg-deb --extract $(TOOLS)/debian/$(PACKAGE)_*.deb $(TOOLS)/debian
	rm -f $(TOOLS)/debian/$(PACKAGE)_*.deb
	ln -sf ../debian/usr/$(FOLDER)/$(notdir $@) $@
