# make app: from a fresh machine to the open page.   make test: everything that must pass before a change is merged.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
PIP = $(BIN)/python -m pip install -q -c constraints.txt
# CPU=1 installs PyTorch's CPU build, about a tenth of the download of the CUDA build.
CPU ?=
TORCH_CPU_INDEX ?= https://download.pytorch.org/whl/cpu

# The tests start many processes: without stored bytecode each of them compiles the code again.
export PYTHONDONTWRITEBYTECODE =

.PHONY: app class test check unit search browser-test weights browser torch-cpu constraints pictures clean

app: $(VENV)/app.stamp weights
	RESNET_STUDIO_SERVER_FILES=on $(BIN)/streamlit run app.py

# The app for a class, over https, so that phones have a camera. OPTIONS="--port 443 --name studio.school.example"
class: $(VENV)/app.stamp weights
	$(BIN)/python -m core class-server $(OPTIONS)

test: $(VENV)/dev.stamp weights browser check unit browser-test

# Style, types and the structure of the code: under two minutes.
check: $(VENV)/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/test_architecture.py

# One thread per process, because every core runs one process. If a worker crashes, the run ends immediately with the
# name of its test. No part runs longer than its limit in seconds.
LIMITED = $(BIN)/python -m tests.time_limit
unit: $(VENV)/dev.stamp
	OMP_NUM_THREADS=1 $(LIMITED) 3000 $(BIN)/python -m pytest -m "not browser" -n auto --maxprocesses 4 --dist loadfile --max-worker-restart 0

# The property tests with new random examples. What fails here becomes an @example of its test.
search: $(VENV)/dev.stamp
	HYPOTHESIS_PROFILE=search OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n auto --dist loadfile $$(grep -rl "from hypothesis" tests --include="test_*.py")

# These tests measure times, so they run alone. On a busy machine a wait sometimes runs out: such a test is repeated
# once, and the summary names it as RERUN. Every other failure counts at once.
browser-test: $(VENV)/dev.stamp browser
	$(LIMITED) 2900 $(BIN)/python -m pytest tests/browser --reruns 1 --only-rerun "(?i)timeout" -rR

# The app also works without weights and says so, so a machine without internet does not stop here.
weights: $(VENV)/app.stamp
	-$(BIN)/python -m core weights

browser: $(VENV)/dev.stamp
	BIN=$(BIN) sh tests/browser/install_chromium.sh

# The pictures in the README, taken from the running app with the sample project.
pictures: $(VENV)/dev.stamp weights browser
	$(BIN)/python scripts/take_pictures.py

# The exact versions that were tested together, from a new environment. Run make test, then commit the file.
constraints:
	$(MAKE) VENV=.venv-constraints PIP=".venv-constraints/bin/python -m pip install -q --upgrade" .venv-constraints/dev.stamp
	.venv-constraints/bin/python scripts/write_constraints.py > constraints.new
	mv constraints.new constraints.txt
	rm -rf .venv-constraints

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "ResNet Studio needs Python 3.11 or newer; choose one with: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 2; }
	$(PYTHON) -m venv $(VENV) || { echo "On Debian and Ubuntu the venv module is a separate package: apt-get install python3-venv"; exit 2; }

torch-cpu: $(VENV)/bin/python
	@$(PIP) --index-url $(TORCH_CPU_INDEX) --retries 1 --timeout 15 torch torchvision || echo "$(TORCH_CPU_INDEX) cannot be reached; installing the default build of PyTorch instead."

$(VENV)/app.stamp: requirements.txt constraints.txt | $(VENV)/bin/python $(if $(CPU),torch-cpu)
	$(PIP) -r requirements.txt
	@touch $@

$(VENV)/dev.stamp: requirements-dev.txt $(VENV)/app.stamp
	$(PIP) -r requirements-dev.txt
	@touch $@

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
