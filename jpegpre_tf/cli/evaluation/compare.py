"""`jpegpre compare`: one page with a before/after wipe at equal file size."""

import argparse
import json
from collections.abc import Callable
from typing import TYPE_CHECKING

from jpegpre_tf.cli.common.arguments import evaluation_options, shared_arguments
from jpegpre_tf.cli.common.output.units import format_size
from jpegpre_tf.cli.common.png_output import end_line, print_notes
from jpegpre_tf.cli.common.process.interrupt import tell_of_output
from jpegpre_tf.cli.common.process.standard_streams import standard_paths
from jpegpre_tf.storage.names import printable

if TYPE_CHECKING:
    from jpegpre_tf.evaluation.candidates import Candidate
    from jpegpre_tf.evaluation.compare import Comparison, Scored


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the verb's arguments."""
    parser.add_argument("input", metavar="IN", help="a picture file; - is stdin")
    parser.add_argument(
        "-o", "--output", required=True, metavar="PAGE.html", help="HTML file to write; - is stdout"
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--profile", metavar="P", help="model: name, folder or .tflite file (default balanced)")
    what.add_argument("--filter", metavar="F", help="classical filter instead of a model")
    what.add_argument("--against", metavar="E", help="another encoder on untouched pixels instead of a model")
    evaluation_options.add_encoder_roles(parser)
    shared_arguments.add_model_arguments(parser)
    shared_arguments.add_quality_argument(parser)
    parser.add_argument("--metrics", default="core", metavar="LIST", help="core, all, or names with commas")
    shared_arguments.add_reading_arguments(parser)
    shared_arguments.add_quiet_argument(parser)
    shared_arguments.add_json_argument(parser, "sizes and scores as one JSON object")


def tell_when_interrupted(arguments: argparse.Namespace) -> Callable[[], str]:
    """What is there after Ctrl-C."""
    return tell_of_output(arguments.output)


def run(arguments: argparse.Namespace) -> int:
    """Writes the page."""
    from jpegpre_tf.cli.common.process.quiet import quiet_pillow, without_greeting
    from jpegpre_tf.evaluation.cache import write_text
    from jpegpre_tf.evaluation.compare import compare
    from jpegpre_tf.evaluation.metrics import get_metrics
    from jpegpre_tf.evaluation.reading import Reading
    from jpegpre_tf.evaluation.report.compare_page import compare_page

    quiet_pillow()
    shared_arguments.check_suffix(arguments.output, (".html", ".htm"), "a page")
    metrics = get_metrics(arguments.metrics.split(","))
    quality = shared_arguments.chosen_quality(arguments)
    with standard_paths(arguments.input, arguments.output, ".html", has_json=arguments.json) as (
        source,
        target,
    ):
        with without_greeting():
            candidate = _candidate(arguments)
        picture = Reading(**shared_arguments.reading_options(arguments)).open(source)
        comparison = compare(picture.pixels, candidate, quality, arguments.strength, metrics)
        write_text(target, compare_page(comparison, printable(source.name), candidate.label, metrics))
    print_notes(picture, arguments, "compare")
    result = _json(comparison, arguments.input, candidate.label)
    if arguments.json:
        print(json.dumps(result))
    else:
        end_line(arguments, _line(comparison, candidate.label))
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


def _json(comparison: "Comparison", picture: str, label: str) -> dict[str, object]:
    def entry(scored: "Scored") -> dict[str, object]:
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
        "picture": picture,
        "label": label,
        "saved_percent": round(comparison.saved_percent, 3),
        "edited": entry(comparison.edited),
        "plain_equal_size": entry(comparison.plain_equal_size),
        "plain_equal_quality": entry(comparison.plain_equal_quality),
    }


def _line(comparison: "Comparison", label: str) -> str:
    edited, equal = comparison.edited.encoded, comparison.plain_equal_size.encoded
    plain, saved = comparison.plain_equal_quality.encoded, round(comparison.saved_percent, 3)
    return (
        f"{label}: {format_size(edited.size_bytes)} at quality {edited.quality}, "
        f"{abs(saved):.1f} % {'smaller' if saved >= 0 else 'larger'} than plain JPEG of that quality "
        f"({format_size(plain.size_bytes)}); plain JPEG of equal size has quality {equal.quality}"
    )
