"""Arguments of `jpegpre encode` and what they mean for the encoder."""

import argparse
import math
import re

from jpegpre_tf.cli.common.arguments import shared_arguments
from jpegpre_tf.cli.common.encoder import add_encoder_argument
from jpegpre_tf.errors import UsageError
from jpegpre_tf.jpeg.tuned_tables import TunedTables
from jpegpre_tf.runtime import EncodeOptions
from jpegpre_tf.runtime.encoding.jpeg_file import SCANS, SUBSAMPLINGS
from jpegpre_tf.runtime.encoding.options import TABLES_CHOICES, TablesOption
from jpegpre_tf.runtime.encoding.output_names import COLLISION_CHOICES
from jpegpre_tf.runtime.encoding.tables_file import read_tables
from jpegpre_tf.runtime.pictures.metadata.metadata import METADATA_CHOICES

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


def add_encode_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the verb's arguments."""
    parser.epilog = (
        "Sizes and PSNR (over RGB, against the input) are compared with the same encoder at the same quality "
        "without preprocessing. An existing output is replaced, an input only by --in-place. A JPEG input "
        "is encoded at its own quality at most, and kept byte for byte where nothing would be won."
    )
    parser.add_argument(
        "inputs", nargs="+", metavar="IN", help="picture files, and folders of them; - is stdin"
    )
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument(
        "-o",
        "--output",
        metavar="OUT",
        help="folder, or for a single picture a .jpg file or - for stdout; the structure of input folders is kept",
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
        help="pictures at a time, up to two for each core; memory grows with it (default: %(default)s)",
    )
    parser.add_argument(
        "--resume", action="store_true", help="go on with a run that was stopped: skip what it had finished"
    )
    shared_arguments.add_dry_run_argument(parser)
    parser.add_argument("--page", metavar="PAGE.html", help="also write a before/after page for a browser")
    parser.add_argument(
        "--details", action="store_true", help="all pictures, with bytes, PSNR and quality, in the table"
    )
    shared_arguments.add_quiet_argument(parser)
    shared_arguments.add_json_argument(parser, "one JSON object per picture instead of the table")


def add_picture_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds what decides how a picture is encoded."""
    _add_target(parser)
    shared_arguments.add_profile_arguments(parser)
    parser.add_argument(
        "--subsampling",
        choices=SUBSAMPLINGS,
        default="4:2:0",
        help="resolution of colour (default: %(default)s)",
    )
    parser.add_argument(
        "--tables",
        default="tuned",
        metavar="T",
        help="quantization tables: tuned, those of the profile; standard, the encoder's own; or a file with tables, "
        "see docs/carrier.md (default: %(default)s)",
    )
    parser.add_argument(
        "--scan",
        choices=SCANS,
        default="baseline",
        help="kind of JPEG file; smallest: baseline or progressive, whichever is smaller (default: %(default)s)",
    )
    parser.add_argument(
        "--metadata",
        choices=METADATA_CHOICES,
        default="keep",
        help="keep EXIF, colour profile, XMP, IPTC, comments and gain maps; strip-gps: without positions; "
        "strip: only the colour profile and the orientation (default: %(default)s)",
    )
    parser.add_argument(
        "--allow-larger",
        action="store_true",
        help="encode JPEG inputs at the quality given even if that loses more than it wins",
    )
    shared_arguments.add_reading_arguments(parser)
    parser.add_argument(
        "--on-collision",
        choices=COLLISION_CHOICES,
        default=COLLISION_CHOICES[0],
        help="two pictures that would get one name: refuse; keep-suffix writes IMG_1.heic as IMG_1.heic.jpg beside "
        "IMG_1.jpg; number writes IMG_1-2.jpg; skip does the JPEG file, or the first one (default: %(default)s)",
    )
    parser.add_argument(
        "--keep-times", action="store_true", help="give the output the input's time of last change"
    )


def _add_target(parser: argparse.ArgumentParser) -> None:
    target = parser.add_mutually_exclusive_group()
    shared_arguments.add_quality_argument(target)
    target.add_argument(
        "--target-size",
        type=size_bytes,
        metavar="SIZE",
        help="largest quality whose file, with metadata, is no larger than this: 200kB, 1.5MB",
    )
    target.add_argument(
        "--target-bpp", type=positive, metavar="BITS", help="the same in bits per pixel, for example 0.8"
    )
    target.add_argument(
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
    tables: TablesOption = arguments.tables
    if arguments.tables not in TABLES_CHOICES:
        tables = read_tables(arguments.tables)
        has_target = arguments.target_size or arguments.target_bpp or arguments.target_score
        if arguments.subsampling != "4:2:0" or (has_target and not isinstance(tables, TunedTables)):
            raise UsageError(
                "--tables FILE needs --subsampling 4:2:0, and a target needs tables of all qualities"
            )
    return EncodeOptions(
        tables=tables,
        scan=arguments.scan,
        quality=shared_arguments.chosen_quality(arguments),
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
        measure_psnr=_shows_psnr(arguments),
    )


def _shows_psnr(arguments: argparse.Namespace) -> bool:
    """Whether PSNRs are told: in JSON, a page, the table of --details, the rows of `batch`.

    Or may be told by a later run with --resume, to which pictures that were replaced in place cannot be measured.
    """
    if not hasattr(arguments, "details"):
        return True
    return bool(arguments.json or arguments.page or arguments.details or arguments.in_place)


def has_target(options: EncodeOptions) -> bool:
    """Whether a size or score decides the quality."""
    targets = (options.target_size_bytes, options.target_bpp, options.target_score)
    return any(target is not None for target in targets)
