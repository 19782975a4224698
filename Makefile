# make demo | make test | make setup | make bench | make plan | make all ... ; every target works from a fresh clone
PYTHON ?= python3
CORES ?= 2
VENV := .venv
BIN := $(VENV)/bin
RUN := PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/snakemake --cores $(CORES)
CONFIG ?= config/paper.yaml
WORLD := results/mini

.PHONY: setup demo all bench bench-sd14 bench-gpu plan explorer test test-browser test-slurm test-reference lint config lock clean

setup: $(VENV)/.installed ## create .venv with the pinned dependencies

$(VENV)/.installed: requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	touch $@

demo: setup ## the main job on two tasks, then the report and what was found
	$(RUN) demo $(WORLD)/answer_demo.html
	$(RUN) demo $(WORLD)/answer_demo.html --report $(WORLD)/report.html
	@cat $(WORLD)/answer_demo.txt
	@echo "the answer: $(WORLD)/answer_demo.html, everything: $(WORLD)/report.html"

all: setup ## all four tasks, then the report and what was found
	$(RUN) all $(WORLD)/answer_all.html
	$(RUN) all $(WORLD)/answer_all.html --report $(WORLD)/report.html
	@cat $(WORLD)/answer_all.txt
	@echo "the answer: $(WORLD)/answer_all.html, everything: $(WORLD)/report.html"

explorer: setup ## a page for looking at every pair of all four tasks and its pictures; half a minute after all
	$(RUN) explorer
	@echo "explorer: $(CURDIR)/$(WORLD)/explorer/index.html"

bench: setup ## the measured claims about speed and sameness
	$(RUN) bench
	@$(BIN)/python -m lethe.tools.speed.summary

plan: setup ## what a run on the cluster would do and why, without doing it (CONFIG=config/paper.yaml)
	$(BIN)/snakemake --profile slurm -n --quiet rules --configfile $(CONFIG) -- all

bench-sd14: setup ## Stable Diffusion v1.4's size on the CPU: minutes, 8 GB of memory, 5 GB of disk
	$(RUN) results/bench/sd14.json
	@$(BIN)/python -m lethe.tools.speed.summary

bench-gpu: setup ## images and training steps per second on a GPU, 8 minutes; without one it says so
	@$(BIN)/python -m lethe.tools.speed.gpu

test: setup lint ## lint, then every test that needs no root
	$(BIN)/python -m pytest -n $(CORES)

test-browser: setup ## the explorer in a headless Chromium; where there is none, as root, installs Debian's
	$(BIN)/python -m pytest -m browser tests/browser

test-slurm: setup ## the workflow on a real Slurm with faults; needs root, installs Debian's slurm-wlm and munge
	$(BIN)/python -m pytest -m slurm tests/slurm

test-reference: setup ## a corpus that Vision Unlearning's own wheel writes; it pins another torch, so it lies in a folder of its own
	$(BIN)/python -m pip install --quiet --no-deps --target $(VENV)/reference vision-unlearning==1.0.0 seaborn==0.13.2
	LETHE_REFERENCE=$(VENV)/reference $(BIN)/python -m pytest -m reference tests/unit/archive

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check src scripts tests envs
	$(BIN)/mypy
	$(BIN)/snakefmt --check Snakefile rules workflow
	$(BIN)/snakemake --lint
	$(BIN)/codespell
	$(BIN)/mdformat --check $(filter-out docs/columns.md,$(wildcard *.md docs/*.md)) assets config .github tests/data
	$(BIN)/python -m tests.prose
	$(BIN)/nbstripout --keep-id --verify notebooks/*.ipynb

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
