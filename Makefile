# The commands of the README. Everything they need beyond Swift comes from Debian and PyPI; what is there is left alone.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:

TOOLS := .build/test-tools
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
APT := $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get

BUILD_PACKAGES := git libmicrohttpd-dev libsqlite3-dev pkg-config
TEST_PACKAGES := curl iproute2 jq procps python3-venv sqlite3 util-linux

# Options of `wormhole-server start`, such as: make run ARGS=--blur-usage=0
ARGS ?=

.PHONY: run release test soak lint packages test-tools test-packages swift

run: release
	exec .build/release/wormhole-server start $(ARGS)

release: swift packages
	swift build -c release --product wormhole-server

# The end-to-end tests run the release build. A warning in our own code is an error here; the file is touched, so that it
# will be one again next time.
test: swift packages test-tools
	log=$$(mktemp); trap 'rm -f "$$log"' EXIT; \
	swift build -c release --product wormhole-server 2>&1 | tee "$$log"; \
	if grep -q '$(CURDIR)/Sources/.*warning:' "$$log"; then \
		grep -o '$(CURDIR)/Sources/[^:]*' "$$log" | sort -u | xargs touch; \
		echo 'error: the release build has warnings' >&2; exit 1; \
	fi
	swift test --no-parallel

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

test-packages: packages
	$(call install,$(TEST_PACKAGES))

test-tools: test-packages $(TOOLS)/python/requirements.txt $(TOOLS)/bin/promtool $(TOOLS)/bin/wormhole-william

$(TOOLS)/python/requirements.txt: Tests/EndToEnd/requirements.txt | test-packages
	python3 -m venv $(TOOLS)/python
	$(TOOLS)/python/bin/pip install --quiet --disable-pip-version-check --requirement $<
	cp $< $@

$(TOOLS)/bin/promtool: PACKAGE := prometheus
$(TOOLS)/bin/wormhole-william: PACKAGE := wormhole-william

# One program of a Debian package, unpacked here and not installed, because installing would start a service.
$(TOOLS)/bin/promtool $(TOOLS)/bin/wormhole-william: | test-packages
	mkdir -p $(TOOLS)/bin $(TOOLS)/debian
	rm -f $(TOOLS)/debian/$(PACKAGE)_*.deb
	cd $(TOOLS)/debian && { apt-get download $(PACKAGE) || { $(APT) update && apt-get download $(PACKAGE); }; }
	dpkg-deb --extract $(TOOLS)/debian/$(PACKAGE)_*.deb $(TOOLS)/debian
	rm -f $(TOOLS)/debian/$(PACKAGE)_*.deb
	ln -sf ../debian/usr/bin/$(notdir $@) $@
