"""`jpegpre encode`: picture files to smaller JPEG files, with a table of what it gained."""

import argparse
import contextlib
import errno
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from jpegpre_tf import runtime
from jpegpre_tf._allocator import release_freed_memory
from jpegpre_tf.cli.common.arguments import shared_arguments
from jpegpre_tf.cli.common.arguments.encode_arguments import add_encode_arguments, encode_options, has_target
from jpegpre_tf.cli.common.encoder import other_encoder
from jpegpre_tf.cli.common.journal import Journal, journal_for
from jpegpre_tf.cli.common.output import encode_rows
from jpegpre_tf.cli.common.output.encode_lines import (
    hide_folder,
    log_failure,
    log_problems,
    name_standard,
    print_results,
    print_resumed,
)
from jpegpre_tf.cli.common.output.messages import print_line, print_note
from jpegpre_tf.cli.common.output.progress import Progress
from jpegpre_tf.cli.common.output.units import count_of
from jpegpre_tf.cli.common.plan import Plan, Task, plan, plan_in_place
from jpegpre_tf.cli.common.process.in_order import in_order
from jpegpre_tf.cli.common.process.quiet import allow_pixels, quiet_pillow, without_decoders_messages
from jpegpre_tf.cli.common.process.standard_streams import STANDARD, standard_paths
from jpegpre_tf.cli.common.score import ssimulacra2_score
from jpegpre_tf.cli.common.session import load_profile
from jpegpre_tf.errors import JpegpreError, PictureError, UsageError
from jpegpre_tf.runtime.inference.load import usable_cores
from jpegpre_tf.runtime.pages.views import Views, make_views
from jpegpre_tf.runtime.pictures.picture import open_content
from jpegpre_tf.storage.names import printable_path

_PICTURES_BETWEEN_RELEASES = 32


class Encoded(NamedTuple):
    """What came of a picture, and what the page shows beside it."""

    result: runtime.EncodeResult
    views: Views | None = None
    was_done: bool = False


