# What developers, users and CI call. `make setup` comes first by itself.
export CARGO_TERM_COLOR ?= auto
PYTHON := .venv/bin/python
DATA   := $(or $(WHORL_DATA),../shared/data)/fvc
FVC    := $(DATA)/leader
MODEL  := host/matcher/model

.PHONY: setup build demo test test-rust test-hdl test-card test-faults test-crash test-load test-guest pairs wide bench tables synth timing lint formal loom gen clients requirements clean

setup: ## Install what is missing: Debian packages, .venv, the bindings
	@tools/setup

build: setup ## The `whorl` program
	cargo build --release --bin whorl

demo: build ## Search a synthetic gallery, and real templates where present, through the simulated card
	cargo xtask demo

test: test-rust loom test-hdl test-card test-faults test-crash test-load test-guest ## Everything

test-rust: setup
	cargo test --release

test-hdl: setup
	$(PYTHON) -m pytest -q -n auto --dist loadfile testbench

test-card: build ## Scores of the simulated card against the reference, on real templates where present
	@if [ -d "$(FVC)" ]; then \
	  target/release/whorl crosscheck --gallery "$(FVC)" --engine sim:2x2 --sample 10000; \
	else echo "test-card: skipped, there is no $(FVC); WHORL_DATA names the folder"; fi

test-faults: setup ## A few faults of every kind in a running simulated card; `cargo xtask faults` is the whole campaign
	cargo xtask faults --count 99 --report target/faults/short.json

test-crash: setup ## Some crashes of the gallery of record and its audit log; `cargo xtask crash` has the whole campaign
	cargo xtask crash --count 100 --report target/crash/short.json

test-load: build ## An appliance under load for some seconds; `cargo xtask load` is ten minutes, and --engine takes a card
	cargo xtask load --seconds 15

test-guest: build ## The driver under a stock kernel's vfio-pci in a virtual machine; skipped where Debian's packages cannot be had
	cargo xtask guest

pairs: build ## All ordered pairs of the real templates through the simulated card
	target/release/whorl crosscheck --gallery "$(FVC)" --engine sim:1x1,latency_ns=0,bytes_per_cycle=64

wide: setup ## The same through a card of 4x4, and eight searches at once through one of 1x8, which take the compiler some minutes
	cargo run --release -p whorl-cli --features wide -- crosscheck --gallery "$(FVC)" --engine sim:4x4 --sample 10000
	cargo test --release -p whorl-sim --features wide --test batching -- --nocapture

bench: setup ## Every speed figure, assertions off; target/bench/report.json
	cargo build --release -p whorl-cli --no-default-features --features sim
	cargo xtask bench

tables: setup ## Train the fine stage's weights and calibrate them, on three extractors' minutiae; VERSION=... names new weights
	cargo build --release -p whorl-cli --no-default-features
	target/release/whorl train $(foreach s,leader mindtct secugen,--templates "$(DATA)/$(s)") \
	  --same-finger fvc2002/DB3_B/108=fvc2004/DB3_B/102 --version "$(or $(VERSION),$(shell sed -n 's/^version = //p' $(MODEL)/fine.txt))" \
	  --out $(MODEL)/fine.txt --calibration $(MODEL)/calibration.txt

synth: setup ## LUTs of everything, engines per device; docs/area.md
	cargo xtask synth

timing: setup ## Clock and critical path of slices on an ECP5; docs/timing.md
	cargo xtask timing

lint: setup ## Formatting, clippy, HDL lint, licences, generated files
	cargo xtask lint

formal: setup ## Proofs of the control modules
	cargo xtask formal

loom: setup ## Models of the rings and of the pool's threads
	cargo xtask loom

gen: setup ## Write the files generated from spec/
	cargo xtask gen

clients: setup ## Write the Python client generated from proto/
	@tools/clients

requirements: setup ## Pin tools/requirements.in with hashes
	.venv/bin/pip install --quiet pip-tools
	.venv/bin/pip-compile --quiet --generate-hashes --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-header --allow-unsafe --strip-extras -o tools/requirements.txt tools/requirements.in

clean:
	rm -rf target .venv
