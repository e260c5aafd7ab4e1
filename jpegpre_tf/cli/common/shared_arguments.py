"""Arguments that several verbs share, with their checks."""

import argparse
import math
from pathlib import Path

from jpegpre_tf.errors import UsageError

DEFAULT_PROFILE = "balanced"


def quality(text: str) -> int:
    """Parses a JPEG quality, 1..100."""
    value = int(text) if text.isascii() and text.isdigit() else 0
    if not 1 <= value <= 100:
        raise argparse.ArgumentTypeError(f"expected a whole number from 1 to 100, received {text!r}")
    return value


def strength(text: str) -> float:
    """Parses a strength, 0..1."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"expected a number from 0 to 1, received {text!r}")
    return value


def positive_int(text: str) -> int:
    """Parses a count of at least 1."""
    value = int(text) if text.isascii() and text.isdigit() else 0
    if value < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number of at least 1, received {text!r}")
    return value


def add_profile_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds --profile and --strength."""
    parser.add_argument(
        "--profile",
        default=DEFAULT_PROFILE,
        metavar="NAME",
        help="shipped model, see `jpegpre models`, or a folder with a model.json (default: %(default)s)",
    )
    parser.add_argument(
        "--strength",
        type=strength,
        default=1.0,
        metavar="S",
        help="0 leaves the picture alone, 1 edits it as trained (default: 1)",
    )


def add_json_argument(parser: argparse.ArgumentParser, what: str) -> None:
    """Adds --json."""
    parser.add_argument("--json", action="store_true", help=f"print {what} on stdout")


def check_run_folder(folder: Path, resume: bool) -> None:
    """Raises UsageError unless `folder` holds a training run, or a recipe's, exactly if one is to be resumed."""
    # Names of training/checkpoint.py, whose room would load TensorFlow before anything is said.
    has_run = any((folder / name).exists() for name in ("checkpoint", "recipe.json"))
    if has_run and not resume:
        raise UsageError(f"{folder} holds a run already: add --resume to go on, or choose another folder")
    if resume and not has_run:
        raise UsageError(f"{folder}: expected a run to resume, found no checkpoint")
