# Every habit of the project as a target; `make` alone lists them.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.PHONY: help build demo test check-gen gen lint lint-rust lint-python lint-go fmt doc \
	test-unit test-contributing test-onnx test-clients test-interop test-demo test-robust test-soak fuzz bench-peers bench-training

target := $(or $(CARGO_TARGET_DIR),$(CURDIR)/target)
cargo_test := cargo test --workspace --all-features --locked
# What tests drive: built together with them, once, with the points at which a test can end it.
tested := $(target)/debug/modelwire
have = $(shell command -v $(1) 2>/dev/null)
python := $(if $(call have,python3),$(target)/venv/bin/python)
go_runner := $(if $(call have,go),$(target)/interop-go)
java_runner := $(if $(and $(call have,javac),$(call have,mvn)),java/run)
java_client := clients/java/target
node_runner := $(if $(and $(call have,node),$(call have,npm)),$(target)/interop-node/run.js)
cpp_runner := $(if $(call have,g++),$(target)/interop-cpp/runner)
volo_runner := $(target)/interop-volo/debug/interop-volo
certificates := $(if $(call have,openssl),$(target)/interop-certificates)

# `$(call need,TOOL,WHAT)`: without the tool, WHAT is left out by name; under CI that is a failure.
need = command -v $(1) >/dev/null || { echo "skipped: $(2) ($(1) is not installed)"; [ "$${CI:-}" != 1 ] && exit 0 || exit 1; }

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z -]+:.*## /{printf "%-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## Build the server as it is shipped
	cargo build --release --locked

demo: build python-client java-client go-demo ## Serve, train on real data, predict from every language; then stop
	MODELWIRE=$(target)/release/modelwire PYTHON=$(python) GO=$(if $(go_runner),$(target)/demo-go) GO_ONLINE=$(if $(go_runner),$(target)/demo-online-go) \
	JAVA="$(if $(java_runner),$(java_client)/classes:$(java_client)/lib/*)" \
	tests/interop/serve $(target)/release/modelwire docs/examples/demo

# The release build takes long and little more than one core: it uses what the tests beside it leave of the machine.
test: check-gen lint doc test-unit ## Everything CI runs
	@nice -n 5 $(MAKE) build & built=$$!; trap "kill $$built 2> /dev/null" EXIT; \
	$(MAKE) test-contributing test-onnx test-clients test-interop; wait $$built; trap - EXIT; \
	$(MAKE) test-demo test-robust test-soak

gen: ## Regenerate gen/ from idl/
	idl/generate

check-gen: ## Fail if gen/ is not what idl/ says
	idl/check-gen

lint: lint-rust lint-python lint-go ## Formatting, types, warnings as errors (Java's compiler has them on)

lint-rust:
	cargo fmt --all --check
	cargo fmt --manifest-path tests/interop/volo/Cargo.toml --check
	cargo fmt --manifest-path fuzz/Cargo.toml --check
	cargo fmt --manifest-path benches/peers/Cargo.toml --check
	cargo clippy --workspace --all-targets --all-features --locked -- -D warnings

lint-python:
	@$(call need,python3,linting Python); clients/python/lint

lint-go:
	@$(call need,go,linting Go); for module in gen/go clients/go tests/interop/go; do (cd $$module && go vet ./...); done; \
	test -z "$$(gofmt -l clients/go tests/interop/go tests/fixtures docs/examples | tee /dev/stderr)"

fmt: ## Format
	cargo fmt --all
	cargo fmt --manifest-path tests/interop/volo/Cargo.toml
	cargo fmt --manifest-path benches/peers/Cargo.toml
	@$(call need,go,formatting Go); gofmt -w clients/go tests/interop/go tests/fixtures docs/examples
	@$(call need,python3,formatting Python); clients/python/lint --fix

doc: ## Build the documentation of the library, warnings as errors
	RUSTDOCFLAGS="-D warnings" cargo doc --no-deps --all-features --locked

test-unit: ## Rust tests with doc tests
	$(cargo_test)

test-contributing: ## An algorithm added to a copy of the project as CONTRIBUTING.md says
	cargo test --all-features --locked --test integration -- --ignored contributing:: | tee /dev/stderr | grep '1 passed' > /dev/null

test-onnx: ## Exported models, computed by onnxruntime
	@$(call need,python3,exported models in onnxruntime); python=$$(tests/onnx/venv); \
	MODELWIRE_ONNX_PYTHON=$$python cargo test --all-features --locked --test integration -- --ignored export:: \
	| tee /dev/stderr | grep '1 passed' > /dev/null

