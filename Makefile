# `make demo` and `make test` make the environment they need; nothing has to be installed before but make.
VENV ?= .venv
# What the tests need.
TEST_EXTRAS ?= train,export,evaluate,heif,cluster,docs,test
QUALITY ?= 75

.PHONY: demo docs test check bench-simulator bench-neural clean

demo:
	@tools/environment.sh $(VENV)
	@$(VENV)/bin/jpegpre encode tests/pictures -o .demo --quality $(QUALITY) --page $(CURDIR)/.demo/page.html

# The site of docs/ in site/; warnings, links that lead nowhere and numbers without a source are errors.
docs:
	@tools/environment.sh $(VENV) docs
	$(VENV)/bin/mkdocs build --quiet --strict
	$(VENV)/bin/python tools/docs/links.py
	$(VENV)/bin/python tools/docs/number_sources.py

test:
	@tools/system_programs.sh
	@tools/environment.sh $(VENV) $(TEST_EXTRAS)
	@$(MAKE) --no-print-directory check PYTEST="$(PYTEST)"

# The checks alone, in an environment that is there already.
check:
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy jpegpre_tf
	$(VENV)/bin/python -m pytest $(PYTEST)

# Accuracy, speed and gradients of the exact JPEG layers; DATA is a folder of lossless pictures.
DATA ?= tests/pictures
bench-simulator:
	@tools/environment.sh $(VENV) $(TEST_EXTRAS)
	$(VENV)/bin/python tools/bench/simulator.py $(DATA)

# Mutated picture files through the encoder, and many photos in one run; both print what README and docs quote.
FILES ?= 20000
PHOTOS ?= 2000
.PHONY: fuzz soak
fuzz:
	@tools/environment.sh $(VENV) $(TEST_EXTRAS)
	$(VENV)/bin/python tools/check/fuzz_encode.py --files $(FILES)
soak:
	@tools/environment.sh $(VENV) $(TEST_EXTRAS)
	$(VENV)/bin/python tools/bench/soak_encode.py .soak --photos $(PHOTOS) --plot docs/soak_memory.png

# The neural simulators and rate estimators against the encoders that they learned.
bench-neural:
	@tools/environment.sh $(VENV) $(TEST_EXTRAS)
	$(VENV)/bin/python tools/bench/neural.py $(DATA)

clean:
	rm -rf export/web/dist export/web/demo-dist export/android/target $(VENV) site .demo .soak build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
