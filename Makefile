# Everything sets itself up: `make demo` and `make test` work in a fresh clone with Python 3.11+ alone.

# The first of these that is Python 3.11 or newer; `make test PYTHON=...` picks another.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
JOBS ?= 2
PYTEST_ARGS ?=

# The tensor engine: make test ENGINE=torch. Each has an environment of its own.
ENGINE ?= jax
ENGINES := jax torch tensorflow
ifeq ($(filter $(ENGINE),$(ENGINES)),)
$(error ENGINE is $(ENGINE); Kerata has: $(ENGINES))
endif
# What the tests are run with; users may have others, see pyproject.toml.
LIBRARY_jax := orbax-checkpoint==0.12.8
LIBRARY_torch := torch==2.13.0
LIBRARY_tensorflow := tensorflow-cpu==2.21.0
VENV := $(if $(filter jax,$(ENGINE)),.venv,.venv-$(ENGINE))
# The part of the tests in which an engine can be wrong.
CONFORMANCE := $(addprefix tests/,activations constraints initializers losses regularizers)
CONFORMANCE := $(patsubst tests/%,tests/test_%.py,$(CONFORMANCE)) \
	$(addprefix tests/,engine layers metrics models ops optimizers saving train)
BIN := $(VENV)/bin
READY := $(VENV)/.ready
ORACLE := .venv-oracle
ORACLE_READY := $(ORACLE)/.ready

export PYTHONHASHSEED ?= 0
export KERATA_ENGINE := $(ENGINE)

.PHONY: help demo test conformance check format docs docs-serve docs-test oracle bench bench-engines agreement clean

help:
	@echo "make demo       train on real digits, save, reload, draw (about a minute)"
	@echo "make test       run the tests"
	@echo "make conformance ENGINE=torch   the tests in which an engine can be wrong"
	@echo "                ENGINE=jax|torch|tensorflow goes with demo, test, check"
	@echo "make check      formatting, lint, types, import direction"
	@echo "make docs       build the documentation site, with a reference of all names, into site/"
	@echo "make docs-serve show it at http://127.0.0.1:8000, following changes"
	@echo "make docs-test  run the examples in the docstrings"
	@echo "make oracle     compare with Keras and tf_keras, in an environment of their own"
	@echo "make bench      measure speed and memory beside Keras, PyTorch, JAX, scikit-learn"
	@echo "make bench-engines   the same for Kerata on PyTorch and TensorFlow"
	@echo "make agreement  train the programs of the tests with all engines and compare"

$(READY): pyproject.toml setup.py $(wildcard src/kerata/kernels/csrc/* src/kerata/kernels/csrc/*/*)
	@test -n "$(PYTHON)" || { echo "Kerata needs Python 3.11 or newer: make PYTHON=/path/to/python3"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "$(PYTHON) is older than Python 3.11: make PYTHON=/path/to/python3"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
		{ echo "No virtual environment could be made. On Debian or Ubuntu: apt install python3-venv"; exit 1; }
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[dev]' $(LIBRARY_$(ENGINE))
	@touch $@

demo: $(READY)
	$(BIN)/python examples/demo.py

test: $(READY)
	$(BIN)/python -m pytest tests --ignore=tests/oracle -n $(JOBS) $(PYTEST_ARGS)

conformance: $(READY)
	$(BIN)/python -m pytest $(CONFORMANCE) -n $(JOBS) $(PYTEST_ARGS)

check: $(READY)
	$(BIN)/ruff format --check src tests examples benchmarks tools setup.py
	$(BIN)/ruff check src tests examples benchmarks tools setup.py
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/test_imports.py

format: $(READY)
	$(BIN)/ruff format src tests examples benchmarks tools setup.py
	$(BIN)/ruff check --fix src tests examples benchmarks tools setup.py

DOCS_READY := $(VENV)/.docs-ready
$(DOCS_READY): $(READY)
	$(BIN)/python -m pip install --quiet --editable '.[docs]'
	@touch $@

# Without the notice that Material prints about its successor.
docs: $(DOCS_READY)
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict

docs-serve: $(DOCS_READY)
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs serve --watch src --watch README.md

docs-test: $(READY)
	$(BIN)/python -m pytest -q --doctest-modules src/kerata $(PYTEST_ARGS)

# The oracles live apart: their TensorFlow must not decide which versions Kerata is tested with.
# The tests run in Kerata's environment and ask the oracle in a process of its own.
$(ORACLE_READY): Makefile | $(READY)
	$(BIN)/python -m venv $(ORACLE)
	$(ORACLE)/bin/python -m pip install --quiet --upgrade pip
	$(ORACLE)/bin/python -m pip install --quiet \
		keras==3.15.1 'tf_keras==2.21.*' 'tensorflow-cpu==2.21.*' jax==0.10.2 h5py pytest \
		optax scikit-learn keras_preprocessing==1.1.2 pillow
	@touch $@

oracle: $(READY) $(ORACLE_READY)
	KERATA_ORACLE=$(CURDIR)/$(ORACLE)/bin/python $(BIN)/python -m pytest tests/oracle $(PYTEST_ARGS)

# The environments of the other engines, made by this file itself.
OTHERS := torch tensorflow
.venv-%/.ready: pyproject.toml
	$(MAKE) ENGINE=$* $@

# Every workload beside every rival: docs/benchmarks.md. `make bench BENCH="lstm_step --runs 5"` for some.
BENCH ?=
bench: $(READY) $(OTHERS:%=.venv-%/.ready) $(ORACLE_READY)
	$(ORACLE)/bin/python -m pip install --quiet $(LIBRARY_torch)
	$(BIN)/python benchmarks/run.py $(BENCH) --oracle $(CURDIR)/$(ORACLE)/bin/python \
		$(foreach e,$(OTHERS),--python-$(e)=$(CURDIR)/.venv-$(e)/bin/python)

bench-engines:
	$(MAKE) bench BENCH="$(BENCH) --kerata $(OTHERS)"

agreement: $(READY) $(OTHERS:%=.venv-%/.ready)
	$(BIN)/python tools/agreement.py $(foreach e,$(OTHERS),--python-$(e)=$(CURDIR)/.venv-$(e)/bin/python)

clean:
	rm -rf src/kerata/kernels/_*.so .venv .venv-* build site .pytest_cache .mypy_cache .ruff_cache
