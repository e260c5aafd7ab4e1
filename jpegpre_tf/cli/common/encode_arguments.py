"""Arguments of `jpegpre encode` and what they mean for the encoder."""

import argparse
import math
import re

from jpegpre_tf.cli.common import shared_arguments
from jpegpre_tf.cli.common.encoder import add_encoder_argument
from jpegpre_tf.errors import UsageError
from jpegpre_tf.runtime import EncodeOptions
from jpegpre_tf.runtime.encoding.jpeg_file import SUBSAMPLINGS
from jpegpre_tf.runtime.pictures.decode import COLOR_CHOICES, MAX_PIXELS, check_color
from jpegpre_tf.runtime.pictures.metadata import METADATA_CHOICES

DEFAULT_QUALITY = 75
_SIZE = re.compile(r"([0-9]*\.?[0-9]+) ?([kmg]?)(i?)b?", re.IGNORECASE | re.ASCII)
_POWERS = {"": 0, "k": 1, "m": 2, "g": 3}


def size_bytes(text: str) -> int:
    """Parses a file size: 200000, 200kB, 1.5MB (powers of 1000), 64KiB (powers of 1024)."""
    found = _SIZE.fullmatch(text)
    value = 0
    if found and not (found[3] and not found[2]):
        value = int(float(found[1]) * (1024 if found[3] else 1000) ** _POWERS[found[2].lower()])
    if value < 1:
        raise argparse.ArgumentTypeError(f"expected a size such as 200kB or 1.5MB, received {text!r}")
    return value


def megapixels(text: str) -> int:
    """Parses a number of pixels: 50000000 or 50MP."""
    found = re.fullmatch(r"([0-9]*\.?[0-9]+) ?(mp)?", text, re.IGNORECASE | re.ASCII)
    value = int(float(found[1]) * (1_000_000 if found[2] else 1)) if found else 0
    if value < 1:
        raise argparse.ArgumentTypeError(f"expected pixels such as 50MP or 50000000, received {text!r}")
    return value


def positive(text: str) -> float:
    """Parses a number above 0."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value > 0):
        raise argparse.ArgumentTypeError(f"expected a number above 0, received {text!r}")
    return value


def score(text: str) -> float:
    """Parses a SSIMULACRA2 score to reach, above 0 and below 100."""
    value = positive(text)
    if value >= 100:
        raise argparse.ArgumentTypeError(f"expected a score below 100 (the original), received {text!r}")
    return value


def background(text: str) -> str:
    """Parses a colour."""
    try:
        check_color("keep", text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"expected a colour name or #rrggbb, received {text!r}") from error
    return text


def add_encode_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the verb's arguments."""
    parser.epilog = (
        "Sizes and PSNR (over RGB, against the input) are compared with the same encoder at the same quality "
        "without preprocessing. An existing output is replaced, an input only by --in-place. A JPEG input "
        "is encoded at its own quality at most, and kept byte for byte where nothing would be won."
    )
    parser.add_argument("inputs", nargs="+", metavar="IN", help="picture files, and folders of them")
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument(
        "-o",
        "--output",
        metavar="OUT",
        help="folder, or for a single picture a .jpg file; the structure of input folders is kept",
    )
    where.add_argument(
        "--in-place",
        action="store_true",
        help="replace the JPEG files given, each after its new one is verified",
    )
    add_encoder_argument(parser)
    add_picture_arguments(parser)
    parser.add_argument(
        "--jobs",
        type=shared_arguments.positive_int,
        default=1,
        metavar="N",
        help="pictures at a time; memory grows with it (default: %(default)s)",
    )
    parser.add_argument(
        "--resume", action="store_true", help="go on with a run that was stopped: skip what it had finished"
    )
    parser.add_argument("--page", metavar="PAGE.html", help="also write a before/after page for a browser")
    shared_arguments.add_json_argument(parser, "one JSON object per picture instead of the table")


def add_picture_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds what decides how a picture is encoded."""
    _add_goal(parser)
    shared_arguments.add_profile_arguments(parser)
    parser.add_argument(
        "--subsampling",
        choices=SUBSAMPLINGS,
        default="4:2:0",
        help="resolution of colour (default: %(default)s)",
    )
    parser.add_argument(
        "--metadata",
        choices=METADATA_CHOICES,
        default="keep",
        help="keep EXIF, colour profile, XMP, IPTC, comments and gain maps; strip-gps: without positions; "
        "strip: only the colour profile and the orientation (default: %(default)s)",
    )
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
        "--allow-larger",
        action="store_true",
        help="encode JPEG inputs at the quality given even if that loses more than it wins",
    )
    parser.add_argument(
        "--max-pixels",
        type=megapixels,
        default=MAX_PIXELS,
        metavar="N",
        help=f"refuse larger pictures, for example 50MP (default: {MAX_PIXELS // 1_000_000}MP)",
    )


def _add_goal(parser: argparse.ArgumentParser) -> None:
    goal = parser.add_mutually_exclusive_group()
    goal.add_argument(
        "--quality",
        type=shared_arguments.quality,
        metavar="Q",
        help=f"JPEG quality, 1 to 100 (default: {DEFAULT_QUALITY})",
    )
    goal.add_argument(
        "--target-size",
        type=size_bytes,
        metavar="SIZE",
        help="largest quality whose file, with metadata, is no larger than this: 200kB, 1.5MB",
    )
    goal.add_argument(
        "--target-bpp", type=positive, metavar="BITS", help="the same in bits per pixel, for example 0.8"
    )
    goal.add_argument(
        "--target-score",
        type=score,
        metavar="S",
        help="smallest quality that reaches this SSIMULACRA2 score, for example 70 (extra: evaluate)",
    )


def encode_options(arguments: argparse.Namespace) -> EncodeOptions:
    """Returns the options that the arguments ask for.

    Raises:
        UsageError: If some do not fit together.
    """
    if getattr(arguments, "page", None) and arguments.resume:
        raise UsageError("--page needs all pictures in one run: not allowed with --resume")
    return EncodeOptions(
        quality=arguments.quality or DEFAULT_QUALITY,
        strength=arguments.strength,
        subsampling=arguments.subsampling,
        metadata=arguments.metadata,
        target_size_bytes=arguments.target_size,
        target_bpp=arguments.target_bpp,
        target_score=arguments.target_score,
        allow_larger=arguments.allow_larger,
        background=arguments.background,
        color=arguments.color,
        max_pixels=arguments.max_pixels,
        in_place=getattr(arguments, "in_place", False),
    )
