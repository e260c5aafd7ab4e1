"""`jpegpre encode`: picture files to smaller JPEG files, with a table of what it gained."""

import argparse
import json
import math
import sys
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from statistics import mean
from typing import Any, TextIO

from jpegpre_tf import runtime
from jpegpre_tf.cli import _arguments
from jpegpre_tf.cli._plan import Task, plan
from jpegpre_tf.cli._progress import progress
from jpegpre_tf.cli._quiet import quiet_pillow
from jpegpre_tf.cli._session import load_profile
from jpegpre_tf.cli._table import print_table
from jpegpre_tf.errors import JpegpreError, PictureError
from jpegpre_tf.runtime.encode import METADATA_CHOICES
from jpegpre_tf.runtime.jpeg_file import SUBSAMPLINGS
from jpegpre_tf.runtime.load import usable_cores
from jpegpre_tf.runtime.names import shown

_HEADER = ("file", "plain bytes", "bytes", "saved %", "plain PSNR dB", "PSNR dB")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the verb's arguments."""
    parser.epilog = (
        "Sizes and PSNR (over RGB, against the input) are compared with the same encoder at the same quality "
        "without preprocessing. An existing output is replaced, an input never is."
    )
    parser.add_argument("inputs", nargs="+", metavar="IN", help="picture files, and folders of them")
    parser.add_argument(
        "-o",
        "--output",
        required=True,
        metavar="OUT",
        help="folder, or for a single picture a .jpg file; the structure of input folders is kept",
    )
    parser.add_argument(
        "--quality",
        type=_arguments.quality,
        default=75,
        metavar="Q",
        help="JPEG quality, 1 to 100 (default: %(default)s)",
    )
    _arguments.add_profile_arguments(parser)
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
        help="keep EXIF, colour profile, XMP, IPTC and comments, or strip all but the colour profile and the "
        "orientation (default: %(default)s)",
    )
    parser.add_argument(
        "--jobs",
        type=_arguments.positive_int,
        default=1,
        metavar="N",
        help="pictures at a time; memory grows with it (default: %(default)s)",
    )
    parser.add_argument("--page", metavar="PAGE.html", help="also write a before/after page for a browser")
    _arguments.add_json_argument(parser, "one JSON object per picture instead of the table")


def run(arguments: argparse.Namespace) -> int:
    """Encodes the pictures; returns 0, or 1 if some of them failed."""
    quiet_pillow()
    tasks = plan(arguments.inputs, arguments.output, also_written=[arguments.page] if arguments.page else [])
    session = load_profile(
        arguments.profile, arguments.quality, max(1, min(4, usable_cores() // arguments.jobs))
    )
    page = runtime.ComparePage(arguments.quality)
    results: list[runtime.EncodeResult] = []
    with progress(len(tasks), "encoding") as report:
        for task, outcome in _outcomes(tasks, arguments, session):
            report.advance()
            if isinstance(outcome, JpegpreError):
                report.log(f"jpegpre encode: error: {outcome}")
                if arguments.json:
                    print(json.dumps({"input": str(task.source), "error": str(outcome)}), flush=True)
                continue
            for note in outcome.notes:
                report.log(f"jpegpre encode: note: '{shown(task.source)}': {note}")
            if arguments.json:
                print(json.dumps(_described(outcome, arguments)), flush=True)
            if arguments.page:
                page.add(outcome)
            # Numbers only from here on: memory must not grow with the number of pictures.
            results.append(replace(outcome, jpeg_plain=b"", jpeg=b""))
    if results and not arguments.json:
        print_table(_HEADER, [_row(result) for result in results], _totals(results))
    if results and arguments.page:
        _write_page(page, Path(arguments.page), sys.stderr if arguments.json else sys.stdout)
    return 0 if len(results) == len(tasks) else 1


def _outcomes(
    tasks: list[Task], arguments: argparse.Namespace, session: runtime.Session
) -> Iterator[tuple[Task, runtime.EncodeResult | JpegpreError]]:
    """Yields each task with its result or error, in order, working on `--jobs` of them at a time."""

    def work(task: Task) -> runtime.EncodeResult | JpegpreError:
        try:
            return runtime.encode_file(
                task.source,
                task.target,
                session,
                quality=arguments.quality,
                strength=arguments.strength,
                subsampling=arguments.subsampling,
                metadata=arguments.metadata,
            )
        except JpegpreError as error:
            return error
        except MemoryError:
            return PictureError(f"not enough memory for '{shown(task.source)}'")

    waiting: deque[tuple[Task, Future[runtime.EncodeResult | JpegpreError]]] = deque()
    with ThreadPoolExecutor(arguments.jobs) as pool:
        try:
            for task in tasks:
                waiting.append((task, pool.submit(work, task)))
                # Two per worker keep all of them busy; more would only pile up finished files in memory.
                if len(waiting) >= 2 * arguments.jobs:
                    first, future = waiting.popleft()
                    yield first, future.result()
            while waiting:
                first, future = waiting.popleft()
                yield first, future.result()
        finally:
            for _, future in waiting:
                future.cancel()


def _row(result: runtime.EncodeResult) -> tuple[str, ...]:
    return (
        shown(result.source),
        f"{result.size_bytes_plain:,}",
        f"{result.size_bytes:,}",
        f"{result.saved_percent:.1f}",
        f"{result.psnr_plain_db:.2f}",
        f"{result.psnr_db:.2f}",
    )


def _totals(results: list[runtime.EncodeResult]) -> tuple[str, ...]:
    plain = sum(result.size_bytes_plain for result in results)
    size = sum(result.size_bytes for result in results)
    return (
        f"{len(results)} picture{'s' if len(results) > 1 else ''}, mean PSNR",
        f"{plain:,}",
        f"{size:,}",
        f"{100 * (1 - size / plain):.1f}",
        f"{mean(result.psnr_plain_db for result in results):.2f}",
        f"{mean(result.psnr_db for result in results):.2f}",
    )


def _described(result: runtime.EncodeResult, arguments: argparse.Namespace) -> dict[str, Any]:
    return {
        "input": str(result.source),
        "output": str(result.target),
        "width": result.width,
        "height": result.height,
        "quality": arguments.quality,
        "profile": arguments.profile,
        "strength": arguments.strength,
        "subsampling": arguments.subsampling,
        "size_bytes_plain": result.size_bytes_plain,
        "size_bytes": result.size_bytes,
        "saved_percent": round(result.saved_percent, 3),
        "psnr_rgb_plain_db": _finite(result.psnr_plain_db),
        "psnr_rgb_db": _finite(result.psnr_db),
        "notes": list(result.notes),
    }


def _finite(value: float) -> float | None:
    # JSON knows no infinity: null is the PSNR of an exact copy.
    return round(value, 4) if math.isfinite(value) else None


def _write_page(page: runtime.ComparePage, path: Path, told: TextIO) -> None:
    runtime.write_atomically(path, page.html().encode("utf-8"))
    if page.left_out:
        print(f"jpegpre encode: note: the page had no room for {page.left_out} pictures", file=sys.stderr)
    print(f"before/after page: {shown(path)}", file=told)
