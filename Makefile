# Every target says itself in one line: make help
.POSIX:
.PHONY: help run test quick properties large check lint build install manifest release bench load lock clean setup setup-run

# The first Python that is new enough and can make environments (PYTHON=... overrides).
PYTHON =
FIND_PYTHON = for p in "$(PYTHON)" python3 python3.14 python3.13 python3.12 python3.11; do \
	[ -n "$$p" ] && command -v "$$p" >/dev/null 2>&1 && \
	"$$p" -c 'import sys, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && break; p=; done; \
	[ -n "$$p" ] || { echo "pggit needs Python 3.11 or later with venv (Debian: apt-get install python3-venv; macOS: brew install python)" >&2; exit 1; }
BIN = .venv/bin
PG_CONFIG = pg_config
DESTDIR =
TESTS =
EXAMPLES = 2000
PYTEST = $(BIN)/python -m pytest -n auto --dist loadgroup

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /\1 /p' Makefile | while read -r name text; do printf '  %-9s %s\n' "$$name" "$$text"; done

setup-run:
	@$(FIND_PYTHON); "$$p" tools/bootstrap.py run && "$$p" tools/build.py

setup:
	@$(FIND_PYTHON); "$$p" tools/bootstrap.py dev && "$$p" tools/build.py

run: setup-run ## start PostgreSQL, the API and a sample repository on port 8000 (DATABASE_URL: on that server)
	@RATE_LIMIT_ENABLED=$${RATE_LIMIT_ENABLED:-false} exec $(BIN)/pggit up --sample

test: setup ## run every test (TESTS=path for some of them)
	@$(PYTEST) $(TESTS)

quick: setup ## run the tests that take less than ten seconds each
	@$(PYTEST) -m 'not slow' $(TESTS)

lint: setup ## check the form of SQL and Python, and the types
	@$(BIN)/python tools/lint_sql.py
	@$(BIN)/ruff format --check python tests tools
	@$(BIN)/ruff check python tests tools
	@$(BIN)/mypy

properties: setup ## try the properties of merges and migrations on EXAMPLES generated schemas each, new ones every time
	@PGGIT_EXAMPLES=$(EXAMPLES) PGGIT_EVERY_POINT=1 $(PYTEST) tests/merge/test_properties.py tests/concurrency/test_crashes.py

large: setup ## every case on each server, and the main job on 1,400 tables (large.sql of PGGIT_SCHEMAS), there and back
	@PGGIT_LARGE=1 PGGIT_BOTH=1 $(PYTEST) tests/e2e/test_large.py tests/compare tests/merge/test_own_cases.py

check: lint test ## lint and test

build: ## write the install and upgrade scripts into build/
	@$(FIND_PYTHON); "$$p" tools/build.py

install: build ## install the extension's files into the server of PG_CONFIG
	@dir="$(DESTDIR)$$($(PG_CONFIG) --sharedir)/extension" && mkdir -p "$$dir" && \
	cp build/extension/pggit* "$$dir/" && echo "installed into $$dir; next: CREATE EXTENSION pggit;"

manifest: setup ## write the checked-in manifest of the fresh install anew
	@PGGIT_UPDATE_MANIFEST=1 $(BIN)/python -m pytest -q tests/upgrade/test_upgrade.py -k checked_in

release: setup ## freeze this version's scripts into migrations/ and open the next version
	@$(BIN)/python tools/build.py --freeze

bench: setup ## time a large schema, the feeds and kept answers, each against a floor measured in the same run
	@$(BIN)/python tests/load/bench.py
	@$(BIN)/python tests/load/bench_reading.py
	@$(BIN)/python tests/load/bench_compare.py
	@$(BIN)/python tests/load/bench_history.py
	@$(BIN)/python tests/load/queues.py
	@$(BIN)/python tests/load/deliveries.py
	@$(BIN)/python tests/load/feeds.py
	@$(BIN)/python tests/load/requests.py

load: setup ## let 50 clients loose on a service of its own for half a minute (needs the network once, for locust)
	@[ -x .venv-load/bin/locust ] || { $(FIND_PYTHON); "$$p" -m venv .venv-load && .venv-load/bin/pip install -q locust==2.47.0; }
	@PYTHONPATH=tests $(BIN)/python tests/load/clients.py .venv-load/bin/locust

lock: ## write the lock files anew from pyproject.toml (needs uv)
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --extra build pyproject.toml -o requirements.lock
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --extra dev pyproject.toml -o requirements-dev.lock

clean: ## remove what was built; data of `make run` stays
	rm -rf build .venv .venv-load python/pggit/_sql python/*.egg-info .pytest_cache .mypy_cache .ruff_cache
