# Three commands for a stranger: `make demo`, `make prove` and `make test`. `make check` is what CI checks before the tests.
.PHONY: setup setup-dev demo prove up down status test simulate chaos bench check format schemas metrics places assets screenshots lock clean
PY := .venv/bin/python

setup:            ## the environment, the tables of places and the script of the pages
	./clb setup

setup-dev:        ## the same, with what tests and checks need
	./clb setup --dev

demo:             ## the whole stack with a generated country; Ctrl-C stops it, the data stay
	./clb demo

prove: setup      ## forge, copy, edit, plant, kill, lose: what the system answers, on a stack of its own
	$(PY) -m tests.prove

up:               ## the stack without the demo, in the background
	./clb up --detach

down:
	./clb down

status:
	./clb status

test: setup-dev   ## all tests, on real servers; ARGS="-k name" for some, WORKERS=4 on a machine with as many cores
	tests/browser/chromium.sh
	.venv/bin/pytest -n $(or $(WORKERS),2) $(ARGS)

simulate: setup-dev  ## many seeds of the simulator; SEEDS=20000
	$(PY) -m tests.simulator --seeds $(or $(SEEDS),20000)

chaos: setup-dev  ## random kills of the real stack of processes, checked every minute; MINUTES=30
	$(PY) -m tests.chaos --minutes $(or $(MINUTES),30)

bench: setup-dev build/bench/installed  ## docs/bench.md anew; ARGS="--scale 0.05 --only R1,R2 --rounds 3" for less
	$(PY) -m bench $(ARGS)

build/bench/installed: requirements/bench.txt
	$(PY) -m venv --clear build/bench
	if build/bench/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bench.txt; then touch $@; \
	else echo "The peers do not install here (they want Python 3.11): they are left out." >&2; rm -rf build/bench; fi

screenshots: setup-dev  ## docs/pictures/*.png anew, of a small demo; URL=http://... takes a running one
	tests/browser/chromium.sh
	$(PY) -m tests.browser.screenshots $(URL)

check: setup-dev  ## style, types, who imports whom, published schemas
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/pyright
	.venv/bin/lint-imports --no-cache
	$(PY) -m shared.events.contracts --check
	$(PY) -m shared.telemetry.reference --check

format: setup-dev
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

schemas:          ## write the JSON Schemas and AsyncAPI of the events, and the OpenAPI of the services, anew
	$(PY) -m shared.events.contracts
	for name in clubs trainings monitoring reporting; do $(PY) -m services.$$name openapi > docs/openapi/$$name.json || exit 1; done

metrics:          ## write docs/metrics.md and the alerts anew, from the catalogue of metrics
	$(PY) -m shared.telemetry.reference

places: setup     ## make the tables of communes
	$(PY) -m shared.reference.build

assets: setup     ## unpack htmx, the one script of the pages that is not ours
	$(PY) -m services.reporting.pages.assets

lock:             ## renew the locked requirements and the jars of Kafka
	python3 -m venv build/lock
	build/lock/bin/pip install --quiet uv
	for name in server run dev bench; do build/lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
		--no-header --no-emit-index-url --output-file requirements/$$name.txt requirements/$$name.in || exit 1; done
	$(PY) -m shared.local.jars

clean:            ## everything that can be made again; the data of the stack (.clb) stay
	rm -rf build .pytest_cache .ruff_cache .import_linter_cache .venv
	rm -f shared/reference/data/*.tsv
	rm -rf services/reporting/pages/static/vendor
	find shared services tests -name __pycache__ -type d -prune -exec rm -rf {} +