Outcome = Encoded | JpegpreError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the verb's arguments."""
    add_encode_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Encodes the pictures; returns 0, or 1 if some of them failed."""
    quiet_pillow()
    allow_pixels(arguments.max_pixels)
    if STANDARD in (arguments.output, *arguments.inputs):
        return _run_standard(arguments)
    also_written = [arguments.page] if arguments.page else []
    if arguments.in_place:
        planned = plan_in_place(arguments.inputs, also_written)
    else:
        planned = plan(
            arguments.inputs,
            arguments.output,
            also_written,
            arguments.on_collision,
            makes_folder=not arguments.dry_run,
        )
    return _print_plan(arguments, planned) if arguments.dry_run else _encode(arguments, planned)


def _run_standard(arguments: argparse.Namespace) -> int:
    """Encodes one picture from stdin, to stdout, or both."""
    if len(arguments.inputs) > 1 or arguments.in_place or arguments.resume or arguments.dry_run:
        raise UsageError(
            "- is one picture by itself: not with other inputs, --in-place, --resume or --dry-run"
        )
    source, target = arguments.inputs[0], arguments.output
    with standard_paths(source, target, ".jpg", has_json=arguments.json) as (read, written):
        return _encode(arguments, plan([str(read)], str(written), [arguments.page] if arguments.page else []))


def _print_plan(arguments: argparse.Namespace, planned: Plan) -> int:
    """Says what would be done, one line a picture, and what is wrong as far as nothing has to be read for it."""
    encode_options(arguments)
    runtime.find_model(arguments.profile)
    failures = sum(problem.is_failure for problem in planned.problems)
    for task in planned.tasks:
        if not task.source.exists():
            failures += 1
            reason = f"cannot read '{printable_path(task.source)}': {os.strerror(errno.ENOENT)}"
            log_failure(arguments, str(task.source), reason, print_line)
        elif arguments.json:
            print(json.dumps({"input": str(task.source), "output": str(task.target), "dry_run": True}))
        elif not arguments.quiet:
            print(f"{printable_path(task.source)} -> {printable_path(task.target)}")
    log_problems(arguments, planned, print_line)
    if not arguments.quiet:
        print_note(
            f"--dry-run: {count_of(len(planned.tasks), 'picture')}, nothing was read or written", "encode"
        )
    return 1 if failures else 0


def _encode(arguments: argparse.Namespace, planned: Plan) -> int:
    options = encode_options(arguments)
    tasks = planned.tasks
    jobs = shared_arguments.limit_jobs(arguments.jobs, "encode")
    threads = max(1, min(4, usable_cores() // jobs))
    encoder = other_encoder(arguments.encoder, options.subsampling)
    session = load_profile(
        arguments.profile,
        options.quality,
        threads,
        arguments.precision,
        backend=arguments.backend,
        is_quiet=arguments.quiet,
    )
    score = ssimulacra2_score() if options.target_score is not None else None
    journal = None
    if tasks and STANDARD not in (arguments.output, *arguments.inputs):
        journal = journal_for(
            tasks,
            arguments.output,
            options,
            arguments.profile,
            encoder.identity() if encoder else {},
            precision=arguments.precision,
            resume=arguments.resume,
        )

    def work(task: Task) -> Outcome:
        finished = journal.finished(task) if journal else None
        if finished is not None:
            return Encoded(finished, was_done=True)

        def announce(result: runtime.EncodeResult, content: bytes) -> None:
            if journal is not None:
                journal.announce(task, result, content)

        try:
            before = _read_before(task) if arguments.page or arguments.keep_times else None
            result = runtime.encode_file(
                task.source,
                task.target,
                session,
                options,
                encoder=encoder,
                score=score,
                before_write=announce,
            )
            if before is not None and arguments.keep_times:
                with contextlib.suppress(OSError):  # not on every file system; the picture is there
                    os.utime(task.target, ns=before[1])
            views = None
            if before is not None and arguments.page and result.jpeg:
                picture = open_content(
                    before[0], str(task.source), **shared_arguments.reading_options(arguments)
                )
                views = make_views(picture, result, options.subsampling)
            return Encoded(result, views)
        except JpegpreError as error:
            return error
        except MemoryError:
            return PictureError(f"not enough memory for '{printable_path(task.source)}'")

    results, page, failures, resumed = _collect(arguments, planned, in_order(tasks, work, jobs), options)
    _end_journal(journal, arguments)
    if arguments.resume and not arguments.quiet:
        print_resumed(resumed, len(tasks))
    if results and arguments.output != STANDARD and not arguments.quiet:
        print_results(arguments, results, options)
    if page is not None and len(tasks) > failures:
        _write_page(page, Path(arguments.page), arguments)
    return 1 if failures else 0


def _collect(
    arguments: argparse.Namespace,
    planned: Plan,
    outcomes: Iterator[tuple[Task, Outcome]],
    options: runtime.EncodeOptions,
) -> tuple[list[runtime.EncodeResult], runtime.ComparePage | None, int, int]:
    """Tells of each outcome as it comes; returns the results, the page, and how many failed and had been done."""
    total = len(planned.tasks)
    quality = None if arguments.quality is None and has_target(options) else options.quality
    page = runtime.ComparePage(quality) if arguments.page else None
    results: list[runtime.EncodeResult] = []
    failures = sum(problem.is_failure for problem in planned.problems)
    finished = resumed = looked_at = 0
    # Two programs that write on one terminal: lines of JSON and a bar do not mix.
    is_shown = not arguments.quiet and not (arguments.json and sys.stdout.isatty())
    try:
        with (
            without_decoders_messages(),
            Progress("pictures", total, is_shown=is_shown) as progress,
            contextlib.closing(outcomes) as following,  # type: ignore[type-var]
        ):
            log_problems(arguments, planned, progress.log)
            for task, outcome in following:
                progress.advance()
                looked_at += 1
                if looked_at % _PICTURES_BETWEEN_RELEASES == 0:
                    release_freed_memory()
                if isinstance(outcome, JpegpreError):
                    failures += 1
                    log_failure(
                        arguments, str(task.source), hide_folder(arguments, task, str(outcome)), progress.log
                    )
                    continue
                finished += 1
                resumed += outcome.was_done
                result = name_standard(arguments, outcome.result)
                for note in result.notes if not arguments.quiet else ():
                    progress.log(f"jpegpre encode: note: '{printable_path(result.source)}': {note}")
                if arguments.json:
                    print(json.dumps(encode_rows.to_json_row(result, arguments)), flush=True)
                if page is not None:
                    page.add(result, outcome.views)
                # Numbers only from here on, for a table: memory must not grow with the number of pictures.
                if not arguments.json:
                    results.append(replace(result, jpeg_plain=b"", jpeg=b"", notes=()))
    except KeyboardInterrupt:
        if total == 1:
            raise
        said = f"{finished} of {count_of(total, 'picture')} done"
        raise KeyboardInterrupt(f"{said}; the same command with --resume does the rest") from None
    return results, page, failures, resumed


def _read_before(task: Task) -> tuple[bytes, tuple[int, int]] | None:
    """Returns content and times of the input, which may be replaced; None where it cannot be read, said elsewhere."""
    try:
        status = task.source.stat()
        content = task.source.read_bytes() if task.source.is_file() else b""
    except (OSError, ValueError):
        return None
    return content, (status.st_atime_ns, status.st_mtime_ns)


def _end_journal(journal: Journal | None, arguments: argparse.Namespace) -> None:
    if journal is not None:
        journal.close()
        if journal.problem and not arguments.quiet:
            print_note(journal.problem, "encode")


def _write_page(page: runtime.ComparePage, path: Path, arguments: argparse.Namespace) -> None:
    runtime.write_atomically(path, page.html().encode("utf-8"))
    if arguments.quiet:
        return
    if page.left_out:
        print_note(f"the page had no room for {page.left_out} pictures", "encode")
    to_stderr = arguments.json or arguments.output == STANDARD
    print(f"before/after page: {printable_path(path)}", file=sys.stderr if to_stderr else sys.stdout)
