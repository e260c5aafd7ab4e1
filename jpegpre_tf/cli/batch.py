"""`jpegpre batch`: an archive of pictures, in folders or object storage, to smaller JPEG files."""

import argparse
import contextlib
import dataclasses
import json
import os
import sys
from pathlib import Path

from jpegpre_tf.cli.common import shared_arguments
from jpegpre_tf.cli.common.encode_arguments import add_picture_arguments, encode_options
from jpegpre_tf.cli.common.progress import progress
from jpegpre_tf.cli.common.quiet import quiet_asyncio, without_decoders_messages
from jpegpre_tf.cli.common.session import load_profile
from jpegpre_tf.cli.common.table import print_table
from jpegpre_tf.cluster.job import ENGINES, BatchJob
from jpegpre_tf.runtime.inference.load import usable_cores

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
        "has changed since. DST/manifest.parquet has one row per picture. S3 is set up as for any of its programs: "
        "AWS_PROFILE, AWS_ACCESS_KEY_ID, AWS_ENDPOINT_URL, and so on."
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
        help="workers, each with a model of its own (default: one per core)",
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
    shared_arguments.add_json_argument(parser, "one JSON object about the run instead of the table")


def run(arguments: argparse.Namespace) -> int:
    """Runs the batch; returns 0, or 1 if some pictures failed."""
    from jpegpre_tf.cluster.batch import run_batch
    from jpegpre_tf.cluster.rows import Row

    quiet_asyncio()
    options = encode_options(arguments)
    jobs = arguments.jobs or usable_cores()
    job = BatchJob(
        source=arguments.source,
        target=arguments.target,
        profile=arguments.profile,
        options=options,
        engine=arguments.engine,
        workers=jobs,
        threads=max(1, min(4, usable_cores() // jobs)) if arguments.engine == "local" else 1,
        chunk=arguments.chunk,
        shard=arguments.shard[0],
        shards=arguments.shard[1],
        with_score=arguments.score,
    )
    load_profile(arguments.profile, options.quality)  # says here, once, what every worker would
    if arguments.score or options.target_score is not None:
        from jpegpre_tf.evaluation.file_score import ssimulacra2_score

        ssimulacra2_score("--score" if arguments.score else "--target-score")
    failures = 0
    with (
        Path(os.devnull).open("w") as nowhere,
        without_decoders_messages(),
        # Ray prints what its other processes say there, whatever it is told.
        contextlib.redirect_stdout(nowhere),
        progress(None, "encoding") as report,
    ):

        def told(row: Row) -> None:
            nonlocal failures
            report.advance()
            if row["status"] == "failed":
                failures += 1
                if failures <= _MOST_LINES:
                    report.log(f"jpegpre batch: error: {row['error']}")

        summary = run_batch(job, told)
    if failures > _MOST_LINES:
        more = failures - _MOST_LINES
        print(f"jpegpre batch: {more} more pictures failed; the manifest names them", file=sys.stderr)
    if arguments.json:
        print(json.dumps(dataclasses.asdict(summary)))
    else:
        done = summary.encoded + summary.kept
        saved = 100 * (1 - summary.size_bytes / summary.size_bytes_plain) if done else 0.0
        header = (
            "pictures",
            "encoded",
            "kept",
            "skipped",
            "failed",
            "input bytes",
            "plain bytes",
            "bytes",
            "saved %",
        )
        numbers = (summary.pictures, summary.encoded, summary.kept, summary.skipped, summary.failed)
        sizes = (summary.size_bytes_input, summary.size_bytes_plain, summary.size_bytes)
        print_table(header, [(*(f"{number:,}" for number in (*numbers, *sizes)), f"{saved:.1f}")], None)
        print(f"{summary.seconds:.1f} s, {done / max(summary.seconds, 1e-9):.1f} pictures/s")
    return 1 if summary.failed else 0
