# The commands of the project. Each does its own set-up; what they do is in scripts/.

.PHONY: help rehearse test regression crashes explore fuzz mutants deny scenarios scenarios-registry setup clean

help:
	@echo 'make rehearse   upgrade a disposable pool of real Gluster in containers, and judge it'
	@echo 'make test       style, units, and both programs on real containers'
	@echo 'make regression the tests on real containers that take longer'
	@echo 'make crashes    upgrades of a pool in memory, struck at every command and record, once and twice'
	@echo 'make explore    the same struck at random, 100,000 times; EXECUTOR_SEED=N repeats one'
	@echo 'make scenarios  every scenario that needs no registry, the long ones too'
	@echo 'make scenarios-registry   those that do, for GlusterFS 3.7 to 3.9; never tried by those who wrote them'
	@echo 'make fuzz       gives all that is read from outside what nobody wrote; FUZZ_COUNT, FUZZ_SEED'
	@echo 'make mutants    changes the gates one by one and sees a test fail for each; MUTANTS, MUTANTS_FILES narrow it'
	@echo 'make deny       licences, advisories and sources of dependencies, by deny.toml (needs cargo-deny)'
	@echo 'make setup      install what these need, or say what to install'
	@echo 'make clean      remove what was built, and what is ours on the container engine'

rehearse:
	@scripts/rehearse

test:
	@scripts/test

regression:
	@scripts/regression

crashes:
	@cargo test --locked --release --package executor --test crashes -- --ignored --nocapture everything

explore:
	@cargo test --locked --release --package executor --test crashes -- --ignored --nocapture many_random

fuzz:
	@scripts/fuzz

mutants:
	@scripts/mutants

deny:
	@cargo deny --version >/dev/null 2>&1 || { echo 'make deny: needs cargo-deny: cargo install --locked cargo-deny' >&2; exit 1; }
	@cargo deny --locked check

scenarios:
	@scripts/scenarios

scenarios-registry:
	@scripts/scenarios --registry

setup:
	@scripts/setup

clean:
	@scripts/clean
