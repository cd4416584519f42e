# Every target has one line of help behind two #; `make` alone prints them.

CARGO ?= cargo
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
# Steps are meant to run in this order, and cargo uses all cores by itself.
.NOTPARALLEL:

# What `make run` hands to `wfctl serve --dev`, for example: make run ARGS='--storage memory:'; and `make bench` to the
# benchmark.
ARGS ?=

# What `make image` calls the image, and `make e2e` finds in the cluster.
IMAGE ?= ghcr.io/wfctl/wfctl:$(shell awk -F '"' '/^version/ { print $$2; exit }' Cargo.toml)

# Storage that several servers can share: with it, `make e2e` installs two of them.
STORAGE ?=

.PHONY: help run run-release build image image-archive test tools tools-clients fmt lint unit test-postgres \
	test-etcd test-migration test-replicas test-kubectl test-clients e2e e2e-rotate record-differential record-session doc bench clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-20s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

run: ## Build and start the server on this machine; prints what to type next (debug build: starts soonest)
	@$(CARGO) run --locked -- serve --dev $(ARGS)

run-release: ## The same with the optimized build, for numbers
	@$(CARGO) run --release --locked -- serve --dev $(ARGS)

build: ## Build the optimized wfctl: target/release/wfctl
	$(CARGO) build --release --locked

image: ## Build the container image with Docker; IMAGE=name:tag names it
	docker build --build-arg WFCTL_GIT_COMMIT="$$(git rev-parse HEAD)" --tag $(IMAGE) .

image-archive: build ## Write the container image to target/wfctl-image.tar, without Docker
	target/release/wfctl image save --name $(IMAGE) --output target/wfctl-image.tar

test: tools fmt lint unit test-postgres test-etcd test-migration test-replicas test-kubectl test-clients doc ## Install what the tests need, then check everything; .ci/run does only this

tools: ## Install kubectl, PostgreSQL and etcd from Debian's packages where there are none
	@.ci/tools

tools-clients: ## Install the clients of other languages too: Python's and JavaScript's, into target/
	@.ci/tools clients

fmt: ## Check the formatting
	$(CARGO) fmt --all --check

lint: ## Run clippy; a warning is an error
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings

unit: ## Run all tests that need nothing but cargo
	$(CARGO) test --workspace --locked

test-postgres: tools ## Run the tests of the PostgreSQL backend with a server of their own
	$(CARGO) test --workspace --locked --test postgres -- --ignored

test-kubectl: tools ## Run the tests that drive the server with kubectl
	$(CARGO) test --locked --test kubectl -- --ignored

test-clients: tools-clients ## Let the clients of others (kubectl, Python, JavaScript) follow a server that comes and goes
	$(CARGO) test --locked --test clients -- --ignored

test-etcd: tools ## Run the tests of storage in etcd, on servers that they start
	$(CARGO) test --workspace --locked --test etcd --test install -- --ignored

test-migration: tools ## Move Workflows from sled to PostgreSQL and etcd and back, killed on the way (WFCTL_TEST_LONG=true for 100,000)
	$(CARGO) test --locked --test storage -- --ignored

test-replicas: tools ## Let several servers share a store that fails in every way (WFCTL_TEST_LONG=true for much longer)
	$(CARGO) test --locked --test replicas -- --ignored

e2e: tools ## Install the server into the cluster of KUBECONFIG and use it there; the cluster has the image IMAGE=name:tag
	WFCTL_E2E_IMAGE=$(IMAGE) WFCTL_E2E_STORAGE=$(STORAGE) \
		$(CARGO) test --locked --test e2e -- --ignored --skip rotate:: $(if $(STORAGE),,--skip rolling)
	$(if $(STORAGE),,WFCTL_E2E_IMAGE=$(IMAGE) $(CARGO) test --locked --test upkeep -- --ignored)
	$(if $(STORAGE),,WFCTL_E2E_IMAGE=$(IMAGE) $(CARGO) test --locked --test lifecycle -- --ignored)

e2e-rotate: tools ## The same for its certificates: rotated ten times under load, killed, robbed and repaired; takes a quarter of an hour
	WFCTL_E2E_IMAGE=$(IMAGE) WFCTL_E2E_STORAGE=$(STORAGE) \
		$(CARGO) test --locked --test e2e -- --ignored --test-threads=1 --nocapture rotate::

record-differential: ## Record anew what the kube-apiserver of KUBECONFIG and a sample-apiserver answer (see CONTRIBUTING.md)
	$(CARGO) test --locked --test differential -- --ignored record

record-session: build ## Draw docs/session.svg anew: a session with the cluster of KUBECONFIG, which has the image IMAGE=name:tag
	.ci/record-session $(IMAGE)

doc: ## Build the documentation; a warning is an error
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps --locked

bench: ## Measure start, memory, writes, reads and watches (optimized build); ARGS='--storage postgres --replicas 2', ARGS=--help
	$(CARGO) bench --locked --bench bench -- $(ARGS)

clean: ## Remove what was built; wfctl-dev, the data of make run, stays
	$(CARGO) clean
