# One environment from the lock, then everything through Snakemake.
PYTHON ?= python3
CORES ?= $(shell getconf _NPROCESSORS_ONLN)
CONFIG ?= config.yaml
RESULTS = $(shell $(BIN)/python -c "import yaml; \
  print(yaml.safe_load(open('$(CONFIG)')).get('results', 'results'))")
BIN := .venv/bin
READY := .venv/.ready
SNAKEMAKE := $(BIN)/snakemake --cores $(CORES) --configfile $(CONFIG)

.DEFAULT_GOAL := help
.PHONY: help figures leaderboard study report inspect plan test faults cluster-test fuzz reliability \
  lint format resources bench clean

help:           ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:[^#]*##/\t/' | expand -t 18

$(READY): envs/requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "raremd needs Python 3.11 or newer; call make PYTHON=python3.11"; exit 1; }
	@echo "setting up .venv from envs/requirements.lock, a few minutes the first time"
	@rm -rf .venv
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r envs/requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps -e .
	@touch $(READY)

figures: $(READY)   ## run the default study: tables, claims, figures (CONFIG=..., CORES=...)
	@$(SNAKEMAKE)

study: $(READY)     ## the full study of four systems: its plan, then hours of computing, resumable
	@$(MAKE) --no-print-directory inspect CONFIG=config/study.yaml
	@$(MAKE) --no-print-directory figures CONFIG=config/study.yaml

report: $(READY)    ## write the study's self-contained HTML report
	@$(SNAKEMAKE) && $(SNAKEMAKE) --report $(RESULTS)/report.html

leaderboard: $(READY) ## rank all models at the hard cells: results/leaderboard/leaderboard.md
	@$(BIN)/snakemake --cores $(CORES) --configfile config/leaderboard.yaml -- plot_leaderboard

inspect: $(READY)   ## what the data can tell, before any training: inspect.md
	@$(SNAKEMAKE) inspect_data && cat $(RESULTS)/inspect.md

plan: $(READY)      ## what a run would do, without doing it
	@$(SNAKEMAKE) --dry-run --quiet rules

test: $(READY) lint ## lint, then library, workflow and result tests
	@$(BIN)/python -m pytest

faults: $(READY)    ## kill, starve and damage small studies; nothing may be lost
	@$(BIN)/python -m pytest tests/faults --durations=0

cluster-test: $(READY) ## a small study on a real one-node Slurm (root, Debian)
	@$(BIN)/python -m pytest tests/cluster --durations=0

fuzz: $(READY)      ## 20,000 broken configurations, not one traceback
	@$(BIN)/python -m pytest tests/fuzz --durations=0

reliability: $(READY) ## run the fault tests and write docs/reliability.md from them
	@$(BIN)/python -m pytest tests/faults --junitxml=.pytest_cache/faults.xml
	@$(BIN)/python tests/reliability_table.py .pytest_cache/faults.xml

lint: $(READY)      ## ruff, snakefmt, snakemake --lint
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/snakefmt --check Snakefile workflow
	@$(BIN)/snakemake --lint --configfile config/smoke.yaml

format: $(READY)    ## apply ruff and snakefmt
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .
	@$(BIN)/snakefmt Snakefile workflow

resources: $(READY) ## simulate the embedded MD anew (hours) and compute the exact spectrum
	@$(SNAKEMAKE) regenerate_resources

bench: $(READY)     ## measure the engine: benchmarks/README.md and results.json (8 minutes)
	@OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 NUMBA_NUM_THREADS=1 $(BIN)/python benchmarks/run.py

clean:              ## remove results and Snakemake's records, keep .venv
	rm -rf results .snakemake
