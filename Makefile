# Tradewind. `make help` lists what there is. Every target sets up what it needs.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

# Any Python from 3.11 on starts the setup; the setup finds or brings a 3.12 for the rest.
PYTHON ?= python3
ENV ?= dev
UV := .tools/bin/uv
# What the development environment is installed from: everything that is ever installed together.
DEV_LOCKS := requirements.txt requirements-dev.txt devtools/localcloud/lambda-runtime.txt \
	$(wildcard lambda_src/requirements/*.txt lambda_src/agents/*/requirements.txt)

# The project's own Python, Node and CDK come before the machine's.
export PATH := $(CURDIR)/.venv/bin:$(CURDIR)/node_modules/.bin:$(PATH)
export PYTHONPATH := $(CURDIR):$(CURDIR)/lambda_src
# Without cached byte code every synth compiles the CDK anew, which takes longer than the rest of it.
unexport PYTHONDONTWRITEBYTECODE
export UV_NO_PROGRESS := 1
export NPM_CONFIG_UPDATE_NOTIFIER := false

.PHONY: help setup demo up down test check format lint types synth bench bench-synth \
	bench-bundles bench-coldstart bench-pool bench-wake bench-layout lock docs clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-16s %s\n", $$1, $$2}'

# --- Setting up -------------------------------------------------------------------------------

$(UV): requirements-setup.txt
	@echo "Setting up uv ..."
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Tradewind needs Python 3.11 or newer; $(PYTHON) is older. Try make PYTHON=/path/to/python3"; exit 1; }
	@$(PYTHON) -m venv .tools \
		|| { echo "Python's venv module is incomplete; on Debian or Ubuntu: apt-get install python3-venv"; exit 1; }
	@.tools/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-setup.txt
	@touch $@

.venv/.ready: $(DEV_LOCKS) $(UV)
	@echo "Setting up Python 3.12, Node and the app's packages ..."
	@python312=$$($(PYTHON) scripts/find_python.py $(UV)); \
		$(UV) venv --quiet --allow-existing --python "$$python312" .venv
	@$(UV) pip sync --quiet --require-hashes --python .venv/bin/python $(DEV_LOCKS)
	@touch $@

.venv-localcloud/.ready: devtools/localcloud/requirements.txt .venv/.ready
	@echo "Setting up the embedded AWS ..."
	@$(UV) venv --quiet --allow-existing --python .venv/bin/python .venv-localcloud
	@$(UV) pip sync --quiet --require-hashes --python .venv-localcloud/bin/python devtools/localcloud/requirements.txt
	@touch $@

.build/lambda-runtime/.ready: devtools/localcloud/lambda-runtime.txt .venv/.ready
	@rm -rf .build/lambda-runtime
	@$(UV) pip install --quiet --require-hashes --python .venv/bin/python \
		--target .build/lambda-runtime -r devtools/localcloud/lambda-runtime.txt
	@touch $@

node_modules/.ready: package-lock.json .venv/.ready
	@echo "Setting up the CDK command line and the chart library ..."
	@npm ci --no-audit --no-fund --loglevel=error >/dev/null
	@touch $@

setup: .venv/.ready .venv-localcloud/.ready .build/lambda-runtime/.ready node_modules/.ready ## Install everything the other targets need

# --- Using it ---------------------------------------------------------------------------------

demo: setup ## Deploy into the embedded AWS, ask each agent, plan a wind farm, draw the dashboards
	@python -m cli demo

up: setup ## Start the embedded AWS, deploy into it and keep it running
	@python -m cli up

down: setup ## Stop the embedded AWS
	@python -m cli down

synth: setup ## Synthesize the templates of ENV (default dev) into cdk.out
	@cdk synth --quiet --no-notices -c env=$(ENV)

# --- Checking it ------------------------------------------------------------------------------

test: setup ## Run all tests, with coverage
	@pytest --numprocesses=auto --maxprocesses=4 --dist=loadgroup --cov --cov-report=term-missing:skip-covered

check: format lint types synth test ## What a reviewer runs: format, lint, types, synth, tests

format: setup ## Check the formatting
	@ruff format --check .

lint: setup ## Lint
	@ruff check .

types: setup ## Check the types
	@mypy

# --- Measuring it -----------------------------------------------------------------------------

bench: bench-synth bench-bundles bench-pool bench-coldstart bench-wake bench-layout ## Run every benchmark

bench-synth: setup ## Compare a synth with an unchanged bundle cache to a one-bucket app
	@python -m bench.synth

bench-bundles: setup ## Print each bundle's size
	@python -m bench.bundles

bench-pool: setup ## Count connections over 100 warm requests of each deployed agent
	@python -m bench.pool

bench-coldstart: setup ## Print each agent's init time
	@python -m bench.coldstart

bench-wake: setup ## Compare the wake models with PyWake's own, energies and times
	@python -m bench.wake

bench-layout: setup ## Optimise the IEA 37 case study's farms, 60 seconds each
	@python -m bench.layout

# --- Maintaining it ---------------------------------------------------------------------------

lock: $(UV) ## Compile the locks; UPGRADE="NAME ..." takes newer releases, UPGRADE=all every one
	@$(PYTHON) scripts/lock.py $(UV) $(if $(UPGRADE),--upgrade $(filter-out all,$(UPGRADE)))

docs: setup ## Write the pages that are generated
	@python -m stacks.metrics_page

clean: ## Remove what the build made; keep the environments
	rm -rf .build cdk.out out .coverage* .pytest_cache .mypy_cache .ruff_cache .hypothesis
