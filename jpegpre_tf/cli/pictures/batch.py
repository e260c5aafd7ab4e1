"""`jpegpre batch`: an archive of pictures, in folders or object storage, to smaller JPEG files."""

import argparse
import contextlib
import dataclasses
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from jpegpre_tf import runtime
from jpegpre_tf.cli.common.arguments import shared_arguments
from jpegpre_tf.cli.common.arguments.encode_arguments import add_picture_arguments, encode_options
from jpegpre_tf.cli.common.output.encode_rows import describe_look
from jpegpre_tf.cli.common.output.messages import print_line, print_note
from jpegpre_tf.cli.common.output.progress import Progress, format_rate, format_seconds
from jpegpre_tf.cli.common.output.table import print_paragraph, print_table
from jpegpre_tf.cli.common.output.units import count_of, format_size
from jpegpre_tf.cli.common.process.quiet import quiet_asyncio, without_decoders_messages
from jpegpre_tf.cli.common.session import load_profile
from jpegpre_tf.cluster.job import ENGINES, BatchJob
from jpegpre_tf.errors import UsageError
from jpegpre_tf.runtime.inference.load import usable_cores
from jpegpre_tf.storage.errors import printable_url

if TYPE_CHECKING:
    from jpegpre_tf.cluster.batch import BatchSummary

# Lines about single pictures; all of them are in the manifest.
_MOST_LINES = 100


def shard(text: str) -> tuple[int, int]:
    """Parses I/N, the I-th of N shards, counted from 0."""
    parts = text.split("/")
    if len(parts) == 2 and all(part.isascii() and part.isdigit() for part in parts):
        index, count = int(parts[0]), int(parts[1])
        if index < count:
            return index, count
    raise argparse.ArgumentTypeError(f"expected I/N with I from 0 to N-1, for example 0/8, received {text!r}")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the verb's arguments."""
    parser.epilog = (
        "SRC and DST are folders: paths, or URLs such as s3://bucket/photos (extra: cluster). Outputs are what "
        "`encode` writes. What an earlier run with the same settings did is skipped, if neither input nor output "
        "has changed since. DST/manifest.parquet has one row per picture (manifest.jsonl without pyarrow). S3 is "
        "set up as for any of its programs: AWS_PROFILE, AWS_ACCESS_KEY_ID, AWS_ENDPOINT_URL, and so on."
    )
    parser.add_argument("source", metavar="SRC", help="folder or URL of the pictures")
    parser.add_argument("target", metavar="DST", help="folder or URL for the outputs and the manifest")
    parser.add_argument(
        "--engine",
        choices=ENGINES,
        default="local",
        help="processes on this machine, or Ray actors on a cluster, where RAY_ADDRESS says (default: %(default)s)",
    )
    parser.add_argument(
        "--jobs",
        type=shared_arguments.positive_int,
        metavar="N",
        help="workers, each with a model of its own; up to two for each core of this machine (default: one)",
    )
    parser.add_argument(
        "--shard",
        type=shard,
        default=(0, 1),
        metavar="I/N",
        help="only the I-th of N parts of the pictures: for several runs side by side",
    )
    parser.add_argument(
        "--score", action="store_true", help="also note SSIMULACRA2 of every file, slow (extra: evaluate)"
    )
    parser.add_argument(
        "--chunk",
        type=shared_arguments.positive_int,
        default=16,
        metavar="N",
        help="pictures handed to a worker at a time (default: %(default)s)",
    )
    add_picture_arguments(parser)
    shared_arguments.add_dry_run_argument(parser)
    shared_arguments.add_quiet_argument(parser)
    shared_arguments.add_json_argument(parser, "one JSON object about the run instead of the table")


def run(arguments: argparse.Namespace) -> int:
    """Runs the batch; returns 0, or 1 if some pictures failed."""
    quiet_asyncio()
    job = _job(arguments)
    if arguments.dry_run:
        return _print_plan(arguments, job)
    # Says here, once, what every worker would.
    load_profile(
        arguments.profile,
        job.options.quality,
        precision=arguments.precision,
        backend=arguments.backend,
        is_quiet=arguments.quiet,
    )
    if arguments.score or job.options.target_score is not None:
        from jpegpre_tf.evaluation.file_score import ssimulacra2_score

        ssimulacra2_score("--score" if arguments.score else "--target-score")
    summary, edited = _run(arguments, job)
    if arguments.json:
        print(json.dumps(dataclasses.asdict(summary)))
    elif not arguments.quiet:
        _print_summary(summary, describe_look(job.options.tables, edited, summary.encoded + summary.kept))
    return 1 if summary.failed else 0


