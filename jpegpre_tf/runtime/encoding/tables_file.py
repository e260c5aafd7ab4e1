"""Quantization tables from a file, as `--tables FILE` takes them."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from jpegpre_tf._json import parse_json
from jpegpre_tf.errors import UsageError
from jpegpre_tf.jpeg.tuned_tables import TunedTables
from jpegpre_tf.runtime.inference.arguments import check_tables
from jpegpre_tf.storage.names import printable_path


def read_tables(path: str | Path) -> TunedTables | npt.NDArray[np.uint8]:
    """Reads tables of all qualities, or two tables.

    Args:
        path: JSON: what `TunedTables.write` writes, or a list of the luma and the chroma table, each 64 whole numbers
            1..255 in natural order (row by row).

    Raises:
        UsageError: If the file holds neither.
    """
    kinds = "tables.json of a model, or a JSON list of two lists of 64 whole numbers 1..255"
    expected = f"'{printable_path(path)}': expected {kinds}"
    try:
        content = parse_json(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(
            f"cannot read tables '{printable_path(path)}': {error.strerror} (expected tuned, standard or a file)"
        ) from error
    except ValueError as error:
        raise UsageError(expected) from error
    try:
        if isinstance(content, dict):
            return TunedTables.from_json(content)
        return check_tables("tables", np.asarray(content).reshape(2, 8, 8))
    except (ValueError, TypeError) as error:
        raise UsageError(expected) from error
