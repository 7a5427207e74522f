# Everything a person or a CI does with this repository. GNU make and a POSIX shell; nothing is installed outside .venv.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

# Extra words for the command a target runs: make test ARGS='-k quota -x'
ARGS ?=
# ONCE=1: the demo ends after its script. COV=1: the tests measure coverage and hold its floor.
ONCE ?=
COV ?=
# Tests side by side; most of them wait for processes and timers.
JOBS ?= 3

COVERAGE = $(if $(COV),--cov --cov-report=term:skip-covered)

.DEFAULT_GOAL := help
.PHONY: help setup demo test slow soak bench image imagetest check static lint format types imports audit lock clean

help: ## Show this list
	@sed -n 's/^\([a-z][a-z]*\):.*## /\1\t/p' Makefile | awk -F '\t' '{ printf "  make %-9s %s\n", $$1, $$2 }'

setup: $(STAMP) ## Create .venv from the lock files (again when they change)

# uv is fetched by pip and pinned by hash like everything else; it installs the rest about ten times as fast as pip.
# A machine whose package index only pip knows (pip.conf) takes the second way.
$(STAMP): requirements-dev.lock requirements-uv.lock
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, for example: make setup PYTHON=python3.13" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input --require-hashes --requirement requirements-uv.lock
	$(BIN)/uv pip sync --quiet --system-certs --python $(BIN)/python --require-hashes requirements-dev.lock || \
	$(BIN)/python -m pip install --disable-pip-version-check --no-input --no-deps --require-hashes --requirement requirements-dev.lock
	@touch $@

demo: setup ## Try the bot in a simulated Discord server, no account needed (ONCE=1: play the script and end)
	$(BIN)/python bot.py demo $(if $(ONCE),--once) $(ARGS)

test: setup ## Run the tests (COV=1: with coverage; ARGS='-k word')
	$(BIN)/python -m pytest -n $(JOBS) --dist loadfile $(COVERAGE) $(ARGS)

slow: setup ## Run the slow tests
	$(BIN)/python -m pytest -m slow --timeout 600 -n $(JOBS) $(ARGS)

soak: setup ## Run the long soak tests
	$(BIN)/python -m pytest -m soak --timeout 7200 $(ARGS)

bench: setup ## Run the benchmarks
	$(BIN)/python -m benchmarks $(ARGS)

image: ## Build the image with docker or podman
	@engine=$$(command -v docker || command -v podman) || { echo "make image: neither docker nor podman is on the PATH; install one of them" >&2; exit 1; }; \
	"$$engine" build --tag veo-discord-bot .

imagetest: setup ## Build the image without an engine and run the bot in it (root, Debian's buildah and mmdebstrap)
	$(BIN)/python -m pytest -m image --timeout 900 $(ARGS)

check: static ## Run every check: lint, format, types, imports, known vulnerabilities, tests with coverage
	@$(MAKE) --no-print-directory test COV=1

static: lint types imports audit ## Run every check but the tests

lint: setup ## Check style and format (ruff)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: setup ## Rewrite the code in the project's format
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

types: setup ## Check types (pyright, strict)
	$(BIN)/pyright $(ARGS)

imports: setup ## Check that imports go one way (import-linter)
	$(BIN)/lint-imports

audit: setup ## Look for known vulnerabilities in the locked packages
	$(BIN)/python tools/audit.py

# The locks name packages and hashes only: no index, no path, nothing of the machine that wrote them.
COMPILE = env -u UV_FIND_LINKS -u UV_INDEX -u UV_EXTRA_INDEX_URL $(BIN)/uv --no-config pip compile --quiet --system-certs \
	--universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	--no-emit-index-url --no-emit-find-links $(ARGS)

lock: setup ## Write the lock files anew from pyproject.toml (ARGS=--upgrade: newest versions)
	$(COMPILE) --group demo --group test --group lint --group tools -o requirements-dev.lock pyproject.toml >/dev/null
	$(COMPILE) --constraints requirements-dev.lock -o requirements.lock pyproject.toml >/dev/null
	$(COMPILE) --constraints requirements-dev.lock --group tools -o requirements-uv.lock >/dev/null

clean: ## Remove .venv and everything generated
	rm -rf $(VENV) .pytest_cache .ruff_cache .import_linter_cache .hypothesis .coverage .coverage.* htmlcov
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
