.DEFAULT_GOAL := help
BIN := .venv/bin
CORPUS ?= ../shared/corpus
LAB ?= ../shared/lab
# Debian's names of what the tests drive beside Python.
TEST_NEEDS := chromium fish postgresql procps zsh
LONG_NEEDS := faketime iproute2 nginx openssl

.PHONY: help setup demo test test-long lint types format lock docs dist corpus hosts soak bench clean

help: ## list what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## .venv with everything, as locked; quick when nothing changed
	@scripts/setup

demo: setup ## two sessions collide, and both are told
	@$(BIN)/sidelight demo

test: lint types ## lint, types, and every test that is quick
	@scripts/debian-packages $(TEST_NEEDS)
	scripts/tests -n auto -m "not long and not hosts"

test-long: setup ## the tests marked long: load, long properties, the browser matrix
	@scripts/debian-packages $(TEST_NEEDS) $(LONG_NEEDS)
	scripts/tests -m long --timeout 1800

lint: setup ## style, formatting, and which module may import which
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports --no-logo

types: setup ## mypy, strict
	$(BIN)/mypy

format: setup ## mend what can be mended
	$(BIN)/ruff check --fix-only
	$(BIN)/ruff format

lock: ## requirements/*.txt anew from pyproject.toml (ARGS=--upgrade)
	scripts/lock $(ARGS)

docs: setup ## this documentation as a site in build/site
	$(BIN)/sphinx-build -W --keep-going -q -b html docs build/site

dist: setup ## the wheel and the source archive, in dist/, with their hashes
	@rm -rf dist
	$(BIN)/uv build --quiet --no-build-isolation --python $(BIN)/python --out-dir dist .
	@cd dist && sha256sum -- *.whl *.tar.gz | tee SHA256SUMS

corpus: setup ## the collision corpus through the real code, and its score (CORPUS=DIR)
	@if [ -d "$(CORPUS)/public" ]; then \
	    mkdir -p build && \
	    $(BIN)/sidelight replay "$(CORPUS)/public" --out build/decisions.jsonl && \
	    $(BIN)/python "$(CORPUS)/score.py" "$(CORPUS)/public" build/decisions.jsonl; \
	else echo "No corpus at $(CORPUS). Name one: make corpus CORPUS=DIR"; fi

hosts: setup ## against the real agent programs (LAB=DIR LAB_CLIENTS=DIR)
	@LAB="$(LAB)" scripts/hosts

soak: setup ## thirty sessions while things go wrong, for SECONDS (1200); the books must balance
	@scripts/debian-packages $(LONG_NEEDS)
	$(BIN)/python -m tests.soak --seconds $(or $(SECONDS),1200) $(ARGS)

bench: setup ## every benchmark, side by side (PARTS="library http", BENCH="--quick --json FILE")
	@$(BIN)/python -m benchmarks $(PARTS) $(BENCH)

clean: ## remove what the above made
	rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +
