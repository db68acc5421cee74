# Minerva: what a developer does. Needs Python 3.11 or newer, git and make; nothing else.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help demo test check interop bench chaos lock clean

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --constraint constraints.txt
INPUTS := pyproject.toml constraints.txt
# Other people's clients have an environment of their own; once it is there, `make test` keeps it fresh.
CLIENTS := $(VENV)/interop/.ready
# Workers of the test run: one per core, but no more than eight.
WORKERS ?= auto

# An environment does not survive the move of its folder: set it up anew.
ifneq ($(shell cat $(VENV)/.python-ready 2>/dev/null),$(CURDIR))
$(shell rm -f $(VENV)/.python-ready $(VENV)/.demo-ready $(VENV)/.dev-ready $(CLIENTS))
endif

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 18

demo: $(VENV)/.demo-ready ## Run the main job beside a legacy product; ONCE=1 ends after the summary
	@PYTHONPATH=examples/telco $(BIN)/python -m demo

# Tests start some thousand processes: compiled modules are kept, also where images say otherwise.
test: $(VENV)/.dev-ready $(wildcard $(CLIENTS)) ## Run all tests, with the coverage gate
	@PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n $(WORKERS) --maxprocesses 8 --dist loadfile --no-loadscope-reorder --cov --cov-report=term $(PYTEST)

check: $(VENV)/.dev-ready ## Check format, lint, types, import contracts and docs
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m pytest -q tests/test_docs.py tests/test_architecture.py

interop: $(CLIENTS) ## Install other people's clients, so that make test runs them too

bench: $(VENV)/.demo-ready ## Run all benchmarks, half an hour; ONLY=swaps runs one
	@$(BIN)/python benchmarks $(ONLY)

chaos: $(VENV)/.dev-ready ## Kill, flush, fill and count, a quarter of an hour on two cores; ONLY=fault, ROUNDS=5
	@$(BIN)/python -m chaos $(if $(ROUNDS),--rounds $(ROUNDS)) $(ONLY)

lock: ## Pin all dependencies anew (needs uv)
	@uv pip compile pyproject.toml --universal --extra dev --python-version 3.11 --upgrade --quiet \
	  --no-header --no-annotate --no-emit-index-url --no-emit-find-links --output-file constraints.txt
	@uv pip compile --group interop --universal --python-version 3.11 --upgrade --quiet \
	  --no-header --no-annotate --no-emit-index-url --no-emit-find-links --output-file tests/interop/requirements.txt

clean: ## Remove the virtual environment, the demo's state and all caches
	@rm -rf $(VENV) .minerva-demo build dist .coverage* .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(VENV)/.python-ready:
	@.ci/make-venv $(VENV)
	@echo "$(CURDIR)" > $@

$(VENV)/.demo-ready: $(VENV)/.python-ready $(INPUTS)
	@echo "Installing Minerva into $(VENV); the first time takes a minute or two."
	@$(PIP) setuptools
	@$(PIP) --no-build-isolation --editable '.[demo]'
	@touch $@

$(VENV)/.dev-ready: $(VENV)/.demo-ready $(INPUTS)
	@echo "Installing what the tests need into $(VENV)."
	@$(PIP) --no-build-isolation --editable '.[dev]'
	@touch $@

$(CLIENTS): tests/interop/requirements.txt | $(VENV)/.dev-ready
	@echo "Installing other people's clients into $(VENV)/interop."
	@$(BIN)/python -m uv venv --quiet --clear --python $(BIN)/python $(VENV)/interop
	@$(BIN)/python -m uv pip install --quiet --python $(VENV)/interop/bin/python --requirement tests/interop/requirements.txt
	@touch $@
