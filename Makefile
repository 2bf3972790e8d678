# One environment from the lock, then everything through Snakemake.
PYTHON ?= python3
CORES ?= $(shell getconf _NPROCESSORS_ONLN)
CONFIG ?= config.yaml
LAWS ?= config/scaling.yaml
BOARD ?= config/leaderboard.yaml
BIN := .venv/bin
READY := .venv/.ready
PYEMMA := .venv-pyemma/.ready
DOCS := .venv-docs/.ready
# The shell reads CONFIG from its environment, so a name with spaces or quotes stays one word.
export CONFIG
# What a module system or a shell sets up for another Python must not reach this one.
unexport PYTHONPATH PYTHONHOME
RESULTS := "$$($(BIN)/python -c 'import os, yaml; \
  print(yaml.safe_load(open(os.environ["CONFIG"])).get("results", "results"))')"
# --configfile takes all that follows it, so a target must not stand behind it.
SNAKEMAKE := $(BIN)/snakemake --configfile "$$CONFIG" --cores $(CORES)

# The paths of the environment stand unquoted in command lines of pip, venv and Snakemake.
UNFIT := $(shell pwd -P | grep '[]"'\''`$$&;|<>(){}*?:\[:space:][]')
ifneq ($(UNFIT),)
$(error move this folder: its path, $(UNFIT), has a space, a quote or another character \
  that shells read as their own)
endif

.DEFAULT_GOAL := help
.PHONY: help figures study snapshot tutorial gallery spot-check leaderboard keep-leaderboard report laws laws-point inspect \
  crosscheck docs plan configured notebooks test studies faults cluster-test fuzz reliability lint format resources bench \
  bench-overhead bench-plan clean

help:           ## this list
	@awk -F ':.*## *' '/^[a-z-]+:.*##/ {printf "%-18s%s\n", $$1, $$2}' $(MAKEFILE_LIST)

configured:
	@test -r "$$CONFIG" && test -f "$$CONFIG" \
	  || { echo "there is no configuration file $$CONFIG; name one with CONFIG=..."; exit 1; }
	@$(PYTHON) -c 'import os; open(os.environ["CONFIG"], encoding="utf-8").read()' 2>/dev/null \
	  || { echo "$$CONFIG: not UTF-8; save it in this encoding"; exit 1; }

$(READY): envs/requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "raremd needs Python 3.11 or newer; call make PYTHON=python3.11"; exit 1; }
	@echo "setting up .venv from envs/requirements.lock, a few minutes the first time"
	@rm -rf .venv
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r envs/requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps -e .
	@touch $(READY)

figures: configured $(READY)   ## run the default study: tables, claims, figures (CONFIG=..., CORES=...)
	@$(SNAKEMAKE)

study: $(READY)     ## the full study: its plan, then hours of computing, resumable
	@$(MAKE) --no-print-directory inspect CONFIG=config/study.yaml
	@$(BIN)/snakemake --configfile config/study.yaml --cores $(CORES) -- cells_of_claims
	@$(MAKE) --no-print-directory figures CONFIG=config/study.yaml
	@$(MAKE) --no-print-directory snapshot CONFIG=config/study.yaml

snapshot: configured $(READY)  ## keep the outcome of a finished study (CONFIG=...) in docs/results and README.md
	@$(SNAKEMAKE) write_results_page

tutorial: $(READY)  ## run the tutorial's study and keep what docs/tutorial.md quotes of it
	@$(BIN)/snakemake --configfile config/tutorial.yaml --cores $(CORES) -- write_tutorial

gallery: configured $(READY)   ## keep a figure of each kind of a finished study (CONFIG=...) in docs/gallery.md
	@$(SNAKEMAKE) write_gallery

spot-check: $(READY) ## train one replicate of three random cells of docs/results again and compare (SEED=...)
	@$(BIN)/python tests/spot_check.py $(SEED)

report: configured $(READY)    ## write a study's self-contained HTML report (CONFIG=...)
	@$(SNAKEMAKE) && $(SNAKEMAKE) --report $(RESULTS)/report.html

RANKED = --configfile $(BOARD) $(BUDGETS:%=config/leaderboard_%.yaml)
leaderboard: $(READY) ## rank all models at the hard cells (BUDGETS=16 adds longer trainings; BOARD=... is another board)
	@$(BIN)/snakemake --cores $(CORES) $(RANKED) -- rank_models plot_leaderboard
	@export CONFIG=$(BOARD); cat $(RESULTS)/leaderboard.md

keep-leaderboard: $(READY) ## keep the ranking in docs/leaderboard (BUDGETS and BOARD as before)
	@$(BIN)/snakemake --cores $(CORES) $(RANKED) -- keep_leaderboard

laws: $(READY)      ## the study of budgets (LAWS=...): its plan, then hours of computing, resumable; docs/laws.md
	@$(MAKE) --no-print-directory inspect CONFIG=$(LAWS)
	@$(BIN)/snakemake --configfile $(LAWS) --cores $(CORES) -- write_laws_page keep_laws

laws-point: $(READY) ## one point of each curve of docs/laws.md, beside the kept one
	@$(BIN)/snakemake --configfile $(LAWS) --cores $(CORES) -- show_points
	@export CONFIG=$(LAWS); cat $(RESULTS)/laws_point.md

inspect: configured $(READY)   ## what the data can decide, before any training (CONFIG=...): inspect.md
	@$(SNAKEMAKE) inspect_data plot_inspect && cat $(RESULTS)/inspect.md

crosscheck: configured $(READY) $(PYEMMA) ## estimate base cells of a study (CONFIG=...) with PyEMMA too: crosscheck.csv in their folders
	@$(SNAKEMAKE) crosscheck

$(PYEMMA): envs/pyemma.txt
	@echo "building PyEMMA in .venv-pyemma, five minutes the first time (gcc is needed)"
	@rm -rf .venv-pyemma
	@$(PYTHON) -m venv .venv-pyemma
	@.venv-pyemma/bin/python -m pip install --quiet --disable-pip-version-check pip==26.3
	@.venv-pyemma/bin/python -m pip install --quiet --only-binary :all: -r envs/pyemma.txt
	@.venv-pyemma/bin/python -m pip install --quiet --no-deps --no-build-isolation \
	  --no-binary pyemma pyemma==2.5.12
	@touch $(PYEMMA)

docs: $(DOCS)       ## build the documentation as a site in site/ and check every link
	@NO_MKDOCS_2_WARNING=1 .venv-docs/bin/mkdocs build --quiet --strict

$(DOCS): envs/docs.txt
	@rm -rf .venv-docs
	@$(PYTHON) -m venv .venv-docs
	@.venv-docs/bin/python -m pip install --quiet --disable-pip-version-check -r envs/docs.txt
	@touch $(DOCS)

plan: configured $(READY)      ## what a run (CONFIG=...) would do, without doing it
	@$(SNAKEMAKE) --dry-run --quiet rules

# The files of tests on several cores; each worker holds half a gigabyte.
SIDE_BY_SIDE = -n auto --maxprocesses 4 --dist loadfile

test: $(READY) lint ## lint, then the quick tests: library, plans, kept results
	@$(BIN)/python -m pytest $(SIDE_BY_SIDE)

studies: $(READY)   ## small studies and the notebooks end to end: what runs again, what pages say
	@$(BIN)/python -m pytest $(SIDE_BY_SIDE) tests/studies --durations=10

faults: $(READY)    ## kill, starve and damage small studies and give them bad input; nothing may be lost
	@$(BIN)/python -m pytest tests/faults --durations=0

cluster-test: $(READY) ## a small study on a real one-node Slurm (root, Debian)
	@$(BIN)/python -m pytest tests/cluster --durations=0

fuzz: $(READY)      ## thousands of broken configurations and files, not one traceback
	@$(BIN)/python -m pytest tests/fuzz --durations=0

notebooks: $(READY) ## execute the notebooks in docs/ again and keep their output
	@TQDM_DISABLE=1 OMP_NUM_THREADS=1 $(BIN)/python docs/site/execute_notebooks.py

reliability: $(READY) ## run the fault and cluster tests and write docs/reliability.md from them
	@$(BIN)/python -m pytest tests/faults --junitxml=.pytest_cache/faults.xml
	@$(BIN)/python -m pytest tests/cluster --junitxml=.pytest_cache/cluster.xml
	@$(BIN)/python tests/reliability_table.py .pytest_cache/faults.xml .pytest_cache/cluster.xml

lint: $(READY)      ## ruff, snakefmt, mypy, codespell, snakemake --lint
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/snakefmt --check Snakefile workflow
	@$(BIN)/mypy
	@$(BIN)/codespell
	@$(BIN)/snakemake --lint --configfile config/smoke.yaml

format: $(READY)    ## apply ruff and snakefmt
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .
	@$(BIN)/snakefmt Snakefile workflow

resources: configured $(READY) ## simulate the embedded MD again (hours) and compute the exact spectrum
	@$(SNAKEMAKE) regenerate_resources

bench: $(READY)     ## measure training and generation: benchmarks/README.md and results.json
	@OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 NUMBA_NUM_THREADS=1 $(BIN)/python benchmarks/run.py

bench-overhead: configured $(READY) ## run a study (CONFIG=...) in a fresh clone: how much of its CPU time is overhead
	@OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 NUMBA_NUM_THREADS=1 \
	  $(BIN)/python benchmarks/overhead.py "$$CONFIG"

bench-plan: $(READY) ## time and memory of a dry run of 5,000 cells
	@$(BIN)/python benchmarks/planning.py

clean:              ## remove results and Snakemake's records, keep .venv
	find results -mindepth 1 -maxdepth 1 ! -name README.md -exec rm -rf {} +
	rm -rf .snakemake
