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
CLOUD := $(PYTHON) -E -m devtools.localcloud
# What the development environment is installed from: everything that is ever installed together.
DEV_LOCKS := requirements.txt requirements-dev.txt devtools/localcloud/lambda-runtime.txt \
	$(wildcard lambda_src/requirements/*.txt lambda_src/agents/*/requirements.txt)

# Runs what sets the project up without the settings of a developer's shell that would break it.
# -E: a PYTHONHOME of another Python would break this one as well.
CLEAN := $(PYTHON) -E scripts/environment.py
# Settings of Python in the developer's shell are for another one.
$(foreach name,$(filter PYTHON%,$(.VARIABLES)),$(if $(filter environment,$(origin $(name))),$(eval unexport $(name))))

# The project's own Python, Node and CDK come before the machine's.
export PATH := $(CURDIR)/.venv/bin:$(CURDIR)/node_modules/.bin:$(PATH)
export PYTHONPATH := $(CURDIR):$(CURDIR)/lambda_src

.PHONY: help setup demo up down test check format lint types mutants synth bench bench-synth \
	bench-agentcore bench-alarms bench-api bench-bundles bench-coldstart bench-durable bench-freeze bench-load \
	bench-pool bench-soak bench-storm bench-streaming bench-threads bench-warm bench-workflow lock \
	coldstart-budget docs scale clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-16s %s\n", $$1, $$2}'

# --- Setting up -------------------------------------------------------------------------------

$(UV): requirements-setup.txt
	@command -v "$(PYTHON)" >/dev/null \
		|| { echo "There is no $(PYTHON) here. Tradewind needs Python 3.11 or newer: on Debian or Ubuntu" \
		"apt-get install python3 python3-venv, or make PYTHON=/path/to/python3"; exit 1; } >&2
	@$(PYTHON) -E scripts/check_machine.py
	@echo "Setting up uv ..."
	@$(CLEAN) $(PYTHON) -m venv --clear .tools
	@$(CLEAN) .tools/bin/python -m pip install --quiet --disable-pip-version-check --no-user \
		--require-hashes -r requirements-setup.txt
	@touch $@

.venv/.ready: $(DEV_LOCKS) $(UV)
	@echo "Setting up Python 3.12, Node and the app's packages ..."
	@python312=$$($(CLEAN) $(PYTHON) scripts/find_python.py $(UV)); \
		$(CLEAN) $(UV) venv --quiet --allow-existing --python "$$python312" .venv
	@$(CLEAN) $(UV) pip sync --quiet --require-hashes --python .venv/bin/python $(DEV_LOCKS)
	@touch $@

.venv-localcloud/.ready: devtools/localcloud/requirements.txt .venv/.ready
	@echo "Setting up the embedded AWS ..."
	@$(CLEAN) $(UV) venv --quiet --allow-existing --python .venv/bin/python .venv-localcloud
	@$(CLEAN) $(UV) pip sync --quiet --require-hashes --python .venv-localcloud/bin/python devtools/localcloud/requirements.txt
	@touch $@

.venv-mcp-proxy/.ready: requirements-mcp-proxy.txt .venv/.ready
	@$(CLEAN) $(UV) venv --quiet --allow-existing --python .venv/bin/python .venv-mcp-proxy
	@$(CLEAN) $(UV) pip sync --quiet --require-hashes --python .venv-mcp-proxy/bin/python requirements-mcp-proxy.txt
	@touch $@

.build/lambda-runtime/.ready: devtools/localcloud/lambda-runtime.txt .venv/.ready
	@rm -rf .build/lambda-runtime
	@$(CLEAN) $(UV) pip install --quiet --require-hashes --python .venv/bin/python \
		--target .build/lambda-runtime -r devtools/localcloud/lambda-runtime.txt
	@touch $@

