# s3-destination: `make help` lists the targets.
SHELL := /bin/bash
.DEFAULT_GOAL := help

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
DATE    ?= $(shell git log -1 --format=%cI 2>/dev/null || echo unknown)
LDFLAGS := -s -w -X main.version=$(VERSION) -X main.date=$(DATE)
BIN     := bin/s3-destination

# go.mod names what a program that imports plugin needs at least; release.mod what
# the binary is made of. What is not built with the second is built with the
# first. See docs/dependencies.md.
RELEASE := -modfile=release.mod

# The race detector waits a second before a process ends, in case a thread still
# has a race to report; tests start processes by the hundred.
export GORACE := atexit_sleep_ms=50

# Tools, pinned; installed by `make tools` into bin/tools.
TOOLS         := $(CURDIR)/bin/tools
GOLANGCI_LINT := v2.15.0
GOFUMPT       := v0.12.0
DEADCODE      := v0.49.0
VERSITYGW     := v1.8.0
MINIO         := v0.0.0-20260212201848-7aac2a2c5b7c
GOVULNCHECK   := v1.9.0
GORELEASER    := v2.15.1
PROTOC_GO     := v1.36.12
PROTOC_GRPC   := v1.6.0
CYCLONEDX     := v1.10.0
GOJQ          := v0.12.19

RUNTIME   := redpanda/runtime/v1alpha1
RUNTIMEPB := github.com/s3-destination/s3-destination/internal/rpc/runtimepb

GO_FILES = $(shell git ls-files '*.go')
FUZZTIME ?= 10s
# every package; those whose tests take longest begin first, so that no core waits at the end
SLOWEST_FIRST = ./cmd/... ./plugin/... ./internal/... ./resources/...

.PHONY: help
help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: demo
demo: ## run the main job on an embedded S3 server with bundled data
	@go run $(RELEASE) ./cmd/demo

.PHONY: test
test: ## tests of every package, with the race detector: minutes (test-full has the long ones)
	go test $(RELEASE) -race -short -ldflags '-s -w' -p 4 -parallel 6 -timeout 15m $(SLOWEST_FIRST)

.PHONY: test-oldest
test-oldest: ## tests of the plugin and of what uses other modules, with the oldest Benthos and modules that go.mod allows
	go test -short -timeout 15m ./plugin/... ./internal/config/... ./internal/inspect/... ./internal/output/... ./internal/store/... ./internal/landing/... ./internal/encode/...

.PHONY: test-full
test-full: ## what make test leaves out: the long tests with the race detector, the encoders without it on more data, every format in every store of the zoo, and Benthos' own suite
	resources/ci/long.sh $(RELEASE) -ldflags '-s -w' -parallel 6 -timeout 45m
	$(MAKE) --no-print-directory -j 2 test-encoders test-waiting # which takes little of the processor

.PHONY: test-encoders
test-encoders:
	go test $(RELEASE) -timeout 15m ./internal/encode/... ./internal/record

.PHONY: test-waiting
test-waiting:
	go test $(RELEASE) -timeout 15m -run TestStoreZoo ./plugin -zoo.all
	go test $(RELEASE) -count=1 -timeout 15m -parallel 64 -tags suite -run TestBenthosSuite ./plugin

.PHONY: build
build: ## build the binary into bin/
	CGO_ENABLED=0 go build $(RELEASE) -trimpath -ldflags '$(LDFLAGS)' -o $(BIN) ./cmd/s3-destination

.PHONY: race
race: ## repeat the concurrent packages under the race detector
	go test $(RELEASE) -race -count=3 ./internal/chunk/... ./internal/landing/... ./internal/store/... ./internal/health/... ./internal/lifecycle/... ./internal/output/... ./internal/direct/... ./internal/spooled/... ./internal/resend/... ./internal/unstored/...

.PHONY: mutation
mutation: ## break the code of chunk, landing and store, and count what their tests notice (ARGS: -sample 100, -list, -packages ...)
	go run ./resources/mutation $(ARGS)

.PHONY: lint
lint: $(TOOLS)/golangci-lint $(TOOLS)/gofumpt $(TOOLS)/deadcode ## format check, vet, golangci-lint (with staticcheck), and code that nothing reaches
	@test -z "$$($(TOOLS)/gofumpt -l $(GO_FILES))" || { echo "not gofumpt-ed:"; $(TOOLS)/gofumpt -l $(GO_FILES); exit 1; }
	$(TOOLS)/golangci-lint run ./...
	@dead=$$($(TOOLS)/deadcode -test -tags integration -filter '/s3-destination/(plugin|cmd|internal)(/|$$)' ./...) && test -z "$$dead" || { echo "nothing reaches:"; echo "$$dead"; exit 1; }

.PHONY: fmt
fmt: $(TOOLS)/gofumpt ## format the code
	$(TOOLS)/gofumpt -w $(GO_FILES)

.PHONY: lint-config
lint-config: build ## lint and unit-test every configuration with the binary itself
	resources/ci/lint-config.sh $(BIN)

