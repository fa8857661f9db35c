# Everything a person or a machine does with this checkout. `make help` lists it.
# Needs only Python >= 3.11 and make; all else comes into .venv, pinned and hashed.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv
DATA ?= ../shared/data
# Tests have a data folder of their own: they switch off what makes PostgreSQL safe and slow.
TESTING := OCTAVO_DATA_DIR=var/test OCTAVO_LOG_LEVEL=ERROR
PYTEST := $(TESTING) $(BIN)/pytest

.DEFAULT_GOAL := help
.PHONY: help run test test-all test-e2e check format bench demo docs messages corpus train evaluate evaluate-alerts evaluate-stories lock clean

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-17s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(VENV)/.run ## Start Octavo: database, worker and web pages; prints the address
	@$(BIN)/octavo run

demo: $(VENV)/.run ## Load the demo brand (remove it with `octavo demo remove`)
	@$(BIN)/octavo demo load

test: $(VENV)/.dev ## Quick tests, under three minutes
	@$(PYTEST) -n 2 -m "not slow and not e2e"

test-all: $(VENV)/.dev ## The thorough tests: crashes, the API against its document, a real browser
	@$(PYTEST) -m "slow and not e2e"
	@$(MAKE) --no-print-directory test-e2e

test-e2e: $(VENV)/.dev ## Journeys in a real browser, with accessibility rules
	@$(BIN)/python e2e/browser.py
	@$(PYTEST) -m e2e e2e

check: $(VENV)/.dev ## Types, style, templates, imports, documents
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(TESTING) $(BIN)/mypy
	@$(BIN)/djlint --lint --quiet src/octavo/site/templates
	@$(BIN)/lint-imports --no-cache

format: $(VENV)/.dev ## Put code and imports into the house's form
	@$(BIN)/ruff check --fix --quiet . || true
	@$(BIN)/ruff format --quiet .

bench: $(VENV)/.dev ## Run the benchmarks; prints their tables (DATA=folder of data sets)
	@$(BIN)/python -m benchmarks --data $(DATA)

docs: $(VENV)/.dev ## Generate the reference pages that come from the code
	@$(TESTING) $(BIN)/python docs/generate.py

messages: $(VENV)/.dev ## Collect the words to translate (needs gettext) and compile the catalogues
	@$(TESTING) $(BIN)/python src/octavo/site/locale/catalogues.py

corpus: $(VENV)/.dev ## Count the corpus and its annotators' agreement; writes docs/reference/corpus.md (DATA=folder of data sets)
	@$(BIN)/python -m training.diversity --data $(DATA)

train: $(VENV)/.train ## Train the shipped models from the corpus (and DATA, where present)
	@$(BIN)/python -m training.train --data $(DATA)

evaluate: $(VENV)/.dev ## Measure the shipped models (DATA=folder of data sets)
	@$(BIN)/python -m training.evaluate --data $(DATA)

evaluate-alerts: $(VENV)/.dev ## Measure what rings on volume; writes docs/reference/alerts.md (DATA=folder of data sets)
	@$(BIN)/python -m evaluation.alerts --data $(DATA)

evaluate-stories: $(VENV)/.dev ## Measure how messages become stories; writes docs/reference/stories.md (DATA=folder of data sets)
	@$(BIN)/python -m evaluation.stories --data $(DATA)

lock: $(VENV)/.uv ## Renew the pinned requirement files from pyproject.toml
	@$(UV) pip compile -q --universal --python-version 3.11 --generate-hashes --no-header requirements/build.in -o requirements/build.txt
	@$(UV) pip compile -q --universal --python-version 3.11 --generate-hashes --no-header pyproject.toml -o requirements/run.txt
	@$(UV) pip compile -q --universal --python-version 3.11 --generate-hashes --no-header pyproject.toml \
		--group dev --group train -c requirements/run.txt -o requirements/dev.txt

clean: ## Remove the environment and caches (the data in var/ stays)
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(VENV)/.uv: requirements/build.txt
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Octavo needs Python 3.11 or newer; this is " \
		+ sys.version.split()[0] + ". Name another one: make run PYTHON=python3.12")'
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { echo "This Python cannot make environments: install its venv package (Debian: python3-venv)."; exit 1; }
	@test -x $(BIN)/python || { echo "Making the environment in $(VENV) ..."; $(PYTHON) -m venv $(VENV); }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/build.txt
	@touch $@

$(VENV)/.run: $(VENV)/.uv requirements/run.txt pyproject.toml
	@echo "Installing what Octavo needs ..."
	@$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r requirements/run.txt
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .
	@$(BIN)/octavo prepare
	@touch $@

# The one package without a hash: its builds differ from machine to machine, and nobody who runs Octavo needs it.
$(VENV)/.train: $(VENV)/.dev
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check torch==2.13.0
	@touch $@

$(VENV)/.dev: $(VENV)/.run requirements/dev.txt
	@$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r requirements/dev.txt
	@touch $@
