# Every target prints its help by `make` or `make help`. A second call of any of them repeats no work.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMPS := .make
RUST   := $(shell find crates -name '*.rs' -o -name Cargo.toml) Cargo.toml Cargo.lock
PY     := $(shell find src tests examples bench -name '*.py' -o -name '*.pyi' 2>/dev/null)

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-rust test-python lint format bench docs all clean

help: ## print this help
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

setup: $(STAMPS)/engine ## make .venv with everything that development needs, and build the native engine

$(STAMPS)/venv: pyproject.toml
	@mkdir -p $(STAMPS)
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --group dev
	@touch $@

$(STAMPS)/engine: $(STAMPS)/venv $(RUST) README.md
	$(BIN)/maturin develop --release --quiet >/dev/null
	@touch $@

demo: setup ## start the demo service, load it with examples/quickstart.py, print and store the run
	@$(BIN)/python examples/demo.py

test: lint test-rust test-python ## lint, and run every test, Rust and Python

test-rust: $(STAMPS)/engine
	cargo test --workspace --release --quiet

test-python: setup
	$(BIN)/python -m pytest --cov --cov-report=term

lint: setup ## formats, types, import laws, stubs, sizes
	$(BIN)/ruff format --check --quiet src tests examples bench docs
	$(BIN)/ruff check --quiet src tests examples bench docs
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m mypy.stubtest tonnage._engine --allowlist tests/stubtest.allow
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --release --quiet -- -D warnings
	$(BIN)/python tests/sizes.py

format: setup ## rewrite the sources in the house format
	$(BIN)/ruff format --quiet src tests examples bench docs
	$(BIN)/ruff check --quiet --fix src tests examples bench docs
	cargo fmt --all

$(STAMPS)/venv-bench: pyproject.toml
	@mkdir -p $(STAMPS)
	test -x .venv-bench/bin/python || $(PYTHON) -m venv .venv-bench
	.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check --group bench
	@touch $@

bench: setup $(STAMPS)/venv-bench ## measure against wrk, k6 and Locust, and write bench/RESULTS.md
	$(BIN)/python -m bench

docs: setup ## make the generated parts of the documentation anew
	$(BIN)/python docs/generate.py

all: format lint test ## format, lint and test

clean: ## delete what the other targets made
	rm -rf $(VENV) .venv-bench $(STAMPS) target
