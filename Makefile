# Thin: what to run, never how it works. `demo` and `test` share one profile and one target folder.
SHELL := /bin/bash
.PHONY: setup demo test test-languages bench soak

# Installs what is missing and can be installed: a wasm toolchain, PostgreSQL's server programs, a C compiler.
setup:
	./setup.sh

# The main job on embedded defaults. STAY=1 keeps the host running.
demo: setup
	cargo run -- demo $(if $(STAY),--stay)

# Every test.
test: setup
	cargo test --workspace

# The plugins in JavaScript and Python, built and checked. Downloads their toolchains.
test-languages: setup
	./examples/test-languages.sh

# Syncs whose hosts and connections die at random moments, and nothing else. KILLS=1000 takes about half an hour.
soak: setup
	SLUICE_TEST_KILLS=$(or $(KILLS),100) cargo test --test tests soak:: -- --nocapture

# The benchmark, optimised. It prints ratios within one run. PARTS="beside idle" picks some of it.
bench: setup
	cargo bench --bench extract -- $(PARTS)