test-clients: $(tested) ## The tests of the Python, Java and Go clients, quick starts against a real server
	@$(call need,python3,the tests of the Python client); cd clients/python && MODELWIRE_BINARY=$(tested) $$(./venv) -m pytest -q
	@$(call need,mvn,the tests of the Java client); MODELWIRE_BINARY=$(tested) tests/interop/serve $(tested) mvn -B -f clients/java/pom.xml test
	@$(call need,go,the tests of the Go client); cd clients/go && MODELWIRE_BINARY=$(tested) ../../tests/interop/serve $(tested) go test -count=1 ./...
	@$(call need,go,the tests of the Go runner); cd tests/interop/go && go test ./...

test-interop: $(tested) python-client java-client go-client node-runner cpp-runner volo-runner interop-certificates ## Every scenario from every language, bits compared
	@$(call need,python3,interop tests); \
	export $(if $(certificates),MODELWIRE_TLS_CERTIFICATE=$(certificates)/server.pem MODELWIRE_TLS_KEY=$(certificates)/server.key \
	MODELWIRE_CA=$(certificates)/ca.pem) PYTHON=$(python) GO_RUNNER=$(go_runner) JAVA_RUNNER=$(java_runner) \
	NODE_RUNNER=$(node_runner) CPP_RUNNER=$(cpp_runner) VOLO_RUNNER=$(volo_runner); \
	tests/interop/serve $(tested) tests/interop/serve --guarded $(tested) tests/interop/run

test-demo: demo

test-robust: build ## The hostile tests against the server as it is shipped, also in 512 MiB
	tests/robust $(target)/release/modelwire

SOAK_SECONDS ?= 60
test-soak: build ## SOAK_SECONDS (60) at 80 % load: flat memory, no answer later than its deadline and 5 ms
	SOAK_SECONDS=$(SOAK_SECONDS) MODELWIRE_BINARY=$(target)/release/modelwire cargo test --all-features --locked --test integration \
	-- --ignored --exact --nocapture soak::at_four_fifths_of_its_load_memory_is_flat_and_nobody_waits_much_longer_than_he_said

FUZZ_SECONDS ?= 60
fuzz: ## Fuzz everything that takes bytes, FUZZ_SECONDS (60) each target
	fuzz/run $(FUZZ_SECONDS)

# MODELWIRE measures another build than ours; PEERS_ROUNDS, PEERS_SECONDS and PEERS_SMOKE: benches/peers/README.md.
bench-peers: $(if $(MODELWIRE),,build) ## Measure the server beside other servers, into docs/performance.md; 20 minutes
	CARGO_TARGET_DIR=$(target)/peers cargo build --release --locked --manifest-path benches/peers/Cargo.toml
	$(target)/peers/release/peers run --modelwire $(or $(MODELWIRE),$(target)/release/modelwire) --folder $(target)/peers/run \
	--document docs/performance.md

bench-training: ## Measure each fit beside scikit-learn's, into docs/performance.md
	@$(call need,python3,the training benchmark); [ -x $(target)/training/bin/python ] || python3 -m venv $(target)/training
	$(target)/training/bin/pip install --quiet --requirement benches/training/requirements.txt
	program=$$(cargo bench --bench training --locked --no-run --message-format json | grep -o '"executable":"[^"]*/training-[^"]*"' | cut -d'"' -f4); \
	$(target)/training/bin/python benches/training/run.py --program "$$program" --document docs/performance.md \
	$(if $(ROUNDS),--rounds $(ROUNDS)) $(if $(ONLY),--only $(ONLY))

# Built as test-unit builds it, so that it is built once.
$(tested):
	$(cargo_test) --no-run

.PHONY: $(tested) python-client java-client go-client go-demo node-runner cpp-runner volo-runner interop-certificates
python-client:
	@$(call need,python3,the Python client); clients/python/venv > /dev/null

java-client:
	@$(call need,javac,the Java client); $(call need,mvn,the Java client); mvn -q -B -Dstyle.color=never -f clients/java/pom.xml process-test-classes

go-client:
	@$(call need,go,the Go client); cd tests/interop/go && go build -o $(target)/interop-go .

go-demo:
	@$(call need,go,the Go client); cd clients/go && go build -o $(target)/demo-go ../../docs/examples/predict.go && \
	go build -o $(target)/demo-online-go ../../docs/examples/online.go

node-runner:
	@$(call need,node,the Node.js runner); $(call need,npm,the Node.js runner); tests/interop/node/build $(target)/interop-node

cpp-runner:
	@$(call need,g++,the C++ runner); tests/interop/cpp/build $(target)/interop-cpp

volo-runner:
	@cd tests/interop/volo && CARGO_TARGET_DIR=$(target)/interop-volo cargo build --quiet --locked

interop-certificates:
	@$(call need,openssl,interop by TLS); tests/interop/certificates $(certificates)
