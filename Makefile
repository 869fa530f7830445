# One command sets everything up and runs it; `make help` lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUN := $(VENV)/.installed-run
DEV := $(VENV)/.installed-dev
PYTEST := $(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder
REAL_DATA ?= ../shared/data

.DEFAULT_GOAL := help
.PHONY: help demo demo-kafka broker test test-all test-crash check format benchmark evaluate train lock clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(RUN) ## Simulate a market, detect, and serve the desk on 127.0.0.1:8000
	@trap : INT; $(BIN)/surveillance demo || test $$? -eq 130  # Ctrl-C is no error

demo-kafka: $(RUN) ## Replay the market through Apache Kafka and judge it live (needs Java and Maven)
	@trap : INT; $(BIN)/python -m deploy.demo

broker: $(RUN) ## Run Apache Kafka on 127.0.0.1:9092 until Ctrl-C (needs Java and Maven)
	@$(BIN)/python -m deploy.broker

test: $(DEV) ## Run the tests (under 10 minutes)
	$(PYTEST) -m "not slow"

test-all: $(DEV) ## Run all tests, the long ones too
	$(PYTEST)

test-crash: $(DEV) ## Kill the live worker 100 times in 2 M orders, three seeds (hours; needs Java and Maven)
	$(BIN)/python -m benchmarks.crash_test --orders 2000000 --kills 100 --seeds 3

check: $(DEV) ## Check format, lint, types and import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(DEV) ## Format the code and sort its imports
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

benchmark: $(DEV) ## Measure scan, live worker and copier; writes docs/performance.md
	$(BIN)/python -m benchmarks.scan_orders
	$(BIN)/python -m benchmarks.live_worker
	$(BIN)/python -m benchmarks.copier_fanout

evaluate: $(DEV) ## Measure detection quality; writes docs/quality.md (half an hour)
	$(BIN)/surveillance evaluate --scenario basic --seeds 5 --accounts 3000 --days 3 --baselines all --write-docs docs/quality.md
	$(BIN)/surveillance evaluate --scenario nothing --seeds 5 --accounts 3000 --days 3 --baselines all --write-docs docs/quality.md
	$(BIN)/surveillance evaluate --scenario full --first-seed 601 --seeds 10 --accounts 5000 --days 3 --baselines all --copies-until-flag 2 --write-docs docs/quality.md
	$(BIN)/surveillance evaluate --held-out --first-seed 701 --seeds 5 --accounts 3000 --days 3 --baselines all --write-docs docs/quality.md
	$(BIN)/surveillance evaluate --scenario basic --variants --seeds 2 --accounts 3000 --days 3 --write-docs docs/quality.md
	$(BIN)/surveillance evaluate --scenario full --variants --first-seed 611 --seeds 2 --accounts 3000 --days 3 --write-docs docs/quality.md
	$(BIN)/surveillance evaluate --real-data $(REAL_DATA) --write-docs docs/quality.md

train: $(DEV) ## Fit the shipped classifier anew
	$(BIN)/surveillance train --out models/artifacts/verdict.json

lock: $(DEV) ## Resolve the dependencies anew into locks/
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --upgrade pyproject.toml -o locks/run.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --group dev --group benchmark --group evaluate -c locks/run.txt pyproject.toml -o locks/dev.txt

clean: ## Remove the virtual environment and caches
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	@$(PYTHON) -m venv $(VENV)

$(RUN): locks/run.txt pyproject.toml | $(VENV)/bin/python
	@echo "Installing into $(VENV) (about a minute)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r locks/run.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	@touch $@

$(DEV): locks/dev.txt $(RUN)
	@echo "Installing the tools of the tests into $(VENV) (about a minute)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r locks/dev.txt
	@touch $@
