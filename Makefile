# make world              a world                             PORT= (HTTP) ARGS=
# make server             one zone of it                      PORT= (UDP and TCP) ZONE= ARGS=
# make gateway            the way into zones started so       PORT= (HTTP) ARGS=
# make relay              the way of browsers into them       PORT= (HTTP) ARGS=
# make test               everything that must hold: check, then the tests           TESTS=
# make check              style, types, layers
# make bench-kernels      what one call of each kernel costs  ARGS="--players 500 --npcs 500 -k encode"
# make format             rewrite the sources in the project's format
# make docs               the pages that are made from tables in the code
# make lock               the lock files anew, from pyproject.toml (needs pip-tools)
# make setup              only the environment and the kernels
# make clean              forget the environment
# PYTHON=... chooses the interpreter for .venv.

BIN := .venv/bin
TESTS ?= tests

export PYTHON

.PHONY: world server gateway relay test check bench-kernels format docs lock setup clean

world:
	@tools/prepare host
	@exec $(BIN)/myriad world $(if $(PORT),--port $(PORT)) $(ARGS)

server:
	@tools/prepare host
	@exec $(BIN)/myriad server $(if $(PORT),--port $(PORT)) $(if $(ZONE),--zone $(ZONE)) $(ARGS)

gateway:
	@tools/prepare host
	@exec $(BIN)/myriad gateway $(if $(PORT),--port $(PORT)) $(ARGS)

relay:
	@tools/prepare host
	@exec $(BIN)/myriad relay $(if $(PORT),--port $(PORT)) $(ARGS)

setup:
	@tools/prepare run

test: check
	$(BIN)/pytest -n 2 --dist loadfile $(TESTS)
	NUMBA_DISABLE_JIT=1 $(BIN)/pytest -n 2 --dist loadfile -m without_jit tests

check:
	@tools/prepare test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench-kernels:
	@tools/prepare test
	$(BIN)/pytest -q benchmarks/kernels/bench_zone.py --benchmark-timer=time.thread_time --benchmark-sort=name \
		--benchmark-columns=min,median,max,rounds $(ARGS)

format:
	@tools/prepare test
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs:
	@tools/prepare test
	$(BIN)/python -m myriad.cli.documents docs
	$(BIN)/python -m tools.dashboard ops/grafana/myriad.json
	$(BIN)/python -m tests.protocol.document_examples docs/protocol.md

lock:
	tools/lock

clean:
	rm -rf .venv
