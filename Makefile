# jardem: what a developer and an operator type. `make help` lists it.
VENV    := .venv
BIN     := $(VENV)/bin
JARDEM  := $(BIN)/jardem
STAMP   := $(VENV)/.set-up
UV      := 0.13.9
PYTHON  ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
             $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$python; break; }; done)
# What the demo is told, as in: make demo DEMO="--broker embedded"
DEMO    ?=
# What the churn is told, as in: make churn CHURN="--seconds 3600"
CHURN   ?=
# What the hundred kills are told, as in: make crash CRASH="--kills 100 --seed 7"
CRASH   ?=
# What the soak is told, as in: make soak SOAK="--from 5000000 --seeds 2000000"
SOAK    ?=
# Which mutants are looked for, as in: make mutants MUTANTS="rules.*"
MUTANTS ?=
# What the benchmarks are told, as in: make performance PERFORMANCE="--quick"
PERFORMANCE ?=
# What pytest is told, as in: make unit PYTEST="-k lifecycle"
PYTEST  ?=

SUPPLY      := .jardem/supply
UNIT        := $(wildcard tests/unit tests/compat tests/simulation)
INTEGRATION := $(wildcard tests/integration tests/deploy)

.DEFAULT_GOAL := help
.PHONY: help setup kafka demo test lint format unit integration browser pictures coverage mutants docs churn-short churn \
  crash-short crash soak performance lock sbom audit wheel clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMP) ## a virtual environment in .venv with exactly what requirements.lock names

$(STAMP): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "jardem needs Python 3.11 or newer; set PYTHON=/path/to/python3" >&2; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@# The lock is complete. Left to resolve, an older pip wants the newest of what it finds with an extra.
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --no-index -e .
	@$(BIN)/python -m pip check --quiet
	@touch $@

kafka: setup ## fetch Apache Kafka's jars with Maven (needs Java 17)
	$(JARDEM) broker --kind kafka --fetch-only

demo: setup ## everything on this machine, with a browser page to answer the SMS in
	$(JARDEM) demo $(DEMO)

test: lint unit integration browser churn-short crash-short ## all that must be green

lint: setup ## style, types, layers, and whether the lock is fresh
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python .ci/check_lock.py

format: setup ## let ruff mend what it can
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

unit: setup ## tests that need nothing but Python
	$(BIN)/pytest -n auto --dist worksteal $(UNIT) $(PYTEST)

integration: setup ## tests against real brokers and real HTTP on this machine
	$(BIN)/pytest -n 3 --dist loadfile --no-loadscope-reorder $(INTEGRATION) $(PYTEST)

browser: setup ## the handsets and the console in a real browser, where there is one, also before a running system
	$(BIN)/pytest tests/browser $(PYTEST)

pictures: setup ## take the pictures of docs/console.md anew, of a running system
	JARDEM_PICTURES=docs/pictures $(BIN)/pytest tests/browser/test_running_system.py $(PYTEST)

churn-short: setup ## two minutes of workers and a broker coming, going and crashing under load
	$(BIN)/pytest tests/crash/test_churn.py $(PYTEST)

churn: setup ## a quarter of an hour of it on each store, and the stock control; writes docs/reports/churn.md
	$(BIN)/python -m tests.crash.report docs/reports/churn.md $(CHURN)

crash-short: setup ## three minutes of the whole system, hurt at random: brokers, workers, webhooks, the SMS API
	$(BIN)/pytest tests/crash/test_kills.py $(PYTEST)

crash: setup ## a hundred kills of it, CRASH="--kills N --seed N"; about 45 minutes; writes docs/reports/crash.md
	$(BIN)/python -m tests.crash.kills.run --report docs/reports/crash.md $(CRASH)

soak: setup ## two million seeds of the simulation, SOAK="--from N"; writes docs/reports/soak.md; goes on if stopped
	$(BIN)/python -m ops.simulation.soak docs/reports/soak.md $(SOAK)

performance: setup ## all benchmarks, some hours long; PERFORMANCE="--quick" 25 minutes; writes docs/performance.md
	$(BIN)/python -m ops.bench.performance $(PERFORMANCE)

coverage: setup ## branch coverage of the law and the conversation; fails below 95 %
	$(BIN)/pytest tests/unit/rules tests/unit/sms tests/simulation -m "not slow" -q --cov --cov-branch --cov-report= $(PYTEST)
	$(BIN)/coverage report --fail-under=95 \
	  --include="rules/*,sms/conversation/*"

mutants: setup ## change the law and the conversation in a thousand small ways: how many does a test notice?
	rm -rf mutants
	$(BIN)/mutmut run $(MUTANTS)
	$(BIN)/mutmut results

docs: setup ## draw docs/lifecycle.md, docs/settings.md and docs/metrics.md, write schemas and Grafana's boards
	$(BIN)/python -m ops.docs
	$(BIN)/python -m ops.boards

lock: setup ## resolve the dependencies anew into requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV)
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --all-extras --generate-hashes \
	  --no-header --no-emit-index-url --upgrade --output-file requirements.lock pyproject.toml
	@# What an image holds: the same versions, without what only developers need.
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --extra console --extra documents --extra keys --extra tracing \
	  --generate-hashes --no-header --no-emit-index-url --constraint requirements.lock \
	  --output-file deploy/container/requirements.lock pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url \
	  --upgrade --output-file .ci/supply/requirements.lock .ci/supply/requirements.in

$(SUPPLY)/.set-up: .ci/supply/requirements.lock
	$(PYTHON) -m venv $(SUPPLY)
	$(SUPPLY)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r $<
	@touch $@

sbom: $(SUPPLY)/.set-up ## what an image holds, as CycloneDX, in dist/sbom.json
	@mkdir -p dist
	$(SUPPLY)/bin/cyclonedx-py requirements --pyproject pyproject.toml --output-reproducible --validate \
	  --output-file dist/sbom.json deploy/container/requirements.lock

audit: $(SUPPLY)/.set-up ## whether a vulnerability is known of what an image holds; says "not audited" where nobody answers
	$(SUPPLY)/bin/python .ci/supply/audit.py $(SUPPLY)/bin/pip-audit

wheel: setup ## the wheel, in dist; the same bytes wherever and whenever it is built
	SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct 2>/dev/null || echo 0) $(BIN)/python -m hatchling build --target wheel

clean: ## remove what was built, fetched or measured here; data of local brokers too
	rm -rf $(VENV) .jardem dist build mutants .coverage htmlcov .hypothesis .import_linter_cache \
	  .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
