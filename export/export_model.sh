#!/bin/sh
# All files of one profile from its .keras model, in place; then `python tools/docs/export_tables.py` for docs/export.md.
# Usage: export/export_model.sh PROFILE TRAINING_PICTURES VALIDATION_PICTURES [QAT_STEPS]
set -eu
profile=$1 training=$2 validation=$3 steps=${4:-0}
cd "$(dirname "$0")/.."
set -- "savedmodels/$profile/model.keras" -o "savedmodels/$profile" --pictures "$training" --validation "$validation"
[ "$steps" = 0 ] || set -- "$@" --qat-steps "$steps"
exec "${JPEGPRE:-.venv/bin/jpegpre}" export "$@" --bd-rate 8
