# make app: everything from a fresh machine to the open page.   make test: everything that must hold.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin

.PHONY: app test weights check browser clean

app: $(VENV)/app.stamp weights
	$(BIN)/streamlit run app.py

# One thread for each process, since every core has its own. What Chromium does is timed, so it runs alone.
# A worker that crashes ends the run at once, with the name of its test; no part runs longer than its limit in seconds.
LIMITED = $(BIN)/python -m tests.time_limit
test: $(VENV)/dev.stamp weights browser check
	OMP_NUM_THREADS=1 $(LIMITED) 2400 $(BIN)/python -m pytest -m "not browser" -n auto --maxprocesses 4 --dist loadfile --max-worker-restart 0
	$(LIMITED) 1800 $(BIN)/python -m pytest tests/browser

check: $(VENV)/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# The app opens without weights too, and says so: a machine without internet is no reason to stop here.
weights: $(VENV)/app.stamp
	-$(BIN)/python -m core weights

browser: $(VENV)/dev.stamp
	BIN=$(BIN) sh tests/browser/install_chromium.sh

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "ResNet Studio needs Python 3.11 or newer; name one with: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 2; }
	$(PYTHON) -m venv $(VENV) || { echo "On Debian and Ubuntu the venv module is a package of its own: apt-get install python3-venv"; exit 2; }

$(VENV)/app.stamp: requirements.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install -q -r requirements.txt
	@touch $@

$(VENV)/dev.stamp: requirements-dev.txt $(VENV)/app.stamp
	$(BIN)/python -m pip install -q -r requirements-dev.txt
	@touch $@

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
