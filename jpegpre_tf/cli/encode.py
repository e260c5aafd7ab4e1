"""`jpegpre encode`: picture files to smaller JPEG files, with a table of what it gained."""

import argparse
import json
import sys
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TextIO

from jpegpre_tf import runtime
from jpegpre_tf.cli.common.encode_arguments import add_encode_arguments, encode_options
from jpegpre_tf.cli.common.encode_rows import HEADER, described, row, totals
from jpegpre_tf.cli.common.encoder import other_encoder
from jpegpre_tf.cli.common.journal import Journal, journal_for
from jpegpre_tf.cli.common.plan import Task, plan, plan_in_place
from jpegpre_tf.cli.common.progress import progress
from jpegpre_tf.cli.common.quiet import allow_pixels, quiet_pillow, without_decoders_messages
from jpegpre_tf.cli.common.score import ssimulacra2_score
from jpegpre_tf.cli.common.session import load_profile
from jpegpre_tf.cli.common.table import print_table
from jpegpre_tf.errors import JpegpreError, PictureError
from jpegpre_tf.runtime.inference.load import usable_cores
from jpegpre_tf.storage.names import shown

Outcome = runtime.EncodeResult | JpegpreError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the verb's arguments."""
    add_encode_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Encodes the pictures; returns 0, or 1 if some of them failed."""
    quiet_pillow()
    allow_pixels(arguments.max_pixels)
    options = encode_options(arguments)
    also_written = [arguments.page] if arguments.page else []
    if arguments.in_place:
        tasks = plan_in_place(arguments.inputs, also_written)
    else:
        tasks = plan(arguments.inputs, arguments.output, also_written)
    threads = max(1, min(4, usable_cores() // arguments.jobs))
    encoder = other_encoder(arguments.encoder, options.subsampling)
    session = load_profile(arguments.profile, options.quality, threads)
    score = ssimulacra2_score() if options.target_score is not None else None
    journal = journal_for(
        tasks,
        arguments.output,
        options,
        arguments.profile,
        encoder.identity() if encoder else {},
        resume=arguments.resume,
    )
    skipped: list[Path] = []

    def work(task: Task) -> Outcome:
        finished = journal.finished(task) if journal else None
        if finished is not None:
            skipped.append(task.source)
            return finished

        def announce(result: runtime.EncodeResult, content: bytes) -> None:
            if journal is not None:
                journal.announce(task, result, content)

        try:
            return runtime.encode_file(
                task.source,
                task.target,
                session,
                options,
                encoder=encoder,
                score=score,
                before_write=announce,
            )
        except JpegpreError as error:
            return error
        except MemoryError:
            return PictureError(f"not enough memory for '{shown(task.source)}'")

    page = runtime.ComparePage(
        None if arguments.quality is None and _has_target(options) else options.quality
    )
    results: list[runtime.EncodeResult] = []
    encoded = 0
    with without_decoders_messages(), progress(len(tasks), "encoding") as report:
        for task, outcome in _outcomes(tasks, work, arguments.jobs):
            report.advance()
            if isinstance(outcome, JpegpreError):
                report.log(f"jpegpre encode: error: {outcome}")
                if arguments.json:
                    print(json.dumps({"input": str(task.source), "error": str(outcome)}), flush=True)
                continue
            for note in outcome.notes:
                report.log(f"jpegpre encode: note: '{shown(task.source)}': {note}")
            if arguments.json:
                print(json.dumps(described(outcome, arguments)), flush=True)
            if arguments.page:
                page.add(outcome)
            encoded += 1
            # Numbers only from here on, and only for a table: memory must not grow with the number of pictures.
            if not arguments.json:
                results.append(replace(outcome, jpeg_plain=b"", jpeg=b"", notes=()))
    _end_journal(journal)
    if arguments.resume:
        _tell_of_resuming(len(skipped), len(tasks))
    if results:
        print_table(HEADER, [row(result) for result in results], totals(results))
    if encoded and arguments.page:
        _write_page(page, Path(arguments.page), sys.stderr if arguments.json else sys.stdout)
    return 0 if encoded == len(tasks) else 1


def _has_target(options: runtime.EncodeOptions) -> bool:
    targets = (options.target_size_bytes, options.target_bpp, options.target_score)
    return any(target is not None for target in targets)


def _outcomes(
    tasks: list[Task], work: Callable[[Task], Outcome], jobs: int
) -> Iterator[tuple[Task, Outcome]]:
    """Yields each task with its result or error, in order, working on `jobs` of them at a time."""
    waiting: deque[tuple[Task, Future[Outcome]]] = deque()
    with ThreadPoolExecutor(jobs) as pool:
        try:
            for task in tasks:
                waiting.append((task, pool.submit(work, task)))
                # Two per worker keep all of them busy; more would only pile up finished files in memory.
                if len(waiting) >= 2 * jobs:
                    first, future = waiting.popleft()
                    yield first, future.result()
            while waiting:
                first, future = waiting.popleft()
                yield first, future.result()
        finally:
            for _, future in waiting:
                future.cancel()


def _end_journal(journal: Journal | None) -> None:
    if journal is not None:
        journal.close()
        if journal.problem:
            print(f"jpegpre encode: note: {journal.problem}", file=sys.stderr)


def _tell_of_resuming(skipped: int, pictures: int) -> None:
    done = f"{skipped:,} of {pictures:,} pictures had been done" if skipped else "nothing had been done"
    left = ": nothing to do" if skipped == pictures else ""
    print(f"jpegpre encode: note: {done} by a run with the same options{left}", file=sys.stderr)


def _write_page(page: runtime.ComparePage, path: Path, told: TextIO) -> None:
    runtime.write_atomically(path, page.html().encode("utf-8"))
    if page.left_out:
        print(f"jpegpre encode: note: the page had no room for {page.left_out} pictures", file=sys.stderr)
    print(f"before/after page: {shown(path)}", file=told)
