"""Results on disk: results.json, results.csv and the headline table."""

import json
from pathlib import Path

from jpegpre_tf._json import parse_json
from jpegpre_tf.errors import UsageError
from jpegpre_tf.evaluation.cache import write_text
from jpegpre_tf.evaluation.results.results import Results
from jpegpre_tf.evaluation.results.tables import render_csv, render_markdown
from jpegpre_tf.storage.names import printable_path


def write_results(results: Results, folder: Path) -> None:
    """Writes results.json, results.csv and table.md into `folder`, which is made if needed."""
    write_text(folder / "results.json", json.dumps(results.to_json(), indent=1))
    write_text(folder / "results.csv", render_csv(results))
    write_text(folder / "table.md", render_markdown(results))


def read_results(path: Path) -> Results:
    """Reads a results.json, of this version or an earlier one.

    Raises:
        UsageError: If it cannot be read, or is something else.
    """
    try:
        return Results.from_json(parse_json(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise UsageError(f"cannot read '{printable_path(path)}': {error.strerror}") from error
    except ValueError as error:
        raise UsageError(f"'{printable_path(path)}' is no results.json: {error}") from error
