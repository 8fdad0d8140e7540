# Each of these installs what is missing first, outside the repository, and says so (scripts/tools).

.PHONY: help serve build dist check test faults load dataset policies tools page-weight screenshots

help:
	@echo "make serve         build and run on http://127.0.0.1:3000"
	@echo "make build         target/release/milepost, the site inside"
	@echo "make dist          an archive, a Debian package and checksums in target/dist; ARGS=test installs and runs it in a fresh root"
	@echo "make check         format, clippy, packages, layers, unit and property tests: before each commit"
	@echo "make test          everything, the end-to-end tests included"
	@echo "make faults        kill it at random and prove that nothing is lost; ARGS='--rounds 300 --database postgres'"
	@echo "make load          10,000 clients at the real program, killed and started again; ARGS='--clients 1000'"
	@echo "make dataset       a profile of a 1 GB file: seconds and memory, beside xsv and qsv (after make build); ARGS=100"
	@echo "make policies      the polling policies beside each other; ARGS='--real' asks a real server in real time"
	@echo "make page-weight   what the task page loads, compressed (after make build)"
	@echo "make screenshots   each page, light, dark and narrow (after make build); DIR=folder"
	@echo "make tools         only install what the others need"

serve:
	@scripts/serve

dist:
	@scripts/dist $(ARGS)

build:
	@scripts/build

check:
	@scripts/check

test:
	@scripts/test

faults:
	@scripts/faults $(ARGS)

load:
	@scripts/load $(ARGS)

dataset:
	@scripts/dataset $(ARGS)

policies:
	@scripts/policies $(ARGS)

tools:
	@scripts/tools test

page-weight:
	@scripts/page-weight

screenshots:
	@scripts/screenshots $(DIR)
