# `make demo` and `make test` set up all they need in .venv, on a machine with Python and make.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PACKAGES := csci_utils neural_style pset_4

.PHONY: help demo test install clean

help:
	@echo 'make demo     paint real photographs: the main job, on the embedded default remote'
	@echo 'make test     lint, types and tests'
	@echo 'make install  only set up $(VENV)'
	@echo 'make clean    remove $(VENV) and what tools left; data/ stays'

demo: install
	$(BIN)/python -m pset_4 demo

test: install
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/pytest

install: $(VENV)/installed

# The stamp is written last: an installation that was cut short starts again.
$(VENV)/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[all]'
	@touch $@

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache
