# Every target has one line of help behind two #; `make` alone prints them.

CARGO ?= cargo
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
# Steps are meant to run in this order, and cargo uses all cores by itself.
.NOTPARALLEL:

# What `make run` hands to `wfctl serve --dev`, for example: make run ARGS='--storage memory:'
ARGS ?=

.PHONY: help run run-release build test tools tools-clients fmt lint unit test-kubectl test-clients doc bench clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

run: ## Build and start the server on this machine; prints what to type next (debug build: starts soonest)
	@$(CARGO) run --locked -- serve --dev $(ARGS)

run-release: ## The same with the optimized build, for numbers
	@$(CARGO) run --release --locked -- serve --dev $(ARGS)

build: ## Build the optimized wfctl: target/release/wfctl
	$(CARGO) build --release --locked

test: tools fmt lint unit test-kubectl test-clients doc ## Install what the tests need, then check everything; .ci/run does only this

tools: ## Install kubectl from Debian's kubernetes-client where there is none
	@.ci/tools

tools-clients: ## Install the clients of other languages too: Python's and JavaScript's, into target/
	@.ci/tools clients

fmt: ## Check the formatting
	$(CARGO) fmt --all --check

lint: ## Run clippy; a warning is an error
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings

unit: ## Run all tests that need nothing but cargo
	$(CARGO) test --workspace --locked

test-kubectl: tools ## Run the tests that drive the server with kubectl
	$(CARGO) test --locked --test kubectl -- --ignored

test-clients: tools-clients ## Let the clients of others (kubectl, Python, JavaScript) follow a server that comes and goes
	$(CARGO) test --locked --test clients -- --ignored

doc: ## Build the documentation; a warning is an error
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps --locked

bench: ## Measure start, memory, creates, gets and lists a second (optimized build)
	$(CARGO) bench --locked --bench bench

clean: ## Remove what was built; wfctl-dev, the data of make run, stays
	$(CARGO) clean
