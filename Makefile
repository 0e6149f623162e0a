# Everything from a bare checkout: `make demo` to see it, `make test` to trust it.
PYTHON ?= python3
BIN := .venv/bin
ONCE ?=
DEMO_DIR ?= .demo
UV ?= uv
# Two more than there are cores: a quarter of the tests' time is waiting for other processes.
WORKERS ?= $(shell n=$$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2); echo $$((n + 2)))
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input
COMPILE := $(UV) pip compile pyproject.toml --universal --generate-hashes --no-annotate --no-header --quiet --python-version 3.11

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help install demo test test-real sweep soak mutants bench lint readme lock clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: .venv/.dev  ## make .venv with everything: runtime, development, the program itself

demo: .venv/.runtime  ## rehearse the whole journey, then keep desk and sandbox open (ONCE=1: stop after it)
	$(BIN)/campaign demo --dir $(DEMO_DIR) $(if $(filter-out 0,$(ONCE)),--once)

test: .venv/.dev  ## the fast tests
	$(BIN)/python -m pytest -n $(WORKERS) -m "not real and not sweep" $(ARGS)

test-real: .venv/.dev  ## against servers that others wrote (fetched into .cache)
	sh tests/real/fetch_snac.sh
	sh tests/real/fetch_aiogram.sh
	sh tests/real/fetch_vkbottle.sh
	PYTHON="$(CURDIR)/$(BIN)/python" sh tests/real/fetch_pds.sh
	sh tests/real/fetch_devenv.sh
	PYTHON="$(CURDIR)/$(BIN)/python" sh tests/real/fetch_counting.sh
	PYTHON="$(CURDIR)/$(BIN)/python" sh tests/real/fetch_oidc.sh
	PYTHON="$(CURDIR)/$(BIN)/python" sh tests/real/fetch_rclone.sh
	PYTHON="$(CURDIR)/$(BIN)/python" sh tests/real/fetch_synapse.sh
	sh tests/real/fetch_wordpress.sh
	TEST_WORDPRESS="$${TEST_WORDPRESS:-$(CURDIR)/.cache/wordpress/share}" \
	TEST_SYNAPSE="$${TEST_SYNAPSE:-$(CURDIR)/.cache/synapse/venv}" \
	TEST_RCLONE="$${TEST_RCLONE:-$(CURDIR)/.cache/rclone/rclone}" \
	TEST_OIDC="$${TEST_OIDC:-$(CURDIR)/.cache/oidc}" \
	TEST_PDS="$${TEST_PDS:-$(CURDIR)/.cache/pds}" \
	TEST_DEVENV="$${TEST_DEVENV:-$(CURDIR)/.cache/devenv}" \
	TEST_SNAC="$${TEST_SNAC:-$(CURDIR)/.cache/snac/usr/bin/snac}" $(BIN)/python -m pytest -m real tests/real $(ARGS)

sweep: .venv/.dev  ## kill the program at every step of a delivery and compare the books
	$(BIN)/python -m tests.sweep $(ARGS)

soak: .venv/.dev  ## kill and disturb real daemons for SOAK=300 seconds and compare the books (ARGS="--engine postgresql")
	$(BIN)/python -m tests.soak --seconds $(or $(SOAK),300) $(ARGS)

mutants: .venv/.dev  ## break the delivery doctrine on purpose; each break must be caught
	$(BIN)/python -m tests.mutants $(ARGS)

bench: .venv/.bench  ## measure against bare clients and other schedulers (ARGS=--quick: two minutes)
	$(BIN)/python -m tests.bench $(ARGS)

lint: .venv/.dev  ## ruff, mypy, import contracts
	@code=0; for tool in "ruff check ." "ruff format --check ." mypy lint-imports; do \
		echo "$$tool"; $(BIN)/$$tool || code=1; done; exit $$code

readme: .venv/.dev  ## write the generated parts of README.md anew
	$(BIN)/python -m tests.test_readme

lock:  ## resolve the lock files anew (needs uv); UPGRADE=1 takes the newest releases
	@command -v $(UV) >/dev/null || { echo "make lock needs uv: install it, or name it with UV=…"; exit 1; }
	$(COMPILE) $(if $(UPGRADE),--upgrade) --extra fonts --extra video --extra xlsx --group build -o requirements.lock
	$(COMPILE) $(if $(UPGRADE),--upgrade) --extra lang --extra postgres --extra s3 --group dev -c requirements.lock -o tests/requirements.lock
	$(COMPILE) $(if $(UPGRADE),--upgrade) --extra postgres --group dev --group bench -c requirements.lock -c tests/requirements.lock -o tests/bench.lock
	@! grep -n '://' requirements.lock tests/requirements.lock tests/bench.lock || { echo "a lock file names a host"; exit 1; }

clean:  ## remove what make made; never an installation's data
	rm -rf .venv .demo .cache build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find src tests migrations -name __pycache__ -type d -prune -exec rm -rf {} +

# One stamp per layer; a stamp older than what it was made from is made again.
.venv/.venv:
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) is missing: install Python 3.11 or newer, or name it: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "$$($(PYTHON) --version) is too old: install Python 3.11 or newer, or name it: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "$(PYTHON) has no venv or ensurepip: install them (Debian and Ubuntu: apt-get install python3-venv)"; exit 1; }
	@rm -rf .venv
	$(PYTHON) -m venv .venv
	@touch $@

.venv/.packages: .venv/.venv requirements.lock
	$(PIP) --require-hashes -r requirements.lock
	@touch $@

.venv/.runtime: .venv/.packages pyproject.toml
	$(PIP) --no-deps --no-build-isolation --no-index --editable .
	@touch $@

.venv/.bench: .venv/.dev tests/bench.lock
	$(PIP) --require-hashes -r tests/bench.lock
	@touch $@

.venv/.dev: .venv/.runtime tests/requirements.lock
	@command -v git >/dev/null || { echo "git is missing: the tests ask it which files are part of the project; install it"; exit 1; }
	$(PIP) --require-hashes -r tests/requirements.lock
	@touch $@
