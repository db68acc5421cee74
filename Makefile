# Minerva: what a developer does. Needs Python 3.11 or newer, git and make; nothing else.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help demo test test-containers test-cluster check interop bench chaos images lock clean

VENV := .venv
BIN := $(VENV)/bin
# setuptools warns of editable installations, which are wanted here.
PIP := PYTHONWARNINGS=ignore $(BIN)/python -m pip --disable-pip-version-check install --quiet --constraint constraints.txt
INPUTS := pyproject.toml constraints.txt
# Other people's clients have an environment of their own; once it is there, `make test` keeps it fresh.
CLIENTS := $(VENV)/interop/.ready
# Lists of what images hold, by groups of pyproject.toml; without what only the command lines of Celery and Rich need.
IMAGE_LISTS := core abstraction xgboost sklearn lightgbm images video worker legacy-stub
LEFT_OUT := click-didyoumean click-plugins click-repl prompt-toolkit wcwidth pygments markdown-it-py mdurl
CONTAINERS := $(VENV)/containers/.ready
IMAGES := core abstraction application worker legacy-stub
DOCKER ?= docker
TAG ?= $(VERSION)
VERSION = $(shell sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)
# The commit that an image tells, and its time.
REVISION = $(shell git rev-parse HEAD 2>/dev/null || echo unknown)
CREATED = $(shell date --utc --date=@$$(git log -1 --format=%ct 2>/dev/null || echo 0) +%Y-%m-%dT%H:%M:%SZ)
# Workers of the test run: as many as there are cores, no more than eight. Half as many again kept both of two cores
# busy for 93 % of the time, and made answers late that no change had made late.
WORKERS ?= $(shell getconf _NPROCESSORS_ONLN)

# An environment does not survive the move of its folder: set it up anew.
ifneq ($(shell cat $(VENV)/.python-ready 2>/dev/null),$(CURDIR))
$(shell rm -f $(VENV)/.python-ready $(VENV)/.demo-ready $(VENV)/.dev-ready $(CLIENTS) $(CONTAINERS))
endif

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 25

demo: $(VENV)/.demo-ready ## Run the main job beside a legacy product; ONCE=1 ends after the summary
	@PYTHONPATH=examples/telco $(BIN)/python -m demo

# Tests start some thousand processes: compiled modules are kept, also where images say otherwise.
test: $(VENV)/.dev-ready $(wildcard $(CLIENTS)) ## Run all tests, with the coverage gate
	@PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n $(WORKERS) --maxprocesses 8 --dist loadfile --no-loadscope-reorder --cov --cov-report=term $(PYTEST)

test-containers: $(VENV)/.dev-ready $(CONTAINERS) ## Test images, compose and chart; PYTEST=tests/containers/chart the chart alone
	@$(BIN)/python -m pytest $(or $(PYTEST),tests/containers)

test-cluster: ## Install the chart in the cluster that kubectl is set to, roll it under load, uninstall it
	@helm/test-cluster.sh

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

images: ## Build all container images, as minerva-NAME:VERSION; TAG=… and BASE=… name another tag and base image
	@for image in $(IMAGES); do DOCKER_BUILDKIT=1 $(DOCKER) build --file docker/Dockerfile --target $$image \
	  --tag minerva-$$image:$(TAG) $(if $(BASE),--build-arg BASE=$(BASE)) --build-arg VERSION=$(VERSION) \
	  --build-arg REVISION=$(REVISION) --build-arg CREATED=$(CREATED) \
	  $(if $(SOURCE_DATE_EPOCH),--build-arg SOURCE_DATE_EPOCH=$(SOURCE_DATE_EPOCH)) .; done

lock: ## Pin all dependencies anew (needs uv)
	@uv pip compile pyproject.toml --universal --extra dev --python-version 3.11 --upgrade --quiet \
	  --no-header --no-annotate --no-emit-index-url --no-emit-find-links --output-file constraints.txt
	@uv pip compile --group interop --universal --python-version 3.11 --upgrade --quiet \
	  --no-header --no-annotate --no-emit-index-url --no-emit-find-links --output-file tests/interop/requirements.txt
	@for image in $(IMAGE_LISTS); do uv pip compile --group image-$$image --universal --python-version 3.11 --quiet \
	  --constraint constraints.txt --generate-hashes $(patsubst %,--no-emit-package %,$(LEFT_OUT)) \
	  --no-header --no-annotate --no-emit-index-url --no-emit-find-links --output-file docker/requirements/$$image.txt; done
	@uv pip compile --group containers --universal --python-version 3.11 --upgrade --quiet \
	  --no-header --no-annotate --no-emit-index-url --no-emit-find-links --output-file tests/containers/requirements.txt

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

$(CONTAINERS): tests/containers/requirements.txt | $(VENV)/.dev-ready
	@echo "Installing what checks images and the chart into $(VENV)/containers."
	@$(BIN)/python -m uv venv --quiet --clear --python $(BIN)/python $(VENV)/containers
	@$(BIN)/python -m uv pip install --quiet --python $(VENV)/containers/bin/python --requirement tests/containers/requirements.txt
	@touch $@