.PHONY: docs
docs: ## generate the reference from the configuration spec, the man page, the picture of imports, and the chart of the benchmarks
	go run $(RELEASE) ./resources/docgen
	go run $(RELEASE) ./cmd/s3-destination man > docs/reference/s3-destination.1
	go run $(RELEASE) ./cmd/s3-destination rpc --manifest > resources/connect/plugin.yaml
	go run $(RELEASE) ./cmd/s3-destination schema --pipeline > docs/reference/pipeline.schema.json

.PHONY: docs-check
docs-check: docs ## fail when what is generated is stale
	@git diff --exit-code -- docs/reference docs/architecture.md docs/images/benchmarks.svg resources/connect/plugin.yaml || { echo "docs/reference, resources/connect/plugin.yaml, the picture in docs/architecture.md or docs/images/benchmarks.svg is stale: run make docs and commit"; exit 1; }

.PHONY: proto
proto: $(TOOLS)/protoc-gen-go $(TOOLS)/protoc-gen-go-grpc $(TOOLS)/gofumpt ## generate the messages of the protocol of plugins (needs protoc)
	cd internal/rpc && PATH="$(TOOLS):$$PATH" protoc -I proto \
		--go_out=runtimepb --go_opt=module=$(RUNTIMEPB),M$(RUNTIME)/message.proto=$(RUNTIMEPB),M$(RUNTIME)/output.proto=$(RUNTIMEPB) \
		--go-grpc_out=runtimepb --go-grpc_opt=module=$(RUNTIMEPB),M$(RUNTIME)/message.proto=$(RUNTIMEPB),M$(RUNTIME)/output.proto=$(RUNTIMEPB) \
		$(RUNTIME)/message.proto $(RUNTIME)/output.proto
	$(TOOLS)/gofumpt -w internal/rpc/runtimepb/*.go

.PHONY: docs-run
docs-run: ## run every command, configuration and program of the pages in a clean clone
	go test -tags docsrun -count=1 -timeout 15m ./resources/docsrun

.PHONY: reading
reading: build ## run the recipes of docs/reading.md with the engines that can be installed (minutes, the first time)
	resources/reading/reading.sh $(BIN)

.PHONY: integration
integration: $(TOOLS)/versitygw $(TOOLS)/minio ## tests against real S3 servers (versitygw and MinIO, built from their modules)
	VERSITYGW=$(TOOLS)/versitygw MINIO=$(TOOLS)/minio go test $(RELEASE) -race -count=1 -timeout 15m -tags integration -run Integration ./internal/... ./plugin ./cmd/...

.PHONY: interop
interop: build ## read files back with DuckDB, ClickHouse, Spark, pyarrow, Polars, fastparquet, fastavro and OpenCSV (skips what is absent)
	resources/ci/interop.sh

.PHONY: interop-full
interop-full: build ## the same with everything in Spark 3.5 and 3.2, Hive's readers, parquet-java and avro-java (a quarter of an hour)
	resources/ci/interop.sh full

.PHONY: connect-matrix
connect-matrix: ## build and run the plugin beside all of Redpanda Connect, in each version (CONNECT=4.110.0 for one; long, the first time)
	resources/connect/matrix.sh $(CONNECT)

.PHONY: tidy
tidy: ## go mod tidy, for go.mod and release.mod
	go mod tidy
	go mod tidy $(RELEASE)

.PHONY: chaos
chaos: build ## kill, cut and starve the binary under load, and count every record (two minutes; CHAOS_ARGS for more)
	VERSITYGW=$(TOOLS)/versitygw go run $(RELEASE) ./resources/chaos -binary $(BIN) $(CHAOS_ARGS)

.PHONY: chaos-rules
chaos-rules: ## leave out one rule of exactly-once delivery after the other, and demand that chaos notices (an hour; RULES_ARGS="-break R5" for one)
	go run $(RELEASE) ./resources/chaos -scenario rules -duration 100s $(RULES_ARGS)

.PHONY: model
model: ## explore the protocol of exactly-once delivery further than tests do (minutes, 2 GB; MODEL_ARGS="-break R5" shows why a rule is there)
	go run $(RELEASE) ./resources/exactmodel $(MODEL_ARGS)

.PHONY: fuzz
fuzz: ## check every property on new inputs, and run every fuzz target for FUZZTIME (10s)
	resources/ci/fuzz.sh $(FUZZTIME)

.PHONY: bench
bench: ## micro-benchmarks of the encoders, with ratios to their peers
	go test $(RELEASE) -run '^$$' -bench . -benchtime 1s ./internal/...

.PHONY: bench-pipeline
bench-pipeline: build ## whole pipelines against Redpanda Connect (builds it: a few minutes)
	$(MAKE) -C resources/bench table

.PHONY: bench-kafka
bench-kafka: build ## from a Kafka broker to objects against Redpanda Connect, with lag and delay under load
	$(MAKE) -C resources/bench kafka

.PHONY: bench-memory
bench-memory: build ## peak memory with 10,000 open partitions
	$(MAKE) -C resources/bench memory

.PHONY: monitoring-check
monitoring-check: ## check alert rules, their unit tests and the dashboard's queries with promtool (skips without it)
	resources/monitoring/check.sh

.PHONY: page-check
page-check: build ## look at the state page in a real Chromium (skips without one; PICTURE=docs/images/state.png draws that anew)
	resources/ci/page.sh $(BIN) $(PICTURE)

.PHONY: vuln
vuln: ## govulncheck; fails on what it finds, and says so when its database is out of reach
	@resources/release/vuln.sh $(GOVULNCHECK) $(VULN_ARGS)

.PHONY: image
image: ## build the container image with docker or podman (IMAGE_ARGS: --platform linux/arm64, --build-arg GO_IMAGE=...)
	@for e in docker podman; do $$e info >/dev/null 2>&1 && engine=$$e && break; done; \
	[ -n "$$engine" ] || { echo "make image needs docker or podman that answers \`info\`"; exit 1; }; \
	case $$engine in podman) own="--format docker --build-arg BUILDPLATFORM=$$(podman info -f '{{.Version.OsArch}}')";; esac; \
	DOCKER_BUILDKIT=1 $$engine build $$own --build-arg VERSION=$(VERSION) --build-arg CREATED=$(DATE) \
		--build-arg REVISION=$$(git rev-parse HEAD) $(IMAGE_ARGS) -t s3-destination:$(VERSION) .

.PHONY: image-check
image-check: ## build the image for both architectures and run it confined; says what is absent
	resources/ci/image.sh

.PHONY: deploy-check
deploy-check: build ## validate the compose file, the Kubernetes manifests and the pipelines in them
	resources/ci/deploy.sh $(BIN)

RELEASE_TOOLS := $(TOOLS)/goreleaser $(TOOLS)/cyclonedx-gomod $(TOOLS)/gojq $(TOOLS)/go-licenses

.PHONY: release
release: $(RELEASE_TOOLS) ## build the archives, checksums and bills of materials of VERSION into dist/
	git show HEAD:CHANGELOG.md | go run ./resources/release/notes '$(VERSION)'
	rm -rf dist
	resources/release/release.sh '$(VERSION)' dist

.PHONY: release-check
release-check: $(RELEASE_TOOLS) ## build a release for this machine twice, the second time from nothing, compare, and look at what is in it
	go test $(RELEASE) ./resources/release/internal/... ./resources/release/notes
	go test $(RELEASE) -tags release -count=1 -timeout 30m -run 'TestRelease|TestWhatIsNoRelease' ./resources/release

.PHONY: licences
licences: $(TOOLS)/go-licenses ## list the licences of all that is linked; the texts of a build for this machine go to dist/licences
	@resources/release/licences.sh list
	@rm -rf dist/licences
	@resources/release/licences.sh save kafka $$(go env GOOS)_$$(go env GOARCH) dist/licences

.PHONY: licence-check
licence-check: $(TOOLS)/go-licenses ## fail on a licence that is not allowed, or that NOTICE does not name, on any platform
	go test $(RELEASE) -tags release -count=1 -timeout 15m -run 'Licence|Notice|Source|Header|Rules' ./resources/release

.PHONY: tools
tools: $(TOOLS)/golangci-lint $(TOOLS)/gofumpt $(TOOLS)/deadcode $(TOOLS)/versitygw $(TOOLS)/minio $(RELEASE_TOOLS) ## install the pinned tools into bin/tools

$(TOOLS)/golangci-lint:
	GOBIN=$(TOOLS) go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_LINT)

$(TOOLS)/deadcode:
	GOBIN=$(TOOLS) go install golang.org/x/tools/cmd/deadcode@$(DEADCODE)

$(TOOLS)/protoc-gen-go:
	GOBIN=$(TOOLS) go install google.golang.org/protobuf/cmd/protoc-gen-go@$(PROTOC_GO)

$(TOOLS)/protoc-gen-go-grpc:
	GOBIN=$(TOOLS) go install google.golang.org/grpc/cmd/protoc-gen-go-grpc@$(PROTOC_GRPC)

$(TOOLS)/gofumpt:
	GOBIN=$(TOOLS) go install mvdan.cc/gofumpt@$(GOFUMPT)

$(TOOLS)/versitygw:
	GOBIN=$(TOOLS) go install github.com/versity/versitygw/cmd/versitygw@$(VERSITYGW)

# Run as a program of its own, and linked by nothing: its licence is the AGPL.
$(TOOLS)/minio:
	CGO_ENABLED=0 GOBIN=$(TOOLS) go install github.com/minio/minio@$(MINIO)

$(TOOLS)/goreleaser:
	GOBIN=$(TOOLS) go install github.com/goreleaser/goreleaser/v2@$(GORELEASER)

$(TOOLS)/cyclonedx-gomod:
	GOBIN=$(TOOLS) go install github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod@$(CYCLONEDX)

$(TOOLS)/gojq:
	GOBIN=$(TOOLS) go install github.com/itchyny/gojq/cmd/gojq@$(GOJQ)

$(TOOLS)/go-licenses: resources/release/go-licenses/go.mod
	go build -C resources/release/go-licenses -o $@ github.com/google/go-licenses/v2

.PHONY: clean
clean: ## remove what was built
	rm -rf bin dist
