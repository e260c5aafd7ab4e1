"""docs/export.md has the sizes and the parity of the model that ships."""

import json

from tools.docs.export_tables import MODEL, PAGE, filled


def test_the_tables_are_those_of_the_shipped_model() -> None:
    text = PAGE.read_text(encoding="utf-8")
    description = json.loads(MODEL.read_text(encoding="utf-8"))
    assert filled(text, description) == text, "run `python tools/docs/export_tables.py`"
    description["files"]["tflite/int8.tflite"]["size_bytes"] += 2_000
    assert filled(text, description) != text
