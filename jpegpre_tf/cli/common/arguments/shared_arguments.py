"""Arguments that several verbs share, with their checks."""

import argparse
import math
import re
from collections.abc import Iterable
from pathlib import Path
from typing import TypedDict

from jpegpre_tf.cli.common.output.messages import print_note
from jpegpre_tf.errors import UsageError
from jpegpre_tf.runtime.inference.load import usable_cores
from jpegpre_tf.runtime.inference.runners.backends import AUTO, BACKEND_CHOICES
from jpegpre_tf.runtime.pictures.decode import COLOR_CHOICES, MAX_PIXELS, check_color
from jpegpre_tf.storage.names import printable_path

DEFAULT_PROFILE = "balanced"
DEFAULT_QUALITY = 75
PRECISIONS = ("int8", "fp32", "fp16")
# More workers than this for each core only take memory: all of them compute.
_MOST_JOBS_PER_CORE = 2


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


def count(text: str) -> int:
    """Parses a whole number of at least 0."""
    value = int(text) if text.isascii() and text.isdigit() else -1
    if value < 0:
        raise argparse.ArgumentTypeError(f"expected a whole number of at least 0, received {text!r}")
    return value


def megapixels(text: str) -> int:
    """Parses a number of pixels: 50000000 or 50MP."""
    found = re.fullmatch(r"([0-9]*\.?[0-9]+) ?(mp)?", text, re.IGNORECASE | re.ASCII)
    value = int(float(found[1]) * (1_000_000 if found[2] else 1)) if found else 0
    if value < 1:
        raise argparse.ArgumentTypeError(f"expected pixels such as 50MP or 50000000, received {text!r}")
    return value


def background(text: str) -> str:
    """Parses a colour."""
    try:
        check_color("keep", text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"expected a colour name or #rrggbb, received {text!r}") from error
    return text


def add_quality_argument(parser: argparse._ActionsContainer, what: str = "JPEG quality") -> None:
    """Adds --quality, whose default is `DEFAULT_QUALITY` in every verb.

    It is None where it was not given, so that a verb can tell; see `chosen_quality`.
    """
    parser.add_argument(
        "--quality", type=quality, metavar="Q", help=f"{what}, 1 to 100 (default: {DEFAULT_QUALITY})"
    )


def chosen_quality(arguments: argparse.Namespace) -> int:
    """Returns --quality or its default."""
    return DEFAULT_QUALITY if arguments.quality is None else int(arguments.quality)


def add_profile_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds --profile, --precision, --backend and --strength."""
    _add_profile_argument(parser)
    add_model_arguments(parser)


def _add_profile_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--profile",
        default=DEFAULT_PROFILE,
        metavar="NAME",
        help="shipped model, see `jpegpre models`, or a folder with a model.json (default: %(default)s)",
    )


def add_model_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds --precision and --strength."""
    parser.add_argument(
        "--precision",
        choices=PRECISIONS,
        help="which file of the model (default: int8 where there is one, else fp32)",
    )
    parser.add_argument(
        "--backend",
        choices=BACKEND_CHOICES,
        default=AUTO,
        help="what runs the model: kernel, in C, the fastest, int8 alone; litert; onnxruntime; auto, the kernel "
        "where it was built and runs the model, else litert (default: %(default)s)",
    )
    parser.add_argument(
        "--strength",
        type=strength,
        default=1.0,
        metavar="S",
        help="0 leaves the picture alone, 1 edits it as trained (default: 1)",
    )


def add_reading_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds --background, --color and --max-pixels: how a picture is read."""
    parser.add_argument(
        "--background",
        type=background,
        default="white",
        metavar="COLOUR",
        help="under transparent pictures, a name or #rrggbb (default: %(default)s)",
    )
    parser.add_argument(
        "--color",
        choices=COLOR_CHOICES,
        default="keep",
        help="keep pixels and colour profile, or convert to sRGB (default: %(default)s)",
    )
    parser.add_argument(
        "--max-pixels",
        type=megapixels,
        default=MAX_PIXELS,
        metavar="N",
        help=f"refuse larger pictures, for example 50MP (default: {MAX_PIXELS // 1_000_000}MP)",
    )


class ReadingOptions(TypedDict):
    """Arguments of `open_picture` beside the file; see `EncodeOptions` for what they mean."""

    background: str
    color: str
    max_pixels: int


def reading_options(arguments: argparse.Namespace) -> ReadingOptions:
    """Returns the options for reading pictures that the arguments give."""
    return {
        "background": arguments.background,
        "color": arguments.color,
        "max_pixels": arguments.max_pixels,
    }


def add_quiet_argument(parser: argparse.ArgumentParser) -> None:
    """Adds --quiet."""
    parser.add_argument(
        "-q", "--quiet", action="store_true", help="print errors only, and what --json asks for"
    )


def add_dry_run_argument(parser: argparse.ArgumentParser) -> None:
    """Adds --dry-run."""
    parser.add_argument(
        "--dry-run",
        action="store_true",
        help="read and write no picture, print which file would become which",
    )


def limit_jobs(jobs: int, verb: str) -> int:
    """Returns how many jobs to start: as many as asked for, up to two for each core of this machine."""
    most = _MOST_JOBS_PER_CORE * usable_cores()
    if jobs > most:
        print_note(f"--jobs {jobs}: {most} are started, two for each core that may be used", verb)
    return min(jobs, most)


def check_suffix(path: str | Path, suffixes: Iterable[str], kind: str) -> None:
    """Raises UsageError unless the output is stdout or is named as a file of its kind."""
    if str(path) != "-" and Path(path).suffix.lower() not in suffixes:
        first = next(iter(suffixes))
        raise UsageError(f"output is {kind}: expected a {first} file. Received: -o '{printable_path(path)}'")


def add_json_argument(parser: argparse.ArgumentParser, what: str) -> None:
    """Adds --json."""
    parser.add_argument("--json", action="store_true", help=f"print {what} on stdout")


def has_run(folder: Path) -> bool:
    """Whether `folder` holds a training run's checkpoint, or a recipe's."""
    # Names of training/checkpoint.py, whose room would load TensorFlow before anything is said.
    return any((folder / name).exists() for name in ("checkpoint", "recipe.json"))


def check_run_folder(folder: Path, resume: bool) -> None:
    """Raises UsageError unless `folder` holds a training run, or a recipe's, exactly if one is to be resumed."""
    is_there = has_run(folder)
    if is_there and not resume:
        raise UsageError(f"{folder} holds a run already: add --resume to go on, or choose another folder")
    if resume and not is_there:
        raise UsageError(f"{folder}: expected a run to resume, found no checkpoint")