# Durable functions run on Python 3.13: without one they can be deployed here, and not called.
.build/lambda-runtime-3.13/.ready: devtools/localcloud/lambda-runtime.txt .venv/.ready
	@rm -rf .build/lambda-runtime-3.13
	@python313=$$($(CLEAN) $(PYTHON) scripts/find_python.py --if-there 3.13); \
		if [ -z "$$python313" ]; then \
			echo "There is no Python 3.13 here: durable functions cannot run in the embedded AWS." >&2; \
		else \
			$(CLEAN) $(UV) pip install --quiet --require-hashes --python "$$python313" \
				--target .build/lambda-runtime-3.13 -r devtools/localcloud/lambda-runtime.txt && \
			ln -s "$$python313" .build/lambda-runtime-3.13/python && touch $@; \
		fi

.build/lambda-runtimes/.ready: devtools/runtime_conformance/releases.txt devtools/runtime_conformance/releases.py \
		.build/lambda-runtime/.ready
	@rm -rf .build/lambda-runtimes
	@$(CLEAN) .venv/bin/python -m devtools.runtime_conformance.releases $(UV)
	@touch $@

.venv-langgraph/.ready: bench/workflow/requirements-langgraph.txt .venv/.ready
	@echo "Setting up what the workflow engine is compared with ..."
	@$(CLEAN) $(UV) venv --quiet --allow-existing --python .venv/bin/python .venv-langgraph
	@$(CLEAN) $(UV) pip sync --quiet --require-hashes --python .venv-langgraph/bin/python bench/workflow/requirements-langgraph.txt
	@touch $@

node_modules/.ready: package-lock.json .venv/.ready
	@echo "Setting up the CDK command line and the chart library ..."
	@$(CLEAN) npm ci --include=dev --no-global --no-update-notifier --no-dry-run --no-audit --no-fund --loglevel=error >/dev/null
	@touch $@

INSTALLED := .venv/.ready .venv-localcloud/.ready .venv-mcp-proxy/.ready .build/lambda-runtime/.ready \
	.build/lambda-runtime-3.13/.ready .build/lambda-runtimes/.ready node_modules/.ready

setup: $(INSTALLED) ## Install everything the other targets need

# --- Using it ---------------------------------------------------------------------------------

demo: setup ## Deploy into the embedded AWS, ask each agent, plan a wind farm, draw the dashboards
	@./tradewind demo

up: setup ## Start the embedded AWS, deploy into it and keep it running
	@./tradewind up

down: ## Stop the embedded AWS
	@$(CLOUD) down

synth: setup ## Synthesize the templates of ENV (default dev) into cdk.out
	@# The CDK removes nothing: every earlier bundle would stay.
	@rm -rf cdk.out
	@# Without credentials: a synth that found some would ask AWS whose they are.
	@$(CLEAN) env AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null \
		AWS_EC2_METADATA_DISABLED=true cdk synth --quiet --no-notices -c env=$(ENV)

# --- Checking it ------------------------------------------------------------------------------

test: setup ## Run all tests, with coverage
	@pytest --numprocesses=auto --maxprocesses=4 --cov --cov-report=term-missing:skip-covered

check: format lint types synth test ## What a reviewer runs: format, lint, types, synth, tests

format: setup ## Check the formatting
	@ruff format --check .

lint: setup ## Lint, and hold the directions of imports
	@ruff check .
	@lint-imports --no-cache

types: setup ## Check the types
	@mypy

mutants: setup ## Plant small changes in the core and show what no test catches: SEED=1 COUNT=100 MODULES=
	@python -m devtools.mutants --seed $(or $(SEED),1) --count $(or $(COUNT),100) $(MODULES)

# --- Measuring it -----------------------------------------------------------------------------

bench: bench-synth bench-bundles bench-pool bench-storm bench-threads bench-streaming bench-coldstart bench-warm bench-api bench-agentcore bench-workflow bench-durable bench-freeze bench-alarms bench-load ## Run every benchmark

