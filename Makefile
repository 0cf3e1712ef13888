# Every target works on a fresh machine with git, make and Python 3.11 or newer.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
TEST_STAMP := $(VENV)/.installed-test
DOCS_STAMP := $(VENV)/.installed-docs
BUILTIN_STAMP := $(VENV)/.installed-builtin
# Exported, so that quotes and dollars in a prompt reach the program untouched.
PROMPT ?=
export PROMPT
# An installed model or a directory; smollm2 is fetched if it is not there.
MODEL ?=
export MODEL

# What suits a model this small and data this uniform.
EXAMPLE := --method full --learning-rate 0.001 --epochs 10

.DEFAULT_GOAL := help
.PHONY: help model ask chat builtin finetune-example test test-all test-metal soak measure docs recording lint format clean

help:
	@echo 'make ask PROMPT="..."   answer one prompt'
	@echo 'make chat               start a chat'
	@echo '  ... MODEL=smollm2     the same with a small model that talks (100 MB)'
	@echo 'make builtin            train the built-in model from nothing, in parts of 90 minutes'
	@echo 'make finetune-example   teach the built-in model a small command language'
	@echo 'make test               lint, check types and imports, run the tests'
	@echo 'make test-all           the same, and the tests that take long'
	@echo 'make test-metal         on a Mac: every Metal kernel, its errors and timings'
	@echo 'make soak               the long tests: kills, many programs, large files, templates, training'
	@echo 'make measure            how quick the interface is, and what it costs'
	@echo 'make docs               build the documentation as a site in build/docs'
	@echo 'make recording          record the moving picture in the README anew'
	@echo 'make format             format the code'
	@echo 'make clean              remove the environment'

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Genesis Chat needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Try make PYTHON=python3.12")'
	@$(PYTHON) -m venv $(VENV)

$(STAMP): pyproject.toml | $(BIN)/python
	@echo 'Installing Genesis Chat into $(VENV) ...' >&2
	@$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1' >&2
	@$(BIN)/python -m pip install --quiet --editable . >&2
	@touch $@

$(TEST_STAMP): $(STAMP)
	@$(BIN)/python -m pip install --quiet --group test >&2
	@touch $@

$(BUILTIN_STAMP): $(STAMP)
	@$(BIN)/python -m pip install --quiet --group builtin >&2
	@touch $@

$(DOCS_STAMP): $(STAMP)
	@$(BIN)/python -m pip install --quiet --group docs >&2
	@touch $@

model: $(STAMP)
ifeq ($(MODEL),smollm2)
	@$(BIN)/genesis-chat models pull smollm2 --if-missing
endif

ask: model
	@printf '%s' "$$PROMPT" | $(BIN)/genesis-chat ask - $(if $(MODEL),-m "$$MODEL")

chat: model
	@$(BIN)/genesis-chat chat $(if $(MODEL),-m "$$MODEL")

# Again for the next part; at the end the model and its card are in build/builtin.
builtin: $(BUILTIN_STAMP)
	@$(BIN)/genesis-chat train builtin --folder build/builtin $(if $(wildcard build/builtin/plan.json),--resume)

# The worked example of docs/finetuning.md, in a folder of its own.
finetune-example: $(STAMP)
	$(BIN)/python -m genesis_chat.training.examples.commands build/commands
	$(BIN)/genesis-chat finetune build/commands -m builtin --name commands --force $(EXAMPLE)

lint: $(TEST_STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/codespell
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/actionlint .github/workflows/*.yml

test: lint
	$(BIN)/python -m pytest --numprocesses 2 --dist worksteal -m 'not slow'

test-all: test
	$(BIN)/python -m pytest --numprocesses 2 --dist worksteal -m slow

# Some chips multiply float32 matrices in less than float32 unless MLX is told not to.
# With the wrapper Metal itself watches every access of a kernel, which is slow.
test-metal: $(TEST_STAMP)
	@export MLX_ENABLE_TF32=0; \
	$(BIN)/python tests/metal/first.py || exit 1; code=0; \
	if $(BIN)/python -c 'import sys, mlx.core as mx; sys.exit(not mx.metal.is_available())'; then \
		echo 'Every kernel again, while Metal watches its accesses:'; \
		METAL_DEVICE_WRAPPER_TYPE=1 MTL_SHADER_VALIDATION=1 \
			$(BIN)/python tests/metal/first.py >/dev/null || code=1; \
		METAL_DEVICE_WRAPPER_TYPE=1 MTL_SHADER_VALIDATION=1 \
			$(BIN)/python -m pytest tests/metal -q --maxfail=5 -k 'definition or shape or length' || code=1; \
	fi; \
	$(BIN)/python -m pytest tests/metal -q --maxfail=10 --durations=0 --durations-min=0.2 || code=1; \
	$(BIN)/genesis-chat doctor || code=1; \
	if $(BIN)/python -c 'import sys, mlx.core as mx; sys.exit(not mx.metal.is_available())'; then \
		for kernels in auto ops; do \
			echo "GENESIS_CHAT_KERNELS=$$kernels"; \
			GENESIS_CHAT_KERNELS=$$kernels $(BIN)/genesis-chat bench --shape 152m --backend mlx || code=1; \
		done; \
	else \
		echo 'There is no Metal here: the kernels ran on an emulator, and its times say nothing.'; \
	fi; exit $$code

soak: $(TEST_STAMP)
	GENESIS_SOAK=1 $(BIN)/python -m pytest tests/history/test_processes.py tests/history/test_sources.py tests/engine/test_machine.py tests/formats/test_real_templates.py tests/serve/test_crowd.py tests/batch/test_batch.py tests/gradients/test_from_scratch.py

measure: $(TEST_STAMP)
	$(BIN)/python tests/measure/interface.py
	$(BIN)/python tests/measure/submit.py

# The generated parts of the pages first; warnings, such as of a broken link, are errors.
docs: $(DOCS_STAMP)
	$(BIN)/python docs/generate.py
	$(BIN)/sphinx-build --fail-on-warning --keep-going --quiet docs build/docs
	@echo 'Open build/docs/index.html'

recording: $(TEST_STAMP)
	$(BIN)/python docs/record.py

format: $(TEST_STAMP)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV)
