# make demo | make test | make setup | make bench | make all ... ; every target works from a fresh clone
PYTHON ?= python3
CORES ?= 2
VENV := .venv
BIN := $(VENV)/bin
RUN := PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/snakemake --cores $(CORES)
WORLD := results/mini

.PHONY: setup demo all bench test lint config lock clean

setup: $(VENV)/.installed ## create .venv with the pinned dependencies

$(VENV)/.installed: requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	touch $@

demo: setup ## the main job on two tasks, then the report
	$(RUN) demo
	$(RUN) demo --report $(WORLD)/report.html
	@echo "report: $(CURDIR)/$(WORLD)/report.html"

all: setup ## all four tasks, then the report
	$(RUN) all
	$(RUN) all --report $(WORLD)/report.html
	@echo "report: $(CURDIR)/$(WORLD)/report.html"

bench: setup ## the measured claims about speed and sameness
	$(RUN) bench
	@$(BIN)/python -m lethe.benchmarks

test: setup lint ## lint, then every test
	$(BIN)/python -m pytest

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check src scripts tests envs
	$(BIN)/mypy
	$(BIN)/snakefmt --check Snakefile rules
	$(BIN)/snakemake --lint

config: setup ## config.yaml and its schema from the settings models, .zenodo.json from CITATION.cff
	$(BIN)/python -m lethe.settings.generate
	$(BIN)/python -m lethe.archive.citation

lock: setup ## resolve the dependencies anew
	$(BIN)/pip-compile --quiet --strip-extras --extra dev --no-emit-index-url --no-emit-find-links --no-emit-trusted-host \
		--output-file requirements.lock pyproject.toml
	sed -i 's/^\(torch==[0-9.]*\)+.*/\1/' requirements.lock
	$(BIN)/python envs/generate.py

clean: ## remove results, keep the environment
	rm -rf results logs benchmarks .snakemake
