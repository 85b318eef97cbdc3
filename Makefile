# Everything a developer does here.  Each target sets up what it needs by itself:
# python3 (3.11 or newer, with venv), git and make are enough.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
WORKSPACE ?=
UV := uv==0.13.9
# The lower bound of the extra "managed" in pyproject.toml.
SDK_FLOOR := 1.17.0

export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_NO_INPUT := 1
# What a caller's own environment holds must not leak into ours.
unexport PYTHONPATH PYTHONHOME VIRTUAL_ENV PYTHONUNBUFFERED PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help run test lint faults fuzz floor bench package lock docs clean

help: ## list the targets
	@echo "make TARGET"
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  \1\t\2/p' $(MAKEFILE_LIST) | expand -t 12

run: $(VENV)/.ready ## simulate a harness run and show what lokid makes of it (WORKSPACE=/path: your own)
ifeq ($(strip $(WORKSPACE)),)
	@$(BIN)/lokictl demo
else
	@$(BIN)/lokictl demo --workspace "$(WORKSPACE)"
endif

test: $(VENV)/.ready ## run the tests (ARGS="-k name -x" to choose)
	@$(BIN)/python -m pytest $(ARGS)

lint: $(VENV)/.ready ## ruff, mypy --strict, import contracts
	@failed=; for tool in "ruff check" "ruff format --check" mypy "lint-imports --no-logo"; do \
	  $(BIN)/$$tool || failed="$$failed [$$tool]"; \
	done; test -z "$$failed" || { echo "make lint: failed:$$failed" >&2; exit 1; }

faults: $(VENV)/.ready ## break disks, processes and files, count what is lost (ARGS="--only NAME")
	@$(BIN)/python tests/faults/run.py $(ARGS)

fuzz: $(VENV)/.ready ## let atheris look for inputs that break a reader (ARGS="codec --runs 100000")
	@$(BIN)/python -m pip install --quiet --require-hashes -r tests/faults/fuzz/requirements.lock
	@$(BIN)/python tests/faults/fuzz/fuzz_run.py --atheris $(or $(ARGS),codec --runs 20000)

floor: $(VENV)/.ready ## test managed memory with the oldest SDK that it takes
	@set -e; old=$$(mktemp -d); trap 'rm -rf "$$old"' EXIT; \
	$(BIN)/python -m pip install --quiet --target "$$old" "anthropic==$(SDK_FLOOR)"; \
	PYTHONPATH="$$old" $(BIN)/python -m pytest tests/managed $(ARGS)

bench: $(VENV)/.ready ## measure, as ratios in one run (ARGS="--json FILE")
	@$(BIN)/python tests/bench/ratios.py $(ARGS)

package: $(VENV)/.ready ## build sdist and wheel, install the wheel, run it in a hostile folder
	@PATH="$(CURDIR)/$(BIN):$$PATH" sh tests/package.sh

docs: $(VENV)/.ready ## write the generated pages of docs/ again
	@$(BIN)/python tests/generate_docs.py

lock: ## write requirements.lock, and that of make fuzz, again from pyproject.toml
	@set -e; tools=$$(mktemp -d); trap 'rm -rf "$$tools"' EXIT; \
	$(PYTHON) -m venv "$$tools"; \
	"$$tools/bin/pip" install --quiet "$(UV)"; \
	compile() { "$$tools/bin/uv" pip compile --upgrade --quiet \
	  --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-emit-find-links \
	  --custom-compile-command "make lock" "$$@"; }; \
	compile pyproject.toml --group dev --output-file requirements.lock; \
	compile --group fuzz --output-file tests/faults/fuzz/requirements.lock

clean: ## remove the environment, the caches and what was built
	rm -rf $(VENV) dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find lokid projections cli tests -name __pycache__ -type d -prune -exec rm -rf {} +

# One environment, exactly as locked; made again when the lock or the project's
# own entry points change.
$(VENV)/.ready: requirements.lock pyproject.toml
	@command -v "$(PYTHON)" >/dev/null || { \
	  echo "make: no $(PYTHON) here. Install Python 3.11 or newer, or say which one: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "make: $$("$(PYTHON)" --version 2>&1) is too old; lokid needs 3.11 or newer. Say which one: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@"$(PYTHON)" -c 'import venv, ensurepip' 2>/dev/null || { \
	  echo "make: $(PYTHON) has no venv module. On Debian or Ubuntu: sudo apt install python3-venv" >&2; exit 1; }
	@echo "setting up $(VENV) from requirements.lock (once; needs the network)"
	@"$(BIN)/python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	  || "$(PYTHON)" -m venv --clear "$(VENV)"
	@"$(BIN)/python" -m pip install --quiet --require-hashes -r requirements.lock
	@"$(BIN)/python" -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@