bench-synth: setup ## Compare a synth with an unchanged bundle cache to a one-bucket app
	@python -m bench.synth

bench-bundles: setup ## Print each bundle's size
	@python -m bench.bundles

bench-alarms: setup ## Simulate how often alarms go off, and how soon, where failures come by chance
	@python -m bench.alarms_by_chance

bench-pool: setup ## Count connections over 100 warm requests of each deployed agent
	@python -m bench.pool

bench-freeze: setup ## Freeze a process, lose its connections, and compare its calls to plain boto3's: ARGS="--quick --json"
	@python -m bench.freeze $(ARGS)

bench-storm: setup ## Count the requests that 100 throttled callers send for each that is admitted
	@python -m bench.storm

bench-threads: setup ## Compare threads of each request to one pool of the process
	@python -m bench.threads

bench-streaming: setup ## Compare the first streamed byte to a raw socket's, and hold 100 streams at once
	@python -m bench.streaming

bench-coldstart: setup ## Compare cold starts with those of bare boto3 and of naive handlers: ARGS="--starts 15 --json"
	@python -m bench.coldstart $(ARGS)

bench-warm: setup ## Compare warm invocations with bare boto3's and with a client per request: ARGS="--invocations 1000 --json"
	@python -m bench.warm $(ARGS)

bench-api: setup ## Compare the API's start and warm calls to a bare boto3 handler's
	@python -m bench.api

bench-agentcore: setup ## Compare calls of AgentCore runtimes to a raw socket's, and ask ten at once
	@python -m bench.agentcore

bench-workflow: setup .venv-langgraph/.ready ## Compare the workflow engine to LangGraph and Strands' Graph
	@python -m bench.workflow

bench-durable: setup ## Compare a workflow's step past one Lambda with the SDK's own bare one
	@python -m bench.durable

bench-load: setup ## Ask the API from 200 callers at once, and again while functions are killed: ARGS="--callers 50 --json"
	@python -m bench.load $(ARGS)

bench-soak: setup ## Ask for half an hour and tell what grows meanwhile; no part of bench: ARGS="--minutes 10"
	@python -m bench.load.soak $(ARGS)

# A domain's own benchmarks live with it.
-include $(wildcard lambda_src/*/bench/targets.mk)

# --- Maintaining it ---------------------------------------------------------------------------

lock: $(UV) ## Compile the locks; UPGRADE="NAME ..." takes newer releases, UPGRADE=all every one
	@$(CLEAN) $(PYTHON) scripts/lock.py $(UV) $(if $(UPGRADE),--upgrade $(filter-out all,$(UPGRADE)))

docs: setup ## Write the pages that are generated
	@python -m stacks.metrics_page
	@python -m stacks.settings.pages
	@python -m stacks.models_page
	@python -m siting.geodata.taxonomy_page
	@python -m siting.tests.crosschecks.matrix
	@python -m tests.integration.faults.page
	@python -m tradewind.api.openapi > docs/openapi.json

scale: setup ## Simulate 10, 1,000 and 100,000 requests at once on AWS, and write docs/scale.md
	@python -m bench.scale

coldstart-budget: setup ## Agree to what cold starts import and to how large bundles are, as it is now
	@python -m bench.coldstart.budget

clean: ## Stop the embedded AWS, and remove what builds and demos made; keep the environments
	@[ ! -e .build/tradewind.lock ] || flock --nonblock .build/tradewind.lock true \
		|| { echo "A demo or a deployment is at work here. Wait until it is done." >&2; exit 1; }
	@echo "The embedded AWS: $$($(CLOUD) down)"
	@# Unpacked bundles are read-only, as on Lambda.
	@for made in .build .localcloud; do [ ! -d $$made ] || chmod -R u+w $$made; done
	rm -rf .build .localcloud cdk.out out out.previous .coverage* .pytest_cache .mypy_cache .ruff_cache .hypothesis
