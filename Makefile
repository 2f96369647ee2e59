# One command each, on a machine with only python3, make and a package index.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: demo test check properties bench serve clean

## Set up and run the demo: a contact-center story with virtual phones and real audio.
demo: $(READY)
	$(BIN)/mixminus demo

## Set up and pass every check and test.
test: $(READY) system
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest

## The law of who hears whom, over 2,000 random conferences and 400 random stories.
properties: $(READY)
	MIXMINUS_SEQUENCES=2000 MIXMINUS_STORIES=400 $(BIN)/pytest tests/properties

## Only the linters and the types.
check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

## The short benchmark; docs/performance.md tells how to read it.
bench: $(READY)
	$(BIN)/python -m bench --short

serve: $(READY)
	$(BIN)/mixminus serve

$(READY): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade pip
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[dev,ai]"
	touch $(READY)

## Real SIP phones that some tests call in with. Installed when we may, else said by name.
.PHONY: system
system:
	@tools/install-peers

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache
