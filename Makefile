# make demo: the main job on the embedded sample. make test: everything that must hold. Both set themselves up.
PYTHON ?= python3
ENV := .venv
BIN := $(ENV)/bin

.PHONY: demo test test-all bench lint clean

demo: $(ENV)/ready
	$(BIN)/chartproof run experiments/rsi_divergence.toml

test: $(ENV)/ready-test lint
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "not slow"

test-all: $(ENV)/ready-test lint
	CHARTPROOF_EXAMPLES=5000 $(BIN)/python -m pytest -n 2 --dist loadfile

bench: $(ENV)/ready-bench
	$(BIN)/python -m tests.bench

lint: $(ENV)/ready-test
	$(BIN)/ruff check framework strategies tests data
	$(BIN)/ruff format --check framework strategies tests data
	$(BIN)/mypy
	$(BIN)/lint-imports

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "error: $(PYTHON): is older than Python 3.11; name a newer one, as in make PYTHON=python3.12 demo" >&2; exit 2; }
	$(PYTHON) -m venv $(ENV)

$(ENV)/ready: pyproject.toml .constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --constraint .constraints.txt --editable .
	@touch $@

$(ENV)/ready-test: pyproject.toml .constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --constraint .constraints.txt --editable '.[test]'
	@touch $@ $(ENV)/ready

$(ENV)/ready-bench: pyproject.toml .constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --constraint .constraints.txt --editable '.[test,bench]'
	@touch $@ $(ENV)/ready-test $(ENV)/ready

clean:
	rm -rf $(ENV) data/cache reports
