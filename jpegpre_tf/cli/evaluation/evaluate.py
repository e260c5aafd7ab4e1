"""`jpegpre evaluate`: rate-distortion with real encoders, against the encoder alone."""

import argparse
import json
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from jpegpre_tf.cli.common.arguments import evaluation_options, shared_arguments
from jpegpre_tf.cli.common.output.messages import print_line
from jpegpre_tf.runtime.inference.load import usable_cores
from jpegpre_tf.storage.names import printable_path

if TYPE_CHECKING:
    from jpegpre_tf.evaluation.evaluate import EvaluationConfig
    from jpegpre_tf.evaluation.results import Results


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the verb's arguments."""
    parser.add_argument(
        "pictures", metavar="DIR", nargs="+", type=Path, help="folder of pictures, or picture files"
    )
    parser.add_argument(
        "-o", "--output", metavar="REPORT_DIR", type=Path, required=True, help="folder for the report"
    )
    parser.add_argument(
        "--profile",
        action="append",
        default=[],
        metavar="P",
        help="model: name, folder or .tflite file; repeatable (default: balanced, if nothing else is chosen)",
    )
    shared_arguments.add_model_arguments(parser)
    parser.add_argument(
        "--filter",
        action="append",
        default=[],
        metavar="F",
        help="classical filter, at each quality at its best strength; repeatable",
    )
    parser.add_argument(
        "--against",
        action="append",
        default=[],
        metavar="E",
        help="another encoder on untouched pixels, to compare with; repeatable",
    )
    evaluation_options.add_encoder_roles(parser)
    parser.add_argument(
        "--reference",
        metavar="E",
        help="the encoder, alone, that BD-rates are against (default: the one that writes)",
    )
    parser.add_argument(
        "--controls",
        choices=["none", "encoders", "standard"],
        default="standard",
        help="rows to compare with. encoders: MozJPEG's trellis and defaults, jpegli; standard: these, the "
        "profiles' tables alone, guided filter and attribute filter (default %(default)s)",
    )
    parser.add_argument(
        "--metrics",
        default="core",
        metavar="LIST",
        help="core, all (with Butteraugli and VMAF-NEG where they are installed), or names with commas "
        "(default %(default)s)",
    )
    parser.add_argument("--qualities", metavar="LIST", help="with commas (default: the protocol's twelve)")
    parser.add_argument(
        "--limit", type=shared_arguments.positive_int, metavar="N", help="only the first N pictures"
    )
    parser.add_argument(
        "--jobs",
        type=shared_arguments.positive_int,
        metavar="N",
        help="processes, up to two for each core of this machine (default: one for each)",
    )
    parser.add_argument(
        "--cache", type=Path, metavar="DIR", help="measured points (default: the user's cache folder)"
    )
    shared_arguments.add_reading_arguments(parser)
    shared_arguments.add_quiet_argument(parser)
    shared_arguments.add_json_argument(parser, "the results as one JSON object")


def run(arguments: argparse.Namespace) -> int:
    """Evaluates and writes the report; 1 if some picture failed."""
    from jpegpre_tf.evaluation.points.runner import SINGLE_THREAD

    for name, value in SINGLE_THREAD.items():  # before NumPy starts its threads
        os.environ.setdefault(name, value)

    from jpegpre_tf.cli.common.output.progress import Progress
    from jpegpre_tf.cli.common.output.table import print_paragraph, print_table
    from jpegpre_tf.cli.common.output.units import count_of
    from jpegpre_tf.cli.common.process.interrupt import ends_on_interrupt
    from jpegpre_tf.cli.common.process.quiet import quiet_pillow, without_decoders_messages, without_greeting
    from jpegpre_tf.evaluation.cache import make_folder
    from jpegpre_tf.evaluation.evaluate import evaluate
    from jpegpre_tf.evaluation.report import write_report
    from jpegpre_tf.evaluation.results import bd_rate_cells

    quiet_pillow()
    begin = time.monotonic()
    with without_greeting():  # profiles are loaded here for the first time
        config = _config(arguments)
    make_folder(arguments.output)  # before the work, not after it
    progress = Progress("points", is_shown=not arguments.quiet)

    def describe() -> str:
        return f"{progress.describe()}; what is measured is kept, and the same command goes on from there"

    with ends_on_interrupt(describe), without_decoders_messages():
        with progress:
            results = evaluate(config, progress.update)
        write_report(results, config, arguments.output)
    for failure in results.failures:
        print_line(f"jpegpre evaluate: error: {failure.picture}: {failure.error}")
    if arguments.json:
        print(json.dumps(_summarize(results)))
    elif not arguments.quiet:
        header, *rows = bd_rate_cells(results)
        print_table(header, rows)
        pictures = count_of(len(results.pictures), "picture")
        print_paragraph(
            f"{pictures}, {results.headline} bpp; reference: {results.reference.label}; negative is smaller files"
        )
    if not arguments.quiet:
        seconds = time.monotonic() - begin
        print_line(f"{seconds:.1f} s; report in '{printable_path(arguments.output)}'")
    return 1 if results.failures else 0


def _config(arguments: argparse.Namespace) -> "EvaluationConfig":
    from jpegpre_tf.errors import UsageError
    from jpegpre_tf.evaluation.cache import default_cache
    from jpegpre_tf.evaluation.candidates import (
        Candidate,
        make_encoder_candidate,
        make_filter_candidate,
        make_profile_candidate,
    )
    from jpegpre_tf.evaluation.controls import make_controls
    from jpegpre_tf.evaluation.evaluate import QUALITIES, EvaluationConfig
    from jpegpre_tf.evaluation.reading import Reading

    roles = evaluation_options.choose_encoder_roles(arguments, arguments.against)
    profiles = arguments.profile
    if not roles.against and not arguments.filter and not profiles:
        profiles = [shared_arguments.DEFAULT_PROFILE]
    rows: list[Candidate] = [
        make_profile_candidate(name, roles.writer, arguments.strength, arguments.precision, arguments.path)
        for name in profiles
    ]
    rows += [make_filter_candidate(name, roles.writer) for name in dict.fromkeys(arguments.filter)]
    rows += [make_encoder_candidate(name) for name in roles.against]
    keys = {row.key for row in rows}
    rows += [row for row in make_controls(arguments.controls, profiles, roles.writer) if row.key not in keys]
    try:
        qualities = (
            tuple(int(text) for text in arguments.qualities.split(",")) if arguments.qualities else QUALITIES
        )
    except ValueError as error:
        raise UsageError(f"--qualities must be whole numbers with commas: {arguments.qualities!r}") from error
    return EvaluationConfig(
        inputs=tuple(arguments.pictures),
        candidates=tuple(rows),
        metrics=tuple(arguments.metrics.split(",")),
        qualities=qualities,
        cache=arguments.cache or default_cache(),
        jobs=shared_arguments.limit_jobs(arguments.jobs or usable_cores(), "evaluate"),
        limit=arguments.limit,
        reading=Reading(**shared_arguments.reading_options(arguments)),
        reference_encoder=arguments.reference or roles.writer,
    )


def _summarize(results: "Results") -> dict[str, object]:
    """The results without single points, which are in results.json."""
    content = results.to_json()
    candidates = [candidate.to_json() for candidate in results.candidates]
    kept = {
        key: value for key, value in content.items() if key not in ("candidates", "reference", "pictures")
    }
    kept["pictures"] = len(results.pictures)
    kept["candidates"] = [
        {key: candidate[key] for key in ("key", "label", "kind", "encoder", "bd_rate")}
        for candidate in candidates
    ]
    return kept
