# make demo | make test | make setup | make bench | make plan | make all ... ; every target works from a fresh clone
PYTHON ?= python3
CORES ?= 2
TORCH ?= auto  # cpu, cuda, or by the machine (envs/install.py)
TORCH_INDEX ?=  # address of an index that has torch for the CPU alone
VENV := .venv
BIN := $(VENV)/bin
RUN := PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/snakemake --cores $(CORES)
CONFIG ?= config/paper.yaml
WORLD := results/mini
GENERATED := docs/columns.md
# .venv belongs to this folder alone. Packages are installed uncompiled, and Python keeps what it compiles when a module is first used.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: setup develop demo all docs bench bench-sd14 bench-gpu bench-setup plan explorer test test-browser test-slurm test-reference lint config documents lock clean

setup: $(VENV)/.installed ## create .venv with the pinned dependencies, by uv where it is on PATH and by pip otherwise

$(VENV)/.installed: requirements.lock requirements-cuda.lock pyproject.toml
	$(PYTHON) envs/install.py --into $(VENV) --torch $(strip $(TORCH)) --index "$(strip $(TORCH_INDEX))"
	touch $@

develop: $(VENV)/.developed ## and the tools of developers: tests, lint, documentation

$(VENV)/.developed: $(VENV)/.installed requirements-dev.lock
	$(PYTHON) envs/install.py --into $(VENV) --developer
	touch $@

demo: setup ## the main job on two tasks, then the report and what was found
	$(RUN) demo --report-after-run --report $(WORLD)/report.html
	@cat $(WORLD)/answer_demo.txt
	@echo "the answer: $(WORLD)/answer_demo.html, everything: $(WORLD)/report.html"

all: setup ## all four tasks, then the report and what was found
	$(RUN) all --report-after-run --report $(WORLD)/report.html
	@cat $(WORLD)/answer_all.txt
	@echo "the answer: $(WORLD)/answer_all.html, everything: $(WORLD)/report.html"

explorer: setup ## a page for looking at everything: overviews, every pair and its pictures; half a minute after all
	$(RUN) explorer_all
	@echo "explorer: $(WORLD)/explorer/index.html"

bench: develop $(VENV)/reference/.peers ## the measured claims about speed and sameness
	$(RUN) bench results/bench/scoring_peers.json
	@$(BIN)/lethe bench

plan: setup ## what a run on the cluster would do and why, without doing it (CONFIG=config/paper.yaml)
	$(BIN)/snakemake --profile slurm -n --quiet rules --configfile $(CONFIG) -- all

bench-sd14: setup ## Stable Diffusion v1.4's size on the CPU: minutes, 8 GB of memory, 5 GB of disk
	$(RUN) results/bench/sd14.json
	@$(BIN)/lethe bench

bench-setup: develop ## what an installation costs, by uv and by pip: minutes, and 5 GB of temporary disk
	@PATH="$$PATH:$(CURDIR)/$(BIN)" $(BIN)/python -m lethe.tools.speed.setup

bench-gpu: setup ## images and training steps per second on a GPU, 8 minutes; without one it says so
	@$(BIN)/python -m lethe.tools.speed.gpu

docs: develop ## the documentation as a site; pages and search open by double click
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet
	@echo "documentation: $(CURDIR)/site/index.html"

test: develop lint ## lint, then every test that needs no root
	$(BIN)/python -m pytest -n $(CORES)

test-browser: develop ## report, answer and explorer in a headless Chromium; where there is none, as root, installs Debian's
	$(BIN)/python -m pytest -m browser tests/browser

test-slurm: develop ## the workflow on a real Slurm with faults; needs root, installs Debian's slurm-wlm and munge
	$(BIN)/python -m pytest -m slurm tests/slurm

# Vision Unlearning lies in a folder of its own: it pins another torch
REFERENCE := vision-unlearning==1.0.0 seaborn==0.13.2

# with what its classes for scoring import
$(VENV)/reference/.peers: | develop
	$(BIN)/python -m pip install --quiet --no-deps --upgrade --target $(VENV)/reference $(REFERENCE) \
		piq==0.8.0 torchmetrics==1.9.0 lightning-utilities==0.15.3 image-similarity-measures==0.3.6 phasepack==1.5 lpips==0.1.4
	touch $@

test-reference: develop ## a corpus that Vision Unlearning's own wheel writes; it pins another torch, so it lies in a folder of its own
	$(BIN)/python -m pip install --quiet --no-deps --target $(VENV)/reference $(REFERENCE)
	LETHE_REFERENCE=$(VENV)/reference $(BIN)/python -m pytest -m reference tests/unit/archive

lint: develop
	$(BIN)/ruff check .
	$(BIN)/ruff format --check src scripts tests envs
	$(BIN)/mypy
	$(BIN)/snakefmt --check Snakefile rules workflow
	$(BIN)/snakemake --lint
	$(BIN)/codespell
	$(BIN)/mdformat --check $(filter-out $(GENERATED),$(wildcard *.md docs/*.md docs/*/*.md)) assets config .github tests/data
	$(BIN)/python -m tests.prose
	$(BIN)/nbstripout --keep-id --verify notebooks/*.ipynb

config: setup ## config.yaml and its schema from the settings models, .zenodo.json from CITATION.cff
	$(BIN)/lethe config

documents: setup ## tables of claims in README.md and docs/, and of benchmarks, from claims.yaml, measured.csv and benchmarks.csv there
	$(BIN)/python -m lethe.tools.documents

lock: develop ## resolve the dependencies: versions stay, but for UPGRADE=--upgrade or UPGRADE="--upgrade-package NAME"
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python envs/lock.py $(UPGRADE)
	$(BIN)/python envs/generate.py

clean: ## remove results, keep the environment
	rm -rf results logs benchmarks .snakemake
