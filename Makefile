# Every command a developer or CI needs; `make help` lists them.
SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
UV := $(shell command -v uv 2>/dev/null || echo .uv/bin/uv)
PORT ?=
DATA ?=
# Node from PATH where it is new enough for Vite, else from the wheel in the virtual environment.
NODE_PATH := PATH="$$(node -e 'process.exit(process.versions.node.split(".")[0] < 20)' 2>/dev/null || echo $(CURDIR)/$(BIN):)$$PATH"
STACK := $(if $(PORT),--port $(PORT)) $(if $(DATA),--data $(DATA))

.DEFAULT_GOAL := help
.PHONY: up down check test test-all bench web openapi clean help

up: $(VENV)/.compiled web/dist/index.html ## Start the whole stack and run the main job once
	@$(BIN)/heliostat up $(STACK)

down: $(VENV)/.installed ## End every process of the stack
	@$(BIN)/heliostat down $(if $(DATA),--data $(DATA))

check: $(VENV)/.installed web/node_modules/.installed ## Format, lint, import direction, types
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/lint-imports
	@$(BIN)/mypy
	@cd web && $(NODE_PATH) npm run --silent check

test: $(VENV)/.compiled web/dist/index.html ## Unit, postgres and ray tiers: all but the slow tests
	@$(BIN)/pytest -m "not slow"

test-all: $(VENV)/.compiled web/dist/index.html ## All tests, the slow ones too
	@$(BIN)/pytest

bench: $(VENV)/.installed ## Every benchmark, quick form
	@$(BIN)/python -m benchmarks all --quick

web: web/dist/index.html ## Build the web page

openapi: $(VENV)/.installed ## Write docs/openapi.json anew, at a release only
	@$(BIN)/python -m serve.openapi > docs/openapi.json.draft
	@mv docs/openapi.json.draft docs/openapi.json

clean: ## Remove what was installed and built; keeps the data folder
	rm -rf $(VENV) .uv .peers web/dist web/node_modules .mypy_cache .ruff_cache .pytest_cache

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

web/dist/index.html: web/node_modules/.installed $(shell git ls-files web 2>/dev/null)
	@cd web && $(NODE_PATH) npm run --silent build

web/node_modules/.installed: web/package.json web/package-lock.json $(VENV)/.installed
	@cd web && $(NODE_PATH) npm ci --silent --no-audit --no-fund
	@touch $@

$(VENV)/.compiled: $(wildcard quant/*.py quant/*/*.py quant/*/*/*.py) | $(VENV)/.installed
	@echo "Compiling the numerical kernels, once: about a minute."
	@$(BIN)/python -m quant.compilation
	@touch $@

.uv/bin/uv:
	@python3 -m venv .uv || { echo "Python's venv module is missing: apt-get install python3-venv"; exit 1; }
	@.uv/bin/pip install --quiet --disable-pip-version-check "uv>=0.13,<0.14"

$(VENV)/.installed: pyproject.toml clients/python/pyproject.toml uv.lock | $(if $(findstring .uv,$(UV)),.uv/bin/uv)
	@$(UV) sync --frozen --quiet --compile-bytecode
	@touch $@