def _job(arguments: argparse.Namespace) -> BatchJob:
    for place in (arguments.source, arguments.target):
        if not place:  # a shell's unset variable
            raise UsageError("expected a folder or URL. Received: ''")
    jobs = arguments.jobs or usable_cores()
    is_local = arguments.engine == "local"
    if is_local:
        jobs = shared_arguments.limit_jobs(jobs, "batch")
    return BatchJob(
        source=arguments.source,
        target=arguments.target,
        profile=arguments.profile,
        options=encode_options(arguments),
        precision=arguments.precision,
        backend=arguments.backend,
        on_collision=arguments.on_collision,
        engine=arguments.engine,
        workers=jobs,
        threads=max(1, min(4, usable_cores() // jobs)) if is_local else 1,
        chunk=arguments.chunk,
        shard=arguments.shard[0],
        shards=arguments.shard[1],
        keep_times=arguments.keep_times,
        with_score=arguments.score,
    )


def _print_plan(arguments: argparse.Namespace, job: BatchJob) -> int:
    from jpegpre_tf.cluster.batch import list_batch

    runtime.find_model(job.profile)
    pictures = failures = 0
    for task in list_batch(job):
        pictures += not task.refusal
        failures += bool(task.refusal) and not task.is_left_out
        if arguments.json:
            print(
                json.dumps(
                    {
                        "input": task.source,
                        "output": task.target,
                        "dry_run": True,
                        "error": task.refusal or None,
                    }
                )
            )
        elif task.refusal:
            print_line(f"jpegpre batch: {'note' if task.is_left_out else 'error'}: {task.refusal}")
        elif not arguments.quiet:
            print(f"{printable_url(task.source)} -> {printable_url(task.target)}")
    if not arguments.quiet:
        print_note(f"--dry-run: {count_of(pictures, 'picture')}, nothing was read or written", "batch")
    return 1 if failures else 0


def _run(arguments: argparse.Namespace, job: BatchJob) -> "tuple[BatchSummary, int]":
    """Runs the batch; returns what it did, and how many pictures were edited although carriers were asked for."""
    from jpegpre_tf.cluster.batch import run_batch
    from jpegpre_tf.cluster.rows import Row

    counts = {"done": 0, "failed": 0, "edited": 0}
    total: list[int] = []
    try:
        with (
            Path(os.devnull).open("w") as nowhere,
            without_decoders_messages(),
            # Ray prints what its other processes say there, whatever it is told.
            contextlib.redirect_stdout(nowhere),
            Progress("pictures", is_shown=not arguments.quiet) as progress,
        ):

            def note_row(row: Row) -> None:
                progress.advance()
                if row.status != "failed":
                    counts["done"] += 1
                    counts["edited"] += row.status == "encoded" and row.edit_reason is not None
                    return
                counts["failed"] += 1
                if counts["failed"] <= _MOST_LINES:
                    progress.log(f"jpegpre batch: error: {row.error}")

            def note_total(number: int) -> None:
                total.append(number)
                progress.set_total(number)

            summary = run_batch(job, note_row, None if arguments.quiet else note_total)
    except KeyboardInterrupt:
        of_all = f" of {total[0]:,}" if total else ""
        said = f"{counts['done']:,}{of_all} pictures are done and noted, {counts['failed']:,} failed"
        raise KeyboardInterrupt(f"{said}; the same command does the rest") from None
    if counts["failed"] > _MOST_LINES:
        more = counts["failed"] - _MOST_LINES
        print_line(f"jpegpre batch: error: {more} more pictures failed; the manifest names them")
    return summary, counts["edited"]


def _print_summary(summary: "BatchSummary", look: str) -> None:
    done = summary.encoded + summary.kept
    rows = [
        (name, f"{number:,}")
        for name, number in (
            ("encoded", summary.encoded),
            ("kept as they were", summary.kept),
            ("done before, or left out", summary.skipped),
            ("failed, see the manifest", summary.failed),
        )
    ]
    print_table(("pictures", "number"), rows, ("all", f"{summary.pictures:,}"))
    if done:
        seconds = max(summary.seconds, 1e-9)
        print(
            f"{count_of(done, 'picture')} in {format_seconds(summary.seconds)}, {format_rate(done / seconds)}"
        )
        sentence = f"{count_of(done, 'picture')}: {format_size(summary.size_bytes_input)} -> "
        sentence += f"{format_size(summary.size_bytes)}."
        if summary.size_bytes_plain > summary.size_bytes:
            plain = format_size(summary.size_bytes_plain)
            sentence += f" An ordinary encoder needs {plain} {look}."
        print_paragraph(sentence)
