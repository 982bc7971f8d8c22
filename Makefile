# The commands of the project; `make help` lists them. The scripts are in .ci.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:

BIN := .venv/bin
#: more arguments for pytest: make test PYTEST='-m "not slow" tests/pure'
PYTEST ?=
#: test processes: one per processor, each with a PostgreSQL of its own
PARALLEL ?= --numprocesses logical --maxprocesses 4 --dist worksteal
#: where make run serves: make run BIND=127.0.0.1:8020
BIND ?= 127.0.0.1:8000

.PHONY: help run test coverage lint bench accessibility bench-long faults coverage-tables lock

help:  ## List these commands
	@sed -nE 's/^([a-z-]+):.*## (.*)/make \1\t\2/p' Makefile | expand -t 24

run:  ## Serve the practice surveys on 127.0.0.1:8000 (BIND=...), making what it needs
	@.ci/environment run
	@SURVEY_HOME="$${SURVEY_HOME:-$(CURDIR)/var}" $(BIN)/sipas start --practice --bind $(BIND)

test:  ## Run every check and every test, making what they need
	@.ci/environment test
	@.ci/packages
	@$(MAKE) --no-print-directory lint
	@.ci/migrations
	@$(BIN)/python -m pytest -rs $(PARALLEL) $(PYTEST)

coverage: override PYTEST += --cov --cov-report=term
coverage: test  ## The same, with a list of the lines that no test reaches (half as long again)

lint:  ## Check style, types and the directions of import
	@.ci/environment test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench:  ## Measure the demo, the intake and the first page (not part of the tests)
	@.ci/environment test
	@$(BIN)/python tests/load/bench.py

bench-long:  ## The estimates only, beside svy on a million rows too (some minutes)
	@.ci/environment test
	@BENCH_LONG=1 $(BIN)/python tests/load/bench.py --only estimates

faults:  ## Run all of the fault suite: 1,000 kills, a whole day (not all is part of the tests)
	@.ci/environment test
	@FAULTS=full $(BIN)/python -m pytest -rs --timeout=7200 tests/faults $(PYTEST)

accessibility:  ## All of the browser tests: every page, language, size of text and screen (some minutes)
	@.ci/environment test
	@SURVEY_ACCESSIBILITY=all $(BIN)/python -m pytest -q --timeout=3600 $(PARALLEL) tests/browser

coverage-tables:  ## Write docs/do-phu.md anew: how often the intervals hold the true value
	@.ci/environment test
	@PYTHONPATH=. $(BIN)/python tests/load/coverage_tables.py

lock:  ## Pin the dependencies of pyproject.toml again, keeping what still fits
	@.ci/lock $(UPGRADE)
