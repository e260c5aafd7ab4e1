"""Notebooks of the scripts in examples/: the same cells, so that nobody edits two files.

`# %%` starts a cell of code, `# %% [markdown]` one of text. Usage: python tools/docs/notebooks.py [--check]
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def notebook_of(script: str) -> dict[str, Any]:
    """The notebook, format 4.5, of a script's text; cells have no outputs."""
    cells: list[dict[str, Any]] = []
    for number, part in enumerate(script.split("# %%")[1:]):
        header, _, body = part.partition("\n")
        is_text = header.strip() == "[markdown]"
        lines = body.strip("\n").split("\n")
        if is_text:
            lines = [line.removeprefix("#").removeprefix(" ") for line in lines]
        source = [line + "\n" for line in lines[:-1]] + lines[-1:]
        cell = {"cell_type": "markdown" if is_text else "code", "id": f"cell-{number}", "metadata": {}}
        cells.append(
            {**cell, "source": source} | ({} if is_text else {"execution_count": None, "outputs": []})
        )
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def text_of(script: Path) -> str:
    """The notebook's file for a script."""
    return json.dumps(notebook_of(script.read_text(encoding="utf-8")), indent=1) + "\n"


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if one differs")
    arguments = parser.parse_args(argv)
    differs = []
    for script in sorted(EXAMPLES.glob("*.py")):
        target, text = script.with_suffix(".ipynb"), text_of(script)
        if not target.is_file() or target.read_text(encoding="utf-8") != text:
            differs.append(target.name)
            if not arguments.check:
                target.write_text(text, encoding="utf-8")
    print("\n".join(differs))
    return 1 if arguments.check and differs else 0


if __name__ == "__main__":
    sys.exit(main())
