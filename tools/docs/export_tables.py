"""Writes the tables of docs/export.md that follow from savedmodels/balanced/model.json: sizes, parity, times.

    python tools/docs/export_tables.py

tests/docs/test_export_tables.py checks that they are those of the shipped model.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "export.md"
MODEL = ROOT / "savedmodels" / "balanced" / "model.json"
PRECISIONS = ("fp32", "fp16", "int8")
FORMATS = {"tflite": "TFLite", "onnx": "ONNX"}


def sizes(description: dict[str, Any]) -> str:
    """kB of every exported file."""
    lines = [
        f"kB, `{description['name']}` {description['version']}:",
        "",
        "| | fp32 | fp16 | int8 |",
        "| --- | ---: | ---: | ---: |",
    ]
    rows = {"TFLite, all signatures": "tflite/{}.tflite", "ONNX `edit`": "onnx/{}.onnx"}
    rows |= {f"ONNX `{name}`": f"onnx/{{}}_{name}.onnx" for name in ("carrier", "decide")}
    for label, path in rows.items():
        cells = [f"{description['files'][path.format(p)]['size_bytes'] / 1000:.0f}" for p in PRECISIONS]
        lines.append(f"| {label} | {' | '.join(cells)} |")
    return "\n".join(lines)


def parity(description: dict[str, Any]) -> str:
    """How far every file is from Keras, and the int8 files from each other."""
    measured = {
        (file_format, precision): description["files"][f"{file_format}/{precision}.{file_format}"]["parity"]
        for file_format in FORMATS
        for precision in PRECISIONS
    }
    first = next(iter(measured.values()))
    lines = [
        f"`{description['name']}` {description['version']}, {first['pictures']} validation pictures, "
        f"{first['crops']} crops, qualities 10, 30, 50, 75 and 90, against Keras:",
        "",
        "| | mean, levels | largest | samples over a level off | decisions that differ |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    rows = {f"{FORMATS[f]} {precision}": found for (f, precision), found in measured.items()}
    rows["int8, ONNX against TFLite"] = measured["onnx", "int8"]["against_tflite"]
    for label, found in rows.items():
        values = (
            found["mean_levels"],
            found["max_levels"],
            found["over_one_level"],
            found["decisions_differ"],
        )
        lines.append(f"| {label} | {' | '.join(f'{value:.2g}' for value in values)} |")
    return "\n".join(lines)


def times(description: dict[str, Any]) -> str:
    """Processor time of edits, as the export measured it."""
    files = {
        (f, precision): description["files"][f"{f}/{precision}.{f}"]
        for f in FORMATS
        for precision in PRECISIONS
    }
    processors = " and ".join(sorted({entry["processor"] for entry in files.values()}))
    lines = [
        f"`{description['name']}` {description['version']}, edited pixels of 1 megapixel, one thread of {processors},",
        "beside other work: processor's ms/MP, conversion of samples and tiling included.",
        "",
        "| | fp32 | fp16 | int8 |",
        "| --- | ---: | ---: | ---: |",
    ]
    for f, label in (("tflite", "LiteRT"), ("onnx", "ONNX Runtime")):
        cells = [f"{files[f, precision]['cpu_ms_per_megapixel']:.0f}" for precision in PRECISIONS]
        lines.append(f"| {label} | {' | '.join(cells)} |")
    return "\n".join(lines)


TABLES = {"sizes": sizes, "parity": parity, "times": times}


def filled(text: str, description: dict[str, Any]) -> str:
    """The page with its tables between the markers `<!-- NAME -->` and `<!-- end of NAME -->`."""
    for name, make in TABLES.items():
        pattern = rf"(<!-- {name} -->\n).*?(<!-- end of {name} -->)"
        table = f"\\g<1>{make(description)}\n\\g<2>"
        text, count = re.subn(pattern, table, text, flags=re.DOTALL)
        if count != 1:
            raise SystemExit(f"{PAGE}: expected the markers of {name} once, found them {count} times")
    return text


def main() -> int:
    description = json.loads(MODEL.read_text(encoding="utf-8"))
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8"), description), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
