# MEPS. Every target sets up what it needs; the second time that costs nothing.
SHELL := bash
.DEFAULT_GOAL := help
.PHONY: help book check ready test test-gpu test-web mutants lab notebooks numbers slides serve lint address benchmarks offline-pack clean clean-all setup

# One thread a process: chapters and tests run side by side, and results stay the same.
export OMP_NUM_THREADS := 1

PYTHON_IN := .venv/bin/python
READY := .venv/.ready

help:  ## list these targets
	@echo "make TARGET, where TARGET is one of:"
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14 | sed 's/^/  /'

book: $(READY) assets  ## set up, execute every chapter, build the pages into _build/html
	@$(PYTHON_IN) -m tools.build_book

test: $(READY)  ## set up and run the tests; with a built book and a Chromium, in the browser too
	@$(PYTHON_IN) -m pytest -q -n 2 --dist worksteal --ignore=tests/web
	@$(PYTHON_IN) -m pytest -q -n 2 --dist worksteal tests/web

check: $(READY)  ## style and the library's tests: about a minute, while you work
	@$(PYTHON_IN) -m ruff check .
	@$(PYTHON_IN) -m ruff format --check .
	@$(PYTHON_IN) -m pytest -q -n 2 --dist worksteal tests/lib tests/test_house.py

mutants: $(READY)  ## plant one-line faults in a copy of the library: every one must be noticed
	@$(PYTHON_IN) -m tools.mutants

test-gpu: $(READY)  ## the tests that need a GPU; skipped, with the reason, where there is none
	@$(PYTHON_IN) -m pytest -q -rs tests/gpu

test-web: $(READY)  ## the browser tests alone, on the built book
	@$(PYTHON_IN) -m pytest -q -n 2 --dist worksteal tests/web

ready: $(READY)  ## try each part that a chapter needs; "ready", or what to do
	@$(PYTHON_IN) -m meps_lab.cli.main info --check

lab: $(READY)  ## open JupyterLab on the notebooks
	@.venv/bin/jupyter lab notebooks

notebooks: $(READY)  ## make the .ipynb that Colab and Jupyter open from the chapters' sources
	@$(PYTHON_IN) -m tools.notebook && $(PYTHON_IN) -m tools.readme

numbers: $(READY)  ## keep the last build's numbers, for the text of those notebooks, and its costs
	@$(PYTHON_IN) -m tools.numbers --write && $(PYTHON_IN) -m tools.notebook
	@$(PYTHON_IN) -m tools.costs --keep

slides: $(READY)  ## after make book: its slides made anew, and they and the handout as PDF
	@$(PYTHON_IN) -m tools.slides --pdf

serve: $(READY)  ## show the built book at http://localhost:8000
	@test -f _build/html/index.html || { echo "There is no book yet: type make book"; exit 1; }
	@$(PYTHON_IN) -m http.server 8000 --bind 127.0.0.1 --directory _build/html

offline-pack: $(READY)  ## the built book, its notebooks and all packages as a folder and a zip for a stick
	@$(PYTHON_IN) -m tools.offline_pack

lint: $(READY)  ## check style and formatting
	@.venv/bin/ruff check . && .venv/bin/ruff format --check .

address: $(READY)  ## set the public address: make address REPO=owner/name
	@$(PYTHON_IN) -m tools.address "$(REPO)" && $(PYTHON_IN) -m tools.notebook && $(PYTHON_IN) -m tools.readme

benchmarks: $(READY)  ## measure against the other libraries, side by side
	@failed=0; for script in $(wildcard benchmarks/*.py); do $(PYTHON_IN) "$$script" || failed=1; done; exit $$failed

clean:  ## remove the built book and the executed chapters
	@rm -rf _build

clean-all: clean  ## remove also the environment and what npm fetched
	@rm -rf .venv node_modules

setup: $(READY) assets  ## only set up

$(READY): requirements.lock pyproject.toml tools/setup.py
	@for python in $(PYTHON) python3 python python3.13 python3.12 python3.11; do \
		if command -v "$$python" >/dev/null; then PYTHON="$(PYTHON)" exec "$$python" -m tools.setup; fi; \
	done; echo "Python 3.11 or newer is needed; it was not found."; exit 1

.PHONY: assets
assets: $(READY)
	@$(PYTHON_IN) -c "from tools.setup import fetch_assets; fetch_assets()"
