"""`jpegpre compare`: one page with a before/after wipe at equal file size."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jpegpre_tf.cli.common import evaluation_options, shared_arguments

if TYPE_CHECKING:
    from jpegpre_tf.evaluation.candidates import Candidate
    from jpegpre_tf.evaluation.compare import Comparison, Scored


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the verb's arguments."""
    parser.add_argument("picture", metavar="IN", type=Path, help="picture file")
    parser.add_argument("-o", "--output", metavar="PAGE", type=Path, required=True, help="HTML file to write")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--profile", metavar="P", help="model: name, folder or .tflite file (default balanced)")
    what.add_argument("--filter", metavar="F", help="classical filter instead of a model")
    what.add_argument("--against", metavar="E", help="another encoder on untouched pixels instead of a model")
    evaluation_options.add_encoder_roles(parser)
    parser.add_argument("--precision", choices=["fp32", "fp16", "int8"], help="which file of the model")
    parser.add_argument(
        "--quality", type=shared_arguments.quality, default=50, help="1..100 (default %(default)s)"
    )
    parser.add_argument(
        "--strength", type=shared_arguments.strength, default=1.0, help="0..1 (default %(default)s)"
    )
    parser.add_argument("--metrics", default="core", metavar="LIST", help="core, all, or names with commas")
    parser.add_argument("--json", action="store_true", help="print sizes and scores as one JSON object")


def run(arguments: argparse.Namespace) -> int:
    """Writes the page."""
    from jpegpre_tf.cli.common.plan import refuse_overwriting
    from jpegpre_tf.cli.common.quiet import quiet_pillow, without_greeting
    from jpegpre_tf.errors import UsageError
    from jpegpre_tf.evaluation.cache import write_text
    from jpegpre_tf.evaluation.compare import compare
    from jpegpre_tf.evaluation.metrics import get_metrics
    from jpegpre_tf.evaluation.report.compare_page import compare_page
    from jpegpre_tf.runtime import open_picture
    from jpegpre_tf.storage.names import printable_path

    quiet_pillow()
    if arguments.output.suffix.lower() not in (".html", ".htm"):
        raise UsageError(
            f"output is a page: expected an .html file. Received: -o '{printable_path(arguments.output)}'"
        )
    refuse_overwriting(arguments.picture, arguments.output)
    metrics = get_metrics(arguments.metrics.split(","))
    with without_greeting():
        candidate = _candidate(arguments)
    image = open_picture(arguments.picture).pixels
    comparison = compare(image, candidate, arguments.quality, arguments.strength, metrics)
    page = compare_page(comparison, arguments.picture.name, candidate.label, metrics)
    write_text(arguments.output, page)
    result = _json(comparison, arguments.picture, candidate.label)
    if arguments.json:
        print(json.dumps(result))
    else:
        print(_line(result))
    return 0


def _candidate(arguments: argparse.Namespace) -> "Candidate":
    from jpegpre_tf.evaluation.candidates import (
        make_encoder_candidate,
        make_filter_candidate,
        make_profile_candidate,
    )

    against = [arguments.against] if arguments.against else []
    roles = evaluation_options.choose_encoder_roles(arguments, against)
    if roles.against:
        return make_encoder_candidate(roles.against[-1])
    if arguments.filter:
        return make_filter_candidate(arguments.filter, roles.writer, [arguments.strength])
    profile = arguments.profile or shared_arguments.DEFAULT_PROFILE
    return make_profile_candidate(
        profile, roles.writer, arguments.strength, arguments.precision, arguments.path
    )


def _json(comparison: "Comparison", picture: Path, label: str) -> dict[str, Any]:
    def entry(scored: "Scored") -> dict[str, Any]:
        encoded = scored.encoded
        return {
            "encoder": encoded.encoder,
            "version": encoded.version,
            "flags": encoded.flags,
            "quality": encoded.quality,
            "size_bytes": encoded.size_bytes,
            "scores": dict(scored.scores),
        }

    return {
        "picture": str(picture),
        "label": label,
        "saved_percent": round(comparison.saved_percent, 3),
        "edited": entry(comparison.edited),
        "plain_equal_size": entry(comparison.plain_equal_size),
        "plain_equal_quality": entry(comparison.plain_equal_quality),
    }


def _line(result: dict[str, Any]) -> str:
    edited, equal = result["edited"], result["plain_equal_size"]
    return (
        f"{result['label']}: {edited['size_bytes']} bytes at quality {edited['quality']}, "
        f"{result['saved_percent']:+.1f} % saved; plain at equal size: {equal['size_bytes']} bytes "
        f"at quality {equal['quality']}"
    )
